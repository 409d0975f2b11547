/** Hunts the mutants for `npm run verify`, and looks for faults of the core itself on the same grounds. */
import { simulate, verdictText } from '@mtalab/proof';
import { checked, hunt, mutants } from './hunt.js';
import { Workshop } from './load.js';
import { grounds } from './mutant.js';

/**
 * Runs the core without a planted fault on every ground.
 * @throws Error at the first seed that breaks a rule.
 */
export function verifyGrounds(seeds: number): string {
  for (const [ground, options] of Object.entries(grounds)) {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const { verdict } = simulate(options, seed);
      if (verdict !== null) throw new Error(`seed ${seed} of the ground ${ground}\n${verdictText(verdict)}`);
    }
  }
  return `${seeds} seeds of each of ${Object.keys(grounds).length} grounds keep all rules`;
}

/**
 * Hunts every mutant on its own ground, then on a ground that does not suit it specially, as a measure of the rules alone.
 * @throws Error; the message names the mutants that survive on their own ground.
 */
export async function verifyMutants(seeds: number): Promise<string> {
  using workshop = new Workshop();
  const [alive, hidden]: [string[], string[]] = [[], []];
  for (const mutant of mutants) {
    const core = await workshop.core(mutant);
    if (mutant.ground === null) {
      if (checked(core, mutant.checked === true ? {} : mutant.checked) === null) alive.push(mutant.name);
      continue;
    }
    if (hunt(core, mutant.ground, seeds) === null) alive.push(mutant.name);
    if (hunt(core, mutant.ground.startsWith('connector') ? 'connector' : 'any', seeds) === null) hidden.push(mutant.name);
  }
  if (alive.length > 0) throw new Error(`${alive.join(', ')} survive ${seeds} seeds`);
  const rest = hidden.length === 0 ? 'all' : `all but ${hidden.join(', ')}`;
  const hunted = mutants.filter(({ ground }) => ground !== null).length;
  return `${hunted} planted faults are found within ${seeds} seeds each, ${rest} also where nothing is chosen to suit them; ${mutants.length - hunted} more are found by the checker`;
}
