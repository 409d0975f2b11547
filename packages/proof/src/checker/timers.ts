/** The timers of an MTA, one by one: which are armed, and the state in which one of them is due. */
import {
  type Association,
  type Carrier,
  carrierDue,
  findRow,
  type LtabEntry,
  ltabOf,
  type Mta,
  putRow,
  rowOf,
  rowsIn,
  type WaitingCopy,
  withEntry,
  withRow,
} from '@mtalab/mta-core';

/** A deadline that is armed: what, of which association or copy. */
export type Timer = { readonly entry: number; readonly kind: TimerKind; readonly id: number };
export type TimerKind = 'recovery' | 'disconnect' | 'lifetime' | 'open-retry' | 'transfer-retry' | 'data-retry';

/** The timers that would change something if they fired now. */
export function timersOf(mta: Mta): readonly Timer[] {
  const timers: Timer[] = [];
  for (const entry of ltabOf(mta)) {
    if (entry.openRetryAtMs !== null) timers.push({ entry: entry.id, kind: 'open-retry', id: 0 });
    for (const copy of rowsIn(entry.waiting)) timers.push({ entry: entry.id, kind: 'transfer-retry', id: copy.id });
    for (const association of entry.associations) {
      for (const kind of associationTimers(mta, entry, association)) timers.push({ entry: entry.id, kind, id: association.id });
    }
  }
  return timers;
}

function associationTimers(mta: Mta, entry: LtabEntry, association: Association): TimerKind[] {
  const { state, lifetimeAtMs, disconnectAtMs, recoverAtMs } = association;
  const kinds: TimerKind[] = [];
  // With mail waiting or in transfer, Lifetime only begins anew.
  if (lifetimeAtMs !== null && entry.queued === 0 && association.transfer === null) kinds.push('lifetime');
  if (disconnectAtMs !== null && state !== 'open' && state !== 'closing') kinds.push('disconnect');
  if (recoverAtMs !== null) kinds.push('recovery');
  if (dataRetryOf(mta, association.id) !== null) kinds.push('data-retry');
  return kinds;
}

/** When the bind of a data connection is tried again. */
function dataRetryOf(mta: Mta, association: number): number | null {
  return findRow(mta.rpc.carriers, association)?.ownData.retryAtMs ?? null;
}

/** The instant a timer is armed for. */
export function instantOf(mta: Mta, timer: Timer): number {
  const entry = ltabOf(mta)[timer.entry - 1] as LtabEntry;
  if (timer.kind === 'open-retry') return entry.openRetryAtMs ?? 0;
  if (timer.kind === 'transfer-retry') return findRow(entry.waiting, timer.id)?.untilMs ?? 0;
  const association = rowOf(entry.associations, timer.id) as Association;
  const instants: Readonly<Record<string, number | null>> = {
    lifetime: association.lifetimeAtMs,
    disconnect: association.disconnectAtMs,
    recovery: association.recoverAtMs,
    'data-retry': dataRetryOf(mta, timer.id),
  };
  return instants[timer.kind] ?? 0;
}

/** The state with this one deadline at hand: deadlines are constants here, and all others lie ahead. */
export function due(mta: Mta, timer: Timer, nowMs: number): Mta {
  if (timer.kind === 'data-retry') return withDueData(mta, timer.id, nowMs);
  const entry = ltabOf(mta)[timer.entry - 1] as LtabEntry;
  let next: LtabEntry = { ...entry, deadlineMs: Math.min(nowMs, entry.deadlineMs ?? nowMs) };
  if (timer.kind === 'open-retry') next = { ...next, openRetryAtMs: Math.min(nowMs, entry.openRetryAtMs ?? nowMs) };
  else if (timer.kind === 'transfer-retry') {
    const copy = findRow(entry.waiting, timer.id) as WaitingCopy;
    const dueCopy = { ...copy, untilMs: Math.min(nowMs, copy.untilMs) };
    next = { ...next, waiting: putRow(next.waiting, dueCopy, ({ untilMs }) => untilMs) };
  } else {
    const association = rowOf(entry.associations, timer.id) as Association;
    next = { ...next, associations: withRow(entry.associations, dueAssociation(association, timer.kind, nowMs)) };
  }
  return withEntry(mta, next);
}

function withDueData(mta: Mta, association: number, nowMs: number): Mta {
  const carrier = findRow(mta.rpc.carriers, association) as Carrier;
  const ownData = { ...carrier.ownData, retryAtMs: Math.min(nowMs, carrier.ownData.retryAtMs ?? nowMs) };
  return { ...mta, rpc: { ...mta.rpc, carriers: putRow(mta.rpc.carriers, { ...carrier, ownData }, carrierDue) } };
}

function dueAssociation(association: Association, kind: TimerKind, nowMs: number): Association {
  switch (kind) {
    case 'lifetime':
      return { ...association, lifetimeAtMs: Math.min(nowMs, association.lifetimeAtMs ?? nowMs) };
    case 'disconnect':
      return { ...association, disconnectAtMs: Math.min(nowMs, association.disconnectAtMs ?? nowMs) };
    case 'recovery':
      return { ...association, recoverAtMs: Math.min(nowMs, association.recoverAtMs ?? nowMs) };
    default:
      return association;
  }
}
