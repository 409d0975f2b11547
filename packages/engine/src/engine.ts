/**
 * The engine of virtual time: nodes (each is the real core with a store), one network, and one clock with one agenda. The
 * clock jumps to the next event. The engine is deterministic: a policy decides everything that the core does not fix.
 */
import type { Effect, Input, MtaConfig } from '@mtalab/mta-core';
import type { JournalStart } from '@mtalab/trace';
import { Agenda } from './agenda.js';
import { Commits } from './commits.js';
import { type EngineCore, realCore } from './core.js';
import { type DeliverEffect, type EngineEvent, type EventBody, keepsBusy, processOf } from './event.js';
import { VirtualNetwork } from './network.js';
import { endProcess, newNode, type VirtualNode } from './node.js';
import type { EnginePolicy, EngineWatch, ProcessLoss } from './policy.js';
import { type StoreJob, VirtualStore } from './virtual-store.js';

/** Most consecutive firings of one timer at one instant. */
const maxFirings = 1000;

export type EngineOptions = {
  /** One node for each configuration, in this order. The engine starts none of them. */
  readonly mtas: readonly MtaConfig[];
  readonly policy: EnginePolicy;
  readonly watch?: EngineWatch;
  readonly core?: EngineCore;
  /** Initial value of the clock, ms. Default 0. */
  readonly nowMs?: number;
};

/** A timer fires again and again, and the clock does not advance. */
export class RestlessTimer extends Error {
  override readonly name = 'RestlessTimer';
  readonly node: VirtualNode;
  readonly firings = maxFirings;
  constructor(node: VirtualNode) {
    super(`the timer of ${node.name} fires ${maxFirings} times at one instant`);
    this.node = node;
  }
}

export class Engine {
  readonly nodes: readonly VirtualNode[];
  readonly network: VirtualNetwork;
  readonly policy: EnginePolicy;
  readonly watch: EngineWatch;
  /** The present step of the core, or the last one. */
  doing: { readonly node: VirtualNode; readonly input: Input | JournalStart } | null = null;
  readonly #core: EngineCore;
  readonly #agenda = new Agenda();
  readonly #commits: Commits;
  #nowMs: number;
  #busy = 0;
  #events = 0;
  #steps = 0;

  constructor({ mtas, policy, watch = {}, core = realCore, nowMs = 0 }: EngineOptions) {
    this.policy = policy;
    this.watch = watch;
    this.#core = core;
    this.#nowMs = nowMs;
    this.nodes = mtas.map((config, index) => {
      const store: VirtualStore = new VirtualStore(`store-of-${config.name}`, {
        submitted: (submissionId, mtsId) => watch.submissionStored?.(submissionId, mtsId),
        accepted: (effect) => watch.accepted?.(this.nodes[index] as VirtualNode, effect),
        erased: (message, copy) => watch.erased?.(this.nodes[index] as VirtualNode, message, copy),
      });
      return newNode(index, config, store);
    });
    this.network = new VirtualNetwork(this);
    this.#commits = new Commits(this);
  }

  /** Virtual time, ms. The clock of a node may be ahead of it. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Number of events on the agenda, without timers and background events. At 0 only time can make anything happen. */
  get busy(): number {
    return this.#busy;
  }

  /** Number of events so far. */
  get events(): number {
    return this.#events;
  }

  /** Steps of the core so far, of all nodes. */
  get steps(): number {
    return this.#steps;
  }

  /** The next event on the agenda. It may be void already. */
  get next(): EngineEvent | undefined {
    return this.#agenda.peek();
  }

  /** Events on the agenda, including void ones. */
  get pending(): number {
    return this.#agenda.size;
  }

  /** Puts an event on the agenda, at an instant of virtual time in ms. Users of the engine have `run`, `startLater`, `inputLater`. */
  schedule(atMs: number, body: EventBody): void {
    if (keepsBusy(body)) this.#busy += 1;
    this.#agenda.push(body, atMs, this.policy.rank?.(body, atMs <= this.#nowMs) ?? 0);
  }

