/** Reads the lines that a reader types, from a terminal or a pipe. */
import { createInterface } from 'node:readline';

export type Answers = {
  /** The next line, or null if the input has ended or the command was interrupted. */
  readonly next: () => Promise<string | null>;
  /** Lets the input go. */
  readonly close: () => void;
};

/** Longest line that counts, in characters; the rest of a longer one is dropped. */
const maxLine = 200;

/** Reads this process's stdin. */
export function typedAnswers(signal: AbortSignal): Answers {
  // Without an output the terminal keeps its own line editing, and Ctrl-C stays a signal.
  const lines = createInterface({ input: process.stdin, terminal: false, crlfDelay: Number.POSITIVE_INFINITY });
  const iterator = lines[Symbol.asyncIterator]();
  const interrupted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  return {
    next: () =>
      Promise.race([
        iterator.next().then(({ done, value }) => (done === true ? null : String(value).slice(0, maxLine))),
        interrupted,
      ]),
    close: () => {
      lines.close();
      process.stdin.unref?.();
    },
  };
}
