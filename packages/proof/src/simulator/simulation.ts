/**
 * A seeded run on the engine: its delays, its faults, its clients, and the rules that watch it. The run is deterministic: every
 * delay is a hash of the seed, and every fault is data.
 */
import {
  type CommitDecision,
  Engine,
  type EngineCore,
  type EngineEvent,
  type EnginePolicy,
  type EngineWatch,
  type Lane,
  type ListenEffect,
  type ListenOutcome,
  processOf,
  type TransitInput,
  type VirtualNode,
} from '@mtalab/engine';
import { contentIn, kindsIn, nextDeadline, start, step } from '@mtalab/mta-core';
import { Violation } from '../rules/catalogue.js';
import { RuleWatch } from '../rules/rule-watch.js';
import { BlockedWays } from './blocked-ways.js';
import { Clients } from './clients.js';
import { seededDelays } from './delays.js';
import { DialRoutes } from './dial-routes.js';
import { beginFault } from './faults/begin-fault.js';
import type { Opportunity, SimFault, SimFaultKind } from './faults/fault-kinds.js';
import type { FaultSource } from './faults/fault-source.js';
import { loseNow, loseOnSend } from './faults/lose-connection.js';
import type { SimSetup } from './run-plan.js';
import { drawn } from './seeded-random.js';
import { endTrouble, noTrouble, type Trouble } from './trouble.js';

export type SimHooks = {
  /** Receives each step as one line of the journal, without the line end. */
  readonly journal?: ((line: string) => void) | undefined;
  readonly core?: EngineCore | undefined;
};

export class Simulation {
  readonly setup: SimSetup;
  readonly engine: Engine;
  readonly ways: BlockedWays;
  readonly routes: DialRoutes;
  readonly clients: Clients;
  readonly watch: RuleWatch;
  /** The faults so far, in order. */
  readonly faults: SimFault[] = [];
  readonly counts: Partial<Record<SimFaultKind, number>> = {};
  /** May faults still happen? */
  safety = true;
  readonly #trouble: readonly Trouble[];
  readonly #source: FaultSource;
  readonly #overs: (() => void)[] = [];
  /** Number of opportunities so far, by sort. */
  readonly #seen = { sent: 0, give: 0, commit: 0, delivery: 0, listen: 0 };

  constructor(setup: SimSetup, source: FaultSource, { journal, core }: SimHooks = {}) {
    this.setup = setup;
    this.#source = source;
    this.#trouble = setup.mtas.map(noTrouble);
    const engine = (): Engine => this.engine;
    this.ways = new BlockedWays(engine);
    this.routes = new DialRoutes(engine, this.ways, setup.mtas);
    this.engine = new Engine({
      mtas: setup.mtas,
      policy: this.#policy(),
      watch: this.#watching(journal),
      core: guarded(core ?? { start, step, nextDeadline }),
    });
    this.watch = new RuleWatch(this);
    for (const node of this.nodes) this.engine.startLater(node, 0);
    this.clients = new Clients(this);
  }

  get nodes(): readonly VirtualNode[] {
    return this.engine.nodes;
  }

  get nowMs(): number {
    return this.engine.nowMs;
  }

  troubleOf(node: VirtualNode): Trouble {
    return this.#trouble[node.index] as Trouble;
  }

  #policy(): EnginePolicy {
    return {
      ...seededDelays(
        this.setup,
        (node) => this.troubleOf(node),
        () => this.nowMs,
      ),
      route: (node, dial) => this.routes.route(node, dial),
      listen: (node, effect) => this.#listen(node, effect),
      commit: (node) => this.#commit(node),
      deliver: (node) => (this.#opportunity('delivery', node).length > 0 ? 'EIO' : null),
      send: (lane, input) => this.#send(lane, input),
      mayArrive: (lane) => !this.ways.isBlocked(lane),
      beforeEvent: (event) => this.#beforeEvent(event),
    };
  }