  /** See `schedule`; from now on. */
  after(delayMs: number, body: EventBody): void {
    this.schedule(this.#nowMs + delayMs, body);
  }

  /**
   * Runs a job later.
   * @param background the job does not keep the lab busy.
   * @returns a function that cancels the job.
   */
  run(delayMs: number, run: () => void, background = false): () => void {
    const job: { run: (() => void) | null } = { run };
    this.after(delayMs, { type: 'run', job, background });
    return () => {
      if (job.run === null) return;
      job.run = null;
      if (!background) this.#busy -= 1;
    };
  }

  /** Starts the process of a node later, if it is still down then. */
  startLater(node: VirtualNode, delayMs: number): void {
    this.after(delayMs, { type: 'start', node });
  }

  /** Advances the clock without an event. @throws RangeError if an event is due before. */
  passTo(atMs: number): void {
    const next = this.#agenda.peek();
    if (next !== undefined && next.atMs < atMs) throw new RangeError(`something is due at ${next.atMs} ms, before ${atMs} ms`);
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  /**
   * Runs the next event.
   * @returns the event; null if none ran: the agenda is empty, the event was void, or its process is paused and gets the event
   * later.
   * @throws RestlessTimer; ContentMismatch; and what the core throws.
   */
  step(): EngineEvent | null {
    const event = this.#agenda.pop();
    if (event === undefined) return null;
    if (keepsBusy(event)) this.#busy -= 1;
    const node = processOf(event);
    if (isVoid(event)) return null;
    this.#nowMs = Math.max(this.#nowMs, event.atMs);
    if (node !== null && node.stalledUntilMs > this.#nowMs) {
      if (event.type === 'timer') node.timerAtMs = node.stalledUntilMs;
      this.schedule(node.stalledUntilMs, event);
      return null;
    }
    this.policy.beforeEvent?.(event);
    this.#events += 1;
    this.#happen(event);
    const worked = event.type === 'arrive' ? node : event.type === 'run' ? null : event.node;
    if (worked !== null) this.#commits.eventEnds(worked);
    return event;
  }

  #happen(event: EngineEvent): void {
    switch (event.type) {
      case 'arrive':
        this.network.arrive(event.lane);
        return;
      case 'timer':
        this.#timer(event.node);
        return;
      case 'run':
        runOnce(event.job);
        return;
      case 'start':
        this.start(event.node);
        return;
      default: {
        const { node } = event;
        if (!node.up || node.store.incarnation !== event.incarnation) return;
        if (event.type === 'commit') this.#commits.commit(node);
        else if (event.type === 'input') this.input(node, event.input);
        else if (event.type === 'dial') this.network.dialled(node, event.dial);
        else this.#deliver(node, event.effect);
      }
    }
  }

  /** Starts the process of a node that is down. */
  start(node: VirtualNode): void {
    if (node.up) return;
    const recovered = this.policy.recover?.(node.store) ?? node.store.begin();
    node.up = true;
    node.steps = 0;
    const input: JournalStart = { type: 'start', config: node.config, recovered };
    this.doing = { node, input };
    const { mta, effects } = this.#core.start(node.config, recovered, this.#nowMs + node.offsetMs);
    this.#stepped(node, input, mta, effects, null);
  }

  /** Runs one step of the core and its effects. Does nothing if the process is down. */
  input(node: VirtualNode, input: Input): void {
    const before = node.mta;
    if (!node.up || before === null) return;
    this.doing = { node, input };
    const { mta, effects } = this.#core.step(before, input, this.#nowMs + node.offsetMs);
    this.#stepped(node, input, mta, effects, before);
  }

  #stepped(
    node: VirtualNode,
    input: Input | JournalStart,
    mta: NonNullable<VirtualNode['mta']>,
    effects: readonly Effect[],
    before: VirtualNode['mta'],
  ): void {
    this.#steps += 1;
    node.steps += 1;
    node.mta = mta;
    this.watch.step?.(node, input, before, effects);
    for (const effect of effects) this.#perform(node, effect);
    if (node.up) this.#armTimer(node);
  }

