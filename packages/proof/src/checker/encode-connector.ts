/** Encodes the state of the X.400 connector as rows of numbers, for the fingerprint: see `codes.ts`. */
import {
  findRow,
  type InterruptedActivity,
  type Mta,
  type ReceivedActivity,
  rowOf,
  rowsIn,
  type SentActivity,
  type X400Connection,
} from '@mtalab/mta-core';
import { armed, flag, tag, word } from './codes.js';
import { encodeHead } from './encode-frame.js';
import { encodeSend } from './encode-pdu.js';
import type { TextNumbers } from './text-numbers.js';

/** The names by which one MTA knows itself and others. */
type Names = {
  readonly at: number;
  readonly numbers: TextNumbers;
  /** The number of an adjacent MTA, by LTAB index. */
  readonly peer: (entry: number) => number;
  readonly owner: (owner: X400Connection['owner']) => readonly number[];
};

/** What the connector keeps for one adjacent MTA. Names and instants of interrupted activities are for the peer's log alone. */
export function encodeConnector(code: number[], { x400 }: Mta, entry: number, { at, peer }: Names): void {
  const lost = rowOf(x400.lostLocalities, entry) !== undefined;
  const leaked = x400.controlBlocks.filter(({ leakedFor }) => leakedFor === entry).length;
  const rows = rowsIn(x400.interrupted).filter((row) => row.entry === entry);
  code.push(flag(lost), leaked, rows.length);
  for (const row of [...rows].sort(byActivity)) {
    code.push(word(row.direction), tag.copy, row.direction === 'sent' ? at : peer(entry), row.activity);
    points(code, row.points);
  }
}

function byActivity(one: InterruptedActivity, other: InterruptedActivity): number {
  return one.direction === other.direction ? one.activity - other.activity : one.direction < other.direction ? -1 : 1;
}

function points(code: number[], list: InterruptedActivity['points']): void {
  code.push(list.length);
  for (const { number, offset } of list) code.push(number, offset);
}

/** What an attempt to open or recover an association may still dial, by endpoint and binding. */
export function encodeAttempt(
  code: number[],
  { x400 }: Mta,
  association: number,
  path: (from: string, to: string | null) => void,
): void {
  const row = findRow(x400.associations, association);
  code.push(row === undefined ? 0 : 1 + row.pathsLeft.length);
  for (const { endpoint, from } of row?.pathsLeft ?? []) path(endpoint, from);
}

/** One connection. */
export function encodeX400Connection(row: X400Connection, { at, numbers, peer, owner }: Names): number[] {
  const { id, phase, controlBlock, deadlineMs, nextSerial, leaving, giving, sent, received, held } = row;
  const code: number[] = [word(phase), flag(controlBlock > 0), armed(deadlineMs), ...owner(row.owner)];
  code.push(flag(nextSerial > 1), flag(leaving), flag(giving));
  const call = (serial: number): void => void code.push(tag.call, at, id, serial);
  if (sent === null) code.push(0);
  else encodeSent(code, sent, at, call);
  if (received === null) code.push(0);
  else encodeReceived(code, received, row.owner === null ? -1 : peer(row.owner.entry));
  code.push(held.length);
  for (const { serial, apdu, head } of held) {
    call(serial);
    encodeSend(code, apdu, numbers, at);
    if (head === null) code.push(0);
    else encodeHead(code, head, numbers, at);
  }
  return code;
}

function encodeSent(code: number[], activity: SentActivity, at: number, call: (serial: number) => void): void {
  const { state, discard, sent, unconfirmed, confirmed } = activity;
  code.push(1, tag.copy, at, activity.activity, word(state), sent, confirmed.number, confirmed.offset);
  if (discard === null) code.push(0);
  else call(discard);
  code.push(unconfirmed.length);
  for (const { serial, number, upTo, end } of unconfirmed) {
    call(serial);
    code.push(number, upTo, flag(end));
  }
}

function encodeReceived(code: number[], received: ReceivedActivity, peer: number): void {
  const { activity, state, answered, early, follows, end } = received;
  code.push(1, tag.copy, peer, activity, word(state), answered, early.length, ...early, end ?? 0);
  code.push(follows === null ? 0 : 1 + word(follows));
  points(code, received.points);
}
