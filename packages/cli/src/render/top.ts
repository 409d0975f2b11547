/** Draws the view of `mtalab top` as rows that fit a number of columns. */
import { printable } from '@mtalab/mta-core';
import type { TopSort } from '../top/sorts.js';
import type { TopAssociation, TopFigures, TopMta, TopQueue, TopView } from '../top/view.js';
import { type Paint, paint } from './colours.js';
import { queueBar } from './load-progress.js';
import { clip, columnsOf, padded, widest } from './table.js';
import { bytes, instant, span } from './units.js';

/** A part of a row, with its colour. */
type Part = { readonly text: string; readonly look?: (text: string) => string };
type Row = readonly Part[];

/** A name takes at most this many columns. */
const nameColumns = 16;
/** Queues shown of one MTA: the longest ones. */
const maxQueues = 8;

const signs = { one: '=', nobody: '!', both: '!', passing: '~', unknown: '?' } as const;

function fitted(row: Row, columns: number): string {
  let left = columns;
  let text = '';
  for (const part of row) {
    const piece = left <= 0 ? '' : clip(part.text, left);
    left -= columnsOf(piece);
    text += part.look === undefined || piece === '' ? piece : part.look(piece);
  }
  return text.trimEnd();
}

function perS(rate: number | undefined): string {
  return rate === undefined ? '-' : `${rate < 9.95 ? rate.toFixed(1) : Math.round(rate)}/s`;
}

const named = (name: string): string => clip(printable(name), nameColumns);

function oldest(atMs: number | null, nowMs: number): string {
  return atMs === null ? '' : `oldest ${span(Math.max(0, nowMs - atMs))}`;
}

function queueRows(queue: TopQueue, width: number, nowMs: number, style: Paint): readonly Row[] {
  const { queued, threshold } = queue;
  const isOver = threshold !== null && queued >= threshold;
  const bar = threshold === null || threshold <= 0 ? ''.padEnd(19) : queueBar(queued, threshold);
  const length = `${queued}${threshold === null ? '' : ` of ${threshold}`}`;
  const row: Row = [
    { text: `  ${padded(named(queue.queue), width)}  ${bar}  ` },
    { text: padded(length, 12), ...(isOver ? { look: style.yellow } : {}) },
    { text: `${isOver ? ' at the threshold' : ''}  ${oldest(queue.oldestSubmittedAtMs, nowMs)}` },
  ];
  return queue.why === null ? [row] : [row, [{ text: `    waits: ${printable(queue.why)}`, look: style.dim }]];
}

function mtaRows(one: TopMta, style: Paint): readonly Row[] {
  const name: Part = { text: padded(named(one.mta), nameColumns), look: style.bold };
  if (one.error !== null) {
    const { code, message } = one.error;
    const word =
      code === 'down' ? 'DOWN' : /is suspended/.test(message) ? 'SUSPENDED' : code === 'silent' ? 'NO ANSWER' : 'REFUSED';
    return [[name, { text: `  ${word}`, look: style.red }, { text: `  ${printable(message)}` }]];
  }
  const again = one.restarted ? `  RESTARTED, incarnation ${one.incarnation}` : '';
  const { rates } = one;
  const cpu = rates === null ? '-' : `${Math.round(rates.cpuPercent)} %`;
  return [
    [
      name,
      { text: '  ' },
      { text: printable(one.phase), look: one.phase === 'running' ? style.green : style.yellow },
      { text: again, look: style.yellow },
      { text: `  Exchange ${printable(one.version)}  pid ${one.pid}  ${bytes(one.rssBytes)}  CPU ${cpu}` },
    ],
    [
      {
        text: `  submitted ${perS(rates?.submittedPerS)}  delivered ${perS(rates?.deliveredPerS)}  Turns given ${perS(rates?.turnsGivenPerS)}  ${oldest(one.oldestSubmittedAtMs, one.nowMs)}`,
      },
    ],
    ...queuesOf(one, style),
  ];
}

function queuesOf({ queues, nowMs }: TopFigures, style: Paint): readonly Row[] {
  // An empty queue for mailboxes says nothing.
  const worth = queues.filter(({ queue, queued }) => queued > 0 || queue !== 'mailboxes');
  const longest = worth.length > maxQueues ? worth.toSorted((one, other) => other.queued - one.queued) : worth;
  const shown = longest.slice(0, maxQueues);
  const width = widest(shown.map(({ queue }) => named(queue)));
  const more = worth.length - shown.length;
  return [
    ...shown.flatMap((queue) => queueRows(queue, width, nowMs, style)),
    ...(more === 0 ? [] : [[{ text: `  and ${more} shorter queues`, look: style.dim }]]),
  ];
}

