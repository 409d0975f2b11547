/** Reads a journal line by line. Pure: the caller hands in the lines of a file, a stream or a text. */
import { flawOf, type JournalEntry, type LocatedEntry } from './entry.js';

/** A journal that cannot be read. The message names the file, the line, and what is wrong with it. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;

  constructor(file: string, line: number, problem: string) {
    super(`${file}:${line}: ${problem}`);
    this.file = file;
    this.line = line;
  }
}

/**
 * Reads the lines of one journal in order. It skips a line torn by the death of its process, with a remark: such a line is the
 * last one, or a start follows.
 */
export class JournalReader {
  readonly file: string;
  /** Remarks for the person who reads the journal. */
  readonly remarks: string[] = [];
  #line = 0;
  #torn: { readonly line: number; readonly problem: string } | null = null;

  /** @param file its name, for messages. */
  constructor(file: string) {
    this.file = file;
  }

  /**
   * Take the next line, without its line end.
   * @returns the entry, or null if the line holds none.
   * @throws JournalError if the line is neither an entry nor torn.
   */
  take(text: string): LocatedEntry | null {
    this.#line += 1;
    if (text.trim() === '') return null;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      this.#failOverTorn();
      this.#torn = { line: this.#line, problem: `this line is not JSON (${(error as Error).message})` };
      return null;
    }
    if (isEnd(value)) {
      this.remarks.push(`${this.file}:${this.#line}: the recording ends here: ${value.end}`);
      return null;
    }
    const flaw = flawOf(value);
    if (flaw !== null) throw new JournalError(this.file, this.#line, flaw);
    const entry = value as JournalEntry;
    if (this.#torn !== null) {
      if (entry.input.type !== 'start') this.#failOverTorn();
      this.#forgiveTorn();
    }
    return { line: this.#line, entry };
  }

  /** Call after the last line. */
  end(): void {
    if (this.#torn !== null) this.#forgiveTorn();
  }

  #forgiveTorn(): void {
    this.remarks.push(`${this.file}:${this.#torn?.line}: this line was torn when its process died; it is skipped`);
    this.#torn = null;
  }

  #failOverTorn(): void {
    if (this.#torn !== null) throw new JournalError(this.file, this.#torn.line, this.#torn.problem);
  }
}

function isEnd(value: unknown): value is { readonly end: string } {
  return typeof value === 'object' && value !== null && typeof (value as { end?: unknown }).end === 'string';
}

/** All entries of a journal given as text, with remarks for its reader. @throws JournalError */
export function readJournalText(
  text: string,
  file = 'journal',
): { readonly entries: readonly LocatedEntry[]; readonly remarks: readonly string[] } {
  const reader = new JournalReader(file);
  const entries: LocatedEntry[] = [];
  for (const line of text.split('\n')) {
    const located = reader.take(line);
    if (located !== null) entries.push(located);
  }
  reader.end();
  return { entries, remarks: reader.remarks };
}
