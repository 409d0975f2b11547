/** The performance counters of an adjacent MTA and of the mailboxes, and how long associations were in each state of the Turn. */
import { frontOf } from '../collections/copy-queue.js';
import { peek, rowsOf } from '../collections/fifo.js';
import { firstRow, rowsIn } from '../collections/tree.js';
import { priorities } from '../mail/message.js';
import type { LtabEntry, Mta, TurnState } from './state.js';
import type { ConnectionCounters, QueueView } from './view-model.js';

function earliest(instants: Iterable<number | null | undefined>): number | null {
  let found: number | null = null;
  for (const instant of instants) {
    if (instant !== null && instant !== undefined && (found === null || instant < found)) found = instant;
  }
  return found;
}

/**
 * The submission time of the oldest copy. Queues are in order of arrival, and so are the ids of the copies that wait, so the first of
 * each are enough.
 */
export function oldestOf(entry: LtabEntry): number | null {
  return earliest([
    ...priorities.map((priority) => frontOf(entry.queues[priority])?.envelope.submittedAtMs),
    firstRow(entry.waiting)?.envelope.submittedAtMs,
    ...entry.associations.flatMap(({ transfers }) => rowsIn(transfers).map(({ copy }) => copy.envelope.submittedAtMs)),
  ]);
}

/** The performance counters of an adjacent MTA. */
export function viewPerformance(entry: LtabEntry): ConnectionCounters {
  const { counters, latest } = entry;
  const inbound = entry.associations.filter((association) => association.role === 'responder').length;
  return {
    'Queue Length': entry.queued,
    'Queued Bytes': entry.queuedBytes,
    Associations: entry.associations.length,
    'Current Inbound Associations': inbound,
    'Cumulative Inbound Associations': counters.associationsIn,
    'Current Outbound Associations': entry.associations.length - inbound,
    'Cumulative Outbound Associations': counters.associationsOut,
    'Failed Outbound Associations': counters.failedOut,
    'Inbound Rejected Total': counters.rejectedIn,
    'Inbound Reject Reason': latest.rejectReason,
    'Outbound Failure Reason': latest.failureReason,
    'Last Inbound Association': latest.inboundAtMs,
    'Last Outbound Association': latest.outboundAtMs,
    'Inbound Messages Total': counters.messagesIn,
    'Outbound Messages Total': counters.messagesOut,
    'Inbound Bytes Total': counters.bytesIn,
    'Outbound Bytes Total': counters.bytesOut,
    'Next Association Retry': entry.openRetryAtMs,
    'Oldest Message Queued': oldestOf(entry),
    'Connector Index': entry.id,
  };
}

/**
 * How long associations with an adjacent MTA have been open in each state of the Turn since the start, in seconds of the lab's clock:
 * the sum over all of them, so that two open associations count two seconds in a second.
 */
export function turnSeconds(entry: LtabEntry, nowMs: number): Readonly<Record<TurnState, number>> {
  const ms = { ...entry.turnMs };
  for (const { state, turn } of entry.associations) if (state === 'open') ms[turn] += Math.floor(nowMs);
  const seconds = Object.entries(ms).map(([turn, value]) => [turn, value / 1000]);
  return Object.fromEntries(seconds) as Record<TurnState, number>;
}

/** What waits for the mailboxes of this MTA, or is being written into them. */
export function viewMailboxLoad({
  mailboxes: { queue, delivering, waiting },
}: Mta): Pick<QueueView, 'queued' | 'queuedBytes' | 'oldestSubmittedAtMs'> {
  let queuedBytes = 0;
  for (const { envelope } of rowsOf(queue)) queuedBytes += envelope.sizeBytes;
  for (const { envelope } of delivering) queuedBytes += envelope.sizeBytes;
  for (const { envelope } of rowsIn(waiting)) queuedBytes += envelope.sizeBytes;
  const heads = [peek(queue), ...delivering, firstRow(waiting)];
  return {
    queued: queue.size + delivering.length + waiting.size,
    queuedBytes,
    oldestSubmittedAtMs: earliest(heads.map((copy) => copy?.envelope.submittedAtMs)),
  };
}
