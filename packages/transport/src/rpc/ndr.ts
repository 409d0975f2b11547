/** Reading and writing of NDR, little-endian, as far as the operations of the RPC runtime itself need it (C706 chapter 14). */

import { Unreadable } from './field-checks.js';
import { get16, get32, getUuid, put16, put32, putUuid } from './little-endian.js';

/** Octets that may be left behind the last value of an answer. */
const slackBytes = 7;
/**
 * Where the referents of full pointers begin. One that is in a call and in its answer means the same object, which then is not there
 * a second time (C706, full pointers): the two sides begin elsewhere, and we both elsewhere than other runtimes do.
 */
export const referents = { request: 0x0005_0000, response: 0x0006_0000 } as const;

/** Positions are counted from the beginning of the stub, and so is alignment. */
export class NdrReader {
  readonly #octets: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  #at: number;

  constructor(octets: Uint8Array, start: number, end: number) {
    this.#octets = octets;
    this.#start = start;
    this.#end = end;
    this.#at = start;
  }

  /** @throws Unreadable when fewer are left. */
  take(bytes: number): number {
    const at = this.#at;
    if (bytes > this.#end - at)
      throw new Unreadable(`stub of ${this.#end - this.#start} octets is cut off at ${at - this.#start}`);
    this.#at = at + bytes;
    return at;
  }

  align(bytes: number): void {
    const past = (this.#at - this.#start) % bytes;
    if (past > 0) this.take(bytes - past);
  }

  u16(): number {
    this.align(2);
    return get16(this.#octets, this.take(2));
  }

  u32(): number {
    this.align(4);
    return get32(this.#octets, this.take(4));
  }

  uuid(): string {
    this.align(4);
    return getUuid(this.#octets, this.take(16));
  }

  octets(bytes: number): Uint8Array {
    const at = this.take(bytes);
    return this.#octets.subarray(at, at + bytes);
  }

  /** @throws Unreadable when more is left than may be. */
  finish(): void {
    const left = this.#end - this.#at;
    if (left > slackBytes) throw new Unreadable(`${left} octets are left behind the last argument`);
  }
}

export class NdrWriter {
  #octets = new Uint8Array(512);
  #bytes = 0;
  #referent: number;

  /** @param kind of the stub that is written. */
  constructor(kind: keyof typeof referents) {
    this.#referent = referents[kind];
  }

  /** The place for this many octets, which are 0. */
  #room(bytes: number): number {
    const at = this.#bytes;
    this.#bytes += bytes;
    if (this.#bytes > this.#octets.length) {
      const larger = new Uint8Array(this.#bytes * 2);
      larger.set(this.#octets);
      this.#octets = larger;
    }
    return at;
  }

  align(bytes: number): void {
    this.#room(-this.#bytes & (bytes - 1));
  }

  u16(value: number): void {
    this.align(2);
    const at = this.#room(2);
    put16(this.#octets, at, value);
  }

  u32(value: number): void {
    this.align(4);
    const at = this.#room(4);
    put32(this.#octets, at, value);
  }

  uuid(uuid: string): void {
    this.align(4);
    const at = this.#room(16);
    putUuid(this.#octets, at, uuid);
  }

  octets(octets: Uint8Array): void {
    const at = this.#room(octets.length);
    this.#octets.set(octets, at);
  }

  /** A pointer that is not null; what it points at is written later. */
  pointer(): void {
    this.#referent += 4;
    this.u32(this.#referent);
  }

  finish(): Uint8Array {
    return this.#octets.subarray(0, this.#bytes);
  }
}
