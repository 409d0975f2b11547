/**
 * Starts the messages of a load. An open load starts each at its instant, and what comes late has its latency counted from that
 * instant. A closed load starts one for each that is delivered. Both stop at a limit of messages in flight.
 */
import { chance } from '@mtalab/scenario';
import { type DeliveryNotice, monotonicMs, type SubmitArguments } from '@mtalab/transport';
import { Correlation } from './correlation.js';
import type { LoadContent, LoadMessages } from './messages.js';
import type { LoadPlan } from './options.js';
import type { Recorder, Started } from './recorder.js';
import { startTimes } from './schedule.js';
import { placeOf, type SentLog } from './sent-log.js';
import { maxUnanswered, maxUnansweredBatches, type SubmissionOutcome, submitMessages } from './submit.js';
import type { LoadTarget } from './target.js';

/** Longest wait between two looks at the clock, ms. */
const longestWaitMs = 20;
/** Limit in real time for the answer to a submission, ms. */
const answerMs = 60_000;
/** Starts of one turn of the event loop, so that answers and notices are read in between. */
const maxAtOnce = 512;
/** A seed of the schedule that differs from that of the messages. */
const scheduleSeed = (seed: number): number => (seed ^ 0x5bd1e995) >>> 0;

/** The addresses of one way of the mail. Nobody else uses them. */
export type WayAddresses = { readonly mta: string; readonly originator: string; readonly recipient: string };

export type GeneratorParts = {
  readonly plan: LoadPlan;
  readonly target: LoadTarget;
  readonly ways: readonly WayAddresses[];
  readonly messages: LoadMessages;
  readonly recorder: Recorder;
  readonly sent: SentLog;
  /** The submission ids begin with it. */
  readonly runId: string;
};

/** A message that waits to be submitted at the end of this turn. */
type Due = {
  readonly way: number;
  readonly number: number;
  readonly content: LoadContent;
  /** Null: the message fills the queue before the load, and has no instant of its own. */
  readonly intendedMs: number | null;
  /** Was there room at the intended instant? */
  readonly hadRoom: boolean;
};
type Submission = Started & { readonly isPrefill: boolean };
type Times = ReturnType<typeof startTimes>;

/** The next instant of a schedule that begins at `t0Ms`; infinite at its end. */
function nextMs(times: Times, t0Ms: number): number {
  const { done, value } = times.next();
  return done === true ? Number.POSITIVE_INFINITY : t0Ms + value * 1000;
}

export class Generator {
  readonly #parts: GeneratorParts;
  readonly #correlation: Correlation<Submission>;
  readonly #wayOfRecipient: ReadonlyMap<string, number>;
  readonly #originators: ReadonlySet<string>;
  /** Instants at which places became free, in a closed load. */
  readonly #free: number[] = [];
  #t0Ms: number | null = null;
  #lastIntendedMs: number | null = null;
  #number = 0;
  #maxInFlight = 0;
  /** Batches without an answer. */
  #batches = 0;
  /** Until when there was no room for a start. */
  #fullUntilMs = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => undefined;
  #firstRefusal: string | null = null;