  #perform(node: VirtualNode, effect: Effect): void {
    switch (effect.type) {
      case 'frame':
        this.network.frame(node, effect);
        break;
      case 'store':
      case 'forget':
      case 'settle':
      case 'drop-content':
        this.job(node, effect);
        break;
      case 'report':
        break;
      case 'dial':
        this.network.dial(node, effect);
        break;
      case 'close':
        this.network.close(node, effect.conn);
        break;
      case 'deliver': {
        const delayMs = this.policy.localDelayMs(node);
        if (delayMs === null) this.#deliver(node, effect);
        else this.after(delayMs, { type: 'deliver', node, incarnation: node.store.incarnation, effect });
        break;
      }
      case 'recall': {
        const { entry, priority, copies } = effect;
        this.#answerLater(node, { type: 'recalled', entry, priority, ...node.store.recall(copies) });
        break;
      }
      case 'listen':
        this.#listen(node, effect);
        break;
      case 'submitted':
        this.watch.submitted?.(node, effect.submissionId, effect.mtsId);
        break;
      case 'submit-refused':
        this.watch.submitRefused?.(node, effect.submissionId, effect.reason);
        break;
      case 'halt':
        this.#halt(node, effect);
        break;
    }
  }

  #listen(node: VirtualNode, effect: Extract<Effect, { type: 'listen' }>): void {
    const { link, binding, address } = effect;
    const outcome = this.policy.listen(node, effect);
    if ('port' in outcome) node.listeners.set(binding, { link, address, port: outcome.port });
    this.#answerLater(
      node,
      'port' in outcome
        ? { type: 'listening', link, binding, port: outcome.port }
        : { type: 'listen-failed', link, binding, osError: outcome.osError },
    );
  }

  /** Schedules an input for the present process. If that process ends before, the input is void. */
  inputLater(node: VirtualNode, input: Input, delayMs: number): void {
    this.after(delayMs, { type: 'input', node, incarnation: node.store.incarnation, input });
  }

  #answerLater(node: VirtualNode, input: Input): void {
    this.inputLater(node, input, this.policy.localDelayMs(node) ?? 0);
  }

  #halt(node: VirtualNode, { clean, code }: Extract<Effect, { type: 'halt' }>): void {
    for (const job of node.jobs) node.store.commit(job, null);
    node.store.clean = clean;
    this.network.processEnded(node, null);
    endProcess(node);
    this.watch.halted?.(node, code);
  }

  /** Kills a process. Data not yet stored are lost. @param loss null: everything sent arrives, then the other ends notice. */
  crash(node: VirtualNode, loss: ProcessLoss | null): void {
    if (!node.up) return;
    this.network.processEnded(node, loss);
    endProcess(node);
  }

  /** Adds a job to the next commit of a node. */
  job(node: VirtualNode, job: StoreJob): void {
    this.#commits.add(node, job);
  }

  /** Puts a copy into the mailbox and answers the core by a separate input. A mailbox recognises copies that it already has. */
  #deliver(node: VirtualNode, effect: DeliverEffect): void {
    const { copy } = effect;
    const damage = node.store.damageOf(effect.content);
    if (damage !== null) {
      this.#answerLater(node, { type: 'deliver-failed', copy, detail: damage, damaged: true });
      return;
    }
    const detail = this.policy.deliver?.(node, effect) ?? null;
    if (detail !== null) {
      this.#answerLater(node, { type: 'deliver-failed', copy, detail });
      return;
    }
    const again = node.store.delivered.has(copy);
    if (!again) node.store.delivered.add(copy);
    this.watch.delivered?.(node, effect, again);
    this.#answerLater(node, { type: 'delivered', copy });
  }

  #armTimer(node: VirtualNode): void {
    const deadline = node.mta === null ? null : this.#core.nextDeadline(node.mta);
    const atMs = deadline === null ? null : Math.max(this.#nowMs, deadline - node.offsetMs);
    if (atMs === node.timerAtMs) return;
    node.timerAtMs = atMs;
    if (atMs !== null) this.schedule(atMs, { type: 'timer', node });
  }

  /** Moves the clock of one node ahead. */
  jump(node: VirtualNode, byMs: number): void {
    node.offsetMs += byMs;
    if (node.up) this.#armTimer(node);
  }

  #timer(node: VirtualNode): void {
    node.timerAtMs = null;
    node.firings = node.firedAtMs === this.#nowMs ? node.firings + 1 : 1;
    node.firedAtMs = this.#nowMs;
    if (node.firings > maxFirings) throw new RestlessTimer(node);
    this.input(node, { type: 'timer' });
  }
}

/** Has the core set the timer again since, or has the user cancelled the job? */
function isVoid(event: EngineEvent): boolean {
  if (event.type === 'timer') return event.node.timerAtMs !== event.atMs;
  return event.type === 'run' && event.job.run === null;
}

/** A job that has run cannot be cancelled. */
function runOnce(job: { run: (() => void) | null }): void {
  const { run } = job;
  job.run = null;
  run?.();
}
