/** Handing in the mail of `mtalab pair`, a few at a time. */
import { generateMail, type Lab, type MailItem, readMail, smallestGenerated } from '@mtalab/harness';
import { CliError, messageOf, UsageError } from '../errors.js';
import type { PairFlags, PairPlan } from './pair-plan.js';

/** Submissions that wait for their disk at one time: enough to fill a commit. */
const inFlight = 64;
/** Between two looks for the first of mail that goes both ways, in real time. */
const lookMs = 250;
/** Chosen once and for all, so that a count and a size always give the same octets. */
const seed = 1999;

export type Sending = {
  /** Handed in and on disk. */
  accepted: number;
  /** Known once all are handed in. */
  complete: boolean;
};

/**
 * Looks whether there is mail to send, before any process is started for it.
 * @throws UsageError or HarnessError naming what cannot be read or made.
 */
export async function checkMail(flags: PairFlags): Promise<void> {
  for (const path of flags.mail ?? []) for await (const _first of readMail([path])) break;
  if (flags.count === undefined) return;
  const least = smallestGenerated(flags.count, seed);
  if (flags.size < least) throw new UsageError(`--size: the header of a generated message alone takes ${least} octets`);
}

async function* itemsOf(flags: PairFlags): AsyncIterable<MailItem> {
  if (flags.mail !== undefined) yield* readMail(flags.mail);
  if (flags.count !== undefined) yield* generateMail(flags.count, flags.size, seed);
}

/**
 * Mail both ways is to share associations. If both sides began at once each would open its own and hold the Turn on it, so
 * the rest waits for the first message, unless that one has come to a standstill.
 */
async function firstAssociation(lab: Lab, first: Promise<void>, signal: AbortSignal): Promise<void> {
  await first;
  while (!signal.aborted) {
    const delivered = lab.waitForDelivered(1, { timeoutMs: lookMs }).then(
      () => true,
      () => false,
    );
    // An MTA that has ended cannot be asked; that is told elsewhere.
    if ((await delivered) || (await lab.quiescent().catch(() => true))) return;
  }
}

/**
 * Hands in everything that was asked for; `sending` says how far it is. Stops early when aborted.
 * @throws CliError naming the message that was refused.
 */
export async function sendAll(lab: Lab, plan: PairPlan, flags: PairFlags, sending: Sending, signal: AbortSignal): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let failure: Error | undefined;
  let number = 0;
  for await (const item of itemsOf(flags)) {
    if (signal.aborted || failure !== undefined) break;
    const course = plan.courses[number % plan.courses.length] ?? plan.courses[0];
    number += 1;
    const one = lab
      .submit(course.mta, { originator: course.from, recipients: [course.to], content: item.content })
      .then(() => {
        sending.accepted += 1;
      })
      .catch((error: unknown) => {
        failure ??= new CliError(`${item.name}: ${messageOf(error)}`, { cause: error });
      })
      .finally(() => underWay.delete(one));
    underWay.add(one);
    if (number === 1 && plan.courses.length > 1) await firstAssociation(lab, one, signal);
    if (underWay.size >= inFlight) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (failure !== undefined && !signal.aborted) throw failure;
  sending.complete = failure === undefined && !signal.aborted;
}
