/** Renders entries of the event log, and deliveries. */

import { isoInstant } from '@mtalab/harness';
import { describeActivity, type EventEntry, errorsByNumber, eventsById, printable } from '@mtalab/mta-core';
import type { DeliveryNotice } from '@mtalab/transport';
import type { EventJson } from '../logs/entry-formats.js';
import type { Paint } from './colours.js';
import { bytes, instant, span } from './units.js';

/** One line: instant, MTA, id, type, category, text, trailer. */
export function renderEvent(event: EventJson, style: Paint): string {
  const type = event.type.padEnd(11);
  const tone = event.type === 'Error' ? style.red : event.type === 'Warning' ? style.yellow : style.green;
  const head = `${style.dim(event.time.replace('T', ' ').replace('Z', ''))}  ${style.bold(printable(event.mta))}  ${String(event.id).padStart(4)}`;
  return `${head}  ${tone(type)}  ${event.category}: ${printable(event.text)}${event.trailer === '' ? '' : `  ${style.dim(printable(event.trailer))}`}`;
}

/** What an entry means: its event, and the error number in it. */
type Reason = { readonly explanation: string; readonly error: string | null; readonly articles: readonly string[] };

/** Null if the catalogue does not have the event. */
function reasonOf({ id, parameters }: EventJson): Reason | null {
  const entry = (eventsById as Readonly<Record<number, EventEntry>>)[id];
  if (entry === undefined) return null;
  const number = parameters['ntError'] ?? parameters['errorCode'];
  const error = typeof number === 'number' ? errorsByNumber[number] : undefined;
  return {
    explanation: entry.explanation,
    error: error === undefined ? null : `${number}: ${error.text}. ${error.explanation}`,
    articles: [...new Set([...entry.articles, ...(error?.articles ?? [])])],
  };
}

/** The entry with its explanation, as JSON. */
export function explainedEvent(event: EventJson): EventJson & Partial<Reason> {
  return { ...event, ...reasonOf(event) };
}

/** The lines that explain an entry, to print below it. */
export function renderReason(event: EventJson, style: Paint): string {
  const reason = reasonOf(event);
  if (reason === null) return style.dim('      the catalogue does not have this event');
  const articles = reason.articles.length === 0 ? '' : ` (${reason.articles.join(', ')})`;
  const lines = [`${reason.explanation}${articles}`, ...(reason.error === null ? [] : [`error ${reason.error}`])];
  return lines.map((line) => `      ${style.dim(line)}`).join('\n');
}

/** A delivery as JSON. */
export function deliveryJson({ t, node, copy, submittedAtMs, ...rest }: DeliveryNotice) {
  const { mtsId, mailbox, delayMs, sizeBytes } = rest;
  const submittedAt = isoInstant(submittedAtMs);
  return { time: isoInstant(t), mta: node, copy: describeActivity(copy), mtsId, mailbox, submittedAt, delayMs, sizeBytes };
}

/** One line: instant, MTA, message, mailbox, size, delay. */
export function renderDelivery(line: DeliveryNotice, style: Paint): string {
  const time = style.dim(instant(line.t));
  return `${time}  ${style.bold(printable(line.node))}  ${printable(line.mtsId)} -> ${printable(line.mailbox)}  ${bytes(line.sizeBytes)}  after ${span(line.delayMs)}`;
}