  #watching(journal: SimHooks['journal']): EngineWatch {
    return {
      step: (node, input, before, effects) => {
        const t = this.nowMs + node.offsetMs;
        journal?.(JSON.stringify({ t, node: node.name, n: node.steps, input, effects }));
        const after = node.mta as NonNullable<VirtualNode['mta']>;
        if (before === null) this.watch.started(node, after, effects);
        else this.watch.stepped(node, before, after, effects);
      },
      delivered: (node, { copy, content, envelope, destination }, again) => {
        if (again) return;
        const mailbox = destination.to === 'mailbox' ? destination.address : null;
        this.watch.mail.delivered(envelope, mailbox, `${node.store.uuid} ${copy}`, node.store.contents.get(content));
      },
      submitted: (node, submissionId, mtsId) => this.clients.submitted(node, submissionId, mtsId),
      submitRefused: (_node, submissionId) => this.clients.refused(submissionId),
      halted: (node) => this.#ended(node, this.troubleOf(node).restartAfterMs),
      submissionStored: (submissionId, mtsId) => this.watch.submissionStored(submissionId, mtsId),
      accepted: (node, effect) => this.watch.accepted(node, effect),
      erased: (node, message, copy) => this.watch.erased(node, message, copy),
    };
  }

  /** Returns and records the faults of an opportunity; none after the faulty phase. */
  #faultsAt(per: Opportunity, at: number, mta: number): readonly SimFault[] {
    if (!this.safety) return [];
    const faults = this.#source.at(per, at, mta);
    for (const fault of faults) {
      this.faults.push(fault);
      this.counts[fault.kind] = (this.counts[fault.kind] ?? 0) + 1;
    }
    return faults;
  }

  /** Counts one more opportunity of a sort, at a node. */
  #opportunity(per: Exclude<Opportunity, 'event'>, { index }: VirtualNode): readonly SimFault[] {
    const at = this.#seen[per];
    this.#seen[per] += 1;
    return this.#faultsAt(per, at, index);
  }

  #beforeEvent(event: EngineEvent): void {
    if (!this.safety) return;
    const { events } = this.engine;
    const about = processOf(event)?.index ?? drawn(this.setup.seed, 6, events, this.nodes.length);
    for (const fault of this.#faultsAt('event', events, about)) beginFault(this, fault);
  }

  #listen(node: VirtualNode, { port }: ListenEffect): ListenOutcome {
    if (this.#opportunity('listen', node).length === 0) return { port };
    this.troubleOf(node).crippled = true;
    return { osError: 'EADDRNOTAVAIL' };
  }

  #send(lane: Lane, input: TransitInput): number {
    const { network } = this.engine;
    if (isTurnGive(input)) for (const fault of this.#opportunity('give', lane.from.node)) loseOnSend(network, lane, fault);
    let moreMs = 0;
    for (const fault of this.#opportunity('sent', lane.to.node)) {
      if (fault.kind === 'delay') moreMs += fault.byMs;
      else loseOnSend(network, lane, fault);
    }
    const { poisonous } = this.troubleOf(lane.from.node);
    if (poisonous.size > 0 && poisonous.has(contentOf(input) ?? '')) loseNow(network, lane);
    return moreMs;
  }

  #commit(node: VirtualNode): CommitDecision {
    let failure: CommitDecision['failure'] = null;
    let carries = false;
    let instead: CommitDecision['instead'] = null;
    for (const fault of this.#opportunity('commit', node)) {
      if (fault.kind === 'crash-after-commit') instead = () => this.crash(node, fault);
      if (fault.kind !== 'store-full' && fault.kind !== 'store-io') continue;
      failure = fault.kind === 'store-full' ? 'full' : 'io';
      carries = fault.carried;
    }
    return { failure, carries, instead };
  }

  /** Kills a process. Data not yet stored are lost; the other ends notice in their own time. */
  crash(node: VirtualNode, { keep, noticeMs, forMs }: Extract<SimFault, { kind: 'crash' | 'crash-after-commit' }>): void {
    if (!node.up) return;
    this.engine.crash(node, { keep, noticeMs });
    this.#ended(node, forMs);
  }

  #ended(node: VirtualNode, restartAfterMs: number): void {
    this.troubleOf(node).crippled = false;
    this.engine.startLater(node, restartAfterMs);
  }

  /** Schedules the end of a lasting fault: after a while, or at the end of the faulty phase. */
  over(afterMs: number, end: () => void): void {
    let done = false;
    const run = (): void => {
      if (done) return;
      done = true;
      end();
    };
    this.#overs.push(run);
    this.engine.run(afterMs, run);
  }

  /** Ends the faulty phase: ends all lasting faults and starts every MTA that is down. */
  endFaults(): void {
    this.safety = false;
    for (const over of this.#overs.splice(0)) over();
    for (const node of this.nodes) {
      node.stalledUntilMs = 0;
      endTrouble(this.troubleOf(node));
      if (!node.up) this.engine.startLater(node, 0);
      // The adapter works again, so restart the MTA to use it.
      else if (this.troubleOf(node).crippled) {
        this.watch.operatorStops();
        this.engine.input(node, { type: 'stop' });
      }
    }
    this.watch.faultsEnded();
  }
}

function isTurnGive(input: TransitInput): boolean {
  return input.type === 'frame' && kindsIn(input).includes('turn-give');
}

/** The name of the content that an item carries a piece of. */
function contentOf(input: TransitInput): string | undefined {
  const content = input.type === 'frame' ? contentIn(input) : undefined;
  return content?.ref?.replace(/:\d+$/, '');
}

/** If the core throws, it breaks a rule; any other error is a bug of the simulator. */
function guarded({ start, step, nextDeadline }: EngineCore): EngineCore {
  const guard = <T>(run: () => T): T => {
    try {
      return run();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Violation({ rule: 'total', detail: `The core throws: ${message}` });
    }
  };
  return {
    start: (config, recovered, nowMs) => guard(() => start(config, recovered, nowMs)),
    step: (mta, input, nowMs) => guard(() => step(mta, input, nowMs)),
    nextDeadline,
  };
}
