/** What the tables of views have in common: columns, and the rows of several MTAs. */
import { printable } from '@mtalab/mta-core';
import type { Paint } from './colours.js';
import { span } from './units.js';

/** The answer of one MTA. */
export type From<T> = { readonly mta: string; readonly value: T };
/** Rows of a view, and the lab time of the view. */
export type Clocked<Rows> = { readonly nowMs: number; readonly rows: Rows };

/** A table line for each row. The first line of an MTA has its name. */
export function eachRow<T>(
  values: readonly From<Clocked<readonly T[]>>[],
  style: Paint,
  line: (row: T, nowMs: number) => readonly string[],
): readonly (readonly string[])[] {
  return values.flatMap(({ mta, value }) =>
    value.rows.map((row, at) => [at === 0 ? style.bold(printable(mta)) : '', ...line(row, value.nowMs)]),
  );
}

export const age = (atMs: number | null, nowMs: number): string => (atMs === null ? '-' : span(Math.max(0, nowMs - atMs)));

export const left = (title: string) => ({ title });
export const right = (title: string) => ({ title, align: 'right' as const });
/** A column that says what its line is about. */
export const key = (title: string) => ({ title, key: true });
/** A column of texts or lists, which may continue in further lines. */
export const wrapping = (title: string) => ({ title, wraps: true });