  constructor(parts: GeneratorParts) {
    this.#parts = parts;
    this.#wayOfRecipient = new Map(parts.ways.map(({ recipient }, at) => [recipient, at]));
    this.#originators = new Set(parts.ways.map(({ originator }) => originator));
    this.#correlation = new Correlation((message, atMs) => {
      const fromMs = this.#t0Ms;
      // What was held in the queue has waited because the options say so. It counts from the moment it may go.
      const counted = message.isPrefill && fromMs !== null ? { ...message, intendedMs: fromMs, startMs: fromMs } : message;
      parts.recorder.delivered(counted, atMs);
      this.#freed(atMs);
    });
  }

  get inFlight(): number {
    return this.#correlation.inFlight;
  }
  get unanswered(): number {
    return this.#correlation.unanswered;
  }
  /** The most messages that were in flight at one time. */
  get maxInFlight(): number {
    return this.#maxInFlight;
  }
  /** The last instant at which a start was intended; null before the first. */
  get lastIntendedMs(): number | null {
    return this.#lastIntendedMs;
  }
  /** Why the first submission that was not accepted was not; null without one. */
  get firstRefusal(): string | null {
    return this.#firstRefusal;
  }

  /** Takes the notice of a delivery. */
  readonly notice = ({ t, node, mtsId, mailbox, originator }: DeliveryNotice): void => {
    if (this.#wayOfRecipient.has(mailbox)) {
      // The notice has whole milliseconds. The delivery was before the end of that one, and before now.
      const endMs = this.#parts.target.realMs(node, t + 1);
      this.#correlation.delivery(mtsId, Math.min(endMs, monotonicMs()));
    } else if (originator === '' && this.#originators.has(mailbox)) {
      this.#correlation.report();
      this.#freed(monotonicMs());
    }
  };

  /** Submits `count` messages for each way as fast as they are accepted. Their latencies count from the beginning of the load. */
  async fill(count: number, signal: AbortSignal): Promise<void> {
    const { ways, recorder } = this.#parts;
    for (let left = count; left > 0 && !signal.aborted; ) {
      while (!this.#answersHaveRoom(maxAtOnce) && !signal.aborted) await this.#waits(longestWaitMs);
      const now = Math.min(left, Math.ceil(maxAtOnce / ways.length));
      const batch: Due[] = [];
      for (let each = 0; each < now; each += 1)
        for (const way of ways.keys()) batch.push({ ...this.#next(way), intendedMs: null, hadRoom: true });
      recorder.intended(batch.length);
      this.#submit(batch);
      left -= now;
    }
    while (this.#correlation.unanswered > 0 && !signal.aborted) await this.#waits(longestWaitMs);
  }

  /**
   * Runs the load from `t0Ms` on until its plan is over or the signal aborts.
   * @param tick called at each look at the clock.
   */
  async run(t0Ms: number, signal: AbortSignal, tick: (nowMs: number) => void): Promise<void> {
    this.#t0Ms = t0Ms;
    await (this.#parts.plan.stages === null ? this.#closed(t0Ms, signal, tick) : this.#open(t0Ms, signal, tick));
  }

  async #open(t0Ms: number, signal: AbortSignal, tick: (nowMs: number) => void): Promise<void> {
    const { plan, recorder, ways } = this.#parts;
    const times = (): Times => startTimes(plan.stages ?? [], plan.arrival, chance(scheduleSeed(plan.seed)), plan.count);
    // What is asked for goes on while starts wait.
    const [asked, starts] = [times(), times()];
    let askedMs = nextMs(asked, t0Ms);
    let dueMs = nextMs(starts, t0Ms);
    const askUntil = (ms: number): void => {
      for (; askedMs <= ms; askedMs = nextMs(asked, t0Ms)) recorder.intended();
    };
    while (dueMs !== Number.POSITIVE_INFINITY && !signal.aborted) {
      const nowMs = monotonicMs();
      askUntil(nowMs);
      const batch: Due[] = [];
      for (; dueMs <= nowMs && batch.length < maxAtOnce; dueMs = nextMs(starts, t0Ms)) {
        this.#lastIntendedMs = dueMs;
        if (nowMs - dueMs > plan.dropAfterS * 1000) {
          recorder.dropped();
          continue;
        }
        if (!this.#hasRoom(batch.length)) {
          this.#fullUntilMs = nowMs;
          break;
        }
        batch.push({ ...this.#next(this.#number % ways.length), intendedMs: dueMs, hadRoom: dueMs > this.#fullUntilMs });
      }
      this.#submit(batch);
      tick(nowMs);
      if (batch.length === maxAtOnce) await this.#waits(0);
      else await this.#waits(dueMs <= nowMs ? longestWaitMs : Math.min(longestWaitMs, Math.max(0, dueMs - monotonicMs())));
    }
    if (!signal.aborted) return;
    const endMs = monotonicMs();
    askUntil(endMs);
    for (; dueMs <= endMs; dueMs = nextMs(starts, t0Ms)) recorder.dropped();
  }

  async #closed(t0Ms: number, signal: AbortSignal, tick: (nowMs: number) => void): Promise<void> {
    const { plan, recorder, ways } = this.#parts;
    const endMs = t0Ms + plan.durationS * 1000;
    this.#free.splice(0);
    for (let place = this.inFlight; place < plan.inFlight; place += 1) this.#free.push(t0Ms);
    let moved = -1;
    let movedMs = t0Ms;
    let left = plan.count;
    while (left > 0 && !signal.aborted) {
      const nowMs = monotonicMs();
      if (nowMs >= endMs) break;
      const { accepted, delivered } = recorder.counts;
      if (accepted + delivered !== moved) movedMs = nowMs;
      moved = accepted + delivered;
      // Without a delivery nothing starts any more: a load of stuck MTAs would never end.
      if (nowMs - movedMs > plan.patienceS * 1000) {
        if (left !== Number.POSITIVE_INFINITY) {
          recorder.intended(left);
          recorder.dropped(left);
        }
        break;
      }
      const batch: Due[] = [];
      while (left > 0 && this.#free.length > 0 && batch.length < maxAtOnce) {
        if (!this.#hasRoom(batch.length)) {
          this.#fullUntilMs = nowMs;
          break;
        }
        const intendedMs = this.#free.shift() as number;
        this.#lastIntendedMs = intendedMs;
        recorder.intended();
        left -= 1;
        batch.push({ ...this.#next(this.#number % ways.length), intendedMs, hadRoom: intendedMs > this.#fullUntilMs });
      }
      this.#submit(batch);
      tick(nowMs);
      await this.#waits(batch.length === maxAtOnce ? 0 : longestWaitMs);
    }
  }

  #next(way: number): Pick<Due, 'way' | 'number' | 'content'> {
    this.#number += 1;
    return { way, number: this.#number, content: this.#parts.messages.next() };
  }

  #answersHaveRoom(more: number): boolean {
    return this.#batches < maxUnansweredBatches && this.#correlation.unanswered + more < maxUnanswered;
  }

  #hasRoom(more: number): boolean {
    const { plan, target, ways } = this.#parts;
    // A start waits for an MTA that is down, rather than fail at once.
    if (!ways.every(({ mta }) => target.client(mta) !== undefined)) return false;
    return this.#answersHaveRoom(more) && this.#correlation.inFlight + more < plan.inFlight;
  }

  /** Submits messages, at each MTA in one go. */
  #submit(batch: readonly Due[]): void {
    for (const [at, way] of this.#parts.ways.entries()) {
      const mine = batch.filter((due) => due.way === at);
      if (mine.length > 0) this.#submitWay(way, mine);
    }
    this.#maxInFlight = Math.max(this.#maxInFlight, this.#correlation.inFlight);
  }

  #submitWay({ mta, originator, recipient }: WayAddresses, batch: readonly Due[]): void {
    const { target, recorder, runId } = this.#parts;
    const startMs = monotonicMs();
    const started = batch.map(({ intendedMs, content: { priority }, hadRoom }): Submission => {
      const one = { intendedMs: intendedMs ?? startMs, startMs, priority, isPrefill: intendedMs === null };
      this.#correlation.submitted();
      recorder.started(one, hadRoom);
      return one;
    });
    const messages = batch.map(({ number, content: { octets, priority } }): SubmitArguments => {
      return { originator, recipients: [recipient], submissionId: `${runId}-${number}`, priority, content: octets };
    });
    this.#batches += 1;
    void submitMessages(target.client(mta), messages, answerMs).then((outcomes) => {
      this.#batches -= 1;
      for (const [index, outcome] of outcomes.entries())
        this.#answered(mta, batch[index] as Due, started[index] as Submission, outcome);
      this.#wake();
    });
  }

  #answered(mta: string, { number, way, content }: Due, message: Submission, outcome: SubmissionOutcome): void {
    const { recorder, sent } = this.#parts;
    const { sha256, priority } = content;
    if (outcome.kind === 'accepted') {
      sent.add({ number, way, priority, place: placeOf(outcome.mtsId)?.place ?? null, sha256 });
      recorder.accepted(message, monotonicMs());
      this.#correlation.accepted(outcome.mtsId, message);
      return;
    }
    // Without an answer the message may be on disk all the same.
    if (outcome.kind === 'unanswered') sent.add({ number, way, priority, place: null, sha256 });
    this.#firstRefusal ??= `${mta}: ${outcome.why}`;
    recorder[outcome.kind]();
    this.#correlation.notAccepted();
    this.#freed(monotonicMs());
  }

  #freed(atMs: number): void {
    const { plan } = this.#parts;
    if (plan.stages === null && this.#free.length < plan.inFlight) this.#free.push(atMs);
    this.#wake();
  }

  /** Waits, or until an answer or a notice may have made room. It runs for each message, so it makes no abort signal. */
  #waits(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = () => undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wake = done;
    });
  }
}
