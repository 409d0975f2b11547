/** Where the contract's cases run, and what they share. */
import type { Store, StoreOptions } from '@mtalab/transport';
import type { Test } from 'tap';
import { octetsOf } from '../support/contents.js';
import { bytes, text } from './fixtures.js';

/** A place where a store can be opened again and again. */
export type Place = {
  open(options: StoreOptions): Store;
  /** Stop without a word: what is not committed is lost. The handle is dead. */
  crash(store: Store): void;
  /** Spoil a message, while no store is open. */
  damage(content: number, what: 'envelope' | 'octets' | 'piece'): void;
  /** Keys of the messages that were moved aside, while no store is open. */
  movedAside(): number[];
  /** The text of a check's account. */
  details(path: string): string;
};

export const options: StoreOptions = {
  octetsOf,
  render: (about, head) => bytes(`report on ${about.subject.mtsId}: ${text(head)}`),
  freeBytes: () => 1e12,
};
export const high = 2 ** 53 - 1000;
export type Case = (t: Test, place: Place) => void;

/** Commit one effect after the other, each by itself. */
export function commitEach(store: Store, ...effects: Parameters<Store['apply']>[0][]): unknown[] {
  return effects.flatMap((effect) => {
    store.apply(effect);
    return store.commit();
  });
}
export const contentText = (store: Store, content: number, length: number): string => text(store.readContent(content, 0, length));
