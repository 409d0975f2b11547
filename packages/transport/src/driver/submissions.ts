/** Clients that wait for their submission to be on disk. */
import type { Submission, SubmitRefusal } from '@mtalab/mta-core';

export type SubmitResult = {
  readonly mtsId: string;
  /** True when this submission id was on disk already: no second message was made. */
  readonly known: boolean;
};

/** The MTA refuses a submission. The message says why, in words meant for the client. */
export class SubmitRefused extends Error {
  override readonly name = 'SubmitRefused';
  readonly refusal: SubmitRefusal;
  constructor(refusal: SubmitRefusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

type Waiter = {
  readonly content: number;
  readonly sizeBytes: number;
  readonly resolve: (result: SubmitResult) => void;
  readonly reject: (error: Error) => void;
};

export class Submissions {
  readonly #waiting = new Map<string, Waiter[]>();
  #count = 0;
  #bytes = 0;

  get waiting(): number {
    return this.#count;
  }

  /** Octets of the messages accepted since the start of the process. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Wait for the answer to this submission. Answers to one id come in the order of its submissions. */
  wait({ submissionId, content, sizeBytes }: Submission): Promise<SubmitResult> {
    return new Promise((resolve, reject) => {
      const waiters = this.#waiting.get(submissionId);
      const waiter = { content, sizeBytes, resolve, reject };
      if (waiters === undefined) this.#waiting.set(submissionId, [waiter]);
      else waiters.push(waiter);
      this.#count += 1;
    });
  }

  submitted(submissionId: string, result: SubmitResult): void {
    const waiter = this.#next(submissionId);
    if (waiter !== undefined && !result.known) this.#bytes += waiter.sizeBytes;
    waiter?.resolve(result);
  }

  /** @returns the key of the content that can be dropped, if a client waited for this submission. */
  refused(submissionId: string, refusal: SubmitRefusal, reason: string): number | undefined {
    const waiter = this.#next(submissionId);
    waiter?.reject(new SubmitRefused(refusal, reason));
    return waiter?.content;
  }

  /** Refuse all that still wait: the MTA does not run any more. */
  refuseAll(reason: string): void {
    for (const waiters of this.#waiting.values())
      for (const waiter of waiters) waiter.reject(new SubmitRefused('not-running', reason));
    this.#waiting.clear();
    this.#count = 0;
  }

  #next(submissionId: string): Waiter | undefined {
    const waiters = this.#waiting.get(submissionId);
    const waiter = waiters?.shift();
    if (waiter === undefined) return undefined;
    this.#count -= 1;
    if (waiters?.length === 0) this.#waiting.delete(submissionId);
    return waiter;
  }
}
