/**
 * A persistent set of whole numbers as sorted, disjoint, inclusive intervals. Activity ids of one sender are mostly
 * consecutive, so what was received stays a handful of intervals however much mail has passed.
 */
export type Intervals = readonly (readonly [low: number, high: number])[];

/** Index of the first interval whose high end is at or above `value`. */
function firstReaching(set: Intervals, value: number): number {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((set[middle] as readonly [number, number])[1] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function contains(set: Intervals, value: number): boolean {
  const found = set[firstReaching(set, value)];
  return found !== undefined && found[0] <= value;
}

export function including(set: Intervals, value: number): Intervals {
  const at = firstReaching(set, value);
  const next = set[at];
  if (next !== undefined && next[0] <= value) return set;
  const before = set[at - 1];
  const joinsBefore = before !== undefined && before[1] === value - 1;
  const joinsNext = next !== undefined && next[0] === value + 1;
  const low = joinsBefore ? before[0] : value;
  const high = joinsNext ? next[1] : value;
  // Mostly an id that follows the last one.
  if (next === undefined) {
    const end = set.slice(0, joinsBefore ? -1 : undefined);
    end.push([low, high]);
    return end;
  }
  const copy = set.slice();
  const from = joinsBefore ? at - 1 : at;
  copy.splice(from, (joinsBefore ? 1 : 0) + (joinsNext ? 1 : 0), [low, high]);
  return copy;
}

/** The set of these values. */
export function intervalsOf(values: readonly number[]): Intervals {
  const set: [number, number][] = [];
  for (const value of [...values].sort((a, b) => a - b)) {
    const last = set.at(-1);
    if (last === undefined || value > last[1] + 1) set.push([value, value]);
    else last[1] = value;
  }
  return set;
}

export function excluding(set: Intervals, value: number): Intervals {
  const at = firstReaching(set, value);
  const found = set[at];
  if (found === undefined || found[0] > value) return set;
  const [low, high] = found;
  const pieces: (readonly [number, number])[] = [];
  if (low < value) pieces.push([low, value - 1]);
  if (high > value) pieces.push([value + 1, high]);
  const copy = set.slice();
  copy.splice(at, 1, ...pieces);
  return copy;
}

/** The set without these values. One pass, as a peer may name many. */
export function excludingAll(set: Intervals, values: readonly number[]): Intervals {
  if (values.length <= 1) return values[0] === undefined ? set : excluding(set, values[0]);
  const sorted = [...values].sort((a, b) => a - b);
  const left: (readonly [number, number])[] = [];
  let at = 0;
  let changed = false;
  for (const interval of set) {
    const high = interval[1];
    let low = interval[0];
    while (at < sorted.length && (sorted[at] as number) < low) at += 1;
    for (; at < sorted.length && (sorted[at] as number) <= high; at += 1) {
      const value = sorted[at] as number;
      changed = true;
      if (low < value) left.push([low, value - 1]);
      low = Math.max(low, value + 1);
    }
    if (low === interval[0]) left.push(interval);
    else if (low <= high) left.push([low, high]);
  }
  return changed ? left : set;
}

/** The set without everything below `value`. */
export function from(set: Intervals, value: number): Intervals {
  const at = firstReaching(set, value);
  const found = set[at];
  if (at === 0 && (found === undefined || found[0] >= value)) return set;
  const copy = set.slice(at);
  if (found !== undefined && found[0] < value) copy[0] = [value, found[1]];
  return copy;
}

/** How many numbers the set holds. */
export function sizeOf(set: Intervals): number {
  let count = 0;
  for (const [low, high] of set) count += high - low + 1;
  return count;
}
