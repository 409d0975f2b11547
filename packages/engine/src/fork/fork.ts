/**
 * A fork of a recording: the MTAs go on from an instant on virtual time, on the same core, and no process sees it. Every PDU waits
 * until it is let go, so a person can lose one, switch an article, send mail or let time pass, and see what would have been.
 */
import type { Mta, Priority } from '@mtalab/mta-core';
import { instantAt, type LiveTrace, locate } from '@mtalab/trace';
import { Engine } from '../engine.js';
import type { DialEffect } from '../event.js';
import type { VirtualNode } from '../node.js';
import type { DialRoute, EnginePolicy } from '../policy.js';
import { rankOf } from '../ranks.js';
import { ForkGate, type UnderWay } from './fork-gate.js';
import { configOfState, startFrom } from './fork-start.js';

/** Most steps of one fork, and most events between two rests. */
const maxSteps = 50_000;
/** Steps that the ladder of a fork keeps, with those of the recording before it. */
const limits = { steps: 20_000, pdus: 20_000 };
/** Most messages sent at one time. */
const maxMessages = 1000;

/** A fork cannot do what was asked, or cannot go on. */
export class ForkError extends Error {
  override readonly name = 'ForkError';
}

export type ForkMail = { readonly from: string; readonly to: string; readonly count: number; readonly priority: Priority };

export class Fork {
  /** The recording up to the instant, and what the fork has done since. */
  readonly trace: LiveTrace;
  /** The instant: the item of the recording, and lab time, ms. */
  readonly at: number;
  readonly atMs: number;
  readonly #engine: Engine;
  readonly #gate: ForkGate;
  #sent = 0;
  #failure: string | null = null;

