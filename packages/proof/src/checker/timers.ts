/** The timers of an MTA, one by one: finds the armed ones, and makes the state in which one of them is due. */
import {
  type Association,
  type Carrier,
  type CopyQueue,
  carrierDue,
  findRow,
  type InterruptedActivity,
  type LtabEntry,
  ltabOf,
  type Mta,
  type Priority,
  putRow,
  type QueuedCopy,
  rowOf,
  rowsIn,
  treeOf,
  type WaitingCopy,
  withEntry,
  withRow,
  type X400Connection,
} from '@mtalab/mta-core';

/** An armed deadline: its kind, and its association or copy. */
export type Timer = { readonly entry: number; readonly kind: TimerKind; readonly id: number };
export type TimerKind =
  | 'recovery'
  | 'disconnect'
  | 'lifetime'
  | 'open-retry'
  | 'transfer-retry'
  | 'data-retry'
  /** A connection of the X.400 connector waits too long for its peer. */
  | 'answer'
  /** What is kept of an interrupted activity, by the connector and by the reliable transfer, is dropped. */
  | 'recovery-timeout';

/** The timers that would change something if they fired now. */
export function timersOf(mta: Mta): readonly Timer[] {
  const timers: Timer[] = [];
  for (const entry of ltabOf(mta)) {
    if (entry.openRetryAtMs !== null) timers.push({ entry: entry.id, kind: 'open-retry', id: 0 });
    for (const copy of rowsIn(entry.waiting)) timers.push({ entry: entry.id, kind: 'transfer-retry', id: copy.id });
    for (const { id, owner, deadlineMs } of rowsIn(mta.x400.connections))
      if (deadlineMs !== null && owner?.entry === entry.id) timers.push({ entry: entry.id, kind: 'answer', id });
    for (const { id, entry: of } of rowsIn(mta.x400.interrupted))
      if (of === entry.id) timers.push({ entry: entry.id, kind: 'recovery-timeout', id });
    for (const association of entry.associations) {
      for (const kind of associationTimers(mta, entry, association)) timers.push({ entry: entry.id, kind, id: association.id });
    }
  }
  return timers;
}

function associationTimers(mta: Mta, entry: LtabEntry, association: Association): TimerKind[] {
  const { state, lifetimeAtMs, disconnectAtMs, recoverAtMs } = association;
  const kinds: TimerKind[] = [];
  // While mail waits or is in transfer, Lifetime only starts again.
  if (lifetimeAtMs !== null && entry.queued === 0 && association.transfers.size === 0) kinds.push('lifetime');
  if (disconnectAtMs !== null && state !== 'open' && state !== 'closing') kinds.push('disconnect');
  if (recoverAtMs !== null) kinds.push('recovery');
  if (dataRetryOf(mta, association.id) !== null) kinds.push('data-retry');
  return kinds;
}

/** When the MTA tries the bind of a data connection again. */
function dataRetryOf(mta: Mta, association: number): number | null {
  return findRow(mta.rpc.carriers, association)?.ownData.retryAtMs ?? null;
}

/** The instant of an armed timer. */
export function instantOf(mta: Mta, timer: Timer): number {
  const entry = ltabOf(mta)[timer.entry - 1] as LtabEntry;
  if (timer.kind === 'open-retry') return entry.openRetryAtMs ?? 0;
  if (timer.kind === 'transfer-retry') return findRow(entry.waiting, timer.id)?.untilMs ?? 0;
  if (timer.kind === 'answer') return findRow(mta.x400.connections, timer.id)?.deadlineMs ?? 0;
  if (timer.kind === 'recovery-timeout') return findRow(mta.x400.interrupted, timer.id)?.untilMs ?? 0;
  const association = rowOf(entry.associations, timer.id) as Association;
  const instants: Readonly<Record<string, number | null>> = {
    lifetime: association.lifetimeAtMs,
    disconnect: association.disconnectAtMs,
    recovery: association.recoverAtMs,
    'data-retry': dataRetryOf(mta, timer.id),
  };
  return instants[timer.kind] ?? 0;
}

/** The state in which only this deadline is due: deadlines are constants here, and all others are later. */
export function due(mta: Mta, timer: Timer, nowMs: number): Mta {
  if (timer.kind === 'data-retry') return withDueData(mta, timer.id, nowMs);
  if (timer.kind === 'answer') return withDueAnswer(mta, timer.id, nowMs);
  if (timer.kind === 'recovery-timeout') return withDueInterruption(mta, timer.id, nowMs);
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

function withDueAnswer(mta: Mta, conn: number, nowMs: number): Mta {
  const row = findRow(mta.x400.connections, conn) as X400Connection;
  const connection = { ...row, deadlineMs: Math.min(nowMs, row.deadlineMs ?? nowMs) };
  const connections = putRow(mta.x400.connections, connection, ({ deadlineMs }) => deadlineMs);
  return { ...mta, x400: { ...mta.x400, connections } };
}

/** Both records of an interrupted activity have one deadline: that of the connector and that of the reliable transfer. */
function withDueInterruption(mta: Mta, id: number, nowMs: number): Mta {
  const row = findRow(mta.x400.interrupted, id) as InterruptedActivity;
  const interrupted = putRow(mta.x400.interrupted, { ...row, untilMs: Math.min(nowMs, row.untilMs) }, ({ untilMs }) => untilMs);
  const entry = ltabOf(mta)[row.entry - 1] as LtabEntry;
  const incoming = entry.incoming.map((each) =>
    row.direction === 'received' && each.id === row.activity && each.untilMs !== null ? { ...each, untilMs: nowMs } : each,
  );
  const forgetful = (copy: QueuedCopy): QueuedCopy =>
    row.direction === 'sent' && copy.id === row.activity && copy.confirmedUntilMs !== null
      ? { ...copy, confirmedUntilMs: nowMs }
      : copy;
  // A copy of an interrupted activity has come back to its queue.
  const queue = (priority: Priority): CopyQueue<QueuedCopy> => {
    const { front, ...rest } = entry.queues[priority];
    return { ...rest, front: { ...front, returned: treeOf(rowsIn(front.returned).map(forgetful)) } };
  };
  const queues = { urgent: queue('urgent'), normal: queue('normal'), 'non-urgent': queue('non-urgent') };
  const deadlineMs = Math.min(nowMs, entry.deadlineMs ?? nowMs);
  return { ...withEntry(mta, { ...entry, incoming, queues, deadlineMs }), x400: { ...mta.x400, interrupted } };
}

function dueAssociation(association: Association, kind: TimerKind, nowMs: number): Association {
  const deadlineMs = Math.min(nowMs, association.deadlineMs ?? nowMs);
  switch (kind) {
    case 'lifetime':
      return { ...association, lifetimeAtMs: Math.min(nowMs, association.lifetimeAtMs ?? nowMs), deadlineMs };
    case 'disconnect':
      return { ...association, disconnectAtMs: Math.min(nowMs, association.disconnectAtMs ?? nowMs), deadlineMs };
    case 'recovery':
      return { ...association, recoverAtMs: Math.min(nowMs, association.recoverAtMs ?? nowMs), deadlineMs };
    default:
      return association;
  }
}
