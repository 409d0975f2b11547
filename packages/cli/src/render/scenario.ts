/** The outcome of a scenario, for people. */
import { type CaseResult, ladderAsText, type ScenarioResult } from '@mtalab/sim';
import type { Paint } from './text.js';

/** One case: the ladder, what was to be seen, and the verdict. */
function renderCase(each: CaseResult, style: Paint): string {
  const { bold, green, red } = style;
  const lines = each.observations.map(({ says, ok, seen }) => `  ${ok ? green('seen   ') : red('MISSING')} ${says} (${seen})`);
  const colour = each.asDocumented ? green : red;
  return [bold(`== ${each.mode} ==`), ladderAsText(each.ladder), '', ...lines, `  ${colour(each.verdict)}`].join('\n');
}

/** All of it. `last` is the sentence that sums it up. */
export function renderScenario(result: ScenarioResult, last: string, style: Paint): string {
  const head = [style.bold(`${result.scenario}: ${result.title}`), `The fault, the same both times: ${result.fault}.`];
  return [...head, ...result.cases.map((each) => renderCase(each, style)), style.bold(last)].join('\n\n');
}
