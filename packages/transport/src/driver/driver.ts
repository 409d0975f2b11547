/**
 * The driver: holds the state of one MTA, feeds it inputs at the lab's time, and carries out its effects on sockets, store
 * and mailboxes. All inputs of one turn of the event loop share one store commit, one write per connection and one look at
 * the next deadline; they happen at the end of the turn, when the sockets that had something have all been read. Writes that
 * nobody waits for join the commit of a later turn.
 */
import type { Effect, Input, LinkFrame, Mta, MtaConfig, Recovered, Submission } from '@mtalab/mta-core';
import type { MtaStatus } from '../control/status-schema.js';
import { closeParts } from './close-parts.js';
import { DeadlineTimer } from './deadline-timer.js';
import { Deliveries } from './deliveries.js';
import { failureOf } from './driver-failure.js';
import type { DriverHooks, DriverOptions, Ended, MeasureHooks, StartInput, StepListener } from './driver-options.js';
import type { ContentsPort, CoreFunctions, DeliveryPort, EffectOf, NetworkPort, StorePort, StoreWrite } from './driver-ports.js';
import type { LabClock } from './lab-clock.js';
import { summarise } from './mta-status.js';
import { OutgoingFrames } from './outgoing-frames.js';
import { PendingWrites } from './pending-writes.js';
import { Submissions, SubmitRefused, type SubmitResult } from './submissions.js';

/** Exit code of a process whose driver failed (EX_SOFTWARE). */
export const failureCode = 70;
/** Inputs that effects of inputs may cause before the rest waits for the next turn. */
const maxInputsPerRun = 10_000;
/** Deliveries begun before the event loop turns: a turn must not become long. */
const maxDeliveriesPerRun = 1000;

export class Driver {
  /** Called with each step; null costs nothing. */
  onStep: StepListener | null = null;
  /** Resolves when the MTA has halted or the driver has failed, and everything is closed. Never rejects. */
  readonly ended: Promise<Ended>;

  readonly #core: CoreFunctions;
  readonly #clock: LabClock;
  readonly #store: StorePort;
  readonly #network: NetworkPort;
  readonly #frames: OutgoingFrames;
  readonly #delivery: DeliveryPort;
  readonly #contents: ContentsPort | undefined;
  readonly #nt: string | null;
  readonly #smtp: () => MtaStatus['smtp'];
  readonly #hooks: DriverHooks;
  readonly #measures: MeasureHooks | undefined;
  readonly #metricsUrl: string | null;
  readonly #submissions = new Submissions();
  readonly #dials = new Set<number>();
  readonly #timer: DeadlineTimer;
  readonly #writes = new PendingWrites(() => this.#scheduleTurn());

  #resolveEnded: (ended: Ended) => void = () => undefined;
  #mta: Mta | null = null;
  #deliveries = new Deliveries('');
  #phase: Mta['phase'] | null = null;
  #stepNowMs = 0;
  #queue: Input[] = [];
  #running = false;
  #turnPending = false;
  #unflushed = false;
  #toDeliver: EffectOf<'deliver'>[] = [];
  #toRecall: EffectOf<'recall'>[] = [];
  #halt: EffectOf<'halt'> | null = null;
  #over = false;
  #uploads = 0;
  #doing: Input | StartInput = { type: 'timer' };
  #effect: Effect | null = null;

