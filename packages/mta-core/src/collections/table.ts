/**
 * A persistent table of rows that carry a rising numeric id: a sorted array, searched by bisection. Small, JSON-able,
 * with one order, and cheaper to copy than an object with the ids as keys.
 */
export type Row = { readonly id: number };
export type Table<T extends Row> = readonly T[];

/** Index of the row with this id, or of the place where it belongs, as a negative number minus one. */
function indexOf<T extends Row>(table: Table<T>, id: number): number {
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

export function rowOf<T extends Row>(table: Table<T>, id: number): T | undefined {
  const at = indexOf(table, id);
  return at < 0 ? undefined : table[at];
}

/** The table with this row in place of the one with its id, or added. */
export function withRow<T extends Row>(table: Table<T>, row: T): Table<T> {
  const at = indexOf(table, row.id);
  const copy = table.slice();
  if (at >= 0) copy[at] = row;
  else if (-at - 1 === copy.length) copy.push(row);
  else copy.splice(-at - 1, 0, row);
  return copy;
}

export function withoutRow<T extends Row>(table: Table<T>, id: number): Table<T> {
  const at = indexOf(table, id);
  if (at < 0) return table;
  // The oldest row goes most often.
  if (at === 0) return table.slice(1);
  const copy = table.slice();
  copy.splice(at, 1);
  return copy;
}
