/** The stage of scenarios on virtual time: the engine, with zero delays and the fault language. No sockets, no waiting. */
import { type BindingWish, isShown, levelsOf, type Mta, viewAssociations } from '@mtalab/mta-core';
import type { LoggedEvent, Mode, NetworkState, Stage, StageExit, StageMessage } from '@mtalab/scenario';
import { type JoinedAssociation, joinAssociations, linksOf } from '@mtalab/scenario';
import type { JournalEntry } from '@mtalab/trace';
import { Engine, RestlessTimer } from '../engine.js';
import type { EventBody } from '../event.js';
import type { VirtualNode } from '../node.js';
import type { EnginePolicy, EngineWatch } from '../policy.js';
import { rankOf, ranks } from '../ranks.js';
import { FaultGate } from './fault-gate.js';
import { Listeners } from './listeners.js';
import { configOf, portsFor, recoveredFrom, type VirtualLabOptions } from './mta-config.js';
import { rebind } from './rebind.js';
import { VirtualLabError } from './virtual-lab-error.js';

/** 2000-01-01, an arbitrary start. */
const epochMs = 946_684_800_000;
/** Most events between two rests. */
const maxEvents = 5_000_000;
/** The default levels of the event log. */
const shownLevels = levelsOf();

export class VirtualLab implements Stage {
  readonly #engine: Engine;
  readonly #gate: FaultGate;
  readonly #listeners = new Listeners();
  readonly #journal: JournalEntry[] = [];
  readonly #answers = new Map<string, string | null>();
  readonly #exits = new Map<VirtualNode, StageExit>();
  readonly #logs = new Map<VirtualNode, LoggedEvent[]>();
  /** Does a delay of the fault language end in the present event? */
  #delayEnds = false;
  #delivered = 0;
  #submissions = 0;

