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
function effectOf(article: string, kept: boolean): string {
  const when = quirks.find((quirk) => quirk.article === article)?.takesEffect ?? 'at once';
  if (when === 'at once') return '';
  // Nothing else remembers it for an MTA that was started by itself.
  const unless = when === 'at the next start' && !kept ? ', if its configuration file says so too' : '';
  return `, which shows ${when}${unless}`;
}

/** `kept`: a restart of the MTA has it as well. */
type Switched = { readonly answers: readonly Answer<unknown>[]; readonly kept: boolean };

/** A pair is asked as a whole, so that it remembers the switch when one of its MTAs is started again. */
async function switched(where: RunOptions, article: string, mode: string): Promise<Switched> {
  const entry = await chosenRun(where);
  const { lab } = entry;
  if (lab === undefined) return { answers: await askEach(where, 'set', { article, mode }), kept: false };
  const names = chosenProcesses(entry, where.mta).map((one) => one.name);
  await withChannel(lab, (client) => client.request('set', { article, mode, names }));
  return { answers: names.map((mta) => ({ mta, ok: true, value: null })), kept: true };
}

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, ...where } = options as RunOptions & { readonly json?: boolean };
  const mode = String(args[0]).toLowerCase();
  if (mode !== 'legacy' && mode !== 'fixed') {
    throw new UsageError(`the mode is legacy or fixed, not ${String(args[0])}${suggestion(mode, ['legacy', 'fixed'])}`);
  }
  const article = knownArticle(String(args[1]));
  const { answers, kept } = await switched(where, article, mode);
  return present(io, answers, json === true, {
    json: (values) => values.map(({ mta }) => ({ mta, article, mode })),
    text: (values) => values.map(({ mta }) => `${mta}: ${article} is ${mode}${effectOf(article, kept)}`).join('\n'),
  });
};
