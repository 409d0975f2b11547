/**
 * Sends one message there and one back before a load begins, so that the association is open and its Turn has moved. These messages
 * count nowhere.
 */
import type { DeliveryNotice } from '@mtalab/transport';
import { pause } from '../process/deadline.js';
import { HarnessError } from '../process/errors.js';
import { submitMessages } from './submit.js';
import type { LoadTarget } from './target.js';

const pollMs = 20;
/** Longest real time for one message, where nobody can tell whether anything still moves, ms. */
const longestMs = 5000;
/** Longest real time, if the MTAs do not come to rest, ms. */
const longestUnrestMs = 30_000;

/**
 * Waits for each message until it is delivered, or until nothing moves any more: a fault may have stopped it on purpose.
 * @param onNotices takes a function that must get all notices of deliveries.
 * @throws HarnessError if an MTA does not take the message.
 */
export async function warmUp(
  target: LoadTarget,
  [near, far]: readonly [from: string, to: string],
  runId: string,
  signal: AbortSignal,
  onNotices: (note: (notice: DeliveryNotice) => void) => void,
): Promise<void> {
  const arrived = new Set<string>();
  onNotices(({ mailbox }) => arrived.add(mailbox));
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    const recipient = `warm-${runId}@${target.domain(to)}`;
    const message = {
      originator: `warm-${runId}@${target.domain(from)}`,
      recipients: [recipient],
      submissionId: `${runId}-warm-${from}`,
      content: Buffer.from('Subject: warm-up\r\n\r\n'),
    };
    const [outcome] = await submitMessages(target.client(from), [message], longestUnrestMs);
    if (outcome?.kind !== 'accepted')
      throw new HarnessError(`the warm-up message was not accepted by ${from}: ${outcome?.why ?? 'no answer'}`);
    const beginMs = performance.now();
    const limitMs = target.atRest === undefined ? longestMs : longestUnrestMs;
    while (!arrived.has(recipient) && !signal.aborted && performance.now() - beginMs < limitMs) {
      if (target.atRest !== undefined && (await target.atRest().catch(() => false))) break;
      await pause(pollMs, signal);
    }
  }
  onNotices(() => undefined);
}
