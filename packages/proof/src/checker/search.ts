/** Breadth-first over all interleavings: every state of the bounded space once, the shortest way to each. */
import { type LtabEntry, ltabOf, type MtaConfig, rowsIn } from '@mtalab/mta-core';
import type { Finding } from '../rules/catalogue.js';
import { noHolder, twoHolders } from '../rules/turn.js';
import { Fingerprinter } from './fingerprint.js';
import { isQuiet, type Move, type Moved, type World, type WorldContext } from './global-state.js';
import { codeOf, isFault, moved, movesOf, refusals } from './moves.js';
import type { CheckBounds, CheckProgress } from './options.js';
import { Numbers, none, Visited } from './visited.js';

/** A breach of a rule: in a state, or on the way to it from its parent by a move. */
export type Breach = { readonly finding: Finding; readonly state: number; readonly move: number | null };

export type Space = {
  readonly visited: Visited;
  readonly transitions: number;
  readonly depth: number;
  readonly exhausted: boolean;
  readonly breaches: readonly Breach[];
  readonly atRest: number;
  readonly drained: number;
  /** Which states are drained (1), and in which a report is being written (2). */
  readonly drainedStates: Numbers;
  /** Moves of the MTAs and the network without faults and without new messages, by state: `starts[i]` to `starts[i + 1]`. */
  readonly starts: Numbers;
  readonly targets: Numbers;
  /** Places in `targets` of moves that give mail up although its way is open, in order. */
  readonly givingUp: Numbers;
};

function entryFor(world: World, at: number, peer: number, names: readonly MtaConfig[]): LtabEntry | undefined {
  const mta = world.locals[at]?.mta;
  return mta === undefined ? undefined : ltabOf(mta).find((entry) => entry.name === (names[peer] as MtaConfig).name);
}

/** Nothing of any message is left anywhere but in mailboxes, and on the disks of MTAs that have ended and wait for somebody to mend them. */
export function isDrained(world: World): boolean {
  const left = world.locals.filter(({ mta }) => mta.phase !== 'halted');
  return (
    (world.undelivered.length === 0 || left.length < world.locals.length) &&
    left.every(({ kept, mta }) => kept.length === 0 && ltabOf(mta).every((entry) => entry.queued === 0))
  );
}

/** Does a move report mail on whose way nothing stands? Before an article is switched off it may have used up all attempts. */
export function givesUp({ allReachable, cure }: WorldContext, before: World, after: World): boolean {
  return (
    allReachable &&
    !cure &&
    after.reported.length > before.reported.length &&
    after.locals.every(({ mta }) => mta.phase === 'running')
  );
}

/** Is it decided that mail is reported, and only not yet on disk? */
function isReporting(world: World): boolean {
  return world.locals.some(({ mta }) => rowsIn(mta.stores).some(({ purpose }) => purpose === 'report'));
}

/** What is wrong with a state by itself. */
export function wrongIn(context: WorldContext, world: World): Finding | null {
  const { configs } = context.local;
  const quiet = isQuiet(world) && world.wires.every(({ phase }) => phase === 'up');
  for (let one = 0; one < configs.length; one += 1) {
    for (let other = one + 1; other < configs.length; other += 1) {
      const mine = entryFor(world, one, other, configs);
      const theirs = entryFor(world, other, one, configs);
      if (mine === undefined || theirs === undefined) continue;
      const finding = twoHolders(mine, theirs) ?? (quiet ? noHolder(mine, theirs) : null);
      if (finding !== null) return finding;
    }
  }
  return null;
}

function stuck(world: World): Finding {
  const where = world.locals.flatMap(({ mta }) =>
    ltabOf(mta)
      .filter((entry) => entry.queued > 0)
      .map((entry) => `${entry.queued} at ${mta.name} for ${entry.name}`),
  );
  return { rule: 'queues-drain', detail: `Nothing more can happen by itself, and mail still waits: ${where.join(', ')}.` };
}

/** States between two lines of progress. */
const tellEach = 1024;

type Level = { readonly world: World; readonly state: number };

export class Search {
  readonly #context: WorldContext;
  readonly #bounds: CheckBounds;
  readonly #fingerprinter: Fingerprinter;
  readonly #tell: ((progress: CheckProgress) => void) | undefined;
  readonly #see: ((world: World) => void) | undefined;
  readonly #visited = new Visited();
  readonly #drainedStates = new Numbers();
  readonly #starts = new Numbers();
  readonly #targets = new Numbers();
  readonly #givingUp = new Numbers();
  readonly #breaches: Breach[] = [];
  readonly #broken = new Set<string>();
  #transitions = 0;
  #atRest = 0;
  #drained = 0;
  #next: Level[] = [];

  constructor(
    context: WorldContext,
    bounds: CheckBounds,
    orders: readonly (readonly number[])[],
    tell?: (progress: CheckProgress) => void,
    see?: (world: World) => void,
  ) {
    this.#context = context;
    this.#bounds = bounds;
    this.#fingerprinter = new Fingerprinter(context.local.configs.length, orders);
    this.#tell = tell;
    this.#see = see;
  }

  run(initial: World): Space {
    this.#enter(initial, none, 0);
    let depth = 0;
    while (this.#next.length > 0 && !this.#over()) {
      const level = this.#next;
      this.#next = [];
      for (let at = 0; at < level.length; at += 1) {
        const { world, state } = level[at] as Level;
        // What has been expanded is not held on to while the rest of its level is.
        (level as (Level | null)[])[at] = null;
        this.#expand(world, state);
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

  #breach(finding: Finding, state: number, move: number | null): void {
    if (this.#broken.has(finding.rule)) return;
    this.#broken.add(finding.rule);
    this.#breaches.push({ finding, state, move });
  }

  #enter(world: World, parent: number, move: number): number {
    this.#fingerprinter.take(world);
    const state = this.#visited.add(this.#fingerprinter.high, this.#fingerprinter.low, parent, move);
    if (!this.#visited.isNew) return state;
    this.#next.push({ world, state });
    this.#see?.(world);
    const drained = isDrained(world);
    this.#drainedStates.push(drained ? 1 : isReporting(world) ? 2 : 0);
    if (drained) this.#drained += 1;
    const wrong = wrongIn(this.#context, world);
    if (wrong !== null) this.#breach(wrong, state, null);
    return state;
  }

  #arrive({ world, finding }: Moved, from: number, code: number): number {
    this.#transitions += 1;
    if (finding !== null) this.#breach(finding, from, code);
    return this.#enter(world, from, code);
  }

  #expand(world: World, state: number): void {
    this.#starts.push(this.#targets.length);
    const moves = movesOf(this.#context, world);
    let going = false;
    for (let index = 0; index < moves.length; index += 1) {
      const move = moves[index] as Move;
      const next = moved(this.#context, world, move);
      const target = this.#arrive(next, state, index);
      if (next.dials > 0 && world.losses > 0) {
        for (const refused of refusals(next.dials, world.losses)) {
          this.#arrive(moved(this.#context, world, move, refused), state, codeOf(index, refused));
        }
      }
      if (target === state || isFault(move) || move.kind === 'submit') continue;
      going = true;
      if (givesUp(this.#context, world, next.world)) this.#givingUp.push(this.#targets.length);
      this.#targets.push(target);
    }
    if (going) return;
    this.#atRest += 1;
    if (this.#drainedStates.at(state) !== 1) this.#breach(stuck(world), state, null);
  }
}
