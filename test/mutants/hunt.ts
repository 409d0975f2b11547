/** Finds the rule that a mutant breaks: runs seed after seed on its ground until one breaks a rule. */
import type { EngineCore } from '@mtalab/engine';
import { type CheckOptions, check, type RuleId, simulate, verdictText } from '@mtalab/proof';
import { associationMutants } from './association.js';
import { bindingMutants } from './bindings.js';
import { connectorMutants } from './connector.js';
import { damageMutants } from './damage.js';
import { flightMutants } from './flight.js';
import { mailMutants } from './mail.js';
import { type GroundName, grounds, type Mutant } from './mutant.js';
import { transferMutants } from './transfer.js';
import { turnMutants } from './turn.js';

export const mutants: readonly Mutant[] = [
  ...turnMutants,
  ...associationMutants,
  ...transferMutants,
  ...flightMutants,
  ...mailMutants,
  ...bindingMutants,
  ...damageMutants,
  ...connectorMutants,
];

export type Kill = { readonly rule: RuleId; readonly detail: string; readonly seed: number };

/** The first seed that breaks a rule; null if none does. */
export function hunt(core: EngineCore, ground: GroundName, seeds: number): Kill | null {
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { verdict } = simulate(grounds[ground], seed, { core });
    if (verdict !== null) return { rule: verdict.rule, detail: verdict.detail, seed };
  }
  return null;
}

/** The verdicts on the first seeds of a ground; empty if the core has no fault. */
export function faultsOf(core: EngineCore, ground: GroundName, seeds: number): readonly string[] {
  const found: string[] = [];
  for (let seed = 1; seed <= seeds && found.length < 3; seed += 1) {
    const { verdict } = simulate(grounds[ground], seed, { core });
    if (verdict !== null) found.push(`${ground}, seed ${seed}: ${verdictText(verdict)}`);
  }
  return found;
}

/** Number of states that the checker visits: one message each way and one loss, not the whole space. */
const fewStates = 6000;

/** The breach that the checker finds, and the length of its story in lines; null if it finds none within `fewStates`. */
export function checked(core: EngineCore, options: CheckOptions = {}): { readonly rule: RuleId; readonly lines: number } | null {
  const { properties } = check({ ...options, core, maxStates: fewStates });
  const broken = properties.find(({ verdict }) => verdict === 'fails');
  return broken === undefined ? null : { rule: broken.rule, lines: broken.counterexample?.lines.length ?? 0 };
}
