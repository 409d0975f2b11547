/** Formats a log entry in three ways: for the console, as a JSON line, and as text in the style of EV0.LOG. */
import { type EventOrigin, type EventText, printable } from '@mtalab/mta-core';

/** An event as it is logged. */
export type EventEntryLine = {
  readonly kind: 'event';
  readonly nowMs: number;
  readonly node: string;
  readonly event: EventText;
  /** The event in short lines, for the text log. */
  readonly lines: readonly string[];
  readonly origin: EventOrigin | null;
  /** What the error number of the event means. Null if it has none. */
  readonly meaning: string | null;
};
/** A remark of the process. It is no event of the MTA. */
export type NoteLine = {
  readonly kind: 'note';
  readonly nowMs: number;
  readonly node: string;
  readonly type: 'Error' | 'Warning' | 'Information';
  readonly text: string;
};
export type LogLine = EventEntryLine | NoteLine;

/** Largest instant that a Date can hold. */
const maxDateMs = 8.64e15;

/** The Date of an instant, or the nearest one that a Date can hold. */
export function dateOf(nowMs: number): Date {
  return new Date(Number.isFinite(nowMs) ? Math.min(maxDateMs, Math.max(-maxDateMs, nowMs)) : 0);
}

function padded(value: number): string {
  return String(value).padStart(2, '0');
}

/** `MM-DD-YY hh:mm:ssam`, in UTC. */
export function eventLogTime(nowMs: number): string {
  const date = dateOf(nowMs);
  const hour = date.getUTCHours();
  const day = `${padded(date.getUTCMonth() + 1)}-${padded(date.getUTCDate())}-${padded(date.getUTCFullYear() % 100)}`;
  const clock = `${padded(hour % 12 === 0 ? 12 : hour % 12)}:${padded(date.getUTCMinutes())}:${padded(date.getUTCSeconds())}`;
  return `${day} ${clock}${hour < 12 ? 'am' : 'pm'}`;
}

/** Lines of a remark; a stack trace has several. */
function remarkLines(text: string): string[] {
  return text.split(/\r?\n/).map(printable);
}

const colours = { Error: '31', Warning: '33', Information: '0' } as const;

/** A line for people: time of day, MTA, id, type, category, text, trailer. */
export function consoleFormat(line: LogLine, colour: boolean): string {
  const tint = (code: string, text: string) => (colour && code !== '0' ? `\u001b[${code}m${text}\u001b[0m` : text);
  const time = dateOf(line.nowMs).toISOString().replace(/^.*T/, '').replace('Z', '');
  const start = `${time} ${printable(line.node)}`;
  if (line.kind === 'note')
    return remarkLines(line.text)
      .map((text) => `${start} ${tint(colours[line.type], text)}`)
      .join('\n');
  const { event, meaning } = line;
  const means = meaning === null ? '' : ` (${meaning})`;
  return `${start} ${tint(colours[event.type], `${event.id} ${event.type}`)} ${event.category}: ${event.text}${means} ${event.trailer}`;
}

/** An entry of `events.jsonl`. */
export type EventJson = {
  readonly time: string;
  /** Name of the MTA. */
  readonly mta: string;
  readonly source: string;
  readonly id: number;
  readonly type: string;
  readonly category: string;
  readonly severity: number;
  readonly text: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly trailer: string;
};

/** An entry as one line of `events.jsonl`. The time is UTC. */
export function jsonFormat(line: EventEntryLine): string {
  const { id, source, type, category, severity, text, parameters, trailer } = line.event;
  const time = dateOf(line.nowMs).toISOString();
  const entry: EventJson = { time, mta: line.node, source, id, type, category, severity, text, parameters, trailer };
  return JSON.stringify(entry);
}

function originText(origin: EventOrigin | null): string {
  if (origin === null) return '';
  const process = `${origin.process ?? ''}${origin.thread === null ? '' : `(${origin.thread})`}`;
  const procedure = origin.procedure === null ? '' : `Proc ${origin.procedure}`;
  return `(${[origin.product ?? '', process, procedure].filter((part) => part !== '').join(' ')}) `;
}

/**
 * An entry in the style of EV0.LOG, as Q319936 and Q178365 show it: the id, the class (the category) and the severity; the
 * origin and the time; then a line for each parameter. An empty line ends the entry.
 */
export function textFormat(line: LogLine): string {
  if (line.kind === 'note') {
    return [`note: ${line.type}`, eventLogTime(line.nowMs), ...remarkLines(line.text).map((text) => `  ${text}`), ''].join('\n');
  }
  const { event, lines, origin, meaning } = line;
  return [
    `message NMI${String(event.id).padStart(4, '0')}: ${event.category} Event, severity ${event.severity}`,
    `${originText(origin)}${eventLogTime(line.nowMs)}`,
    ...lines.map((text) => `  ${text}`),
    ...(meaning === null ? [] : [`  ${meaning}`]),
    '',
  ].join('\n');
}
