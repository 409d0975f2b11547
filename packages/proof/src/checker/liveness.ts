/** Checks that from every reachable state the MTAs can reach a drained one without further faults or new messages. */
import { Fingerprinter } from './fingerprint.js';
import type { GlobalState, SearchContext } from './global-state.js';
import { isFault, moved, movesOf } from './moves.js';
import { givesUp, isDrained, type Space } from './search.js';
import { none, Visited } from './visited.js';

/**
 * @param givingUp may the MTAs give up mail on the way?
 * @returns the first state, in search order, from which no drained state is reachable; null if there is none.
 */
export function firstHopeless(space: Space, givingUp = true): number | null {
  const count = space.visited.size;
  const hopeful = new Uint8Array(count);
  for (let state = 0; state < count; state += 1) {
    const drained = space.drainedStates.at(state);
    hopeful[state] = drained === 1 || (drained === 2 && !givingUp) ? 1 : 0;
  }
  const barred = new Set<number>();
  if (!givingUp) for (let index = 0; index < space.givingUp.length; index += 1) barred.add(space.givingUp.at(index));
  // Most moves lead forward, so a few rounds from the end to the beginning suffice.
  for (let changed = true; changed; ) {
    changed = false;
    for (let state = count - 1; state >= 0; state -= 1) {
      if (hopeful[state] === 1) continue;
      const end = space.starts.at(state + 1);
      for (let at = space.starts.at(state); at < end; at += 1) {
        if (hopeful[space.targets.at(at)] !== 1 || barred.has(at)) continue;
        hopeful[state] = 1;
        changed = true;
        break;
      }
    }
  }
  const first = hopeful.indexOf(0);
  return first < 0 ? null : first;
}

/** Most states to visit from one state onward. */
const maxAhead = 20_000;

/**
 * The shortest path from a state, without faults and new messages, to a state in which nothing more happens by itself.
 * @returns null if mail can drain from the state after all, or if there is no such end nearby.
 */
export function wayToStandstill(
  context: SearchContext,
  from: GlobalState,
  orders: readonly (readonly number[])[],
): number[] | null {
  const fingerprinter = new Fingerprinter(context.steps.configs.length, orders);
  const visited = new Visited();
  const globals: GlobalState[] = [];
  const enter = (global: GlobalState, parent: number, move: number): number => {
    fingerprinter.take(global);
    const state = visited.add(fingerprinter.high, fingerprinter.low, parent, move);
    if (visited.isNew) globals.push(global);
    return state;
  };
  enter(from, none, 0);
  let end: number | null = null;
  for (let state = 0; state < globals.length; state += 1) {
    const global = globals[state] as GlobalState;
    if (isDrained(global) || globals.length > maxAhead) return null;
    let going = false;
    for (const [index, move] of movesOf(context, global).entries()) {
      if (isFault(move) || move.kind === 'submit') continue;
      if (enter(moved(context, global, move).global, state, index) !== state) going = true;
    }
    if (!going) end ??= state;
  }
  return end === null ? null : pathTo(visited, end);
}

/** The shortest path from a state, without faults and new messages, to a move that gives up mail; empty if there is none nearby. */
export function wayToGivingUp(context: SearchContext, from: GlobalState, orders: readonly (readonly number[])[]): number[] {
  const fingerprinter = new Fingerprinter(context.steps.configs.length, orders);
  const visited = new Visited();
  const globals: GlobalState[] = [];
  const enter = (global: GlobalState, parent: number, move: number): void => {
    fingerprinter.take(global);
    visited.add(fingerprinter.high, fingerprinter.low, parent, move);
    if (visited.isNew) globals.push(global);
  };
  enter(from, none, 0);
  for (let state = 0; state < globals.length && globals.length <= maxAhead; state += 1) {
    const global = globals[state] as GlobalState;
    for (const [index, move] of movesOf(context, global).entries()) {
      if (isFault(move) || move.kind === 'submit') continue;
      const next = moved(context, global, move).global;
      if (givesUp(context, global, next)) return [...pathTo(visited, state), index];
      enter(next, state, index);
    }
  }
  return [];
}

/** The moves that lead to a state, each as its index among the moves of the previous state. */
export function pathTo(visited: Visited, state: number): number[] {
  const path: number[] = [];
  for (let at = state; visited.parent(at) !== none; at = visited.parent(at)) path.push(visited.move(at));
  return path.reverse();
}