/** Both sides in words: `MTA-A open, MTA-B open`, with whose Turn each says it is if they do not say the same. */
function sidesText({ sides, turn, unanswered }: TopAssociation): string {
  const words = sides.map(({ mta, state, holder, asks }) => {
    const says = turn === 'one' ? '' : ` says ${mta === holder ? 'mine' : 'theirs'}`;
    return `${named(mta)} ${state}${says}${asks ? ' (asks)' : ''}`;
  });
  return [...words, ...unanswered.map((mta) => `${named(mta)} does not answer`)].join(', ');
}

function turnText({ turn, holder, unanswered }: TopAssociation): string {
  switch (turn) {
    case 'one':
      return `${named(holder ?? '?')} has the Turn`;
    case 'nobody':
      return 'DISAGREE: NOBODY';
    case 'both':
      return 'DISAGREE: BOTH';
    case 'passing':
      return 'Turn on its way';
    case 'unknown':
      return unanswered.length > 0 ? 'Turn unknown' : 'one side only';
  }
}

const meanings = {
  nobody: 'each side believes that the other has the Turn, so no side may send',
  both: 'both sides believe that they have the Turn',
} as const;

function associationRows(each: TopAssociation, widths: readonly [number, number], style: Paint): readonly Row[] {
  const { turn, name, moved, movedPerS } = each;
  const look = turn === 'one' ? style.green : turn === 'nobody' || turn === 'both' ? style.red : style.yellow;
  const row: Row = [
    { text: ` ${signs[turn]} `, look },
    { text: `${padded(clip(printable(name), nameColumns), widths[0])}  ` },
    { text: padded(turnText(each), widths[1]), look },
    { text: `  ${sidesText(each)}, moved ${moved}${movedPerS === null ? '' : ` ${perS(movedPerS)}`}` },
  ];
  return turn === 'nobody' || turn === 'both' ? [row, [{ text: `   !! ${meanings[turn]}`, look }]] : [row];
}

const isTrouble = ({ turn }: TopAssociation): boolean => turn === 'nobody' || turn === 'both';

/** Associations in trouble come first. */
function associationsOf({ associations }: TopView, style: Paint): readonly Row[] {
  if (associations.length === 0) return [[{ text: 'no associations', look: style.dim }]];
  const ordered = associations.toSorted((one, other) => Number(isTrouble(other)) - Number(isTrouble(one)));
  const widths = [
    widest(ordered.map(({ name }) => clip(printable(name), nameColumns))),
    widest(ordered.map((each) => turnText(each))),
  ] as const;
  const trouble = ordered.filter(isTrouble).length;
  const head = `associations: ${ordered.length}${trouble === 0 ? '' : `, ${trouble} in disagreement about the Turn`}`;
  return [
    [{ text: head, look: trouble === 0 ? style.bold : style.red }],
    ...ordered.flatMap((each) => associationRows(each, widths, style)),
  ];
}

function headRow({ mtas }: TopView, dir: string, columns: number, isPaused: boolean, style: Paint): Row {
  const clock = mtas.find((one): one is TopMta & { readonly error: null } => one.error === null);
  const time = clock === undefined ? '' : `${instant(clock.nowMs)}${clock.timeScale === 1 ? '' : ` x${clock.timeScale}`}`;
  const room = Math.max(8, columns - columnsOf(time) - (isPaused ? 20 : 12));
  return [
    { text: 'mtalab top', look: style.bold },
    { text: isPaused ? ' PAUSED ' : ' ', look: style.yellow },
    { text: `${time}  ` },
    { text: clip(printable(dir), Number.isFinite(room) ? room : 1000), look: style.dim },
  ];
}

export type TopDrawing = {
  /** Folder of the run. */
  readonly dir: string;
  readonly columns: number;
  /** Rows of the terminal; infinite elsewhere. */
  readonly rows?: number;
  readonly colour?: boolean;
  /** For a terminal: how the MTAs are sorted, and whether the display stands still. */
  readonly sort?: TopSort;
  readonly isPaused?: boolean;
};

/** The rows. With `sort` the last one names the keys. What does not fit the terminal is left out, and a row says so. */
export function renderTop(view: TopView, drawing: TopDrawing): readonly string[] {
  const { dir, columns, rows = Number.POSITIVE_INFINITY, colour = false, sort, isPaused = false } = drawing;
  const style = paint(colour, columns);
  const keys: readonly Row[] = sort === undefined ? [] : [[{ text: `q quit  p pause  s sort (${sort})`, look: style.dim }]];
  const associations = associationsOf(view, style);
  const mtas = view.mtas.flatMap((one) => mtaRows(one, style));
  // On a low terminal the last rows are left out. A disagreement must not be.
  const parts = view.associations.some(isTrouble) ? [associations, mtas] : [mtas, associations];
  const body = [headRow(view, dir, columns, isPaused, style), ...parts.flat()];
  const room = Math.max(1, rows - keys.length);
  const shown =
    body.length <= room
      ? body
      : [...body.slice(0, room - 1), [{ text: `${body.length - room + 1} more rows: a taller terminal or --mta shows them` }]];
  return [...shown, ...keys].map((row) => fitted(row, columns));
}
