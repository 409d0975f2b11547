/**
 * A persistent table of a few rows with numeric ids: a sorted array, searched by bisection. JSON can hold it, its order is fixed,
 * and it is cheaper to copy than an object with the ids as keys.
 */
export type Row = { readonly id: number };
export type Table<T extends Row> = readonly T[];

/** The one empty list, so that no step makes its own. */
export const none: readonly never[] = [];

/** Index of the row with this id. If there is none: -1 minus the index where it belongs. */
export function placeOf<T extends Row>(table: Table<T>, id: number): number {
  let low = 0;
  let high = table.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = (table[middle] as T).id;
    if (found === id) return middle;
    if (found < id) low = middle + 1;
    else high = middle - 1;
  }
  return -low - 1;
}

/**
 * The rows and one more, in an array of just that length. `push` on a copy would make room for 17 more, and most tables have one row or
 * none.
 */
export function appended<T>(rows: readonly T[], row: T): T[] {
  if (rows.length === 0) return [row];
  if (rows.length === 1) return [rows[0] as T, row];
  return [...rows, row];
}

export function rowOf<T extends Row>(table: Table<T>, id: number): T | undefined {
  const at = placeOf(table, id);
  return at < 0 ? undefined : table[at];
}

/** The table with this row added, or replacing the row with its id. */
export function withRow<T extends Row>(table: Table<T>, row: T): Table<T> {
  const at = placeOf(table, row.id);
  if (-at - 1 === table.length) return appended(table, row);
  const copy = table.slice();
  if (at >= 0) copy[at] = row;
  else copy.splice(-at - 1, 0, row);
  return copy;
}

export function withoutRow<T extends Row>(table: Table<T>, id: number): Table<T> {
  const at = placeOf(table, id);
  if (at < 0) return table;
  if (table.length === 1) return none;
  // The oldest row goes most often.
  if (at === 0) return table.slice(1);
  const copy = table.slice();
  copy.splice(at, 1);
  return copy;
}
