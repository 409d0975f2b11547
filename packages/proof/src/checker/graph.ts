/** The moves of the bounded space under an abstraction, to hold them against those of another model of the protocol. */
import type { Mta, Pdu } from '@mtalab/mta-core';
import { Fingerprinter } from './fingerprint.js';
import { isQuiet, type Wire, type World } from './global-state.js';
import { moved, movesOf, refusals } from './moves.js';
import { boundsOf, type CheckOptions } from './options.js';
import { setUp } from './setup.js';
import { none, Visited } from './visited.js';

/** A connection and what is under way on it. Null in place of a PDU is its end, closed by the other side. */
export type SeenConnection = Omit<Wire, 'toServer' | 'toClient'> & {
  readonly toServer: readonly (Pdu | null)[];
  readonly toClient: readonly (Pdu | null)[];
};

/** A state of the checker, for abstractions. */
export type SeenState = {
  /** In the order of the chain. */
  readonly mtas: readonly Mta[];
  readonly connections: readonly SeenConnection[];
  /** Messages still to be submitted, per MTA. */
  readonly unsubmitted: readonly number[];
  readonly losses: number;
  /** Is nothing under way, on the network or to a disk? */
  readonly quiet: boolean;
};

export type AbstractMoves = {
  /** States of the checker that were visited. */
  readonly states: number;
  readonly transitions: number;
  /** For each abstract state those that one move leads to; itself is not among them. */
  readonly edges: ReadonlyMap<string, ReadonlySet<string>>;
};

function seen(world: World): SeenState {
  const pdus = (items: Wire['toServer']): (Pdu | null)[] => items.map((item) => item?.pdu ?? null);
  return {
    mtas: world.locals.map(({ mta }) => mta),
    connections: world.wires.map((wire) => ({ ...wire, toServer: pdus(wire.toServer), toClient: pdus(wire.toClient) })),
    unsubmitted: world.unsubmitted,
    losses: world.losses,
    quiet: isQuiet(world),
  };
}

/**
 * All abstract moves within bounds: pairs of abstractions of a state and of one that a single move leads to. Breaches of rules
 * do not end the search.
 * @param abstraction null leaves a state out, and all that is reached through it alone.
 */
export function abstractMoves(options: CheckOptions, abstraction: (state: SeenState) => string | null): AbstractMoves {
  const bounds = boundsOf(options);
  const { context, initial, orders } = setUp(bounds, options.core);
  const fingerprinter = new Fingerprinter(context.local.configs.length, orders);
  const visited = new Visited();
  const texts: string[] = [];
  const edges = new Map<string, Set<string>>();
  let level: World[] = [];
  let first = 0;
  let transitions = 0;
  /** @returns the abstraction of a state; null when it is left out. */
  const enter = (world: World): string | null => {
    const text = abstraction(seen(world));
    if (text === null) return null;
    fingerprinter.take(world);
    visited.add(fingerprinter.high, fingerprinter.low, none, 0);
    if (visited.isNew) {
      level.push(world);
      texts.push(text);
    }
    return text;
  };
  const follow = (from: string, world: World): void => {
    const to = enter(world);
    if (to === null) return;
    transitions += 1;
    if (to === from) return;
    const known = edges.get(from);
    if (known === undefined) edges.set(from, new Set([to]));
    else known.add(to);
  };
  enter(initial);
  while (level.length > 0) {
    const now = level;
    level = [];
    for (const [index, world] of now.entries()) {
      const from = texts[first + index] as string;
      for (const move of movesOf(context, world)) {
        const next = moved(context, world, move);
        follow(from, next.world);
        if (world.losses === 0) continue;
        for (const set of refusals(next.dials, world.losses)) follow(from, moved(context, world, move, set).world);
      }
    }
    first += now.length;
  }
  return { states: visited.size, transitions, edges };
}
