/** Renders what events, error numbers and articles are. */

import type { Paint } from './colours.js';
import { padded, widest, wrap } from './table.js';

type Parameters = readonly { readonly name: string; readonly label: string }[];
type Sample = { readonly text: string; readonly trailer: string };

/** The form of an event in some versions of Exchange. */
export type EventFormExplanation = {
  readonly versions: readonly string[];
  readonly severity: number;
  readonly parameters: Parameters;
  readonly sample: Sample;
};

export type EventExplanation = {
  readonly kind: 'event';
  readonly id: number;
  readonly source: string;
  readonly type: string;
  readonly category: string;
  readonly severity: number;
  /** The event is logged from this diagnostics level of its category on. */
  readonly level: string;
  readonly says: string;
  readonly parameters: Parameters;
  readonly sample: Sample;
  /** The trailer where the called side of an opening reports the event. Null if that is the same. */
  readonly calledSide: string | null;
  /** Its forms in older versions of Exchange. */
  readonly forms: readonly EventFormExplanation[];
  /** Origins of further entries on record. */
  readonly alsoSeen: readonly string[];
  readonly explanation: string;
  readonly articles: readonly string[];
};

export type ErrorExplanation = {
  readonly kind: 'error';
  readonly number: number;
  readonly of: string;
  readonly text: string;
  readonly explanation: string;
  /** Events that can carry the error number. */
  readonly events: readonly number[];
  readonly articles: readonly string[];
};

export type ArticleExplanation = {
  readonly kind: 'article';
  readonly article: string;
  readonly title: string;
  /** The builds that have the article, in words. */
  readonly builds: string;
  /** What the article says. Null where a page of the documentation or a release tells it. */
  readonly says: string | null;
  /** Events and error numbers of the article. */
  readonly events: readonly number[];
  readonly errors: readonly number[];
  readonly emulated: boolean;
  /** The command that reproduces the article. Null if MTA Lab does not emulate it. */
  readonly shownBy: string | null;
};

export type TermExplanation = {
  readonly kind: 'term';
  readonly term: string;
  /** Other words for it, and words that it explains as well. */
  readonly also: readonly string[];
  readonly text: string;
  /** Where the term comes from. "Own" marks a word of this project. */
  readonly source: string | null;
};

export type Explanation = EventExplanation | ErrorExplanation | ArticleExplanation | TermExplanation;

/** A title, then lines of label and text, with the texts in one column. */
function block(title: string, lines: readonly (readonly [string, string])[], style: Paint): string {
  const width = widest(lines.map(([label]) => label));
  const indent = width + 4;
  const room = Math.max(20, style.columns - indent);
  return [
    ...wrap(title, style.columns, '  ').map(style.bold),
    ...lines.flatMap(([label, words]) =>
      wrap(words, room).map((row, at) => (at === 0 ? `  ${style.dim(padded(label, width))}  ${row}` : ' '.repeat(indent) + row)),
    ),
  ].join('\n');
}

const orNone = (words: readonly (string | number)[]): string => (words.length === 0 ? 'none' : words.join(', '));

/** `event 4284`, `events 9316, 9318`, or `no event of this MTA`. */
function eventList(events: readonly number[]): string {
  if (events.length === 0) return 'no event of this MTA';
  return `${events.length === 1 ? 'event' : 'events'} ${events.join(', ')}`;
}

function renderArticle(one: ArticleExplanation, style: Paint): string {
  const lines: (readonly [string, string])[] = [
    ['builds', one.builds],
    ...(one.says === null ? [] : ([['says', one.says]] as const)),
    ['events', orNone(one.events)],
    ['errors', orNone(one.errors)],
    ['shown by', one.shownBy ?? 'nothing: MTA Lab does not emulate it'],
  ];
  return block(`article ${one.article}  ${one.title}`, lines, style);
}

function renderTerm({ term, also, text, source }: TermExplanation, style: Paint): string {
  const lines: (readonly [string, string])[] = [
    ['means', text],
    ...(source === null ? [] : [['source', source] as const]),
    ...(also.length === 0 ? [] : [['also', also.join(', ')] as const]),
  ];
  return block(`term ${term}`, lines, style);
}

const sampleText = ({ text, trailer }: Sample): string => `${text} ${trailer}`;

export function renderExplanation(one: Explanation, style: Paint): string {
  if (one.kind === 'article') return renderArticle(one, style);
  if (one.kind === 'term') return renderTerm(one, style);
  if (one.kind === 'error') {
    const lines: (readonly [string, string])[] = [
      ['says', `${one.text}.`],
      ['means', one.explanation],
      ['found in', eventList(one.events)],
      ['articles', orNone(one.articles)],
    ];
    return block(`error ${one.number}  ${one.of}`, lines, style);
  }
  const labels = one.parameters.map(({ label }) => label.replace(/=$/, ''));
  const lines: (readonly [string, string])[] = [
    ['category', `${one.category}, severity ${one.severity}`],
    ['logged', one.level === 'none' ? 'always' : `from diagnostics level ${one.level} on`],
    ['says', `${one.says}.`],
    ['parameters', orNone(labels)],
    ['sample', sampleText(one.sample)],
    ...(one.calledSide === null ? [] : ([['called side', one.calledSide]] as const)),
    ...one.forms.map(({ versions, sample }) => [`in ${versions.join(', ')}`, sampleText(sample)] as const),
    ...(one.alsoSeen.length === 0 ? [] : ([['also seen', one.alsoSeen.join('; ')]] as const)),
    ['means', one.explanation],
    ['articles', orNone(one.articles)],
  ];
  return block(`event ${one.id}  ${one.type}`, lines, style);
}
