/** `mtalab set legacy|fixed ARTICLE`: the behaviour of one article, live. */
import { quirks } from '@mtalab/mta-core';
import type { CommandRun } from '../command-tree/command-entry.js';
import { knownArticle } from '../config/releases.js';
import { UsageError } from '../errors.js';
import { printAnswers } from '../print-answers.js';
import { suggestion } from '../render/suggestions.js';
import { askEach, askRun, type RunChoice } from '../running-mtas.js';

/** When it shows, where that is not now. */
function effectOf(article: string, kept: boolean): string {
  const when = quirks.find((quirk) => quirk.article === article)?.takesEffect ?? 'at once';
  if (when === 'at once') return '';
  // Nothing else remembers it for an MTA that was started by itself.
  const unless = when === 'at the next start' && !kept ? ', if its configuration file says so too' : '';
  return `, which shows ${when}${unless}`;
}

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, ...where } = options as RunChoice & { readonly json?: boolean };
  const mode = String(args[0]).toLowerCase();
  if (mode !== 'legacy' && mode !== 'fixed') {
    throw new UsageError(`the mode is legacy or fixed, not ${String(args[0])}${suggestion(mode, ['legacy', 'fixed'])}`);
  }
  const article = knownArticle(String(args[1]));
  const kept = await askRun<unknown>(where, 'set', { article, mode });
  const answers =
    kept?.names.map((mta) => ({ mta, ok: true, value: null }) as const) ?? (await askEach(where, 'set', { article, mode }));
  return printAnswers(io, answers, json === true, {
    json: (values) => values.map(({ mta }) => ({ mta, article, mode })),
    text: (values) => values.map(({ mta }) => `${mta}: ${article} is ${mode}${effectOf(article, kept !== undefined)}`).join('\n'),
  });
};
