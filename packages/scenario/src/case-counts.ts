/** Counts the figures of a case after its last step. */
import { kindsIn } from '@mtalab/mta-core';
import { callIn, type LinkPdu } from '@mtalab/trace';
import type { Stage } from './stage.js';

export type CaseCounts = {
  /** New associations, and recovery requests, that the link saw. */
  readonly opened: number;
  readonly recoveries: number;
  /** bind_nak and co_cancel PDUs that passed the link. */
  readonly naks: number;
  readonly cancels: number;
  /** Distinct copies in mailboxes. */
  readonly delivered: number;
  /** Non-delivery reports, as far as the MTAs that are up remember. */
  readonly reports: number;
  readonly mtas: readonly MtaCounts[];
};

/** The figures of one MTA. */
export type MtaCounts = {
  readonly mta: string;
  /** Copies queued; null if the MTA is down. */
  readonly queued: number | null;
  /** Entries of the event log, in the order of their ids. */
  readonly events: readonly { readonly id: number; readonly count: number }[];
};

/** Number of recovery requests that passed the link. */
export function recoveriesIn(pdus: readonly LinkPdu[]): number {
  return pdus.filter((pdu) => pdu.fate === 'passed' && (callIn(pdu)?.rtorq?.recovery ?? 0) > 0).length;
}

/** Counts associations by their first connection, which carries an RTORQ without recovery. */
export function openedIn(pdus: readonly LinkPdu[]): number {
  return new Set(pdus.flatMap((pdu) => (pdu.fate === 'passed' && callIn(pdu)?.rtorq?.recovery === 0 ? [pdu.conn] : []))).size;
}

/** Number of PDUs of a kind that passed the link, from one MTA or from all. */
export function passedIn(pdus: readonly LinkPdu[], kind: string, from?: string): number {
  return pdus.filter((pdu) => pdu.fate === 'passed' && (from ?? pdu.from) === pdu.from && kindsIn(pdu).includes(kind)).length;
}

/** Counts now, at the MTAs with these names. */
export async function countsOf(stage: Stage, names: readonly string[]): Promise<CaseCounts> {
  const queued = await stage.queued();
  const mtas: MtaCounts[] = [];
  for (const mta of names) {
    const byId = new Map<number, number>();
    for (const { id } of await stage.events(mta)) byId.set(id, (byId.get(id) ?? 0) + 1);
    const events = [...byId].sort(([one], [other]) => one - other).map(([id, count]) => ({ id, count }));
    mtas.push({ mta, queued: queued[mta] ?? null, events });
  }
  return {
    opened: openedIn(stage.pdus),
    recoveries: recoveriesIn(stage.pdus),
    naks: passedIn(stage.pdus, 'bind_nak'),
    cancels: passedIn(stage.pdus, 'co_cancel'),
    delivered: await stage.delivered(),
    reports: await stage.reports(),
    mtas,
  };
}
