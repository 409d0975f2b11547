/**
 * The rows that a step has copied and may write. Most steps copy one, so the last row has a field of its own and only further
 * rows need a map.
 */
import type { Row } from '../collections/table.js';
import type { Mutable } from './copies.js';

export type Drafts<T extends Row> = {
  last: Mutable<T> | null;
  /** All rows, once there are two. */
  all: Map<number, Mutable<T>> | null;
};

export function noDrafts<T extends Row>(): Drafts<T> {
  return { last: null, all: null };
}

export function draftOf<T extends Row>(drafts: Drafts<T>, id: number): Mutable<T> | undefined {
  const { last, all } = drafts;
  if (last !== null && last.id === id) return last;
  return all === null ? undefined : all.get(id);
}

export function addDraft<T extends Row>(drafts: Drafts<T>, draft: Mutable<T>): void {
  const { last } = drafts;
  if (last !== null && last.id !== draft.id) drafts.all ??= new Map([[last.id, last]]);
  drafts.all?.set(draft.id, draft);
  drafts.last = draft;
}

/** Drops a row that has left its table. */
export function dropDraft<T extends Row>(drafts: Drafts<T>, id: number): void {
  if (drafts.last?.id === id) drafts.last = null;
  drafts.all?.delete(id);
}

/** Calls `put` with each row, in the order of their first change. */
export function eachDraft<T extends Row>({ last, all }: Drafts<T>, put: (draft: Mutable<T>) => void): void {
  if (all !== null) for (const draft of all.values()) put(draft);
  else if (last !== null) put(last);
}