  constructor(options: VirtualLabOptions) {
    const { mtas } = options;
    this.#gate = new FaultGate({
      names: mtas.map((mta) => mta.name),
      links: linksOf(options),
      network: () => this.#engine.network,
      after: (ms, run) => this.#engine.run(ms, run),
    });
    this.#engine = new Engine({
      mtas: mtas.map((mta) => configOf(mta, options)),
      policy: this.#policy(),
      watch: this.#watch(),
      nowMs: epochMs,
    });
    const first = mtas.filter((mta) => mta.down !== true).map((mta) => this.#node(mta.name));
    for (const node of first) this.#begin(node);
    this.#rest();
    for (const node of first) this.#mustRun(node);
  }

  #policy(): EnginePolicy {
    return {
      ...this.#gate.policy,
      delayMs: () => 0,
      dialDelayMs: () => null,
      localDelayMs: () => null,
      commitDelayMs: () => null,
      beforeEvent: ({ type }) => {
        this.#delayEnds = type === 'run';
      },
      rank: (event, now) => this.#rank(event, now),
      recover: recoveredFrom,
      route: (_node, { host, port, localAddress, conn }) => {
        if (this.#gate.isDown) return { osError: 'ECONNREFUSED' };
        const found = this.#listeners.find({ host, port, localAddress });
        if (typeof found === 'string') return { osError: found };
        return { node: this.#node(found.node), binding: found.binding, remote: `${localAddress ?? host}:${conn}` };
      },
      listen: ({ name, index }, { binding, address, port }) => {
        const found = this.#listeners.open({ node: name, binding, address }, port === 0 ? portsFor(index) : [port]);
        return typeof found === 'number' ? { port: found } : { osError: found };
      },
    };
  }

  /**
   * Orders the events of one instant. First the items that a fault has delayed until now, then the timers, MTA by MTA, then the
   * events that follow from these, in creation order. A timer that is set for the present instant waits until all is at rest.
   */
  #rank(event: EventBody, now: boolean): number {
    return event.type !== 'timer' && this.#delayEnds ? ranks.delayed : rankOf(event, now);
  }

  #watch(): EngineWatch {
    return {
      step: (node, input, _before, effects) => {
        this.#journal.push({ t: this.nowMs, node: node.name, n: node.steps, input, effects });
        for (const effect of effects) {
          if (effect.type === 'report' && isShown(effect.event.id, shownLevels)) this.#log(node).push(effect.event);
        }
      },
      delivered: (_node, { destination }, again) => {
        if (!again && destination.to !== 'dead-letter') this.#delivered += 1;
      },
      submitted: (_node, submissionId) => this.#answers.set(submissionId, null),
      submitRefused: (_node, submissionId, reason) => this.#answers.set(submissionId, reason),
      halted: (node, code) => this.#ended(node, { code, words: `ended with exit code ${code}` }),
    };
  }

  /** The journal of all MTAs so far, in order. */
  get journal(): readonly JournalEntry[] {
    return this.#journal;
  }

  get pdus(): FaultGate['pdus'] {
    return this.#gate.pdus;
  }

  get nowMs(): number {
    return this.#engine.nowMs;
  }

  async submit(at: string, message: StageMessage): Promise<void> {
    const node = this.#node(at);
    this.#submissions += 1;
    const submissionId = `submission-${this.#submissions}`;
    const content = -(node.store.incarnation * 2 ** 32 + this.#submissions);
    const sizeBytes = message.content.length;
    const { originator, recipients, priority } = message;
    const submission = { submissionId, originator, recipients, priority, contentType: 'message/rfc822', sizeBytes, content };
    if (node.up) this.#engine.job(node, { type: 'put', content, name: submissionId, sizeBytes });
    this.#engine.inputLater(node, { type: 'submit', submission }, 0);
    this.#work(() => this.#answers.has(submissionId));
    const refusal = this.#answers.get(submissionId);
    if (refusal === undefined) throw new VirtualLabError(`${at} is not running: it takes no message`);
    if (refusal !== null) throw new VirtualLabError(`${at} refused the message: ${refusal}`);
  }

  fault(text: string): { readonly hits: number } {
    return this.#gate.add(text);
  }

  release(): void {
    this.#gate.release();
  }

  heal(): void {
    this.#gate.heal();
  }

  cut(): void {
    this.#gate.cutAll();
  }

  async network(state: NetworkState): Promise<void> {
    this.#gate.setNetwork(state);
  }

  async settle(): Promise<void> {
    this.#rest();
  }

  async advanceBy(ms: number): Promise<void> {
    this.#rest();
    const endMs = this.nowMs + ms;
    for (let { next } = this.#engine; next !== undefined && next.atMs <= endMs; { next } = this.#engine) this.#step();
    this.#engine.passTo(endMs);
  }

  async kill(name: string): Promise<void> {
    const node = this.#node(name);
    this.#engine.crash(node, null);
    this.#ended(node, { code: null, words: 'was ended by SIGKILL' });
  }

  async stop(name: string): Promise<void> {
    const node = this.#node(name);
    this.#engine.inputLater(node, { type: 'stop' }, 0);
    this.#rest();
    while (node.up && this.#engine.next !== undefined) this.#step();
    this.#work();
  }

  async start(name: string): Promise<void> {
    await this.attempt(name);
    this.#mustRun(this.#node(name));
  }

  async attempt(name: string): Promise<void> {
    const node = this.#node(name);
    this.#begin(node);
    this.#rest();
  }

  async bindings(name: string, wish: BindingWish): Promise<void> {
    const node = this.#node(name);
    const command = rebind(node, wish);
    if (command !== null) this.#engine.inputLater(node, { type: 'command', command }, 0);
  }

  async retry(name: string): Promise<void> {
    this.#engine.inputLater(this.#node(name), { type: 'command', command: { op: 'retry' } }, 0);
  }

  async set(article: string, mode: Mode, at: readonly string[]): Promise<void> {
    for (const name of at) {
      const node = this.#node(name);
      const others = node.config.legacy.filter((each) => each !== article);
      node.config = { ...node.config, legacy: mode === 'legacy' ? [...others, article] : others };
      this.#engine.inputLater(node, { type: 'command', command: { op: 'set', article, mode } }, 0);
    }
  }

  async associations(): Promise<readonly JoinedAssociation[]> {
    return joinAssociations(new Map(this.#running().map(([name, mta]) => [name, viewAssociations(mta)])));
  }

  async delivered(): Promise<number> {
    return this.#delivered;
  }

  async queued(): Promise<Readonly<Record<string, number>>> {
    return Object.fromEntries(this.#running().map(([name, mta]) => [name, mta.queuedCopies]));
  }

  async reports(): Promise<number> {
    return this.#running().reduce((sum, [, mta]) => sum + mta.counters.reports, 0);
  }

  async events(name: string): Promise<readonly LoggedEvent[]> {
    return this.#log(this.#node(name));
  }

  async exit(name: string): Promise<StageExit | null> {
    return this.#exits.get(this.#node(name)) ?? null;
  }

  async up(name: string): Promise<boolean> {
    return this.#node(name).up;
  }

  /** The states of the running MTAs, by name. */
  #running(): readonly (readonly [name: string, mta: Mta])[] {
    return this.#engine.nodes.flatMap(({ name, up, mta }) => (up && mta !== null ? [[name, mta] as const] : []));
  }

  #node(name: string): VirtualNode {
    const { nodes } = this.#engine;
    const node = nodes.find((each) => each.name === name);
    if (node !== undefined) return node;
    throw new VirtualLabError(`there is no MTA ${name}; there are ${nodes.map((each) => each.name).join(', ')}`);
  }

  #log(node: VirtualNode): LoggedEvent[] {
    const log = this.#logs.get(node) ?? [];
    this.#logs.set(node, log);
    return log;
  }

  /** @throws VirtualLabError if the MTA has ended. */
  #mustRun(node: VirtualNode): void {
    if (node.up) return;
    throw new VirtualLabError(`${node.name} ${this.#exits.get(node)?.words ?? 'is not running'} before it was running`);
  }

  #begin(node: VirtualNode): void {
    if (!node.up) this.#exits.delete(node);
    this.#engine.start(node);
  }

  #ended(node: VirtualNode, exit: StageExit): void {
    this.#exits.set(node, exit);
    this.#listeners.close(node.name);
    this.#gate.lose(node);
  }

  #step(): void {
    try {
      this.#engine.step();
    } catch (error) {
      if (!(error instanceof RestlessTimer)) throw error;
      throw new VirtualLabError(`the clock does not advance: a timer at ${this.nowMs} ms fires again and again`, {
        cause: error,
      });
    }
  }

  /** Runs until only a timer can make anything happen. A delay of the fault language ends by itself, so this waits for it. */
  #rest(): void {
    this.#steps(() => this.#engine.busy > 0);
  }

  /** Runs until nothing but timers is left at this instant, or until the condition holds. */
  #work(until: () => boolean = () => false): void {
    this.#steps(() => {
      const { next } = this.#engine;
      return next !== undefined && next.atMs <= this.nowMs && next.rank < ranks.lateTimer && !until();
    });
  }

  #steps(goesOn: () => boolean): void {
    for (let count = 0; goesOn(); count += 1) {
      if (count > maxEvents) throw new VirtualLabError(`the MTAs are still busy after ${maxEvents} events`);
      this.#step();
    }
  }
}
