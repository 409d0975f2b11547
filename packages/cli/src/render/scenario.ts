/** Renders the outcome of scenarios. */

import type { CaseResult, ScenarioResult } from '@mtalab/scenario';
import { ladderAsText, legendText } from '@mtalab/trace';
import type { Reproduction } from '../scenario/reproduce.js';
import type { Paint } from './colours.js';
import { padded } from './table.js';

/** One case: the ladder, the observations, the verdict. */
function renderCase(each: CaseResult, known: Set<string>, style: Paint): string {
  const { bold, green, red } = style;
  const lines = each.observations.map(({ says, ok, seen }) => `  ${ok ? green('seen   ') : red('MISSING')} ${says} (${seen})`);
  const colour = each.asDocumented ? green : red;
  const ladder = [ladderAsText(each.ladder, { columns: style.columns }), ''];
  const legend = legendText(each.ladder, style.columns, known);
  const below = legend === '' ? [] : [...legend.split('\n').map(style.dim), ''];
  return [bold(`== ${each.mode} ==`), ...ladder, ...below, ...lines, `  ${colour(each.verdict)}`].join('\n');
}

/** The whole outcome. `conclusion` is the sentence that sums it up. */
export function renderScenario(result: ScenarioResult, conclusion: string, style: Paint): string {
  const fault = result.cases.length > 1 ? 'The fault, the same both times' : 'The fault';
  // Each word is explained under the first ladder that has it.
  const known = new Set<string>();
  const head = [style.bold(`${result.scenario}: ${result.title}`), `${fault}: ${result.fault}.`];
  return [...head, ...result.cases.map((each) => renderCase(each, known, style)), style.bold(conclusion)].join('\n\n');
}

/** Sums up a case: what was seen, or what was missing. */
function inShort({ asDocumented, observations }: CaseResult): string {
  if (!asDocumented) {
    const missed = observations.filter((each) => !each.ok);
    return missed.map(({ says, seen }) => `MISSING ${says} (${seen})`).join(' ');
  }
  const headlines = observations.filter((each) => each.headline === true);
  return (headlines.length > 0 ? headlines : observations.slice(-1)).map((each) => each.seen).join('; ');
}

/** One line: the article, whether it is reproduced, and what was seen in each case. */
export function renderReproduction({ name, reproduced, error, result }: Reproduction, width: number, style: Paint): string {
  const verdict = reproduced ? style.green('reproduced    ') : style.red('NOT reproduced');
  const cases = (result?.cases ?? []).map((each) => `${each.mode}: ${inShort(each)}`);
  const why = error === null ? cases.join(' | ') : error.replaceAll('\n', ' ');
  return `${style.bold(padded(name, width))}  ${verdict}  ${why}`;
}

/** The line that sums up all articles and companions. */
export function renderTotals(results: readonly Reproduction[], tookMs: number): string {
  const share = (list: readonly Reproduction[]) => `${list.filter((each) => each.reproduced).length} of ${list.length}`;
  const articles = results.filter((each) => each.companionTo === null);
  const companions = results.filter((each) => each.companionTo !== null);
  const seconds = (tookMs / 1000).toFixed(1);
  return `${share(articles)} articles and ${share(companions)} companions are reproduced, in ${seconds} s.`;
}
