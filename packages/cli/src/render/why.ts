/** Renders why mail waits: a paragraph for each queue, and one line for each queue below a table. */

import type { WaitExplanation } from '@mtalab/harness';
import { type LastErrorView, printable, type QueueWaitView, type WaitView } from '@mtalab/mta-core';
import { counted } from '@mtalab/scenario';
import type { Paint } from './colours.js';
import { wrap } from './table.js';
import { instant, span, until } from './units.js';

/** Column at which the text behind a label begins. */
const textAt = 14;

/** `(in 9 min)`, or nothing without an instant. */
function when(untilMs: number | null, nowMs: number): string {
  return untilMs === null ? '' : ` (${until(untilMs, nowMs)})`;
}

function errorText({ loggedAtMs, event, text, meaning }: LastErrorView, nowMs: number): string {
  const means = meaning === null ? '' : ` (${meaning})`;
  return `event ${event}, ${span(Math.max(0, nowMs - loggedAtMs))} ago: ${printable(text)}${means}`;
}

function age(oldestMs: number | null, nowMs: number): string {
  return oldestMs === null ? '' : `, the oldest for ${span(Math.max(0, nowMs - oldestMs))}`;
}

/** The lines of one queue: what waits, each reason, the last error, what happens next, and what may help. */
export function whyLines(why: WaitExplanation, style: Paint): readonly string[] {
  const { mta, queue, queued, oldestSubmittedAtMs, nowMs, reasons, lastError, nextAtMs, advice } = why;
  const place = queue === 'mailboxes' ? 'for its mailboxes' : `for ${queue}`;
  const waits = queued === 1 ? 'waits' : 'wait';
  const head = `${mta}: ${counted(queued, 'message')} ${waits} ${place}${age(oldestSubmittedAtMs, nowMs)}`;
  const line = (label: string, text: string): readonly string[] =>
    wrap(text, style.columns - textAt).map((row, at) => `  ${style.dim((at === 0 ? label : '').padEnd(10))}  ${row}`);
  const next =
    nextAtMs === null
      ? 'nothing happens by itself'
      : `${nextAtMs <= nowMs ? 'at once' : until(nextAtMs, nowMs)}, at ${instant(nextAtMs)} of lab time`;
  return [
    ...wrap(style.bold(printable(head)), style.columns, '  '),
    ...reasons.flatMap(({ says, untilMs }, at) => line(at === 0 ? 'because' : '', `${printable(says)}${when(untilMs, nowMs)}`)),
    ...(lastError === null ? [] : line('last error', errorText(lastError, nowMs))),
    ...line('next', next),
    ...advice.flatMap((command, at) => line(at === 0 ? 'try' : '', printable(command))),
  ];
}

/** Why mail waits, a paragraph for each queue. */
export function renderWhy(all: readonly WaitExplanation[], style: Paint): string {
  if (all.length === 0) return style.green('no message waits');
  return all.map((why) => whyLines(why, style).join('\n')).join('\n\n');
}

type QueueWaits = Pick<QueueWaitView, 'queue' | 'queued' | 'waits' | 'lastError'>;

/** The weightiest reason of each queue, as lines to print below a table. Empty if no mail waits. */
export function waitLines(mta: string, nowMs: number, queues: readonly QueueWaits[], style: Paint): readonly string[] {
  return queues.flatMap(({ queue, queued, waits, lastError }) => {
    const main: WaitView | undefined = waits[0];
    if (queued === 0 || main === undefined) return [];
    const reason = `${printable(main.says)}${when(main.untilMs, nowMs)}`;
    const error = lastError === null ? '' : `; last error: ${errorText(lastError, nowMs)}`;
    const place = queue === 'mailboxes' ? ', mailboxes' : ` for ${queue}`;
    return wrap(`${printable(`${mta}${place}`)}: ${reason}${error}`, style.columns, '  ');
  });
}
