/**
 * A lab on virtual time: MTAs (the core itself), their stores, connections and clients, and one list of what happens next.
 * The clock jumps to the next event. Nothing here is left to chance: every delay is a hash of the seed, every fault is data.
 */

import { type StoreJob, VirtualStore } from '@mtalab/engine';
import { type Effect, type Input, nextDeadline, start, step } from '@mtalab/mta-core';
import type { JournalStart } from '@mtalab/trace';
import { type Breach, Violation } from '../rules/catalogue.js';
import { Watch } from '../rules/watch.js';
import { Clients } from './clients.js';
import { processOf, type WorldEvent, type WorldEventBody } from './events.js';
import { beginFault } from './faults/begin.js';
import type { Opportunity, SimFault, SimFaultKind } from './faults/kinds.js';
import type { FaultSource } from './faults/source.js';
import { Heap } from './heap.js';
import { Network } from './network.js';
import { type DeliverEffect, endProcess, newNode, type SimNode } from './node.js';
import type { SimSetup } from './plan.js';
import { hash } from './random.js';

/** Firings of one MTA's timer in a row that do not get the clock on. */
const mostFirings = 1000;

/** The core's functions. Others can be put in their place, to see whether the rules find what is wrong with them. */
export type SimCore = { readonly start: typeof start; readonly step: typeof step; readonly nextDeadline: typeof nextDeadline };
const realCore: SimCore = { start, step, nextDeadline };

export type WorldHooks = {
  /** Each step as one line of the journal, without its end. */
  readonly journal?: ((line: string) => void) | undefined;
  readonly core?: SimCore | undefined;
};

export class World {
  readonly setup: SimSetup;
  readonly nodes: readonly SimNode[];
  readonly network: Network;
  readonly clients: Clients;
  readonly watch: Watch;
  /** Faults that were begun, in order. */
  readonly faults: SimFault[] = [];
  readonly counts: Partial<Record<SimFaultKind, number>> = {};
  nowMs = 0;
  steps = 0;
  /** Events that are under way, other than timers and clients. */
  busy = 0;
  /** Are there faults still? */
  safety = true;
  /** What is being done, for verdicts. */
  doing: { readonly node: SimNode; readonly input: Input | JournalStart } | null = null;
  readonly #heap = new Heap<WorldEvent>();
  readonly #source: FaultSource;
  readonly #core: SimCore;
  readonly #journal: ((line: string) => void) | undefined;
  readonly #overs: (() => void)[] = [];
  #events = 0;
  #commits = 0;
  #deliveries = 0;

  constructor(setup: SimSetup, source: FaultSource, hooks: WorldHooks = {}) {
    this.setup = setup;
    this.#source = source;
    this.#core = hooks.core ?? realCore;
    this.#journal = hooks.journal;
    this.nodes = setup.mtas.map((config, index) => {
      const store: VirtualStore = new VirtualStore(`store-of-${config.name}`, {
        submitted: (submissionId, mtsId) => this.watch.submissionStored(submissionId, mtsId),
        accepted: (effect) => this.watch.accepted(this.nodes[index] as SimNode, effect),
        erased: (message, copy) => this.watch.erased(this.nodes[index] as SimNode, message, copy),
      });
      return newNode(index, config, store);
    });
    this.network = new Network(this);
    this.watch = new Watch(this);
    for (const { index } of this.nodes) this.after(0, { type: 'start', node: index });
    this.clients = new Clients(this);
  }

  get events(): number {
    return this.#events;
  }

  get pending(): number {
    return this.#heap.size;
  }

  at(atMs: number, body: WorldEventBody): void {
    if (body.type !== 'timer' && body.type !== 'client') this.busy += 1;
    this.#heap.push({ ...body, atMs, order: 0 } as WorldEvent);
  }

  after(delayMs: number, body: WorldEventBody): void {
    this.at(this.nowMs + delayMs, body);
  }

  /** When the next thing happens; null when nothing does any more. */
  nextAtMs(): number | null {
    return this.#heap.peek()?.atMs ?? null;
  }

