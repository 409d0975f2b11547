/**
 * The metrics of adjacent MTAs: one series for each, up to a limit, and one more for the rest together. The queue of this MTA's own
 * mailboxes is an instance too, as the information store is one in Exchange. Labels that are no name of an MTA start with `_`.
 */
import type { ConnectionCounters, TurnState } from '@mtalab/mta-core';
import type { Facts, Labels, PeerFacts, ReadMetric, Sample } from './metric-model.js';

/** The label of the other adjacent MTAs together, and of this MTA's mailboxes. */
export const restLabel = '_other';
export const mailboxesLabel = '_mailboxes';

const folds = {
  sum: (one: number, other: number): number => one + other,
  max: Math.max,
  min: Math.min,
} as const;

type Reading = number | null | readonly Sample[];

type PeerMetric = {
  readonly type: ReadMetric['type'];
  readonly name: string;
  readonly help: string;
  readonly exchange?: keyof ConnectionCounters;
  /** Labels beside `peer`. */
  readonly labels?: readonly string[];
  readonly read: (peer: PeerFacts) => Reading;
  /** How the values of the rest become one. Absent: they have none. */
  readonly rest?: keyof typeof folds;
  /** The value of this MTA's mailboxes. Absent: they have none. */
  readonly mailboxes?: (facts: Facts) => number | null;
};

function samplesOf(reading: Reading): readonly Sample[] {
  if (reading === null) return [];
  return typeof reading === 'number' ? [{ labels: {}, value: reading }] : reading;
}

function withPeer(peer: string, { labels, value }: Sample): Sample {
  return { labels: { peer, ...labels }, value };
}

/** The samples of the rest, one for each set of labels. */
function folded(rest: readonly PeerFacts[], metric: PeerMetric): readonly Sample[] {
  if (metric.rest === undefined) return [];
  const fold = folds[metric.rest];
  const found = new Map<string, { readonly labels: Labels; value: number }>();
  for (const sample of rest.flatMap((peer) => samplesOf(metric.read(peer)))) {
    const key = JSON.stringify(sample.labels);
    const known = found.get(key);
    if (known === undefined) found.set(key, { ...sample });
    else known.value = fold(known.value, sample.value);
  }
  return [...found.values()];
}

function asMetric(metric: PeerMetric): ReadMetric {
  const { type, name, help, labels = [], read, mailboxes, exchange } = metric;
  return {
    type,
    name,
    help,
    labels: ['peer', ...labels],
    ...(exchange === undefined ? {} : { exchange }),
    read: (facts) => {
      const local = samplesOf(mailboxes?.(facts) ?? null).map((sample) => withPeer(mailboxesLabel, sample));
      const own = facts.peers.flatMap((peer) => samplesOf(read(peer)).map((sample) => withPeer(peer.entry.name, sample)));
      return [...own, ...folded(facts.rest, metric).map((sample) => withPeer(restLabel, sample)), ...local];
    },
  };
}

/** Seconds of lab time from an instant to another, never below 0. */
function secondsFrom(fromMs: number | null, toMs: number): number | null {
  return fromMs === null ? null : Math.max(0, toMs - fromMs) / 1000;
}

type NumericCounter = {
  [Name in keyof ConnectionCounters]: ConnectionCounters[Name] extends number ? Name : never;
}[keyof ConnectionCounters];

/** A counter of the object MSExchangeMTA Connections that is a plain number. */
function mirrored(
  type: ReadMetric['type'],
  name: string,
  exchange: NumericCounter,
  help: string,
  mailboxes?: PeerMetric['mailboxes'],
): PeerMetric {
  const full = `mtalab_connections_${name}`;
  const read = ({ performance }: PeerFacts): number => performance[exchange];
  return { type, name: full, help, exchange, read, rest: 'sum', ...(mailboxes === undefined ? {} : { mailboxes }) };
}

/** A series with the value 1, whose label says why. */
function reason(name: string, exchange: 'Inbound Reject Reason' | 'Outbound Failure Reason', help: string): PeerMetric {
  return {
    type: 'gauge',
    name: `mtalab_connections_${name}`,
    help,
    exchange,
    labels: ['reason'],
    read: ({ performance }) => {
      const text = performance[exchange];
      return text === null ? null : [{ labels: { reason: text }, value: 1 }];
    },
  };
}

