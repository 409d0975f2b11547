/** Writes a capture into a file, as it comes. */
import { type FileHandle, open } from 'node:fs/promises';
import { HarnessError, messageOf } from '../process/errors.js';
import type { Capture } from './capture.js';

/** What became of the file of a capture. */
export type CaptureOutcome = {
  /** Its absolute name. */
  readonly file: string;
  /** Packets in the file. */
  readonly packets: number;
  /** Packets that were dropped, because the disk was too slow. */
  readonly dropped: number;
  /** Why the file is not complete. Null if it is. */
  readonly error: string | null;
};

export class CaptureFile {
  readonly file: string;
  readonly #handle: FileHandle;

  private constructor(file: string, handle: FileHandle) {
    this.file = file;
    this.#handle = handle;
  }

  /** Makes the file, or empties it. Only its owner may read it: a capture has passwords and mail. @throws HarnessError */
  static async open(file: string): Promise<CaptureFile> {
    try {
      return new CaptureFile(file, await open(file, 'w', 0o600));
    } catch (error) {
      throw new HarnessError(`cannot write the capture ${file}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Writes the capture until it has ended. Never rejects. If the file cannot be written, the capture ends. */
  async write(capture: Capture): Promise<CaptureOutcome> {
    const failed = (error: unknown): string => `cannot write the capture ${this.file}: ${messageOf(error)}`;
    let error: string | null = null;
    try {
      while (!capture.finished) {
        await capture.readable();
        await this.#handle.writeFile(capture.read());
      }
    } catch (wrong) {
      capture.end();
      error = failed(wrong);
    }
    await this.#handle.close().catch((wrong: unknown) => {
      error ??= failed(wrong);
    });
    return { file: this.file, packets: capture.packets, dropped: capture.dropped, error };
  }

  /** Closes the file of a capture that never began. */
  async close(): Promise<void> {
    await this.#handle.close();
  }
}
