/** Captures that other processes read over a control channel, a piece at a time: that of a pair, or of an MTA that was started singly. */
import type { Capture } from '@mtalab/harness';
import { CliError } from '../errors.js';

/** Octets of one piece, before they are written in base64. */
const pieceBytes = 2 * 1_048_576;
/** Real time that a reader waits at most for a piece, ms. */
const longestWaitMs = 1000;
/** Real time after which a capture that nobody reads ends, ms. */
const forgottenMs = 30_000;
/** Real time that the end of a pair waits for readers of captures, ms. */
const lastReadMs = 2000;

export type Piece = {
  /** Part of a pcapng file, in base64. */
  readonly octets: string;
  readonly packets: number;
  readonly dropped: number;
  /** Is this the last piece? */
  readonly last: boolean;
};

type Kept = { readonly capture: Capture; timer: NodeJS.Timeout };

export class RemoteCaptures {
  readonly #kept = new Map<number, Kept>();
  #lastId = 0;
  #emptied: (() => void) | null = null;

  /** Begins a capture. @returns its number, for `read` and `end`. */
  begin(capture: Capture): number {
    this.#lastId += 1;
    this.#kept.set(this.#lastId, { capture, timer: this.#forget(this.#lastId, capture) });
    return this.#lastId;
  }

  /** What has come since the last piece. Waits a moment if there is nothing. @throws CliError */
  async read(id: number): Promise<Piece> {
    const kept = this.#get(id);
    const { capture } = kept;
    clearTimeout(kept.timer);
    await soon(capture.readable());
    const octets = capture.read(pieceBytes);
    const last = capture.finished;
    if (last) this.#drop(id);
    else kept.timer = this.#forget(id, capture);
    return { octets: octets.toString('base64'), packets: capture.packets, dropped: capture.dropped, last };
  }

  /** Ends a capture. What is left of it can still be read. @throws CliError */
  end(id: number): void {
    this.#get(id).capture.end();
  }

  /** The proxy is closed, so all captures have ended. Waits until they are read, or for a while. */
  async finish(): Promise<void> {
    if (this.#kept.size > 0) {
      await soon(
        new Promise<void>((resolve) => {
          this.#emptied = resolve;
        }),
        lastReadMs,
      );
    }
    for (const id of [...this.#kept.keys()]) this.#drop(id);
  }

  #get(id: number): Kept {
    const kept = this.#kept.get(id);
    if (kept === undefined) throw new CliError(`unknown capture ${id}; it may have ended, because nobody read it`);
    return kept;
  }

  #forget(id: number, capture: Capture): NodeJS.Timeout {
    return setTimeout(() => {
      capture.end();
      this.#drop(id);
    }, forgottenMs).unref();
  }

  #drop(id: number): void {
    clearTimeout(this.#kept.get(id)?.timer);
    this.#kept.delete(id);
    if (this.#kept.size === 0) this.#emptied?.();
  }
}

/** Waits until the promise resolves, or for a while. */
async function soon(promise: Promise<void>, limitMs = longestWaitMs): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([promise, limit]);
  clearTimeout(timer);
}
