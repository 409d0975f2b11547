/**
 * A persistent table of many rows with numeric ids: a B+ tree, so that a change copies a path of small arrays, however many rows
 * there are. Each node knows the earliest deadline below it. It is plain data that JSON can hold, in the order of the ids. For a
 * few rows, such as those of one association, see table.ts.
 */
import { appended, none, placeOf, type Row } from './table.js';

/** Rows of a leaf, and children of a branch. */
const fanOut = 32;

export type Tree<T extends Row> = {
  /** The lowest id. 0 in an empty tree. */
  readonly low: number;
  readonly size: number;
  /** The earliest deadline of a row, or null. */
  readonly dueMs: number | null;
  /** The rows of a leaf. Ids rise. */
  readonly rows: readonly T[];
  /** The children of a branch: at least two, none empty. */
  readonly children: readonly Tree<T>[];
};

/** The deadline of a row; null for none. */
export type DueOf<T extends Row> = (row: T) => number | null;

const never = (): null => null;
const empty: Tree<never> = { low: 0, size: 0, dueMs: null, rows: none, children: none };

export function emptyTree<T extends Row>(): Tree<T> {
  return empty;
}

/** Index of the only child that can hold this id. */
function childFor<T extends Row>(children: readonly Tree<T>[], id: number): number {
  let low = 0;
  let high = children.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((children[middle] as Tree<T>).low <= id) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function findRow<T extends Row>(tree: Tree<T>, id: number): T | undefined {
  let node = tree;
  while (node.children.length > 0) node = node.children[childFor(node.children, id)] as Tree<T>;
  const at = placeOf(node.rows, id);
  return at < 0 ? undefined : node.rows[at];
}

export function firstRow<T extends Row>(tree: Tree<T>): T | undefined {
  let node = tree;
  while (node.children.length > 0) node = node.children[0] as Tree<T>;
  return node.rows[0];
}

/** All rows, in the order of their ids. */
export function rowsIn<T extends Row>(tree: Tree<T>): readonly T[] {
  if (tree.children.length === 0) return tree.rows;
  const rows: T[] = [];
  collect(tree, rows);
  return rows;
}

function collect<T extends Row>({ rows, children }: Tree<T>, into: T[]): void {
  for (const row of rows) into.push(row);
  for (const child of children) collect(child, into);
}

/** Rows whose deadline is at or before `nowMs`. Skips subtrees where nothing is due. */
export function dueRows<T extends Row>(tree: Tree<T>, nowMs: number, dueOf: DueOf<T>): readonly T[] {
  const due: T[] = [];
  collectDue(tree, nowMs, dueOf, due);
  return due;
}

function collectDue<T extends Row>(tree: Tree<T>, nowMs: number, dueOf: DueOf<T>, into: T[]): void {
  if (tree.dueMs === null || tree.dueMs > nowMs) return;
  for (const row of tree.rows) {
    const dueMs = dueOf(row);
    if (dueMs !== null && dueMs <= nowMs) into.push(row);
  }
  for (const child of tree.children) collectDue(child, nowMs, dueOf, into);
}

/** The earlier of two instants; null is never. */
export function earlier(one: number | null, other: number | null): number | null {
  if (one === null) return other;
  return other === null || one < other ? one : other;
}

function earliest<T extends Row>(rows: readonly T[], dueOf: DueOf<T>): number | null {
  let dueMs: number | null = null;
  for (let at = 0; at < rows.length; at += 1) {
    const one = dueOf(rows[at] as T);
    if (one !== null && (dueMs === null || one < dueMs)) dueMs = one;
  }
  return dueMs;
}

function leaf<T extends Row>(rows: readonly T[], dueOf: DueOf<T>): Tree<T> {
  return { low: rows[0]?.id ?? 0, size: rows.length, dueMs: earliest(rows, dueOf), rows, children: none };
}

function branch<T extends Row>(children: readonly Tree<T>[]): Tree<T> {
  let size = 0;
  let dueMs: number | null = null;
  for (let at = 0; at < children.length; at += 1) {
    const child = children[at] as Tree<T>;
    size += child.size;
    if (child.dueMs !== null && (dueMs === null || child.dueMs < dueMs)) dueMs = child.dueMs;
  }
  return { low: children[0]?.low ?? 0, size, dueMs, rows: none, children };
}

/** Replaces `list[at]` with these items: one, two after a split, or none. */
function spliced<T>(list: readonly T[], at: number, items: readonly T[]): T[] {
  const copy = list.slice();
  if (items.length === 1) copy[at] = items[0] as T;
  else copy.splice(at, 1, ...items);
  return copy;
}

/**
 * Splits a list in two when it has become too large. A list that grew at its end leaves the first part full, as ids mostly rise.
 */
function parted<T>(list: readonly T[], atEnd: boolean): readonly (readonly T[])[] {
  if (list.length <= fanOut) return [list];
  const cut = atEnd ? list.length - 1 : list.length >>> 1;
  return [list.slice(0, cut), list.slice(cut)];
}

/** Adds a row whose id is new. */
function putInto<T extends Row>(node: Tree<T>, row: T, dueOf: DueOf<T>): readonly Tree<T>[] {
  if (node.children.length === 0) {
    const place = -placeOf(node.rows, row.id) - 1;
    const rows = node.rows.slice();
    if (place === rows.length) rows.push(row);
    else rows.splice(place, 0, row);
    return parted(rows, place === rows.length - 1).map((part) => leaf(part, dueOf));
  }
  const at = childFor(node.children, row.id);
  const put = putInto(node.children[at] as Tree<T>, row, dueOf);
  const children = spliced(node.children, at, put);
  return parted(children, at === node.children.length - 1).map(branch);
}

/** A leaf with the row at this index replaced. It searches for the earliest deadline again only if the old row had it. */
function replaced<T extends Row>(node: Tree<T>, at: number, row: T, dueOf: DueOf<T>): Tree<T> {
  const rows = node.rows.slice();
  rows[at] = row;
  const was = dueOf(node.rows[at] as T);
  const is = dueOf(row);
  const dueMs = was === node.dueMs && was !== is ? earliest(rows, dueOf) : earlier(node.dueMs, is);
  return { low: node.low, size: node.size, dueMs, rows, children: none };
}

/** The tree with the row of this id replaced; null if there is none. */
function replacedIn<T extends Row>(node: Tree<T>, row: T, dueOf: DueOf<T>): Tree<T> | null {
  if (node.children.length === 0) {
    const at = placeOf(node.rows, row.id);
    return at < 0 ? null : replaced(node, at, row, dueOf);
  }
  const at = childFor(node.children, row.id);
  const was = node.children[at] as Tree<T>;
  const is = replacedIn(was, row, dueOf);
  if (is === null) return null;
  const children = node.children.slice();
  children[at] = is;
  if (was.dueMs === node.dueMs && was.dueMs !== is.dueMs) return branch(children);
  return { low: node.low, size: node.size, dueMs: earlier(node.dueMs, is.dueMs), rows: none, children };
}

/** The highest id of a tree that is not empty. */
function highest<T extends Row>(tree: Tree<T>): number {
  let node = tree;
  while (node.children.length > 0) node = node.children[node.children.length - 1] as Tree<T>;
  return (node.rows[node.rows.length - 1] as T).id;
}

/** The node with a row behind all others. Copies the last path, and searches for nothing. @returns null if the last leaf is full. */
function extended<T extends Row>(node: Tree<T>, row: T, dueMs: number | null): Tree<T> | null {
  const { low, size, rows, children } = node;
  const due = earlier(node.dueMs, dueMs);
  if (children.length === 0)
    return size === fanOut ? null : { low, size: size + 1, dueMs: due, rows: appended(rows, row), children: none };
  const last = extended(children[children.length - 1] as Tree<T>, row, dueMs);
  if (last === null) return null;
  const copy = children.slice();
  copy[copy.length - 1] = last;
  return { low, size: size + 1, dueMs: due, rows: none, children: copy };
}

/** The tree with this row added, or replacing the row with its id. */
export function putRow<T extends Row>(tree: Tree<T>, row: T, dueOf: DueOf<T> = never): Tree<T> {
  if (tree.size === 0) return { low: row.id, size: 1, dueMs: dueOf(row), rows: [row], children: none };
  // A new row mostly has the highest id.
  const longer = highest(tree) < row.id ? extended(tree, row, dueOf(row)) : null;
  if (longer !== null) return longer;
  const changed = replacedIn(tree, row, dueOf);
  if (changed !== null) return changed;
  const put = putInto(tree, row, dueOf);
  return put.length === 1 ? (put[0] as Tree<T>) : branch(put);
}

function dropFrom<T extends Row>(node: Tree<T>, id: number, dueOf: DueOf<T>): Tree<T> {
  if (node.children.length === 0) {
    const at = placeOf(node.rows, id);
    if (at < 0) return node;
    if (node.size === 1) return empty;
    const rows = node.rows.slice(at === 0 ? 1 : 0);
    if (at > 0) rows.splice(at, 1);
    const low = rows[0]?.id ?? 0;
    const was = dueOf(node.rows[at] as T);
    const dueMs = was === null || was !== node.dueMs ? node.dueMs : earliest(rows, dueOf);
    return { low, size: rows.length, dueMs, rows, children: none };
  }
  const at = childFor(node.children, id);
  const child = node.children[at] as Tree<T>;
  const left = dropFrom(child, id, dueOf);
  if (left === child) return node;
  const children = spliced(node.children, at, left.size === 0 ? [] : [left]);
  return children.length === 1 ? (children[0] as Tree<T>) : branch(children);
}

/** The tree without the row of this id. */
export function dropRow<T extends Row>(tree: Tree<T>, id: number, dueOf: DueOf<T> = never): Tree<T> {
  return dropFrom(tree, id, dueOf);
}

/** A tree of these rows, whose ids rise. */
export function treeOf<T extends Row>(rows: readonly T[], dueOf: DueOf<T> = never): Tree<T> {
  return rows.reduce((tree, row) => putRow(tree, row, dueOf), emptyTree<T>());
}
