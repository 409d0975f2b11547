/** The metrics of an MTA as a whole: the counters of the object MSExchangeMTA, and this project's own. */
import type { EntryCounters } from '@mtalab/mta-core';
import { ltabOf } from '@mtalab/mta-core';
import { type Facts, type ReadMetric, single } from './metric-model.js';

function overEntries({ mta }: Facts, counter: keyof EntryCounters): number {
  return ltabOf(mta).reduce((sum, entry) => sum + entry.counters[counter], 0);
}

const inboundMessages = (facts: Facts): number => overEntries(facts, 'messagesIn') + facts.mta.counters.submitted;
const inboundBytes = (facts: Facts): number => overEntries(facts, 'bytesIn') + facts.octets.submitted;
const outboundBytes = (facts: Facts): number => overEntries(facts, 'bytesOut') + facts.octets.delivered;

function outboundMessages(facts: Facts): number {
  const { delivered, deadLetters } = facts.mta.counters;
  return overEntries(facts, 'messagesOut') + delivered + deadLetters;
}

function workQueueBytes({ mta, mailboxes }: Facts): number {
  return ltabOf(mta).reduce((sum, { queuedBytes }) => sum + queuedBytes, mailboxes.queuedBytes);
}

/** Seconds of lab time since the submission of the oldest message of any queue. */
function oldestAgeS({ peers, rest, mailboxes, nowMs }: Facts): number {
  const instants = [...peers, ...rest].map(({ performance }) => performance['Oldest Message Queued']);
  const ages = [...instants, mailboxes.oldestSubmittedAtMs].map((atMs) => (atMs === null ? 0 : (nowMs - atMs) / 1000));
  return Math.max(0, ...ages);
}

/** The counters of the object MSExchangeMTA. */
export const exchangeMetrics: readonly ReadMetric[] = [
  single('gauge', 'mtalab_work_queue_length', 'Copies in all queues', ({ mta }) => mta.queuedCopies, 'Work Queue Length'),
  single('gauge', 'mtalab_work_queue_bytes', 'Octets of the copies in all queues', workQueueBytes, 'Work Queue Bytes'),
  single(
    'counter',
    'mtalab_messages_total',
    'Messages in and out together; its rate is Messages/Sec',
    (facts) => inboundMessages(facts) + outboundMessages(facts),
    'Messages/Sec',
  ),
  single(
    'counter',
    'mtalab_message_bytes_total',
    'Octets of messages in and out together; its rate is Message Bytes/Sec',
    (facts) => inboundBytes(facts) + outboundBytes(facts),
    'Message Bytes/Sec',
  ),
  single(
    'gauge',
    'mtalab_adjacent_mta_associations',
    'Associations with all adjacent MTAs, in any state',
    ({ mta }) => mta.associationsInAll,
    'Adjacent MTA Associations',
  ),
  single(
    'counter',
    'mtalab_inbound_messages_total',
    'Messages received from adjacent MTAs and submitted here',
    inboundMessages,
    'Inbound Messages Total',
  ),
  single(
    'counter',
    'mtalab_inbound_bytes_total',
    'Octets of the messages received and submitted here',
    inboundBytes,
    'Inbound Bytes Total',
  ),
  single(
    'counter',
    'mtalab_outbound_messages_total',
    'Messages that adjacent MTAs confirmed, and copies that went into mailboxes and dead letters here',
    outboundMessages,
    'Outbound Messages Total',
  ),
  single(
    'counter',
    'mtalab_outbound_bytes_total',
    'Octets of the messages confirmed and delivered here',
    outboundBytes,
    'Outbound Bytes Total',
  ),
  single(
    'counter',
    'mtalab_loops_detected_total',
    'Messages that this MTA had seen before',
    ({ mta }) => mta.counters.loopsDetected,
    'Total Loops Detected',
  ),
];

