/** Gathers what the disks of the MTAs show of a load: ledgers or Maildirs, queues, reports, and what was set aside. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { mailboxFolders, StoreReader } from '@mtalab/transport';
import { copyOfFileName, namesIn } from '../lab/mailboxes.js';
import { HarnessError, messageOf } from '../process/errors.js';
import type { WayAddresses } from './generator.js';
import { sha256Of } from './messages.js';
import type { FoundDelivery, WayEvidence } from './reckon.js';
import { placeOf } from './sent-log.js';
import type { LoadTarget } from './target.js';

/** What the stores of all MTAs have of the load, by originator. */
type Stored = {
  /** Places of queued messages, by the originator. */
  readonly queued: ReadonlyMap<string, Set<number>>;
  readonly setAside: ReadonlyMap<string, number>;
};

function storedAt(target: LoadTarget, originators: ReadonlySet<string>): Stored {
  const queued = new Map([...originators].map((each) => [each, new Set<number>()]));
  const setAside = new Map<string, number>();
  for (const name of target.names) {
    const reader = new StoreReader(target.places(name).data);
    try {
      for (const { mtsId, originator } of reader.queued()) {
        const place = placeOf(mtsId)?.place;
        if (place !== undefined) queued.get(originator)?.add(place);
      }
      for (const { originator } of reader.damaged()) setAside.set(originator, (setAside.get(originator) ?? 0) + 1);
    } finally {
      reader.close();
    }
  }
  return { queued, setAside };
}

/** The deliveries of a ledger into one mailbox, read as they are taken. */
function* ledgerDeliveries(data: string, mailbox: string): Iterable<FoundDelivery> {
  const reader = new StoreReader(data);
  try {
    for (const { mtsId, sha256, sizeBytes } of reader.deliveries(mailbox))
      yield { place: placeOf(mtsId)?.place ?? null, sha256, sizeBytes };
  } finally {
    reader.close();
  }
}

/** The messages in a Maildir, in the order in which the MTA took them. Their contents say which they are. */
async function maildirDeliveries(folder: string, address: string): Promise<readonly FoundDelivery[]> {
  const maildir = join(folder, ...mailboxFolders({ to: 'mailbox', address }));
  const files = new Map<number, string>();
  for (const part of ['new', 'cur']) {
    for (const name of await namesIn(join(maildir, part))) {
      const copy = copyOfFileName(name);
      if (copy !== undefined) files.set(copy, join(maildir, part, name));
    }
  }
  const found: FoundDelivery[] = [];
  for (const [, file] of [...files].sort(([one], [other]) => one - other)) {
    const octets = await readFile(file);
    found.push({ place: null, sha256: sha256Of(octets), sizeBytes: octets.length });
  }
  return found;
}

async function deliveriesAt(target: LoadTarget, mta: string, address: string): Promise<Iterable<FoundDelivery>> {
  const { data, delivery, mailboxes } = target.places(mta);
  if (delivery === 'smtp')
    throw new HarnessError(`${mta} delivers over SMTP, so its disk does not show what it delivered; use a ledger or Maildirs`);
  if (delivery === 'ledger') return ledgerDeliveries(data, address);
  if (
    !(await stat(mailboxes).then(
      (each) => each.isDirectory(),
      () => false,
    ))
  )
    return [];
  return maildirDeliveries(mailboxes, address);
}

/** The accepted submissions of an MTA, by their numbers. */
function submissionsAt(data: string, runId: string): ReadonlyMap<number, number> {
  const reader = new StoreReader(data);
  try {
    const found = new Map<number, number>();
    for (const { id, mtsId } of reader.submissions(`${runId}-`)) {
      const place = placeOf(mtsId)?.place;
      if (place !== undefined) found.set(Number(id.slice(runId.length + 1)), place);
    }
    return found;
  } finally {
    reader.close();
  }
}

function countOf(items: Iterable<unknown>): number {
  let count = 0;
  for (const _ of items) count += 1;
  return count;
}

export type EvidenceWishes = {
  readonly target: LoadTarget;
  /** Each way, with the MTA that receives. */
  readonly ways: readonly (WayAddresses & { readonly receiver: string })[];
  readonly runId: string;
  /** Are there submissions without an answer, so that the stores must say what became of them? */
  readonly hasUnanswered: boolean;
  readonly sequences: number;
};

/**
 * Reads the evidence of each way. What is queued is read first: a message that moves meanwhile is then seen twice, and never
 * missed.
 * @throws HarnessError if a store or a mailbox cannot be read.
 */
export async function gatherEvidence({
  target,
  ways,
  runId,
  hasUnanswered,
  sequences,
}: EvidenceWishes): Promise<readonly WayEvidence[]> {
  try {
    const stored = storedAt(target, new Set(ways.map(({ originator }) => originator)));
    const evidence: WayEvidence[] = [];
    for (const { mta, originator, recipient, receiver } of ways) {
      const submissions = hasUnanswered ? submissionsAt(target.places(mta).data, runId) : new Map<number, number>();
      evidence.push({
        deliveries: await deliveriesAt(target, receiver, recipient),
        queued: stored.queued.get(originator) ?? new Set(),
        submissions,
        reports: countOf(await deliveriesAt(target, mta, originator)),
        setAside: stored.setAside.get(originator) ?? 0,
        sequences,
      });
    }
    return evidence;
  } catch (error) {
    throw new HarnessError(`the disks of the MTAs cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
