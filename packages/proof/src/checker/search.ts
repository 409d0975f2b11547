/** Breadth-first search over all interleavings: visits every state of the bounded space once, by the shortest path. */
import { type LtabEntry, ltabOf, type MtaConfig, rowsIn } from '@mtalab/mta-core';
import type { Breach } from '../rules/catalogue.js';
import { flightsDiffer } from '../rules/flight.js';
import { noHolder, twoHolders } from '../rules/turn.js';
import { Fingerprinter } from './fingerprint.js';
import { type GlobalState, isQuiet, type Move, type Moved, type SearchContext } from './global-state.js';
import { codeOf, isFault, moved, movesOf, refusals } from './moves.js';
import type { CheckBounds, CheckProgress } from './options.js';
import { Numbers, none, Visited } from './visited.js';

/** A breach of a rule: in a state, or during the move to it from its parent. */
export type FoundBreach = { readonly breach: Breach; readonly state: number; readonly move: number | null };

export type Space = {
  readonly visited: Visited;
  readonly transitions: number;
  readonly depth: number;
  readonly exhausted: boolean;
  readonly breaches: readonly FoundBreach[];
  readonly atRest: number;
  readonly drained: number;
  /** Flags of each state: drained (1), writing a report (2). */
  readonly drainedStates: Numbers;
  /** Moves without faults and new messages, by state: `starts[i]` to `starts[i + 1]`. */
  readonly starts: Numbers;
  readonly targets: Numbers;
  /** Indices in `targets` of moves that give up mail although its path is open, ascending. */
  readonly givingUp: Numbers;
};

function entryFor(global: GlobalState, at: number, peer: number, names: readonly MtaConfig[]): LtabEntry | undefined {
  const mta = global.nodes[at]?.mta;
  return mta === undefined ? undefined : ltabOf(mta).find((entry) => entry.name === (names[peer] as MtaConfig).name);
}

/** Messages are only in mailboxes, and on the disks of MTAs that have ended and wait for repair. */
export function isDrained(global: GlobalState): boolean {
  const left = global.nodes.filter(({ mta }) => mta.phase !== 'halted');
  return (
    (global.undelivered.length === 0 || left.length < global.nodes.length) &&
    left.every(({ kept, mta }) => kept.length === 0 && ltabOf(mta).every((entry) => entry.queued === 0))
  );
}

/** Does a move report mail although its path is open? While an article is on, the mail may have used up all attempts. */
export function givesUp({ allReachable, cure }: SearchContext, before: GlobalState, after: GlobalState): boolean {
  return (
    allReachable &&
    !cure &&
    after.reported.length > before.reported.length &&
    after.nodes.every(({ mta }) => mta.phase === 'running')
  );
}

/** Has an MTA decided to report mail, and is the report not on disk yet? */
function isReporting(global: GlobalState): boolean {
  return global.nodes.some(({ mta }) => rowsIn(mta.stores).some(({ purpose }) => purpose === 'report'));
}

/** Breaches that one state shows without its past. */
export function wrongIn(context: SearchContext, global: GlobalState): Breach | null {
  const { configs } = context.steps;
  const quiet = isQuiet(global) && global.connections.every(({ phase }) => phase === 'up');
  for (let one = 0; one < configs.length; one += 1) {
    for (let other = one + 1; other < configs.length; other += 1) {
      const mine = entryFor(global, one, other, configs);
      const theirs = entryFor(global, other, one, configs);
      if (mine === undefined || theirs === undefined) continue;
      const breach = twoHolders(mine, theirs) ?? flightsDiffer(mine, theirs) ?? (quiet ? noHolder(mine, theirs) : null);
      if (breach !== null) return breach;
    }
  }
  return null;
}

function stuck(global: GlobalState): Breach {
  const where = global.nodes.flatMap(({ mta }) =>
    ltabOf(mta)
      .filter((entry) => entry.queued > 0)
      .map((entry) => `${entry.queued} at ${mta.name} for ${entry.name}`),
  );
  return {
    rule: 'queues-drain',
    detail: `The MTAs can do nothing more by themselves, and mail still waits: ${where.join(', ')}.`,
  };
}

/** Number of states between two lines of progress. */
const tellEach = 1024;

type Level = { readonly global: GlobalState; readonly state: number };

