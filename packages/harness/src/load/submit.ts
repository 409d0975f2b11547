/** How a load hands messages to an MTA: the one place that knows the commands of the control channel for it. */
import { type ControlClient, controlLimits, type SubmitArguments } from '@mtalab/transport';
import { messageOf } from '../process/errors.js';

/** The most messages that wait for their answers. */
export const maxUnanswered = 4096;
/** The most batches of them. Above it the client would make them wait, and a start that waits must be seen to wait. */
export const maxUnansweredBatches = controlLimits.maxBatches;

/** What became of a submission. `unanswered`: nobody knows. */
export type SubmissionOutcome =
  | { readonly kind: 'accepted'; readonly mtsId: string }
  | { readonly kind: 'refused' | 'unanswered'; readonly why: string };

/**
 * Submits a batch of messages to one MTA, in their order. Never rejects.
 * @param timeoutMs limit in real time for the answer.
 * @returns what became of each message.
 */
export async function submitMessages(
  client: ControlClient | undefined,
  messages: readonly SubmitArguments[],
  timeoutMs: number,
): Promise<readonly SubmissionOutcome[]> {
  if (client === undefined) return messages.map(() => ({ kind: 'unanswered', why: 'the MTA is down' }));
  try {
    const outcomes = await client.submitBatch(messages, { timeoutMs });
    return outcomes.map((outcome): SubmissionOutcome => {
      return outcome.ok ? { kind: 'accepted', mtsId: outcome.mtsId } : { kind: 'refused', why: outcome.reason };
    });
  } catch (error) {
    return messages.map(() => ({ kind: 'unanswered', why: messageOf(error) }));
  }
}
