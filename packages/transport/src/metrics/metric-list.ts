/** The one list of all metrics: the endpoint, the documentation and the tests read it. */
import type { ReadMetric, RecordedMetric } from './metric-model.js';
import { exchangeMetrics, ownMetrics, processMetrics } from './mta-metrics.js';
import { connectionMetrics, ownPeerMetrics } from './peer-metrics.js';

/** A label of every series: the name of the MTA. */
export const mtaLabel = 'mta';

export const recordedMetrics = {
  commitSeconds: {
    name: 'mtalab_store_commit_seconds',
    type: 'histogram',
    help: 'Time of a commit of the store, with its sync',
    labels: [],
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  commitWrites: {
    name: 'mtalab_store_commit_writes',
    type: 'histogram',
    help: 'Writes that share a commit of the store',
    labels: [],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096],
  },
  deliveryDelaySeconds: {
    name: 'mtalab_delivery_delay_seconds',
    type: 'histogram',
    help: 'Lab time from the submission of a message to its delivery here',
    labels: [],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300, 600, 3600],
  },
} as const satisfies Readonly<Record<string, RecordedMetric>>;

/** The metrics that are computed when they are scraped. */
export const readMetrics: readonly ReadMetric[] = [
  ...exchangeMetrics,
  ...connectionMetrics,
  ...ownPeerMetrics,
  ...ownMetrics,
  ...processMetrics,
];

export type MetricDescription = Pick<ReadMetric, 'name' | 'help' | 'labels' | 'exchange'> & {
  readonly type: ReadMetric['type'] | 'histogram';
};

/** All metrics, under headings. Every series has the label `mta` besides. */
export const metricGroups: readonly { readonly title: string; readonly metrics: readonly MetricDescription[] }[] = [
  { title: 'Object MSExchangeMTA', metrics: exchangeMetrics },
  { title: 'Object MSExchangeMTA Connections', metrics: connectionMetrics },
  { title: 'Associations and the Turn', metrics: ownPeerMetrics },
  { title: 'The MTA', metrics: ownMetrics },
  { title: 'Store and delivery', metrics: Object.values(recordedMetrics) },
  { title: 'The process', metrics: processMetrics },
];
