/** `mtalab explain ID...`: what an event, or an error number in one, means. Nothing needs to run. */
import {
  type DiagnosticsLevel,
  describeEvent,
  diagnosticsLevels,
  type EventEntry,
  type EventId,
  errorsByNumber,
  eventIds,
  eventsById,
  levelNames,
  sampleEvent,
} from '@mtalab/mta-core';
import { exitCodes, UsageError } from '../errors.js';
import { outJson } from '../io.js';
import { type ErrorExplanation, type EventExplanation, type Explanation, renderExplanation } from '../render/explain.js';
import { nearestNumber } from '../render/nearest.js';
import { paint } from '../render/text.js';
import { type CommandRun, wordsOf } from '../tree/entry.js';

const errorNumbers: readonly number[] = Object.keys(errorsByNumber).map(Number);

function levelOf(value: number): DiagnosticsLevel {
  return levelNames.find((name) => diagnosticsLevels[name] === value) ?? 'none';
}

function explainEvent(id: EventId): EventExplanation {
  const entry = eventsById[id] as EventEntry;
  const sample = describeEvent(sampleEvent(id));
  const labels = Object.entries(entry.labels as Readonly<Record<string, string>>);
  return {
    kind: 'event',
    id,
    source: sample.source,
    type: entry.type,
    category: entry.category,
    severity: entry.severity,
    level: levelOf(entry.level),
    says: entry.says,
    parameters: labels.map(([name, label]) => ({ name, label })),
    sample: { text: sample.text, trailer: sample.trailer },
    explanation: entry.explanation,
    articles: entry.articles,
  };
}

function explainError(number: number): ErrorExplanation {
  const { of, text, explanation, articles } = errorsByNumber[number] as (typeof errorsByNumber)[number] & object;
  const key = of === 'Windows NT' ? 'ntError' : 'errorCode';
  const carriers = eventIds.filter((id) => key in eventsById[id].labels);
  return { kind: 'error', number, of, text, explanation, events: carriers, articles };
}

function explained(word: string): Explanation {
  // NMI9316 is how ev0.log writes an id.
  const [, digits] = /^(?:NMI)?(\d{1,6})$/i.exec(word) ?? [];
  const number = digits === undefined ? Number.NaN : Number(digits);
  const id = eventIds.find((each) => each === number);
  if (id !== undefined) return explainEvent(id);
  if (errorNumbers.includes(number)) return explainError(number);
  throw new UsageError(
    `no event and no error number ${word}${nearestNumber(word, [...eventIds, ...errorNumbers])}; \`mtalab explain --all\` explains all events`,
  );
}

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, all } = options as { readonly json?: boolean; readonly all?: boolean };
  const words = ((args[0] as readonly string[] | undefined) ?? []).flatMap(wordsOf);
  if (all === true && words.length > 0) throw new UsageError('give either the numbers of events, or --all');
  if (all !== true && words.length === 0) throw new UsageError('which event? Give its number, such as 9316, or --all');
  const found = all === true ? eventIds.map(explainEvent) : words.map(explained);
  if (json === true) outJson(io, found);
  else io.out(found.map((one) => renderExplanation(one, paint(io.outColour))).join('\n\n'));
  return exitCodes.ok;
};