  /** @throws InstantError if nothing can go on from there. */
  constructor(recorded: LiveTrace, at: number = recorded.latest) {
    const instant = instantAt(recorded, at);
    this.at = at;
    this.atMs = instant.nowMs;
    this.trace = recorded.copyAt(at, limits);
    this.#gate = new ForkGate({
      network: () => this.#engine.network,
      tell: (pdu) => this.trace.take({ k: 'pdu', t: this.nowMs, pdu }),
    });
    this.#engine = new Engine({
      mtas: instant.mtas.map(({ mta }) => configOfState(mta)),
      policy: this.#policy(),
      watch: {
        step: (node, input, _before, effects) =>
          this.trace.take({ k: 'step', entry: { t: this.nowMs, node: node.name, n: node.steps, input, effects } }),
        halted: ({ name }, code) =>
          this.trace.take({
            k: 'process',
            t: this.nowMs,
            node: name,
            state: 'down',
            pid: null,
            says: `ended with code ${code}`,
          }),
      },
      nowMs: instant.nowMs,
    });
    startFrom(this.#engine, instant);
  }

  get nowMs(): number {
    return this.#engine.nowMs;
  }

  /** PDUs on their way, oldest first. */
  get underWay(): readonly UnderWay[] {
    return this.#gate.underWay;
  }

  /** Why the fork cannot go on; null if it can. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Can nothing happen but by time or by a person? */
  get isQuiet(): boolean {
    return this.#engine.busy === 0 && this.#gate.waiting === 0;
  }

  /** Submits messages. Their PDUs wait on the link. @throws ForkError */
  send({ from, to, count, priority }: ForkMail): void {
    if (!Number.isInteger(count) || count < 1 || count > maxMessages)
      throw new ForkError(`a fork takes from 1 to ${maxMessages} messages at one time, not ${count}`);
    const [node, target] = [this.#node(from), this.#state(to)];
    const [originator, recipient] = [`sender@${domainOf(this.#state(from))}`, `user@${domainOf(target)}`];
    this.#act(() => {
      for (let each = 0; each < count; each += 1) {
        this.#sent += 1;
        const submissionId = `fork-${this.#sent}`;
        // Far from the numbers that drivers give.
        const content = -(2 ** 50 + this.#sent);
        const sizeBytes = 100;
        this.#engine.job(node, { type: 'put', content, name: submissionId, sizeBytes });
        const submission = { submissionId, originator, recipients: [recipient], priority, content, sizeBytes };
        this.#engine.inputLater(node, { type: 'submit', submission: { ...submission, contentType: 'message/rfc822' } }, 0);
      }
      this.#rest();
    });
  }

  /** Switches an article. @throws ForkError */
  set(article: string, mode: 'legacy' | 'fixed', mta: string): void {
    const node = this.#node(mta);
    this.#act(() => {
      this.#engine.inputLater(node, { type: 'command', command: { op: 'set', article, mode } }, 0);
      this.#rest();
    });
  }

  /** Lets a PDU arrive, after those before it on its connection. @throws ForkError */
  let(id: number): void {
    this.#act(() => {
      if (!this.#gate.let(id)) throw new ForkError('this PDU is not on its way any more');
      this.#rest();
    });
  }

  /** Loses a PDU, with the connections of its association. @throws ForkError */
  lose(id: number): void {
    this.#act(() => {
      if (!this.#gate.lose(id)) throw new ForkError('this PDU is not on its way any more');
      this.#rest();
    });
  }

  /** Cuts connections. @param association default: all. @returns how many. @throws ForkError */
  cut(association: string | null = null): number {
    return this.#act(() => {
      const count = this.#gate.cut(association, 'cut in the fork');
      this.#rest();
      return count;
    });
  }

  /**
   * Lets the oldest PDU arrive. If none is on its way, lets time pass to the next timer.
   * @returns what happened, in words.
   * @throws ForkError
   */
  step(): string {
    return this.#act(() => {
      for (let passed = this.#gate.next(); passed !== null; passed = this.#gate.next()) {
        this.#rest();
        if (passed !== undefined) return `passed: ${passed.text}`;
      }
      const { next } = this.#engine;
      if (next === undefined) throw new ForkError('nothing is on its way, and no timer is set');
      const waitedS = Math.round((next.atMs - this.nowMs) / 1000);
      this.#event();
      this.#rest();
      return `nothing was on its way: ${waitedS} s passed until the next timer`;
    });
  }

  /** Lets everything arrive until only time can make anything happen. @throws ForkError */
  run(): void {
    this.#act(() => this.#run());
  }

  /** Lets lab time pass, and everything arrive meanwhile. @throws ForkError */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms <= 0) throw new ForkError(`time goes forward by a number of milliseconds, not by ${ms}`);
    this.#act(() => {
      const endMs = this.nowMs + ms;
      this.#run();
      for (let { next } = this.#engine; next !== undefined && next.atMs <= endMs; { next } = this.#engine) {
        this.#event();
        this.#run();
      }
      this.#engine.passTo(endMs);
    });
  }

  /** What goes wrong in the core ends the fork: it is said, and nothing more can be done in it. */
  #act<T>(action: () => T): T {
    if (this.#failure !== null) throw new ForkError(`this fork cannot go on: ${this.#failure}`);
    try {
      return action();
    } catch (error) {
      if (error instanceof ForkError) throw error;
      this.#failure = (error as Error).message;
      throw new ForkError(`this fork cannot go on: ${this.#failure}`, { cause: error });
    }
  }

  #run(): void {
    do {
      this.#rest();
    } while (this.#gate.next() !== null);
  }

  #rest(): void {
    while (this.#engine.busy > 0) this.#event();
  }

  #event(): void {
    if (this.#engine.steps >= maxSteps) throw new Error(`it has made ${maxSteps} steps; begin another`);
    this.#engine.step();
  }

  #policy(): EnginePolicy {
    return {
      ...this.#gate.policy,
      delayMs: () => 0,
      dialDelayMs: () => null,
      localDelayMs: () => null,
      // Not at the end of an event: a write that the recording has left open has no such event.
      commitDelayMs: () => 0,
      rank: rankOf,
      route: (node, dial) => this.#route(node, dial),
      // Its MTAs listen already.
      listen: () => ({ osError: 'EADDRINUSE' }),
    };
  }

  /** A dial reaches the MTA that listens there, or the adjacent MTA that it is for: a proxy may have stood between. */
  #route(node: VirtualNode, dial: DialEffect): DialRoute {
    const remote = `${dial.localAddress ?? dial.host}:${dial.conn}`;
    const others = this.#engine.nodes.filter((each) => each !== node && each.up);
    const at = (target: VirtualNode, matches: (listener: Listener) => boolean): DialRoute | undefined => {
      const found = target.mta === null ? undefined : listenersOf(target.mta, dial.link).find(matches);
      return found === undefined ? undefined : { node: target, binding: found.id, remote };
    };
    const byPort = others.map((each) => at(each, ({ port }) => port === dial.port)).find((route) => route !== undefined);
    if (byPort !== undefined) return byPort;
    const peer = node.mta === null ? undefined : locate(node.mta, dial.conn)?.peer;
    const target = others.find(({ name }) => name === peer);
    const found = target === undefined ? undefined : at(target, ({ isForMail }) => isForMail);
    return found ?? { osError: 'ECONNREFUSED' };
  }

  #node(name: string): VirtualNode {
    const node = this.#engine.nodes.find((each) => each.name === name && each.up);
    if (node === undefined) throw new ForkError(`${name} does not run in this fork`);
    return node;
  }

  #state(name: string): Mta {
    return this.#node(name).mta as Mta;
  }
}

type Listener = { readonly id: number; readonly port: number; readonly isForMail: boolean };

function listenersOf({ rpc, x400 }: Mta, link: DialEffect['link']): readonly Listener[] {
  if (link === 'x400') return x400.listeners.map(({ id, port }) => ({ id, port, isForMail: true }));
  return rpc.addresses.map(({ id, port, serves }) => ({ id, port, isForMail: serves === 'mta' }));
}

function domainOf({ name, localDomains }: Mta): string {
  const [domain] = localDomains;
  if (domain === undefined) throw new ForkError(`${name} has no mailboxes, so nothing can be sent there`);
  return domain;
}
