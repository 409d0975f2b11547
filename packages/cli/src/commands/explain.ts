/** `mtalab explain WORD...`: explains events, error numbers, articles and the words of the glossary. No MTA needs to run. */

import {
  citedArticles,
  type DiagnosticsLevel,
  describeEvent,
  diagnosticsLevels,
  type EventEntry,
  type EventForm,
  type EventId,
  type EventOrigin,
  errorsByNumber,
  eventIds,
  eventsById,
  levelNames,
  printOf,
  quirkOf,
  quirks,
  sampleEvent,
} from '@mtalab/mta-core';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { splitAtCommas } from '../command-tree/shared-options.js';
import { exitCodes, UsageError } from '../errors.js';
import { paint } from '../render/colours.js';
import {
  type ArticleExplanation,
  type ErrorExplanation,
  type EventExplanation,
  type EventFormExplanation,
  type Explanation,
  renderExplanation,
} from '../render/explain.js';
import { suggestedNumber, suggestionOrList } from '../render/suggestions.js';
import { explainTerm, suggestedTerm } from './explain-term.js';

const errorNumbers: readonly number[] = Object.keys(errorsByNumber).map(Number);

function levelOf(value: number): DiagnosticsLevel {
  return levelNames.find((name) => diagnosticsLevels[name] === value) ?? 'none';
}

type Labels = Readonly<Record<string, string>>;

const parametersOf = (labels: Labels) => Object.entries(labels).map(([name, label]) => ({ name, label }));

/** The form of an event in older versions of Exchange. */
function explainForm(id: EventId, { versions }: EventForm): EventFormExplanation {
  const version = versions[0] ?? '';
  const { severity, text, trailer } = describeEvent(sampleEvent(id), version);
  return { versions, severity, parameters: parametersOf(printOf({ id }, version).labels), sample: { text, trailer } };
}

const originWords = ({ product, process, thread, procedure }: EventOrigin): string =>
  [product, process, thread, procedure].filter((part) => part !== null).join(' ');

function explainEvent(id: EventId): EventExplanation {
  const entry = eventsById[id] as EventEntry;
  const event = sampleEvent(id);
  const sample = describeEvent(event);
  return {
    kind: 'event',
    id,
    source: sample.source,
    type: entry.type,
    category: entry.category,
    severity: entry.severity,
    level: levelOf(entry.level),
    says: entry.says,
    parameters: parametersOf(entry.labels as Labels),
    sample: { text: sample.text, trailer: sample.trailer },
    calledSide: entry.calledOrigin === undefined ? null : describeEvent({ ...event, side: 'called' }).trailer,
    forms: (entry.forms ?? []).map((form) => explainForm(id, form)),
    alsoSeen: (entry.alsoSeen ?? []).map(originWords),
    explanation: entry.explanation,
    articles: entry.articles,
  };
}

function explainError(number: number): ErrorExplanation {
  const { of, text, explanation, events, articles } = errorsByNumber[number] as (typeof errorsByNumber)[number] & object;
  return { kind: 'error', number, of, text, explanation, events, articles };
}

/** The articles that can be explained: those that MTA Lab emulates, and those that are cited. */
const articles: readonly string[] = [...quirks, ...citedArticles].map(({ article }) => article).sort();

function explainArticle(article: string): ArticleExplanation {
  const quirk = quirkOf(article);
  const cited = citedArticles.find((each) => each.article === article);
  return {
    kind: 'article',
    article,
    title: quirk?.title ?? cited?.title ?? '',
    builds: quirk?.builds ?? cited?.builds ?? '',
    says: cited?.says ?? null,
    events: eventIds.filter((id) => (eventsById[id].articles as readonly string[]).includes(article)),
    errors: errorNumbers.filter((number) => errorsByNumber[number]?.articles.includes(article)),
    emulated: quirk !== undefined,
    shownBy: quirk === undefined ? null : `mtalab repro ${article}`,
  };
}

function explained(word: string): Explanation {
  // ev0.log writes an id as NMI9316.
  const [, digits] = /^(?:NMI)?(\d{1,6})$/i.exec(word) ?? [];
  const number = digits === undefined ? Number.NaN : Number(digits);
  const id = eventIds.find((each) => each === number);
  if (id !== undefined) return explainEvent(id);
  if (errorNumbers.includes(number)) return explainError(number);
  if (/^Q\d/i.test(word)) {
    const article = word.toUpperCase();
    if (articles.includes(article)) return explainArticle(article);
    throw new UsageError(`unknown article ${word}${suggestionOrList(word, articles, 'the articles')}`);
  }
  const term = explainTerm(word);
  if (term !== undefined) return term;
  if (/\d{2}/.test(word))
    throw new UsageError(
      `unknown event or error number ${word}${suggestedNumber(word, [...eventIds, ...errorNumbers])}; \`mtalab explain --all\` explains all events`,
    );
  throw new UsageError(`unknown word ${word}${suggestedTerm(word)}; docs/glossary.md has the words that can be explained`);
}

/** The words of the command line. Several of them may be one term: `association group`. */
function wordsOf(args: readonly string[]): readonly string[] {
  const phrase = args.join(' ');
  return args.length > 1 && explainTerm(phrase) !== undefined ? [phrase] : args.flatMap(splitAtCommas);
}

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, all } = options as { readonly json?: boolean; readonly all?: boolean };
  const words = wordsOf((args[0] as readonly string[] | undefined) ?? []);
  if (all === true && words.length > 0) throw new UsageError('give words to explain or --all, not both');
  if (all !== true && words.length === 0)
    throw new UsageError(
      'give the number of an event or an error, such as 9316, an article, such as Q181721, a word, such as Turn, or --all',
    );
  const found = all === true ? eventIds.map(explainEvent) : words.map(explained);
  if (json === true) outJson(io, found);
  else io.out(found.map((one) => renderExplanation(one, paint(io.outColour, io.outColumns()))).join('\n\n'));
  return exitCodes.ok;
};
