/**
 * The event log's catalogue: every entry an MTA can write, and how a reported event becomes words. Ids, categories,
 * parameters and trailers are Exchange's; the sentences are this project's.
 */
import type { EventCatalogue, EventCategory, EventEntry, EventOrigin, EventType, ExchangeVersion } from './entry.js';
import { interfaceEvents } from './interface.js';
import { ntErrorText } from './nt-errors.js';
import type { EventId, ReportedEvent } from './parameters.js';
import { recoveryEvents } from './recovery.js';
import { x400Events } from './x400.js';

export const eventSource = 'MSExchangeMTA';

/** Every event, by its id. */
export const eventsById: EventCatalogue = { ...x400Events, ...interfaceEvents, ...recoveryEvents };

/** An event in words: what logs and views print. */
export type EventText = {
  readonly id: EventId;
  readonly source: typeof eventSource;
  readonly type: EventType;
  readonly category: EventCategory;
  readonly severity: number;
  /** One line: what happened, then the parameters with their labels. Free of control characters. */
  readonly text: string;
  readonly parameters: Readonly<Record<string, string | number>>;
  /** `[product process thread procedure] (severity)`, without the parts that no source gives. */
  readonly trailer: string;
};

/** Longest string of a parameter, in characters. Some come from the network. */
const maxParameterLength = 1024;

// Names and reasons can come from a stranger: a line break or an escape in them must not forge an entry or drive a terminal.
const unprintable = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Text with every character that could steer a terminal or break a line written as `\uXXXX`. */
export function printable(text: string): string {
  return text.replace(unprintable, escaped);
}

function shortened(value: string | number): string | number {
  if (typeof value === 'number' || value.length <= maxParameterLength) return value;
  return `${value.slice(0, maxParameterLength - 1)}…`;
}

function labelled(label: string, value: string | number): string {
  const shown = printable(String(value));
  return label.endsWith('=') ? `${label} ${shown}` : `${label}: ${shown}`;
}

function trailerOf(lead: readonly (string | number)[], origin: EventOrigin | null, severity: number): string {
  const parts = origin === null ? [] : [...lead, origin.product, origin.process, origin.thread, origin.procedure];
  const named = parts.filter((part) => part !== null).map((part) => printable(String(shortened(part))));
  return named.length === 0 ? `(${severity})` : `[${named.join(' ')}] (${severity})`;
}

/** The version whose form of the entries is written where nobody says which. */
export const usualVersion: ExchangeVersion = '5.5';

/** What a version of Exchange prints of an event. */
export type EventPrint = {
  readonly severity: number;
  readonly origin: EventOrigin | null;
  readonly labels: Readonly<Record<string, string>>;
};

/** How the entry of an event looks in a version of Exchange, such as `4.0`. A version that is not known here has the usual form. */
export function printOf(event: Pick<ReportedEvent, 'id' | 'side'>, version: string = usualVersion): EventPrint {
  const entry = eventsById[event.id] as EventEntry;
  const form = entry.forms?.find(({ versions }) => (versions as readonly string[]).includes(version));
  const origin = event.side === 'called' ? (entry.calledOrigin ?? entry.origin) : entry.origin;
  return {
    severity: form?.severity ?? entry.severity,
    origin: form?.origin ?? origin,
    labels: (form?.labels ?? entry.labels) as Readonly<Record<string, string>>,
  };
}

/**
 * Words for an event. It never fails: it shortens long strings and shows control characters as escapes.
 * @param version the version of Exchange that writes the entry.
 */
export function describeEvent(event: ReportedEvent, version: string = usualVersion): EventText {
  const entry = eventsById[event.id] as EventEntry;
  const print = printOf(event, version);
  const given = event.params as Readonly<Record<string, string | number>>;
  const parameters: Record<string, string | number> = {};
  const shown: string[] = [];
  for (const [key, label] of Object.entries(print.labels)) {
    const value = shortened(given[key] ?? '');
    parameters[key] = value;
    shown.push(labelled(label, value));
  }
  const lead = entry.lead === undefined ? [] : (entry.lead as (params: unknown) => readonly (string | number)[])(given);
  return {
    id: event.id,
    source: eventSource,
    type: entry.type,
    category: entry.category,
    severity: print.severity,
    text: shown.length === 0 ? `${entry.says}.` : `${entry.says}. ${shown.join(', ')}.`,
    parameters,
    trailer: trailerOf(lead, print.origin, print.severity),
  };
}

/** An event in short lines for the text log: what happened, then each parameter with its label. Free of control characters. */
export function describeEventLines(event: ReportedEvent, version: string = usualVersion): readonly string[] {
  const entry = eventsById[event.id] as EventEntry;
  const given = event.params as Readonly<Record<string, string | number>>;
  const shown = Object.entries(printOf(event, version).labels).map(([key, label]) => {
    const words = label.endsWith('=') ? `${label.slice(0, -1)} =` : label;
    return `${words} ${printable(String(shortened(given[key] ?? '')))}`;
  });
  return [entry.says, ...shown];
}

/** What the error number in an event means, in plain words; null if the event carries none. */
export function errorMeaning(event: ReportedEvent): string | null {
  const { ntError, errorCode } = event.params as { readonly ntError?: number; readonly errorCode?: number };
  const error = ntError ?? errorCode;
  return error === undefined ? null : ntErrorText(error);
}
