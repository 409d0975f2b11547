/** `mtalab set legacy|fixed ARTICLE`: switches one article on running MTAs. */
import { quirks } from '@mtalab/mta-core';
import type { CommandRun } from '../command-tree/command-entry.js';
import { knownArticle } from '../config/releases.js';
import { UsageError } from '../errors.js';
import { pairCommands } from '../pair/control-schema.js';
import { printAnswers } from '../print-answers.js';
import { suggestion } from '../render/suggestions.js';
import { askEach, askSupervisor, changeLimit, chosenMtas, chosenRun, isSupervised, type RunFlags } from '../running-mtas.js';

/** Says when the change shows, if it does not show at once. */
function effectOf(article: string, kept: boolean): string {
  const when = quirks.find((quirk) => quirk.article === article)?.takesEffect ?? 'at once';
  if (when === 'at once') return '';
  // A run without a supervisor does not keep the change for the next start.
  const unless = when === 'at the next start' && !kept ? ', if the configuration file says so too' : '';
  return `, which shows ${when}${unless}`;
}

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, ...where } = options as RunFlags;
  const mode = String(args[0]).toLowerCase();
  if (mode !== 'legacy' && mode !== 'fixed') {
    throw new UsageError(`the mode is legacy or fixed, not ${String(args[0])}${suggestion(mode, ['legacy', 'fixed'])}`);
  }
  const article = knownArticle(String(args[1]));
  const found = await chosenRun(io, where, 'act');
  const names = chosenMtas(found, where.mta).map(({ mta }) => mta);
  const kept = isSupervised(found);
  const answers = kept
    ? await askSupervisor(found, where, (client) => client.commandOf(pairCommands, 'set', { article, mode, names }, changeLimit))
    : await askEach(found, where, 'set', { article, mode });
  return printAnswers<unknown>(io, answers, json === true, {
    json: ({ mta }) => ({ mta, article, mode }),
    text: (values) => values.map(({ mta }) => `${mta}: ${article} is ${mode}${effectOf(article, kept)}`).join('\n'),
  });
};
