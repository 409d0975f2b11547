/** Reads and writes files of JSON lines, such as journals. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { JournalReader, type LocatedEntry, Trails } from '@mtalab/trace';
import { HarnessError, messageOf } from '../process/errors.js';

/** The values as JSON lines. */
export function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

/**
 * Reads the lines of a text file.
 * @throws HarnessError if the file cannot be read.
 */
export async function* linesOf(file: string): AsyncIterable<string> {
  try {
    yield* createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : messageOf(error);
    throw new HarnessError(`cannot read ${file}: ${why}`, { cause: error });
  }
}

/**
 * Reads the entries of a journal file, in order.
 * @param remark called for what a reader of the journal should know: a torn line, an early end of the recording.
 * @throws JournalError naming a line that is no entry. HarnessError if the file cannot be read.
 */
export async function* readJournal(file: string, remark?: (text: string) => void): AsyncIterable<LocatedEntry> {
  const reader = new JournalReader(file);
  for await (const line of linesOf(file)) {
    const located = reader.take(line);
    if (located !== null) yield located;
  }
  reader.end();
  for (const text of reader.remarks) remark?.(text);
}

/** Reads from journals what their MTAs sent and received, and their beliefs. */
export async function readTrails(files: readonly string[], remark?: (text: string) => void): Promise<Trails> {
  const trails = new Trails();
  for (const file of files) {
    const take = trails.reader(file);
    for await (const located of readJournal(file, remark)) take(located);
  }
  return trails;
}
