/** Submits many messages, a limited number at a time. */

import type { Priority } from '@mtalab/mta-core';
import PQueue from 'p-queue';
import type { MailItem } from '../mail/read.js';
import type { MtaProcess } from '../process/mta-process.js';
import { SubmissionRefused, type SubmitOptions, type Submitter } from './submitter.js';

export type SubmitAllOptions = SubmitOptions & {
  readonly originator: string;
  readonly recipients: readonly string[];
  readonly priority?: Priority;
  readonly contentType?: string;
  /** Limit of submissions that wait for their answer at one time. Default 32. */
  readonly concurrency?: number;
};

export type SubmitAllResult = {
  /** Accepted submissions, including repeated ones. */
  readonly accepted: number;
  /** The first thousand messages that the MTA refused, with its reasons. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
  readonly refusedCount: number;
};

const maxRefusals = 1000;

/**
 * Submits all of `items`, as far as possible in order. Notes a refusal and goes on. Any other error ends it.
 */
export async function submitAll(
  submitter: Submitter,
  target: MtaProcess,
  items: Iterable<MailItem> | AsyncIterable<MailItem>,
  options: SubmitAllOptions,
): Promise<SubmitAllResult> {
  const { concurrency = 32, timeoutMs, ...envelope } = options;
  const queue = new PQueue({ concurrency });
  const refused: { name: string; reason: string }[] = [];
  let accepted = 0;
  let refusedCount = 0;
  let failure: unknown;
  const one = async (item: MailItem, submissionId: string): Promise<void> => {
    try {
      await submitter.submit(
        target,
        { ...envelope, submissionId, content: item.content },
        timeoutMs === undefined ? {} : { timeoutMs },
      );
      accepted += 1;
    } catch (error) {
      if (!(error instanceof SubmissionRefused)) {
        failure ??= error;
        return;
      }
      refusedCount += 1;
      if (refused.length < maxRefusals) refused.push({ name: item.name, reason: error.message });
    }
  };
  for await (const item of items) {
    if (failure !== undefined) break;
    const id = submitter.nextId();
    void queue.add(() => one(item, id));
    // Limits the waiting messages in memory to the number of those under way.
    await queue.onSizeLessThan(concurrency);
  }
  await queue.onIdle();
  if (failure !== undefined) throw failure;
  return { accepted, refused, refusedCount };
}
