/** The environment of the store contract's cases, and their shared helpers. */
import type { Store, StoreOptions } from '@mtalab/transport';
import type { Test } from 'tap';
import { octetsOf } from '../support/contents.js';
import { bytes, text } from './fixtures.js';

/** A place where a test can open a store again and again. */
export type Place = {
  open(options: StoreOptions): Store;
  /** Stops the store without a close: uncommitted effects are lost, and the handle is dead. */
  crash(store: Store): void;
  /** Damages a message while no store is open. */
  damage(content: number, what: 'envelope' | 'octets' | 'piece'): void;
  /** Keys of the messages that were set aside. Call it while no store is open. */
  setAside(): number[];
  /** The text of a check's details file. */
  details(path: string): string;
};

export const options: StoreOptions = {
  octetsOf,
  render: (about, head) => bytes(`report on ${about.subject.mtsId}: ${text(head)}`),
  freeBytes: () => 1e12,
};
export const high = 2 ** 53 - 1000;
export type Case = (t: Test, place: Place) => void;

/** Commits, and leaves out of the outcomes what the store has measured: most cases are not about that. */
export function committed(store: Store): unknown[] {
  return store.commit().map((outcome) => {
    if (outcome.type !== 'stored') return outcome;
    const { measured: _, ...rest } = outcome;
    return rest;
  });
}

/** Commits the effects one after the other, each in its own commit. */
export function commitEach(store: Store, ...effects: Parameters<Store['apply']>[0][]): unknown[] {
  return effects.flatMap((effect) => {
    store.apply(effect);
    return committed(store);
  });
}
export const contentText = (store: Store, content: number, length: number): string => text(store.readContent(content, 0, length));
