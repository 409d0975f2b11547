/** MTAs of a scenario on virtual time: the core itself, virtual stores, and the virtual link. No sockets, no waiting. */
import {
  type BindingWish,
  type Effect,
  type Input,
  isShown,
  levelsOf,
  nextDeadline,
  ntError,
  type Settings,
  start,
  step,
  viewAssociations,
} from '@mtalab/mta-core';
import type { LoggedEvent, Mode, ScenarioMta, Stage, StageExit, StageMessage } from '@mtalab/scenario';
import { type JoinedAssociation, joinAssociations } from '@mtalab/scenario';
import type { JournalEntry } from '@mtalab/trace';
import { carried, configOf, portsFor, recoveredFrom } from './config.js';
import { type End, VirtualLink } from './link.js';
import { Listeners } from './listeners.js';
import { mustRun, type Node, newNode, rebind, VirtualLabError } from './node.js';

type Event =
  | { readonly type: 'input'; readonly node: Node; readonly life: number; readonly input: Input; readonly end: End | null }
  | { readonly type: 'commit'; readonly node: Node; readonly life: number };

/** 2000-01-01, as good a beginning as any. */
const epochMs = 946_684_800_000;
/** Events between two rests. */
const mostEvents = 5_000_000;
/** Which entries the event log shows when nobody has changed its levels. */
const shownLevels = levelsOf();
/** Timers fired at one instant. */
const mostFirings = 1000;

export type VirtualLabOptions = {
  readonly mtas: readonly ScenarioMta[];
  readonly settings: Partial<Settings>;
  /** Articles that are on, by name of the MTA. */
  readonly legacy: Readonly<Record<string, readonly string[]>>;
};

export class VirtualLab implements Stage {
  readonly #nodes = new Map<string, Node>();
  readonly #link: VirtualLink;
  readonly #listeners = new Listeners();
  readonly #journal: JournalEntry[] = [];
  readonly #copies = new Set<string>();
  readonly #answers = new Map<string, string | null>();
  #agenda: Event[] = [];
  #delays: { readonly atMs: number; readonly run: () => void }[] = [];
  #nowMs = epochMs;
  #submissions = 0;

  constructor({ mtas, settings, legacy }: VirtualLabOptions) {
    this.#link = new VirtualLink({
      names: mtas.map((mta) => mta.name),
      arrive: (end, input) => this.#arrive(end, input),
      after: (ms, run) => this.#after(ms, run),
      carried: (from, pdu) => carried(this.#node(from).store, pdu),
    });
    for (const mta of mtas) {
      this.#nodes.set(mta.name, newNode(configOf(mta, mtas, settings, legacy[mta.name] ?? [])));
    }
    const atOnce = mtas.filter((mta) => mta.down !== true).map((mta) => this.#node(mta.name));
    for (const node of atOnce) this.#begin(node);
    this.#rest();
    for (const node of atOnce) mustRun(node);
  }

  /** Everything that happened so far, of all MTAs, in order. */
  get journal(): readonly JournalEntry[] {
    return this.#journal;
  }

