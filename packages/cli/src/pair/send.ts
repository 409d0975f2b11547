/** Submits the mail of `mtalab pair`, a limited number of messages at a time. */
import { countMail, generateMail, InFlight, isPipe, type Lab, type MailItem, readMail, smallestGenerated } from '@mtalab/harness';
import { CliError, messageOf, UsageError } from '../errors.js';
import type { PairFlags, PairPlan } from './pair-plan.js';

/** Limit of submissions that wait for the disk at one time: enough to fill a commit. */
const maxInFlight = 64;
/** Real time between two checks for the first delivery of mail both ways, ms. */
const pollMs = 250;
/** A constant, so that a count and a size always give the same octets. */
const seed = 1999;

export type Sending = {
  /** Messages that the command line asks for. */
  readonly wanted: number;
  /** Messages accepted: they are on disk. */
  accepted: number;
  /** Have the MTAs accepted all messages? */
  complete: boolean;
};

/** The mail to send: how many messages, and the messages. */
export type Mail = { readonly count: number; readonly items: () => AsyncIterable<MailItem> };

/**
 * Finds the mail, before any process starts. Files are read when they are submitted. A pipe is read now, because its octets come
 * only once.
 * @throws UsageError or HarnessError naming what cannot be read or generated.
 */
export async function findMail({ mail = [], count, size }: PairFlags): Promise<Mail> {
  const piped = new Map<string, MailItem>();
  let found = count ?? 0;
  for (const path of mail) {
    if (piped.has(path)) throw new UsageError(`--mail: the pipe ${path} can be read only once`);
    const once = await isPipe(path);
    // Reading the first message shows early what cannot be read.
    for await (const item of readMail([path])) {
      if (once) piped.set(path, item);
      break;
    }
    found += await countMail(path);
  }
  if (count !== undefined) {
    const least = smallestGenerated(count, seed);
    if (size < least) throw new UsageError(`--size: a generated message needs ${least} octets for its header alone`);
  }
  const items = async function* (): AsyncIterable<MailItem> {
    for (const path of mail) {
      const item = piped.get(path);
      if (item === undefined) yield* readMail([path]);
      else yield item;
    }
    if (count !== undefined) yield* generateMail(count, size, seed);
  };
  return { count: found, items };
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
export async function sendAll(lab: Lab, plan: PairPlan, mail: Mail, sending: Sending, signal: AbortSignal): Promise<void> {
  const inFlight = new InFlight(maxInFlight);
  let failure: Error | undefined;
  let number = 0;
  for await (const item of mail.items()) {
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
