/** Submits the mail of `mtalab pair`, a limited number of messages at a time. */
import { generateMail, InFlight, type Lab, type MailItem, readMail, smallestGenerated } from '@mtalab/harness';
import { CliError, messageOf, UsageError } from '../errors.js';
import type { PairFlags, PairPlan } from './pair-plan.js';

/** Limit of submissions that wait for the disk at one time: enough to fill a commit. */
const maxInFlight = 64;
/** Real time between two checks for the first delivery of mail both ways, ms. */
const pollMs = 250;
/** A constant, so that a count and a size always give the same octets. */
const seed = 1999;

export type Sending = {
  /** Messages accepted: they are on disk. */
  accepted: number;
  /** Have the MTAs accepted all messages? */
  complete: boolean;
};

/**
 * Checks that the mail can be read or generated, before any process starts.
 * @throws UsageError or HarnessError naming what cannot be read or generated.
 */
export async function checkMail(flags: PairFlags): Promise<void> {
  for (const path of flags.mail ?? []) for await (const _first of readMail([path])) break;
  if (flags.count === undefined) return;
  const least = smallestGenerated(flags.count, seed);
  if (flags.size < least) throw new UsageError(`--size: a generated message needs ${least} octets for its header alone`);
}

async function* itemsOf(flags: PairFlags): AsyncIterable<MailItem> {
  if (flags.mail !== undefined) yield* readMail(flags.mail);
  if (flags.count !== undefined) yield* generateMail(flags.count, flags.size, seed);
}

/**
 * Waits until the first message is delivered, or stuck. Mail both ways must share associations. If both sides began at once,
 * each would open its own and hold the Turn on it.
 */
async function firstAssociation(lab: Lab, first: Promise<void>, signal: AbortSignal): Promise<void> {
  await first;
  while (!signal.aborted) {
    const delivered = lab.waitForDelivered(1, { timeoutMs: pollMs }).then(
      () => true,
      () => false,
    );
    // An MTA that has ended cannot answer. `watchPair` reports that.
    if ((await delivered) || (await lab.quiescent().catch(() => true))) return;
  }
}

/**
 * Submits all mail, and keeps `sending` up to date. Stops early if the signal aborts.
 * @throws CliError naming a message that an MTA refused.
 */
export async function sendAll(lab: Lab, plan: PairPlan, flags: PairFlags, sending: Sending, signal: AbortSignal): Promise<void> {
  const inFlight = new InFlight(maxInFlight);
  let failure: Error | undefined;
  let number = 0;
  for await (const item of itemsOf(flags)) {
    if (signal.aborted || failure !== undefined) break;
    const course = plan.courses[number % plan.courses.length] ?? plan.courses[0];
    number += 1;
    const { sent } = await inFlight.add(item, () =>
      lab
        .submit(course.mta, { originator: course.from, recipients: [course.to], content: item.content })
        .then(() => {
          sending.accepted += 1;
        })
        .catch((error: unknown) => {
          failure ??= new CliError(`${item.name}: ${messageOf(error)}`, { cause: error });
        }),
    );
    if (number === 1 && plan.courses.length > 1) await firstAssociation(lab, sent, signal);
  }
  await inFlight.idle();
  if (failure !== undefined && !signal.aborted) throw failure;
  sending.complete = failure === undefined && !signal.aborted;
}
