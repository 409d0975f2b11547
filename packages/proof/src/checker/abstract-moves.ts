/** Lists the moves of the bounded space under an abstraction, to compare them with another model of the protocol. */
import type { Mta, Pdu } from '@mtalab/mta-core';
import { Fingerprinter } from './fingerprint.js';
import { type ConnectionState, type GlobalState, isQuiet } from './global-state.js';
import { moved, movesOf, refusals } from './moves.js';
import { boundsOf, type CheckOptions } from './options.js';
import { setUp } from './setup.js';
import { none, Visited } from './visited.js';

/** A connection and the PDUs under way on it. Null in place of a PDU is the end of the connection, closed by the other side. */
export type SeenConnection = Omit<ConnectionState, 'toServer' | 'toClient'> & {
  readonly toServer: readonly (Pdu | null)[];
  readonly toClient: readonly (Pdu | null)[];
};

/** A state of the checker, as an abstraction sees it. */
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
  /** Number of visited states of the checker. */
  readonly states: number;
  readonly transitions: number;
  /** For each abstract state, the other states that one move leads to. */
  readonly edges: ReadonlyMap<string, ReadonlySet<string>>;
};

function seen(global: GlobalState): SeenState {
  const pdus = (items: ConnectionState['toServer']): (Pdu | null)[] =>
    items.map((item) => (item?.carried.link === 'rpc' ? item.carried.frame : null));
  return {
    mtas: global.nodes.map(({ mta }) => mta),
    connections: global.connections.map((connection) => ({
      ...connection,
      toServer: pdus(connection.toServer),
      toClient: pdus(connection.toClient),
    })),
    unsubmitted: global.unsubmitted,
    losses: global.losses,
    quiet: isQuiet(global),
  };
}

/**
 * All abstract moves within bounds, of MTAs joined by RPC: pairs of abstractions of a state and of its successor. Breaches of rules
 * do not end the search.
 * @param abstraction null omits a state, and all states that are reachable only through it.
 */
export function abstractMoves(options: CheckOptions, abstraction: (state: SeenState) => string | null): AbstractMoves {
  const bounds = boundsOf({ ...options, link: 'lan' });
  const { context, initial, orders } = setUp(bounds, options.core);
  const fingerprinter = new Fingerprinter(context.steps.configs.length, orders);
  const visited = new Visited();
  const texts: string[] = [];
  const edges = new Map<string, Set<string>>();
  let level: GlobalState[] = [];
  let first = 0;
  let transitions = 0;
  /** @returns the abstraction of a state; null omits the state. */
  const enter = (global: GlobalState): string | null => {
    const text = abstraction(seen(global));
    if (text === null) return null;
    fingerprinter.take(global);
    visited.add(fingerprinter.high, fingerprinter.low, none, 0);
    if (visited.isNew) {
      level.push(global);
      texts.push(text);
    }
    return text;
  };
  const follow = (from: string, global: GlobalState): void => {
    const to = enter(global);
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
    for (const [index, global] of now.entries()) {
      const from = texts[first + index] as string;
      for (const move of movesOf(context, global)) {
        const next = moved(context, global, move);
        follow(from, next.global);
        if (global.losses === 0) continue;
        for (const set of refusals(next.dials, global.losses)) follow(from, moved(context, global, move, set).global);
      }
    }
    first += now.length;
  }
  return { states: visited.size, transitions, edges };
}
