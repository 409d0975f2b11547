/** Thins out long series for charts. The extremes of every series stay, because a report of load is read for its peaks. */
import type { ChartTable } from './page/spec.js';

/**
 * Keeps about `limit` places at most: the first, the last, and for each series the place of the least and of the most value of
 * each group of neighbouring places. A gap stays a gap if it covers a whole group.
 */
export function thinned(table: ChartTable, limit: number): ChartTable {
  const { x, columns } = table;
  if (x.length <= limit) return table;
  const groups = Math.max(1, Math.floor((limit - 2) / (2 * Math.max(1, columns.length))));
  const kept = new Set([0, x.length - 1]);
  for (let group = 0; group < groups; group += 1) {
    const from = Math.floor((group * x.length) / groups);
    const to = Math.floor(((group + 1) * x.length) / groups);
    for (const column of columns) for (const at of extremesOf(column, from, to)) kept.add(at);
  }
  const places = [...kept].sort((a, b) => a - b);
  return {
    x: places.map((at) => x[at] ?? 0),
    columns: columns.map((column) => places.map((at) => column[at] ?? null)),
  };
}

/** The places of the least and of the most value in a part of a series, or its first place if it has no value there. */
function extremesOf(column: readonly (number | null)[], from: number, to: number): readonly number[] {
  let least = -1;
  let most = -1;
  for (let at = from; at < to; at += 1) {
    const value = column[at] ?? null;
    if (value === null) continue;
    if (least < 0 || value < (column[least] ?? 0)) least = at;
    if (most < 0 || value > (column[most] ?? 0)) most = at;
  }
  return least < 0 ? [from] : [least, most];
}
