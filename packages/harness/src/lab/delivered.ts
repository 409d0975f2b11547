/** Waits for deliveries in a lab. */
import { durationText, within } from '../process/deadline.js';
import { describeExit } from '../process/mta-process.js';
import { numberArgument, timeoutArgument } from './arguments.js';
import type { Members } from './members.js';

/** See `Lab.waitForDelivered`. */
export async function waitForDelivered(members: Members, count: number, options: { readonly timeoutMs?: number }): Promise<void> {
  members.requireOpen();
  const timeoutMs = timeoutArgument(options);
  const wait = members.counters.whenDelivered(numberArgument('count', count, 0, 'whole number'));
  try {
    await within(wait.done, timeoutMs, () => undelivered(members, count, timeoutMs));
  } finally {
    wait.cancel();
  }
}

/** The message of a timeout: what is delivered, and the state of each MTA. */
async function undelivered(members: Members, count: number, timeoutMs: number): Promise<string> {
  const lines = [`${members.counters.delivered} of ${count} copies were delivered within ${durationText(timeoutMs)}`];
  for (const answer of await members.statuses()) {
    const { mta } = answer;
    const exit = members.processes.get(mta)?.exit;
    if (answer.ok)
      lines.push(`${mta} has queued ${answer.value.queuedCopies} and delivered ${answer.value.counters.delivered} copies`);
    else lines.push(exit === undefined ? `${mta} ${answer.error.message}` : `${mta} ${describeExit(exit)}`);
  }
  return lines.join('; ');
}
