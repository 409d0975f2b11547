/** How a load hands messages to an MTA: the one place that knows the commands of the control channel for it. */
import { type ControlClient, ControlError, type SubmitArguments } from '@mtalab/transport';
import { messageOf } from '../process/errors.js';

/** The most messages that wait for the answer of one MTA. */
export const maxUnanswered = 1024;

/** What became of a submission. `unanswered`: nobody knows. */
export type SubmissionOutcome =
  | { readonly kind: 'accepted'; readonly mtsId: string }
  | { readonly kind: 'refused' | 'unanswered'; readonly why: string };

/**
 * Submits messages to one MTA in their order.
 * @param timeoutMs limit in real time for each answer.
 * @param answered called once for each message, with its index.
 */
export function submitMessages(
  client: ControlClient | undefined,
  messages: readonly SubmitArguments[],
  timeoutMs: number,
  answered: (index: number, outcome: SubmissionOutcome) => void,
): void {
  for (const [index, message] of messages.entries()) {
    if (client === undefined) {
      answered(index, { kind: 'unanswered', why: 'the MTA is down' });
      continue;
    }
    client.submit(message, { timeoutMs }).then(
      ({ mtsId }) => answered(index, { kind: 'accepted', mtsId }),
      (error: unknown) => {
        const isRefused = error instanceof ControlError && error.code === 'refused';
        answered(index, { kind: isRefused ? 'refused' : 'unanswered', why: messageOf(error) });
      },
    );
  }
}
