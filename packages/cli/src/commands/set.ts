/** `mtalab set legacy|fixed ARTICLE`: the behaviour of one article, live. */
import { quirks, releaseArticles } from '@mtalab/mta-core';
import { present } from '../answers.js';
import { UsageError } from '../errors.js';
import { suggestion } from '../render/nearest.js';
import { type Answer, askEach, chosenProcesses, chosenRun, type RunOptions, withChannel } from '../targets.js';
import type { CommandRun } from '../tree/entry.js';

/** The article as the quirks write it, or a complaint that lists what there is. */
export function knownArticle(text: string): string {
  const articles = quirks.map((quirk) => quirk.article);
  const article = text.toUpperCase();
  if (articles.includes(article)) return article;
  if (releaseArticles.some((each) => each.article === article))
    throw new UsageError(`${article} is an article of some releases, but not emulated here (there: ${articles.join(', ')})`);
  throw new UsageError(`no article ${text} (there: ${articles.join(', ')})${suggestion(text, articles)}`);
}

/** When it shows, where that is not now. */
function effectOf(article: string): string {
  const when = quirks.find((quirk) => quirk.article === article)?.takesEffect ?? 'at once';
  return when === 'at once' ? '' : `, which shows ${when}`;
}

/** A pair is asked as a whole, so that it remembers the switch when one of its MTAs is started again. */
async function switched(where: RunOptions, article: string, mode: string): Promise<readonly Answer<unknown>[]> {
  const entry = await chosenRun(where);
  const { lab } = entry;
  if (lab === undefined) return askEach(where, 'set', { article, mode });
  const names = chosenProcesses(entry, where.mta).map((one) => one.name);
  await withChannel(lab, (client) => client.request('set', { article, mode, names }));
  return names.map((mta) => ({ mta, ok: true, value: null }));
}

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, ...where } = options as RunOptions & { readonly json?: boolean };
  const mode = String(args[0]).toLowerCase();
  if (mode !== 'legacy' && mode !== 'fixed') {
    throw new UsageError(`the mode is legacy or fixed, not ${String(args[0])}${suggestion(mode, ['legacy', 'fixed'])}`);
  }
  const article = knownArticle(String(args[1]));
  const answers = await switched(where, article, mode);
  return present(io, answers, json === true, {
    json: (values) => values.map(({ mta }) => ({ mta, article, mode })),
    text: (values) => values.map(({ mta }) => `${mta}: ${article} is ${mode}${effectOf(article)}`).join('\n'),
  });
};
