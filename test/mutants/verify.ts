/** Hunts the mutants for `npm run verify`. */
import { checked, hunt, mutants } from './hunt.js';
import { Workshop } from './load.js';

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