export class Search {
  readonly #context: SearchContext;
  readonly #bounds: CheckBounds;
  readonly #fingerprinter: Fingerprinter;
  readonly #tell: ((progress: CheckProgress) => void) | undefined;
  readonly #see: ((global: GlobalState) => void) | undefined;
  readonly #visited = new Visited();
  readonly #drainedStates = new Numbers();
  readonly #starts = new Numbers();
  readonly #targets = new Numbers();
  readonly #givingUp = new Numbers();
  readonly #breaches: FoundBreach[] = [];
  readonly #broken = new Set<string>();
  #transitions = 0;
  #atRest = 0;
  #drained = 0;
  #next: Level[] = [];

  constructor(
    context: SearchContext,
    bounds: CheckBounds,
    orders: readonly (readonly number[])[],
    tell?: (progress: CheckProgress) => void,
    see?: (global: GlobalState) => void,
  ) {
    this.#context = context;
    this.#bounds = bounds;
    this.#fingerprinter = new Fingerprinter(context.steps.configs.length, orders);
    this.#tell = tell;
    this.#see = see;
  }

  run(initial: GlobalState): Space {
    this.#enter(initial, none, 0);
    let depth = 0;
    while (this.#next.length > 0 && !this.#over()) {
      const level = this.#next;
      this.#next = [];
      for (let at = 0; at < level.length; at += 1) {
        const { global, state } = level[at] as Level;
        // Release each expanded state, so that memory does not hold it until its level ends.
        (level as (Level | null)[])[at] = null;
        this.#expand(global, state);
        if (this.#over()) break;
        if (state % tellEach === 0) this.#report(depth, level.length - at + this.#next.length);
      }
      if (this.#next.length > 0) depth += 1;
      this.#report(depth, this.#next.length);
    }
    const exhausted = this.#next.length === 0 && !this.#over();
    this.#starts.push(this.#targets.length);
    return {
      visited: this.#visited,
      transitions: this.#transitions,
      depth,
      exhausted,
      breaches: this.#breaches,
      atRest: this.#atRest,
      drained: this.#drained,
      drainedStates: this.#drainedStates,
      starts: this.#starts,
      targets: this.#targets,
      givingUp: this.#givingUp,
    };
  }

  #report(depth: number, frontier: number): void {
    this.#tell?.({ states: this.#visited.size, transitions: this.#transitions, depth, frontier });
  }

  #over(): boolean {
    return this.#visited.size >= this.#bounds.maxStates || (this.#bounds.stopAtFirst && this.#breaches.length > 0);
  }

  #found(breach: Breach, state: number, move: number | null): void {
    if (this.#broken.has(breach.rule)) return;
    this.#broken.add(breach.rule);
    this.#breaches.push({ breach, state, move });
  }

  #enter(global: GlobalState, parent: number, move: number): number {
    this.#fingerprinter.take(global);
    const state = this.#visited.add(this.#fingerprinter.high, this.#fingerprinter.low, parent, move);
    if (!this.#visited.isNew) return state;
    this.#next.push({ global, state });
    this.#see?.(global);
    const drained = isDrained(global);
    this.#drainedStates.push(drained ? 1 : isReporting(global) ? 2 : 0);
    if (drained) this.#drained += 1;
    const wrong = wrongIn(this.#context, global);
    if (wrong !== null) this.#found(wrong, state, null);
    return state;
  }

  #arrive({ global, breach }: Moved, from: number, code: number): number {
    this.#transitions += 1;
    if (breach !== null) this.#found(breach, from, code);
    return this.#enter(global, from, code);
  }

  #expand(global: GlobalState, state: number): void {
    this.#starts.push(this.#targets.length);
    const moves = movesOf(this.#context, global);
    let going = false;
    for (let index = 0; index < moves.length; index += 1) {
      const move = moves[index] as Move;
      const next = moved(this.#context, global, move);
      const target = this.#arrive(next, state, index);
      if (next.dials > 0 && global.losses > 0) {
        for (const refused of refusals(next.dials, global.losses)) {
          this.#arrive(moved(this.#context, global, move, refused), state, codeOf(index, refused));
        }
      }
      if (target === state || isFault(move) || move.kind === 'submit') continue;
      going = true;
      if (givesUp(this.#context, global, next.global)) this.#givingUp.push(this.#targets.length);
      this.#targets.push(target);
    }
    if (going) return;
    this.#atRest += 1;
    if (this.#drainedStates.at(state) !== 1) this.#found(stuck(global), state, null);
  }
}
