/** The exhaustive checker: visits every interleaving of two MTAs, or three in a chain, within bounds. */
import type { Mta } from '@mtalab/mta-core';
import { type RuleId, rules } from '../rules/catalogue.js';
import { type GlobalState, isQuiet, type SearchContext } from './global-state.js';
import { firstHopeless, pathTo, wayToGivingUp, wayToStandstill } from './liveness.js';
import { after } from './moves.js';
import {
  boundsOf,
  type CheckBounds,
  type CheckOptions,
  type CheckProgress,
  type CheckResult,
  type Counterexample,
  type PropertyVerdict,
} from './options.js';
import { type FoundBreach, Search, type Space, wrongIn } from './search.js';
import { setUp } from './setup.js';
import { faultsLate, tellStory } from './story.js';

/** The rules that the checker checks, the most important first. */
const checkedRules: readonly RuleId[] = [
  'one-turn',
  'turn-to-transfer',
  'turn-moves',
  'turn-answered',
  'recovery',
  'incarnation',
  'kept-until-confirmed',
  'once',
  'confirm-after-store',
  'order',
  'limits',
  'in-flight',
  'control-blocks',
  'checkpoints',
  'threshold',
  'no-quarrel',
  'total',
  'starts',
  'bindings',
  'holder-after-faults',
  'queues-drain',
  'reachable',
];

type Found = { readonly rule: RuleId; readonly detail: string; readonly path: readonly number[] };

function found(options: CheckOptions, bounds: CheckBounds, space: Space, breach: FoundBreach): Found[] {
  const path = pathTo(space.visited, breach.state);
  if (breach.move !== null) path.push(breach.move);
  const { rule, detail } = breach.breach;
  if (rule !== 'holder-after-faults') return [{ rule, detail, path }];
  const late = faultsLate(bounds, options.core, path, (context, global) => wrongIn(context, global)?.rule === rule);
  // Nobody holds the Turn: does mail wait for ever because of it?
  const one: Found = { rule, detail, path: late };
  return standstill(options, bounds, late) === null ? [one] : [one, { rule: 'queues-drain', detail: hopeless, path: late }];
}

const givenUp =
  'An MTA gives up mail although it can reach the next MTA, and no run without further faults can deliver that mail.';
const hopeless = 'Mail waits, and no run without further faults or new mail can deliver it.';

function standstill(options: CheckOptions, bounds: CheckBounds, path: readonly number[]): number[] | null {
  const { context, initial, orders } = setUp(bounds, options.core);
  return wayToStandstill(context, stateAfter(context, initial, path), orders);
}

function stateAfter(context: SearchContext, initial: GlobalState, path: readonly number[]): GlobalState {
  let global = initial;
  for (const code of path) global = after(context, global, code).global;
  return global;
}

/** Finds mail that the MTAs could only give up. */
function unreachable(options: CheckOptions, bounds: CheckBounds, space: Space): Found | null {
  const state = firstHopeless(space, false);
  if (state === null) return null;
  const path = pathTo(space.visited, state);
  const { context, initial, orders } = setUp(bounds, options.core);
  const rest = wayToGivingUp(context, stateAfter(context, initial, path), orders);
  return { rule: 'reachable', detail: givenUp, path: [...path, ...rest] };
}

function allFound(options: CheckOptions, bounds: CheckBounds, space: Space): readonly Found[] {
  const list = space.breaches.flatMap((breach) => found(options, bounds, space, breach));
  if (space.exhausted && !list.some(({ rule }) => rule === 'queues-drain')) {
    const state = firstHopeless(space);
    if (state !== null) {
      const path = pathTo(space.visited, state);
      list.push({ rule: 'queues-drain', detail: hopeless, path: [...path, ...(standstill(options, bounds, path) ?? [])] });
    }
    // If mail waits for ever, the cause is not a missing connection.
    const given = state === null ? unreachable(options, bounds, space) : null;
    if (given !== null) list.push(given);
  }
  return list;
}

/**
 * Searches the whole bounded space, or up to the first breach of a rule. Needs about 4 KB of memory per state of the widest
 * level and 30 octets for every state; the caller provides the heap.
 * @param tell receives progress from time to time.
 * @throws if the checker itself cannot go on (more than 40 connections at a time, or a refused submission).
 */
export function check(options: CheckOptions = {}, tell?: (progress: CheckProgress) => void): CheckResult {
  const bounds = boundsOf(options);
  const space = searchSpace(options, bounds, tell);
  const breaches = allFound(options, bounds, space);
  const properties = checkedRules.map((rule): PropertyVerdict => {
    const { words, clause } = rules[rule];
    const one = breaches.find((each) => each.rule === rule);
    const counterexample: Counterexample | null = one === undefined ? null : tellStory(bounds, options.core, one.path);
    return {
      rule,
      words,
      clause,
      verdict: one !== undefined ? 'fails' : space.exhausted ? 'holds' : 'open',
      detail: one?.detail ?? null,
      counterexample,
    };
  });
  return {
    bounds,
    exhausted: space.exhausted,
    states: space.visited.size,
    transitions: space.transitions,
    depth: space.depth,
    atRest: space.atRest,
    drained: space.drained,
    properties,
    holds: properties.every(({ verdict }) => verdict === 'holds'),
  };
}

function searchSpace(
  options: CheckOptions,
  bounds: CheckBounds,
  tell?: (progress: CheckProgress) => void,
  see?: (global: GlobalState) => void,
): Space {
  const { context, initial, orders } = setUp(bounds, options.core);
  return new Search(context, bounds, orders, tell, see).run(initial);
}

/**
 * Returns the reachable states under an abstraction, to compare two searches, or the checker with another model of the protocol.
 * @param abstraction maps the MTAs, in the order of the chain, to a text; `quiet`: nothing is under way between them or to a
 *   disk. Null omits a state.
 */
export function reachable(
  options: CheckOptions,
  abstraction: (mtas: readonly Mta[], quiet: boolean) => string | null,
): ReadonlySet<string> {
  const seen = new Set<string>();
  const bounds = boundsOf({ ...options, stopAtFirst: false });
  searchSpace(options, bounds, undefined, (global) => {
    const text = abstraction(
      global.nodes.map(({ mta }) => mta),
      isQuiet(global),
    );
    if (text !== null) seen.add(text);
  });
  return seen;
}