/** This project's own metrics of the MTA. */
export const ownMetrics: readonly ReadMetric[] = [
  single(
    'gauge',
    'mtalab_oldest_message_age_seconds',
    'Lab time since the submission of the oldest message of any queue',
    oldestAgeS,
  ),
  single('counter', 'mtalab_submitted_messages_total', 'Messages submitted here', ({ mta }) => mta.counters.submitted),
  single('counter', 'mtalab_delivered_copies_total', 'Copies that went into mailboxes', ({ mta }) => mta.counters.delivered),
  single('counter', 'mtalab_dead_letters_total', 'Copies that went into the dead letters', ({ mta }) => mta.counters.deadLetters),
  single('counter', 'mtalab_reports_total', 'Non-delivery reports made here', ({ mta }) => mta.counters.reports),
  single('counter', 'mtalab_set_aside_total', 'Damaged copies that were set aside', ({ mta }) => mta.counters.setAside),
  single('gauge', 'mtalab_pending_work', 'Store writes, deliveries and dials under way', ({ pendingWork }) => pendingWork),
  {
    name: 'mtalab_build_info',
    type: 'gauge',
    help: 'The release of Exchange and the Windows NT of the MTA; always 1',
    labels: ['version', 'build', 'nt'],
    read: ({ mta: { version, build }, nt }) => [{ labels: { version, build, nt: nt ?? '' }, value: 1 }],
  },
  {
    name: 'mtalab_phase',
    type: 'gauge',
    help: 'The phase of the MTA; always 1',
    labels: ['phase'],
    read: ({ mta: { phase } }) => [{ labels: { phase }, value: 1 }],
  },
  {
    name: 'mtalab_legacy',
    type: 'gauge',
    help: 'Articles whose legacy behaviour is on; always 1',
    labels: ['article'],
    read: ({ mta: { legacy } }) => legacy.map((article) => ({ labels: { article }, value: 1 })),
  },
  single('gauge', 'mtalab_incarnation', 'Starts on this store', ({ mta }) => mta.incarnation),
  single('gauge', 'mtalab_lab_time_seconds', 'The clock of the lab, since 1970', ({ nowMs }) => nowMs / 1000),
  single('gauge', 'mtalab_time_scale', 'Lab seconds in a real second', ({ timeScale }) => timeScale),
  single(
    'gauge',
    'mtalab_control_blocks',
    'TCP/IP control blocks of the X.400 connectors; absent without connectors',
    ({ mta }) => (mta.x400Port === null ? null : mta.settings.controlBlocks),
  ),
  single('gauge', 'mtalab_control_blocks_in_use', 'Control blocks in use, that of the listener among them', ({ mta }) =>
    mta.x400Port === null ? null : mta.x400.controlBlocks.length + 1,
  ),
];

/** Figures of the process, in real time. */
export const processMetrics: readonly ReadMetric[] = [
  {
    name: 'mtalab_process_cpu_seconds_total',
    type: 'counter',
    help: 'Processor time of the process',
    labels: ['mode'],
    read: ({ process: { userS, systemS } }) => [
      { labels: { mode: 'user' }, value: userS },
      { labels: { mode: 'system' }, value: systemS },
    ],
  },
  single(
    'gauge',
    'mtalab_process_resident_memory_bytes',
    'Resident memory of the process',
    ({ process }) => process.residentBytes,
  ),
  single('gauge', 'mtalab_process_start_time_seconds', 'Start of the process, since 1970', ({ process }) => process.startedAtS),
  single('counter', 'mtalab_event_loop_active_seconds_total', 'Time in which the event loop was not idle', ({ process }) => {
    return process.loopActiveS;
  }),
  {
    name: 'mtalab_event_loop_delay_seconds',
    type: 'gauge',
    help: 'How late the event loop was since the scrape before, measured every 20 ms',
    labels: ['statistic'],
    read: ({ process: { loopDelayS } }) =>
      Object.entries(loopDelayS ?? {}).map(([statistic, value]) => ({ labels: { statistic }, value })),
  },
];
