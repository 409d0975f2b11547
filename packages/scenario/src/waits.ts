/**
 * Says why mail waits in a lab. Each MTA knows its own reasons; this adds what only somebody who sees both sides knows: whose Turn
 * it is, whether the other MTA runs, and which faults keep PDUs back. Pure: the caller gathers the sights.
 */
import type { AssociationView, LastErrorView, QueueWaitView, WaitReason, WaitView } from '@mtalab/mta-core';
import type { JoinedAssociation } from './associations.js';

/** One association with the views of both sides. Instants are milliseconds of the lab's clock. */
export type RawAssociation = JoinedAssociation<AssociationView>;

/** What one MTA of the lab says. */
export type MtaSight = { readonly mta: string; readonly nowMs: number; readonly waits: readonly QueueWaitView[] };

export type LabSights = {
  readonly mtas: readonly MtaSight[];
  readonly associations: readonly RawAssociation[];
  /** MTAs of the lab that do not run. */
  readonly down?: readonly string[];
  /** MTAs that did not answer. */
  readonly silent?: readonly string[];
  /** The texts of the faults that keep PDUs back now. */
  readonly keeping?: readonly string[];
};

/** Does this fault of the proxy keep PDUs back now? */
export function keepsBack({ text, state }: { readonly text: string; readonly state: string }): boolean {
  return state === 'reached' && /^(hold|black-?hole)\b/i.test(text);
}

/** The reasons that only the whole lab shows. */
export type LabReason =
  | WaitReason
  | 'peer-down'
  | 'peer-silent'
  /** Each side believes that the other has the Turn. */
  | 'turn-lost'
  | 'unknown-to-peer'
  | 'fault'
  /** Fewer messages are queued than another association needs. */
  | 'below-threshold';

export type LabWait = Omit<WaitView, 'reason'> & { readonly reason: LabReason };

/** Why the mail of one queue waits. */
export type WaitExplanation = {
  readonly mta: string;
  /** Name of the adjacent MTA, or `mailboxes`. */
  readonly queue: string;
  readonly queued: number;
  /** Submission time of the oldest message, and lab time now. */
  readonly oldestSubmittedAtMs: number | null;
  readonly nowMs: number;
  /** The weightiest first. */
  readonly reasons: readonly LabWait[];
  readonly lastError: LastErrorView | null;
  /** When something next happens by itself; null if nothing does. */
  readonly nextAtMs: number | null;
  /** Commands that may help. */
  readonly advice: readonly string[];
};

function lab(reason: LabReason, says: string, more: Partial<LabWait> = {}): LabWait {
  return { reason, says, untilMs: null, association: null, advice: null, ...more };
}

/** The peer's side of an association, as far as it was asked. */
function peerSide(joined: RawAssociation | undefined, mta: string): AssociationView | undefined {
  return joined?.sides.find((side) => side.mta !== mta);
}

/** What the peer says about the Turn that this side waits for. */
function turnWait(mta: string, peer: string, wait: LabWait, joined: RawAssociation | undefined, asked: boolean): LabWait {
  const row = peerSide(joined, mta);
  if (joined === undefined || row === undefined)
    return asked ? { ...wait, reason: 'unknown-to-peer', says: `${peer} does not know ${wait.association}` } : wait;
  if (joined.turn === 'nobody') {
    const says = `each side believes that the other has the Turn of ${joined.name}, so no side may send on it (Q166594)`;
    return { ...wait, reason: 'turn-lost', says, advice: 'mtalab set fixed Q166594' };
  }
  const please = row.askedPriority === null ? 'it has no Turn-Please yet' : 'it has the Turn-Please and passes the Turn on';
  const busy = row.transfer === null ? please : `it carries a message now; ${please}`;
  return { ...wait, says: `${wait.says}; ${peer} has it, and ${busy}` };
}

function explain(sights: LabSights, { mta, nowMs }: MtaSight, queue: QueueWaitView): WaitExplanation {
  const { down = [], silent = [], keeping = [] } = sights;
  const asked = sights.mtas.some((each) => each.mta === queue.queue);
  const reasons: LabWait[] = [];
  if (down.includes(queue.queue))
    reasons.push(lab('peer-down', `${queue.queue} is down`, { advice: `mtalab restart --mta ${queue.queue}` }));
  if (silent.includes(queue.queue))
    reasons.push(
      lab('peer-silent', `the process of ${queue.queue} does not answer`, { advice: `mtalab restart --mta ${queue.queue}` }),
    );
  for (const wait of queue.waits) {
    const joined = sights.associations.find((each) => each.name === wait.association && each.between.includes(mta));
    reasons.push(wait.reason === 'turn' ? turnWait(mta, queue.queue, wait, joined, asked) : wait);
  }
  const moves = reasons.some(({ reason }) => reason === 'in-transfer' || reason === 'next-step');
  const { nextAssociationThreshold: at } = queue;
  if (at !== null && !moves) {
    const more = at - queue.queued;
    if (more > 0)
      reasons.push(lab('below-threshold', `another association opens when ${at} messages are queued: ${more} more than now`));
  }
  if (queue.queue !== 'mailboxes')
    for (const text of keeping) {
      const advice = /^black-?hole\b/i.test(text) ? 'mtalab fault heal' : 'mtalab fault release';
      reasons.push(lab('fault', `the fault "${text}" keeps PDUs back`, { advice }));
    }
  const instants = reasons.flatMap(({ untilMs }) => untilMs ?? []);
  return {
    mta,
    queue: queue.queue,
    queued: queue.queued,
    oldestSubmittedAtMs: queue.oldestSubmittedAtMs,
    nowMs,
    reasons,
    lastError: queue.lastError,
    nextAtMs: instants.length === 0 ? null : Math.min(...instants),
    advice: [...new Set(reasons.flatMap(({ advice }) => advice ?? []))],
  };
}

/** Why mail waits, queue by queue. Empty if none waits. */
export function explainWaits(sights: LabSights): readonly WaitExplanation[] {
  return sights.mtas.flatMap((mta) => mta.waits.map((queue) => explain(sights, mta, queue)));
}
