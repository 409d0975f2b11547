/** Submits many messages, a limited number at a time. */

import type { Priority } from '@mtalab/mta-core';
import { InFlight } from '../mail/in-flight.js';
import type { MailItem } from '../mail/read.js';
import type { MtaProcess } from '../process/mta-process.js';
import { isRecord, isTexts, numberArgument, wrongArgument } from './arguments.js';
import { SubmissionRefused, type SubmitOptions, type Submitter } from './submitter.js';

/** The envelope of all messages, and limits. */
export type SubmitAllOptions = SubmitOptions & {
  /** Address of the sender, `user@domain`. */
  readonly originator: string;
  /** Addresses of the recipients of each message. */
  readonly recipients: readonly string[];
  /** Default `normal`. */
  readonly priority?: Priority;
  /** Default `message/rfc822`. */
  readonly contentType?: string;
  /** Limit of submissions that wait for their answer at one time. Default 32. */
  readonly concurrency?: number;
};

/** What became of the messages of one `submitAll`. */
export type SubmitAllResult = {
  /** Accepted submissions, including those of a submission id that was known. */
  readonly accepted: number;
  /** The first thousand messages that the MTA refused, with its reasons. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
  /** All refusals, also those that `refused` has no room for. */
  readonly refusedCount: number;
};

const maxRefusals = 1000;

/**
 * Submits all of `items`, as far as possible in order. Notes a refusal and goes on. Any other error ends it.
 * @throws HarnessError naming a wrong argument, or what went wrong.
 */
export async function submitAll(
  submitter: Submitter,
  target: MtaProcess,
  items: Iterable<MailItem> | AsyncIterable<MailItem>,
  options: SubmitAllOptions,
): Promise<SubmitAllResult> {
  if (!isRecord(options) || !isTexts(options.recipients))
    throw wrongArgument('options', 'an object with originator and recipients', options);
  const { concurrency = 32, timeoutMs, ...envelope } = options;
  const inFlight = new InFlight(numberArgument('concurrency', concurrency, 1, 'whole number'));
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
    await inFlight.add(item, () => one(item, id));
  }
  await inFlight.idle();
  if (failure !== undefined) throw failure;
  return { accepted, refused, refusedCount };
}