const connections: readonly PeerMetric[] = [
  mirrored('gauge', 'queue_length', 'Queue Length', 'Copies accepted and not yet confirmed, or not yet delivered', (facts) => {
    return facts.mailboxes.queued;
  }),
  mirrored('gauge', 'queued_bytes', 'Queued Bytes', 'Octets of the copies queued', ({ mailboxes }) => mailboxes.queuedBytes),
  mirrored('gauge', 'associations', 'Associations', 'Associations of either side, in any state'),
  mirrored(
    'gauge',
    'current_inbound_associations',
    'Current Inbound Associations',
    'Associations of which the adjacent MTA is the initiator',
  ),
  mirrored(
    'counter',
    'cumulative_inbound_associations_total',
    'Cumulative Inbound Associations',
    'Associations that the adjacent MTA opened; recoveries do not count',
  ),
  mirrored(
    'gauge',
    'current_outbound_associations',
    'Current Outbound Associations',
    'Associations of which this MTA is the initiator',
  ),
  mirrored(
    'counter',
    'cumulative_outbound_associations_total',
    'Cumulative Outbound Associations',
    'Associations that this MTA opened; recoveries do not count',
  ),
  mirrored(
    'counter',
    'failed_outbound_associations_total',
    'Failed Outbound Associations',
    'Openings of this MTA that failed, or ended before a message had moved',
  ),
  mirrored('counter', 'inbound_rejected_total', 'Inbound Rejected Total', 'Openings and recoveries that this MTA refused'),
  reason('inbound_reject_reason', 'Inbound Reject Reason', 'Why this MTA last refused an opening; always 1'),
  reason('outbound_failure_reason', 'Outbound Failure Reason', 'Why an opening of this MTA last failed; always 1'),
  mirrored('counter', 'inbound_messages_total', 'Inbound Messages Total', 'Messages received, or submitted here', ({ mta }) => {
    return mta.counters.submitted;
  }),
  mirrored(
    'counter',
    'inbound_bytes_total',
    'Inbound Bytes Total',
    'Octets of the messages received, or submitted here',
    ({ octets }) => octets.submitted,
  ),
  mirrored(
    'counter',
    'outbound_messages_total',
    'Outbound Messages Total',
    'Messages that the adjacent MTA confirmed, or that went into mailboxes and dead letters here',
    ({ mta }) => mta.counters.delivered + mta.counters.deadLetters,
  ),
  mirrored(
    'counter',
    'outbound_bytes_total',
    'Outbound Bytes Total',
    'Octets of the messages confirmed, or delivered here',
    ({ octets }) => octets.delivered,
  ),
  {
    type: 'gauge',
    name: 'mtalab_connections_last_inbound_association_seconds',
    help: 'Lab time since the latest association opened that the adjacent MTA initiated; absent if none did',
    exchange: 'Last Inbound Association',
    read: ({ performance, nowMs }) => secondsFrom(performance['Last Inbound Association'], nowMs),
    rest: 'min',
  },
  {
    type: 'gauge',
    name: 'mtalab_connections_last_outbound_association_seconds',
    help: 'Lab time since the latest association opened that this MTA initiated; absent if none did',
    exchange: 'Last Outbound Association',
    read: ({ performance, nowMs }) => secondsFrom(performance['Last Outbound Association'], nowMs),
    rest: 'min',
  },
  {
    type: 'gauge',
    name: 'mtalab_connections_next_association_retry_seconds',
    help: 'Lab time until this MTA tries again to open an association; absent if it does not wait for that',
    exchange: 'Next Association Retry',
    read: ({ performance, nowMs }) => {
      const atMs = performance['Next Association Retry'];
      return atMs === null ? null : secondsFrom(nowMs, atMs);
    },
    rest: 'min',
  },
  {
    type: 'gauge',
    name: 'mtalab_connections_oldest_message_queued_seconds',
    help: 'Lab time since the submission of the oldest message that is queued; 0 if none is',
    exchange: 'Oldest Message Queued',
    read: ({ performance, nowMs }) => secondsFrom(performance['Oldest Message Queued'], nowMs) ?? 0,
    rest: 'max',
    mailboxes: ({ mailboxes, nowMs }) => secondsFrom(mailboxes.oldestSubmittedAtMs, nowMs) ?? 0,
  },
  {
    type: 'gauge',
    name: 'mtalab_connections_connector_index',
    help: 'The LTAB index that events print',
    exchange: 'Connector Index',
    read: ({ performance }) => performance['Connector Index'],
  },
];

/** A count of the locality table entry that Exchange does not have. */
function counted(name: string, counter: keyof PeerFacts['entry']['counters'], help: string): PeerMetric {
  return { type: 'counter', name: `mtalab_${name}`, help, read: ({ entry }) => entry.counters[counter], rest: 'sum' };
}

const own: readonly PeerMetric[] = [
  {
    type: 'gauge',
    name: 'mtalab_connections_next_association_threshold',
    help: 'Queue length at which this MTA opens one more association; absent if it opens none',
    read: ({ nextAssociationThreshold }) => nextAssociationThreshold,
  },
  {
    type: 'gauge',
    name: 'mtalab_connections_open_failures',
    help: 'Openings that failed in a row since mail last moved',
    read: ({ entry }) => entry.openFailures,
    rest: 'sum',
  },
  counted('association_recoveries_total', 'recoveries', 'Recoveries of lost associations that this MTA began'),
  counted('duplicate_transfers_total', 'duplicates', 'Transfers received again and recognised'),
  counted('turn_gives_total', 'turnsGiven', 'Turn-Gives sent'),
  counted('turn_gives_received_total', 'turnsReceived', 'Turn-Gives received'),
  counted('turn_pleases_total', 'pleasesSent', 'Turn-Pleases sent'),
  counted('turn_pleases_received_total', 'pleasesReceived', 'Turn-Pleases received, also those that a legacy MTA ignores'),
  {
    type: 'counter',
    name: 'mtalab_turn_seconds_total',
    help: 'Lab time that associations were open, by the state of the Turn as this side sees it; the sum over all associations',
    labels: ['turn'],
    read: ({ turnSeconds }) =>
      (Object.keys(turnSeconds) as TurnState[]).map((turn) => ({ labels: { turn }, value: turnSeconds[turn] })),
    rest: 'sum',
  },
];

export const connectionMetrics: readonly ReadMetric[] = connections.map(asMetric);
export const ownPeerMetrics: readonly ReadMetric[] = own.map(asMetric);