  get pdus(): VirtualLink['pdus'] {
    return this.#link.pdus;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  async submit(at: string, message: StageMessage): Promise<void> {
    const node = this.#node(at);
    this.#submissions += 1;
    const submissionId = `submission-${this.#submissions}`;
    const content = -(node.life * 2 ** 32 + this.#submissions);
    const sizeBytes = message.content.length;
    node.writes.push({ type: 'put', content, name: submissionId, sizeBytes });
    const { originator, recipients, priority } = message;
    const submission = { submissionId, originator, recipients, priority, contentType: 'message/rfc822', sizeBytes, content };
    this.#push(node, { type: 'submit', submission });
    this.#work(() => this.#answers.has(submissionId));
    const refusal = this.#answers.get(submissionId);
    if (refusal === undefined) throw new VirtualLabError(`${at} is not running: it takes no message`);
    if (refusal !== null) throw new VirtualLabError(`${at} refused the message: ${refusal}`);
  }

  fault(text: string): { readonly hits: number } {
    return this.#link.add(text);
  }

  release(): void {
    this.#link.release();
  }

  heal(): void {
    this.#link.heal();
  }

  cut(): void {
    this.#link.cutAll();
  }

  async settle(): Promise<void> {
    this.#rest();
  }

  async advanceBy(ms: number): Promise<void> {
    this.#rest();
    const endMs = this.#nowMs + ms;
    let firings = 0;
    for (let next = this.#due(); next !== null && next <= endMs; next = this.#due()) {
      firings = next > this.#nowMs ? 0 : firings + 1;
      if (firings > mostFirings) throw new VirtualLabError(`the clock does not get on: a timer at ${this.#nowMs} ms never rests`);
      this.#advanceTo(next);
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  async kill(name: string): Promise<void> {
    this.#end(this.#node(name), { code: null, words: 'was ended by SIGKILL' });
  }

  async stop(name: string): Promise<void> {
    const node = this.#node(name);
    this.#push(node, { type: 'stop' });
    this.#rest();
    for (let next = this.#due(); node.mta !== null && next !== null; next = this.#due()) this.#advanceTo(next);
  }

  async start(name: string): Promise<void> {
    await this.attempt(name);
    mustRun(this.#node(name));
  }

  async attempt(name: string): Promise<void> {
    const node = this.#node(name);
    if (node.mta === null) this.#begin(node);
    this.#rest();
  }

  async bindings(name: string, wish: BindingWish): Promise<void> {
    const node = this.#node(name);
    const command = rebind(node, wish);
    if (command !== null) this.#push(node, { type: 'command', command });
  }

  async retry(name: string): Promise<void> {
    this.#push(this.#node(name), { type: 'command', command: { op: 'retry' } });
  }

  async set(article: string, mode: Mode, at: readonly string[]): Promise<void> {
    for (const name of at) {
      const node = this.#node(name);
      const others = node.config.legacy.filter((each) => each !== article);
      node.config = { ...node.config, legacy: mode === 'legacy' ? [...others, article] : others };
      this.#push(node, { type: 'command', command: { op: 'set', article, mode } });
    }
  }

  async associations(): Promise<readonly JoinedAssociation[]> {
    const up = [...this.#nodes].flatMap(([name, { mta }]) => (mta === null ? [] : [[name, viewAssociations(mta)] as const]));
    return joinAssociations(new Map(up));
  }

  async delivered(): Promise<number> {
    return this.#copies.size;
  }

  async queued(): Promise<Readonly<Record<string, number>>> {
    return Object.fromEntries([...this.#nodes].flatMap(([name, { mta }]) => (mta === null ? [] : [[name, mta.queuedCopies]])));
  }

  async reports(): Promise<number> {
    return [...this.#nodes.values()].reduce((sum, node) => sum + (node.mta?.counters.reports ?? 0), 0);
  }

  async events(name: string): Promise<readonly LoggedEvent[]> {
    return this.#node(name).log;
  }

  async exit(name: string): Promise<StageExit | null> {
    return this.#node(name).exit;
  }

  async up(name: string): Promise<boolean> {
    return this.#node(name).mta !== null;
  }

  #node(name: string): Node {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new VirtualLabError(`there is no MTA ${name}; there are ${[...this.#nodes.keys()].join(', ')}`);
    return node;
  }

  #begin(node: Node): void {
    node.life += 1;
    node.nextAccepted = 1;
    node.steps = 0;
    node.exit = null;
    const { config } = node;
    const recovered = recoveredFrom(node.store);
    const { mta, effects } = start(config, recovered, this.#nowMs);
    node.mta = mta;
    this.#record(node, { type: 'start', config, recovered }, effects);
    for (const effect of effects) this.#perform(node, effect);
  }

  /** The process is gone: what was not committed is lost. */
  #end(node: Node, exit: StageExit): void {
    node.mta = null;
    node.exit = exit;
    node.writes = [];
    node.commitDue = false;
    this.#listeners.close(node.config.name);
    this.#link.lose(node.config.name);
  }

  #record(node: Node, input: JournalEntry['input'], effects: readonly Effect[]): void {
    node.steps += 1;
    this.#journal.push({ t: this.#nowMs, node: node.config.name, n: node.steps, input, effects });
  }

  #push(node: Node, input: Input, end: End | null = null): void {
    this.#agenda.push({ type: 'input', node, life: node.life, input, end });
  }

  #arrive(end: End, input: Input): void {
    this.#agenda.push({ type: 'input', node: this.#node(end.node), life: end.life, input, end });
  }

  #after(ms: number, run: () => void): () => void {
    const delay = { atMs: this.#nowMs + ms, run };
    this.#delays.push(delay);
    return () => {
      this.#delays = this.#delays.filter((each) => each !== delay);
    };
  }

  /** Until nothing but a timer can make anything happen. A delay of the link ends by itself, so it is waited for. */
  #rest(): void {
    this.#work(() => false);
    for (let next = this.#nextDelay(); next !== null; next = this.#nextDelay()) {
      const dueMs = this.#due() ?? next;
      this.#advanceTo(Math.min(dueMs, next));
    }
  }

  #work(until: () => boolean): void {
    let count = 0;
    for (let at = 0; at < this.#agenda.length; at += 1) {
      count += 1;
      if (count > mostEvents) throw new VirtualLabError(`the MTAs are still busy after ${mostEvents} events`);
      this.#happen(this.#agenda[at] as Event);
      if (until()) {
        this.#agenda = this.#agenda.slice(at + 1);
        return;
      }
    }
    this.#agenda = [];
  }

  #happen(event: Event): void {
    const { node } = event;
    if (node.mta === null || node.life !== event.life) return;
    if (event.type === 'commit') {
      node.commitDue = false;
      for (const job of node.writes.splice(0)) {
        const outcome = node.store.commit(job, null);
        if (outcome !== null) this.#step(node, outcome);
      }
    } else if (event.end === null || this.#link.admits(event.end, event.input)) this.#step(node, event.input);
    if (node.writes.length === 0 || node.commitDue) return;
    node.commitDue = true;
    this.#agenda.push({ type: 'commit', node, life: node.life });
  }

  #step(node: Node, input: Input): void {
    if (node.mta === null) return;
    const { mta, effects } = step(node.mta, input, this.#nowMs);
    node.mta = mta;
    this.#record(node, input, effects);
    for (const effect of effects) this.#perform(node, effect);
  }

  #perform(node: Node, effect: Effect): void {
    const end = (conn: number): End => ({ node: node.config.name, life: node.life, conn });
    switch (effect.type) {
      case 'listen':
        return this.#listen(node, effect);
      case 'dial':
        return this.#dial(node, effect);
      case 'frame':
        if (effect.link === 'rpc') this.#link.send(end(effect.conn), effect.frame);
        return;
      case 'close':
        return this.#link.close(end(effect.conn));
      case 'store':
      case 'forget':
      case 'settle':
      case 'drop-content':
        node.writes.push(effect);
        return;
      case 'deliver':
        if (effect.destination.to !== 'dead-letter') this.#copies.add(`${node.config.name} ${effect.copy}`);
        return this.#push(node, { type: 'delivered', copy: effect.copy });
      case 'submitted':
        this.#answers.set(effect.submissionId, null);
        return;
      case 'submit-refused':
        this.#answers.set(effect.submissionId, effect.reason);
        return;
      case 'halt':
        for (const job of node.writes.splice(0)) node.store.commit(job, null);
        node.store.clean = effect.clean;
        return this.#end(node, { code: effect.code, words: `ended with exit code ${effect.code}` });
      case 'report':
        if (isShown(effect.event.id, shownLevels)) node.log.push(effect.event);
        return;
    }
  }

  #listen(node: Node, { binding, address, port }: Extract<Effect, { type: 'listen' }>): void {
    const { name } = node.config;
    const ports = port === 0 ? portsFor([...this.#nodes.keys()].indexOf(name)) : [port];
    const found = this.#listeners.open({ node: name, life: node.life, binding, address }, ports);
    if (typeof found === 'number') this.#push(node, { type: 'listening', binding, port: found });
    else this.#push(node, { type: 'listen-failed', binding, osError: found });
  }

  #dial(node: Node, { conn, ...where }: Extract<Effect, { type: 'dial' }>): void {
    const found = this.#listeners.find(where);
    if (typeof found === 'string')
      return this.#push(node, { type: 'dial-failed', conn, error: ntError.serverUnavailable, osError: found });
    const target = this.#node(found.node);
    const server = { node: found.node, life: found.life, conn: target.nextAccepted };
    target.nextAccepted += 2;
    const client = { node: node.config.name, life: node.life, conn };
    this.#link.connect(client, server, { binding: found.binding, from: where.localAddress ?? where.host });
  }

  #nextDelay(): number | null {
    return this.#delays.reduce<number | null>((least, { atMs }) => (least === null || atMs < least ? atMs : least), null);
  }

  /** The next thing that time alone brings. */
  #due(): number | null {
    let least = this.#nextDelay();
    for (const { mta } of this.#nodes.values()) {
      const deadline = mta === null ? null : nextDeadline(mta);
      if (deadline !== null && (least === null || deadline < least)) least = deadline;
    }
    return least;
  }

  #advanceTo(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, atMs);
    for (const delay of this.#delays.filter((each) => each.atMs <= this.#nowMs)) {
      this.#delays = this.#delays.filter((each) => each !== delay);
      delay.run();
    }
    for (const node of this.#nodes.values()) {
      const deadline = node.mta === null ? null : nextDeadline(node.mta);
      if (deadline !== null && deadline <= this.#nowMs) this.#push(node, { type: 'timer' });
    }
    this.#work(() => false);
  }
}