  constructor(options: DriverOptions) {
    this.#core = options.core;
    this.#clock = options.clock;
    this.#store = options.store;
    this.#network = options.network;
    this.#frames = new OutgoingFrames(options.network, (input) => this.#queue.push(input));
    this.#delivery = options.delivery;
    this.#contents = options.contents;
    this.#nt = options.nt ?? null;
    this.#smtp = options.smtp ?? (() => null);
    this.#hooks = options.hooks ?? {};
    this.#measures = options.measures;
    this.#metricsUrl = options.metricsUrl ?? null;
    this.#timer = new DeadlineTimer(options.clock, () => this.#timeHasCome());
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  /** The state as it is now. @throws Error before `begin`. */
  get mta(): Mta {
    if (this.#mta === null) throw new Error('the driver has no state before begin()');
    return this.#mta;
  }

  /** The phase of the MTA; `starting` before `begin` too. */
  get phase(): Mta['phase'] {
    return this.#mta?.phase ?? 'starting';
  }

  /** Start the core on what the store gave back, and carry out its first effects. */
  begin(config: MtaConfig, recovered: Recovered): void {
    if (this.#mta !== null) throw new Error(`MTA ${config.name} has begun already`);
    this.#deliveries = new Deliveries(config.name, this.#hooks.warn);
    const input: StartInput = { type: 'start', config, recovered };
    this.#doing = input;
    this.#stepNowMs = this.#clock.nowMs();
    this.#running = true;
    try {
      const { mta, effects } = this.#core.start(config, recovered, this.#stepNowMs);
      this.#mta = mta;
      this.onStep?.(this.#stepNowMs, input, effects);
      this.#carryOut(effects);
      this.#drain(maxInputsPerRun);
    } catch (error) {
      this.#fail(error);
    }
    this.#rest();
    this.#scheduleTurn();
  }

  /**
   * Feed one input. Its effects are carried out before this returns, except when a step is being carried out already: then the
   * input waits behind it. After the end of the MTA inputs are ignored.
   */
  input(input: Input): void {
    if (this.#over || this.#halt !== null || this.#mta === null) {
      this.#contents?.clear();
      return;
    }
    if (this.#running) {
      this.#queue.push(input);
      return;
    }
    this.#running = true;
    try {
      this.#take(input);
      if (this.#queue.length > 0) this.#drain(maxInputsPerRun);
    } catch (error) {
      this.#fail(error);
    }
    this.#rest();
    if (!this.#turnPending) this.#scheduleTurn();
  }

  /**
   * Hand in a message whose content is in the store under `submission.content`.
   * @returns when the message is on disk. @throws SubmitRefused with the reason; the content is dropped then.
   */
  submit(submission: Submission): Promise<SubmitResult> {
    if (this.#over || this.#mta === null) return Promise.reject(new SubmitRefused('not-running', 'the MTA is not running'));
    const answer = this.#submissions.wait(submission);
    this.input({ type: 'submit', submission });
    return answer;
  }

  /** A fresh key for content that a client hands in: negative, and never used again on this store. */
  newContent(): number {
    this.#uploads += 1;
    return -(this.mta.incarnation * 2 ** 32 + this.#uploads);
  }

  /** Put handed-in octets into the next commit. */
  putContent(content: number, offset: number, octets: Uint8Array): void {
    this.#guarded(() => this.#store.putContent(content, offset, octets));
  }

  /** Drop content that was handed in and will not be submitted. */
  dropContent(content: number): void {
    this.#guarded(() => this.#store.apply({ type: 'drop-content', content }));
  }

  /** Lab time has been moved: look at the deadlines again. */
  clockChanged(): void {
    this.#timer.disarm();
    if (!this.#over) this.#scheduleTurn();
  }

  /** Deliveries, dials and store work under way, and inputs not yet looked at. 0 when idle. */
  get pendingWork(): number {
    const inputs = this.#queue.length + this.#toRecall.length + (this.#turnPending ? 1 : 0);
    return this.#writes.count + this.#deliveries.underWay + this.#dials.size + this.#submissions.waiting + inputs;
  }

  /** Octets of the mail submitted and delivered here since the start. */
  get octets(): { readonly submitted: number; readonly delivered: number } {
    return { submitted: this.#submissions.bytes, delivered: this.#deliveries.bytes };
  }

  status(): MtaStatus {
    return summarise(this.mta, this.#clock, {
      nt: this.#nt,
      smtp: this.#smtp(),
      metrics: this.#metricsUrl,
      pendingWork: this.pendingWork,
      nextDeadlineMs: this.#over ? null : this.#core.nextDeadline(this.mta),
      delays: this.#deliveries.delays(),
      sockets: this.#over ? [] : this.#network.sockets(),
    });
  }

  #guarded(write: () => void): void {
    if (this.#over) return;
    try {
      write();
      this.#writes.add(true);
    } catch (error) {
      this.#fail(error);
    }
    if (!this.#turnPending) this.#scheduleTurn();
  }

  /** One input: step, and carry out what it says. */
  #take(input: Input): void {
    this.#doing = input;
    this.#effect = null;
    const nowMs = this.#clock.nowMs();
    this.#stepNowMs = nowMs;
    this.#note(input, nowMs);
    const { mta, effects } = this.#core.step(this.#mta as Mta, input, nowMs);
    this.#mta = mta;
    if (this.onStep !== null) this.onStep(nowMs, input, effects);
    if (effects.length > 0) this.#carryOut(effects);
  }

  /** Inputs that came while others were being carried out. */
  #drain(limit: number): void {
    let taken = 0;
    while (taken < this.#queue.length && taken < limit && this.#halt === null) {
      this.#take(this.#queue[taken] as Input);
      taken += 1;
    }
    this.#queue = taken === this.#queue.length ? [] : this.#queue.slice(taken);
  }

  /** The inputs at hand have been taken: drop the contents that arrived with them and are not wanted. */
  #rest(): void {
    this.#running = false;
    if (this.#queue.length === 0 && this.#mta !== null) this.#contents?.settle(this.#mta);
  }

  /** What the driver itself keeps count of. */
  #note(input: Input, nowMs: number): void {
    if (input.type === 'connected' || input.type === 'dial-failed') this.#dials.delete(input.conn);
    else if (input.type === 'delivered') this.#noteDelivered(input.copy, nowMs);
    else if (input.type === 'deliver-failed') this.#deliveries.failed(input);
    else if (input.type === 'unreadable') this.#frames.taken(input);
  }

  #noteDelivered(copy: number, nowMs: number): void {
    const delayMs = this.#deliveries.delivered(copy, nowMs);
    if (delayMs !== null) this.#measures?.delivered(delayMs);
  }

  #carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      this.#effect = effect;
      switch (effect.type) {
        case 'frame':
          this.#frames.send(effect);
          this.#unflushed = true;
          break;
        case 'store':
        case 'forget':
        case 'settle':
        case 'drop-content':
          this.#store.apply(effect);
          this.#writes.add(effect.type === 'store');
          break;
        case 'report':
          this.#hooks.event?.(effect.event, this.#stepNowMs);
          break;
        default:
          this.#carryOutRare(effect);
      }
    }
    this.#effect = null;
  }

  #carryOutRare(effect: Exclude<Effect, StoreWrite | LinkFrame | EffectOf<'report'>>): void {
    switch (effect.type) {
      case 'deliver':
        this.#deliveries.begun(effect);
        this.#toDeliver.push(effect);
        break;
      case 'listen':
        this.#network.listen(effect);
        break;
      case 'dial':
        this.#dials.add(effect.conn);
        this.#network.dial(effect);
        break;
      case 'close':
        this.#dials.delete(effect.conn);
        this.#network.close(effect.conn);
        this.#unflushed = true;
        break;
      case 'submitted':
        this.#submissions.submitted(effect.submissionId, { mtsId: effect.mtsId, known: effect.known });
        break;
      case 'submit-refused': {
        const content = this.#submissions.refused(effect.submissionId, effect.refusal, effect.reason);
        if (content !== undefined) this.dropContent(content);
        break;
      }
      case 'recall':
        this.#toRecall.push(effect);
        break;
      case 'halt':
        this.#halt = effect;
        break;
    }
  }

  #scheduleTurn(): void {
    if (this.#turnPending || this.#over) return;
    this.#turnPending = true;
    setImmediate(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#turnPending = false;
    if (this.#over) return;
    this.#running = true;
    try {
      if (this.#queue.length > 0) this.#drain(maxInputsPerRun);
      // What does not wait for the disk leaves first: the peer works on it while this side writes.
      this.#flush();
      if (this.#toRecall.length > 0) this.#recall();
      if (this.#writes.due) this.#commit();
      else if (this.#writes.count === 0) this.#tellDeliveries();
      if (this.#queue.length > 0 && this.#halt === null) this.#drain(maxInputsPerRun);
      this.#flush();
      if (this.#toDeliver.length > 0) this.#deliver();
      if (this.#halt === null) {
        this.#tellPhase();
        this.#timer.arm(this.#core.nextDeadline(this.#mta as Mta));
        this.#writes.arm();
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#rest();
    if (this.#halt !== null) this.#finish(this.#halt);
    else if (this.#writes.due || this.#queue.length + this.#toDeliver.length + this.#toRecall.length > 0) this.#scheduleTurn();
  };

  #timeHasCome(): void {
    if (this.#over || this.#mta === null) return;
    const deadline = this.#core.nextDeadline(this.#mta);
    if (deadline !== null && deadline <= this.#clock.nowMs()) this.input({ type: 'timer' });
    else this.#scheduleTurn();
  }

  #flush(): void {
    if (!this.#unflushed) return;
    this.#unflushed = false;
    this.#network.flush();
  }

  #commit(): void {
    this.#effect = null;
    const beganMs = performance.now();
    const writes = this.#writes.count;
    const outcomes = this.#store.commit();
    const tookMs = performance.now() - beganMs;
    this.#measures?.committed(tookMs, writes);
    this.#writes.committed(tookMs, this.#store.counts().queued);
    this.#tellDeliveries();
    for (const outcome of outcomes) {
      if (this.#halt !== null) return;
      this.#take(outcome);
    }
  }

  /** Read envelopes back after the frames have left: the core has asked for them before it needs them. */
  #recall(): void {
    const wanted = this.#toRecall;
    this.#toRecall = [];
    for (const effect of wanted) {
      this.#effect = effect;
      const { entry, priority, copies } = effect;
      this.#queue.push({ type: 'recalled', entry, priority, ...this.#store.recall(copies) });
    }
    this.#effect = null;
    this.#drain(maxInputsPerRun);
    this.#flush();
  }

  /**
   * Fill the mailboxes after the confirmations have left: the peers work on while this side writes. A sink that is done at once gets
   * the next ones at once. Otherwise mail would come faster than it is delivered, because one commit takes in more messages than the
   * core has deliveries under way.
   */
  #deliver(): void {
    for (let given = 0; this.#toDeliver.length > 0 && given < maxDeliveriesPerRun && this.#halt === null; ) {
      const deliveries = this.#toDeliver;
      this.#toDeliver = [];
      for (const effect of deliveries) {
        this.#effect = effect;
        this.#delivery.deliver(effect);
      }
      given += deliveries.length;
      this.#effect = null;
      if (this.#queue.length > 0) this.#drain(maxInputsPerRun);
    }
    this.#flush();
  }

  #tellDeliveries(): void {
    const notices = this.#deliveries.take();
    const tell = this.#hooks.delivery;
    if (tell !== undefined) for (const notice of notices) tell(notice);
  }

  #tellPhase(): void {
    const phase = (this.#mta as Mta).phase;
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#hooks.phase?.(phase);
  }

  /** The core has halted: the last commit, then the network, the deliveries and the store are closed, in this order. */
  #finish(halt: EffectOf<'halt'>): void {
    if (this.#over) return;
    let error: Error | undefined;
    try {
      this.#flush();
      if (this.#writes.count > 0) this.#store.commit();
      this.#tellDeliveries();
      this.#tellPhase();
    } catch (cause) {
      error = this.#failure(cause);
    }
    void this.#closeAll(halt.clean, halt.code, error);
  }

  /** A defect, or a store that broke. Going on could lose or double mail, so the MTA ends, and says why. */
  #fail(cause: unknown): void {
    if (this.#over) return;
    void this.#closeAll(false, failureCode, this.#failure(cause));
  }

  #failure(cause: unknown): Error {
    return failureOf(cause, { mta: this.#mta, input: this.#doing, effect: this.#effect });
  }

  async #closeAll(clean: boolean, code: number, error: Error | undefined): Promise<void> {
    this.#over = true;
    this.#timer.disarm();
    this.#writes.disarm();
    this.#queue = [];
    this.#submissions.refuseAll('the MTA has ended');
    this.#contents?.clear();
    const parts = { network: this.#network, delivery: this.#delivery, store: this.#store };
    const failed = await closeParts(parts, clean && error === undefined);
    const failure = error ?? (failed === null ? undefined : this.#failure(failed.cause));
    this.#resolveEnded(failure === undefined ? { code, clean } : { code: failureCode, clean: false, error: failure });
  }
}
