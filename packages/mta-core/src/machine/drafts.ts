/** Rows that a step has copied and may write: one in most steps, so the last one is at hand and a map is made for more only. */
import type { Row } from '../collections/table.js';
import type { Mutable } from './copies.js';

export type Drafts<T extends Row> = {
  last: Mutable<T> | null;
  /** All of them, once there are two. */
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

/** The row is gone. */
export function dropDraft<T extends Row>(drafts: Drafts<T>, id: number): void {
  if (drafts.last?.id === id) drafts.last = null;
  drafts.all?.delete(id);
}

/** All of them, in the order in which they were first changed. */
export function draftsIn<T extends Row>({ last, all }: Drafts<T>): Iterable<Mutable<T>> {
  if (all !== null) return all.values();
  return last === null ? [] : [last];
}