  /** Let the next thing happen. */
  advance(): void {
    const event = this.#heap.pop();
    if (event === undefined) return;
    const { type } = event;
    if (type !== 'timer' && type !== 'client') this.busy -= 1;
    const index = processOf(event);
    const node = index === null ? undefined : (this.nodes[index] as SimNode);
    if (type === 'timer' && node?.timerAtMs !== event.atMs) return;
    this.nowMs = event.atMs;
    if (node !== undefined && node.stalledUntilMs > this.nowMs) {
      if (type === 'timer') node.timerAtMs = node.stalledUntilMs;
      const { atMs: _, order: __, ...body } = event;
      this.at(node.stalledUntilMs, body);
      return;
    }
    if (this.safety) {
      const about = index ?? hash(this.setup.seed, 6, this.#events) % this.nodes.length;
      for (const fault of this.faultsAt('event', this.#events, about)) beginFault(this, fault);
    }
    this.#events += 1;
    this.#happen(event);
  }

  #happen(event: WorldEvent): void {
    switch (event.type) {
      case 'arrive':
        this.network.arrive(event.wire, event.lane);
        return;
      case 'timer':
        this.#timer(this.nodes[event.node] as SimNode);
        return;
      case 'client':
        this.clients.look(event.submission);
        return;
      case 'over':
        event.run();
        return;
      case 'start':
        this.startNode(this.nodes[event.node] as SimNode);
        return;
      default: {
        const node = this.nodes[event.node] as SimNode;
        if (!node.up || node.store.incarnation !== event.incarnation) return;
        if (event.type === 'commit') this.#commit(node);
        else if (event.type === 'input') this.input(node, event.input);
        else if (event.type === 'dial') this.network.dialled(node, event.dial);
        else this.#deliver(node, event.effect);
      }
    }
  }

  /** Faults that an opportunity brings. They are recorded here, and only while there are faults. */
  faultsAt(per: Opportunity, at: number, mta: number): readonly SimFault[] {
    if (!this.safety) return [];
    const faults = this.#source.at(per, at, mta);
    for (const fault of faults) {
      this.faults.push(fault);
      this.counts[fault.kind] = (this.counts[fault.kind] ?? 0) + 1;
    }
    return faults;
  }

  /** Something begun by a fault ends after a while, or with the faults. */
  over(afterMs: number, run: () => void): void {
    let done = false;
    const once = (): void => {
      if (done) return;
      done = true;
      run();
    };
    this.#overs.push(once);
    this.after(afterMs, { type: 'over', run: once });
  }

  /** The faults are over: what they began ends, and every MTA is up. */
  endFaults(): void {
    this.safety = false;
    for (const over of this.#overs.splice(0)) over();
    for (const node of this.nodes) {
      node.stalledUntilMs = 0;
      node.slowUntilMs = 0;
      node.restartAfterMs = 1000;
      if (!node.up) this.after(0, { type: 'start', node: node.index });
      // The adapter works again, and the MTA is started anew to make use of it.
      else if (node.crippled) {
        this.watch.operatorStops();
        this.input(node, { type: 'stop' });
      }
      if (node.jobs.length > 0 && !node.commitPending) this.#scheduleCommit(node);
    }
    this.watch.faultsEnded();
  }

  startNode(node: SimNode): void {
    if (node.up) return;
    const recovered = node.store.begin();
    node.up = true;
    node.steps = 0;
    const input: JournalStart = { type: 'start', config: node.config, recovered };
    this.doing = { node, input };
    const { mta, effects } = this.#guarded(() => this.#core.start(node.config, recovered, this.nowMs + node.offsetMs));
    this.#took(node, input, effects);
    node.mta = mta;
    this.watch.started(node, mta, effects);
    this.#perform(node, effects);
    this.#armTimer(node);
  }

  /** One input at an MTA that runs: a step, its effects, and the rules. */
  input(node: SimNode, input: Input): void {
    const before = node.mta;
    if (!node.up || before === null) return;
    this.doing = { node, input };
    const { mta, effects } = this.#guarded(() => this.#core.step(before, input, this.nowMs + node.offsetMs));
    this.#took(node, input, effects);
    node.mta = mta;
    this.watch.stepped(node, before, mta, effects);
    this.#perform(node, effects);
    if (node.up) this.#armTimer(node);
  }

  #guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw new Violation({
        rule: 'total',
        detail: `The core throws: ${error instanceof Error ? error.message : String(error)}`,
      });
    }
  }

  #took(node: SimNode, input: Input | JournalStart, effects: readonly Effect[]): void {
    this.steps += 1;
    node.steps += 1;
    if (this.#journal === undefined) return;
    this.#journal(JSON.stringify({ t: this.nowMs + node.offsetMs, node: node.name, n: node.steps, input, effects }));
  }

  #perform(node: SimNode, effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'frame':
          if (effect.link === 'rpc') this.network.pdu(node, effect.conn, effect.frame);
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
        case 'deliver':
          this.#later(node, { type: 'deliver', node: node.index, incarnation: node.store.incarnation, effect });
          break;
        case 'listen':
          this.#later(node, this.#inputEvent(node, this.network.listen(node, effect)));
          break;
        case 'submitted':
          this.clients.submitted(node, effect.submissionId, effect.mtsId);
          break;
        case 'submit-refused':
          this.clients.refused(effect.submissionId);
          break;
        case 'halt':
          this.#halted(node, effect.clean);
          break;
      }
    }
  }

  #inputEvent(node: SimNode, input: Input): WorldEventBody {
    return { type: 'input', node: node.index, incarnation: node.store.incarnation, input };
  }

  /** Local work: done a moment later. */
  #later(node: SimNode, body: WorldEventBody): void {
    const { seed, delays } = this.setup;
    this.after(hash(seed, 30 + node.index, node.steps) % (delays.mostCommitMs + 1), body);
  }

  #halted(node: SimNode, clean: boolean): void {
    for (const job of node.jobs) node.store.commit(job, null);
    node.store.clean = clean;
    this.network.processEnded(node, null);
    endProcess(node);
    this.after(node.restartAfterMs, { type: 'start', node: node.index });
  }

  /** A process dies. What was not stored is lost; the others notice in their own time. */
  crash(node: SimNode, keep: number, noticeMs: number, downMs: number): void {
    if (!node.up) return;
    this.network.processEnded(node, { keep, noticeMs });
    endProcess(node);
    this.after(downMs, { type: 'start', node: node.index });
  }

  /** One more thing for the next commit. */
  job(node: SimNode, job: StoreJob): void {
    node.jobs.push(job);
    if (!node.commitPending) this.#scheduleCommit(node);
  }

  #scheduleCommit(node: SimNode): void {
    const { seed, delays } = this.setup;
    node.commitPending = true;
    node.commits += 1;
    let delayMs = hash(seed, 40 + node.index, node.commits) % (delays.mostCommitMs + 1);
    if (this.nowMs < node.slowUntilMs) delayMs += hash(seed, 50 + node.index, node.commits) % (node.slowByMs + 1);
    this.after(delayMs, { type: 'commit', node: node.index, incarnation: node.store.incarnation });
  }

  #commit(node: SimNode): void {
    const { jobs } = node;
    node.jobs = [];
    node.commitPending = false;
    const faults = this.safety ? this.faultsAt('commit', this.#commits, node.index) : [];
    this.#commits += 1;
    let failure: 'full' | 'io' | null = null;
    let carries = false;
    let death: Extract<SimFault, { kind: 'crash' | 'crash-after-commit' }> | null = null;
    for (const fault of faults) {
      if (fault.kind === 'crash-after-commit') death = fault;
      if (fault.kind !== 'store-full' && fault.kind !== 'store-io') continue;
      failure = fault.kind === 'store-full' ? 'full' : 'io';
      carries = fault.carried;
    }
    const outcomes: Input[] = [];
    for (const job of jobs) {
      if (carries && job.type !== 'store' && job.type !== 'put') {
        node.jobs.push(job);
        continue;
      }
      const outcome = node.store.commit(job, failure);
      if (outcome !== null) outcomes.push(outcome);
    }
    if (node.jobs.length > 0) this.#scheduleCommit(node);
    if (death !== null) {
      this.crash(node, death.keep, death.noticeMs, death.forMs);
      return;
    }
    for (const outcome of outcomes) this.input(node, outcome);
  }

  /** Into the mailbox; the MTA hears of it a moment later. */
  #deliver(node: SimNode, effect: DeliverEffect): void {
    const { copy, content, envelope, destination } = effect;
    const faults = this.safety ? this.faultsAt('delivery', this.#deliveries, node.index) : [];
    this.#deliveries += 1;
    if (faults.length > 0) {
      this.#later(node, this.#inputEvent(node, { type: 'deliver-failed', copy, detail: 'EIO' }));
      return;
    }
    // A mailbox knows the copies it has: a second delivery after a crash changes nothing.
    if (!node.store.delivered.has(copy)) {
      node.store.delivered.add(copy);
      const mailbox = destination.to === 'mailbox' ? destination.address : null;
      this.watch.mail.delivered(envelope, mailbox, `${node.store.uuid} ${copy}`, node.store.contents.get(content));
    }
    this.#later(node, this.#inputEvent(node, { type: 'delivered', copy }));
  }

  #armTimer(node: SimNode): void {
    const deadline = node.mta === null ? null : this.#core.nextDeadline(node.mta);
    const atMs = deadline === null ? null : Math.max(this.nowMs, deadline - node.offsetMs);
    if (atMs === node.timerAtMs) return;
    node.timerAtMs = atMs;
    if (atMs !== null) this.at(atMs, { type: 'timer', node: node.index });
  }

  /** The clock of an MTA jumps ahead. */
  jump(node: SimNode, byMs: number): void {
    node.offsetMs += byMs;
    if (node.up) this.#armTimer(node);
  }

  #timer(node: SimNode): void {
    node.timerAtMs = null;
    node.firings = node.firedAtMs === this.nowMs ? node.firings + 1 : 1;
    node.firedAtMs = this.nowMs;
    if (node.firings > mostFirings) {
      const breach: Breach = {
        rule: 'time-moves',
        mta: node.name,
        detail: `Its timer fires ${mostFirings} times at one instant.`,
      };
      throw new Violation(breach);
    }
    this.input(node, { type: 'timer' });
  }
}
