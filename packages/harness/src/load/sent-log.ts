/**
 * What a load has submitted, in a file: memory stays small however many messages a run has. The verdict reads it at the end, and
 * compares it with what the MTAs have on disk.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import type { Priority } from '@mtalab/mta-core';
import { priorities } from '@mtalab/mta-core';

/** A message that was submitted. */
export type SentMessage = {
  /** Number of the submission, from 1. */
  readonly number: number;
  /** Which way it goes: the index in the plan. */
  readonly way: number;
  readonly priority: Priority;
  /** Place of its MTS identifier among those of its MTA, see `placeOf`. Null: there was no answer. */
  readonly place: number | null;
  readonly sha256: Uint8Array;
};

const recordBytes = 48;
const recordsInMemory = 1024;

/**
 * The place of an MTS identifier among all that its MTA has made: they rise with the incarnation, and in it.
 * @returns the name of the MTA and the place; null for an identifier of another form.
 */
export function placeOf(mtsId: string): { readonly mta: string; readonly place: number } | null {
  const [, mta, incarnation, counter] = /mta=([^;]*);(\d{1,7})-(\d{1,10})$/.exec(mtsId) ?? [];
  return mta === undefined ? null : { mta, place: Number(incarnation) * 2 ** 32 + Number(counter) };
}

export class SentLog {
  readonly #file: number;
  readonly #buffer = Buffer.alloc(recordBytes * recordsInMemory);
  #records = 0;

  /** @param path of a new file. */
  constructor(path: string) {
    this.#file = openSync(path, 'wx+', 0o600);
  }

  add({ number, way, priority, place, sha256 }: SentMessage): void {
    const at = (this.#records % recordsInMemory) * recordBytes;
    this.#buffer.writeDoubleLE(place ?? Number.NaN, at);
    this.#buffer.writeUInt32LE(number, at + 8);
    this.#buffer.writeUInt8(way, at + 12);
    this.#buffer.writeUInt8(priorities.indexOf(priority), at + 13);
    this.#buffer.set(sha256, at + 16);
    this.#records += 1;
    if (this.#records % recordsInMemory === 0) writeSync(this.#file, this.#buffer);
  }

  /** All messages, in the order of their answers. Nothing may be added afterwards. */
  *read(): Iterable<SentMessage> {
    const inFile = fstatSync(this.#file).size / recordBytes;
    const buffer = Buffer.alloc(recordBytes * recordsInMemory);
    for (let at = 0; at < inFile; at += recordsInMemory) {
      const bytes = readSync(this.#file, buffer, 0, buffer.length, at * recordBytes);
      yield* recordsOf(buffer, bytes / recordBytes);
    }
    yield* recordsOf(this.#buffer, this.#records - inFile);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function* recordsOf(buffer: Buffer, records: number): Iterable<SentMessage> {
  for (let at = 0; at < records * recordBytes; at += recordBytes) {
    const place = buffer.readDoubleLE(at);
    yield {
      number: buffer.readUInt32LE(at + 8),
      way: buffer.readUInt8(at + 12),
      priority: priorities[buffer.readUInt8(at + 13)] ?? 'normal',
      place: Number.isNaN(place) ? null : place,
      sha256: Buffer.from(buffer.subarray(at + 16, at + recordBytes)),
    };
  }
}
