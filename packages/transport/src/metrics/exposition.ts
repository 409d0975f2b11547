/** Writes the metrics as text, in the form of Prometheus or of OpenMetrics. */
import { setImmediate } from 'node:timers/promises';
import { Counter, Gauge, Histogram, Registry, type RegistryContentType } from 'prom-client';
import { mtaLabel, readMetrics, recordedMetrics } from './metric-list.js';
import type { Facts, ReadMetric, RecordedMetric } from './metric-model.js';

export type ExpositionFormat = 'prometheus' | 'openmetrics';

export const contentTypes: Readonly<Record<ExpositionFormat, RegistryContentType>> = {
  prometheus: Registry.PROMETHEUS_CONTENT_TYPE,
  openmetrics: Registry.OPENMETRICS_CONTENT_TYPE,
};

function histogramOf({ name, help, buckets }: RecordedMetric): Histogram {
  return new Histogram({ name, help, buckets: [...buckets], registers: [] });
}

/** What is recorded when it happens. It costs about a microsecond for each commit and each delivery. */
export class Recorder {
  readonly #commitSeconds = histogramOf(recordedMetrics.commitSeconds);
  readonly #commitWrites = histogramOf(recordedMetrics.commitWrites);
  readonly #delay = histogramOf(recordedMetrics.deliveryDelaySeconds);

  /** A commit of the store is over. @param writes that shared it. */
  readonly committed = (tookMs: number, writes: number): void => {
    this.#commitSeconds.observe(tookMs / 1000);
    this.#commitWrites.observe(writes);
  };

  /** A copy is in its mailbox. @param delayMs lab time since its submission. */
  readonly delivered = (delayMs: number): void => this.#delay.observe(delayMs / 1000);

  get histograms(): readonly Histogram[] {
    return [this.#commitSeconds, this.#commitWrites, this.#delay];
  }
}

/** In OpenMetrics the name of a counter has no suffix; the library appends it to the samples. */
function nameIn(format: ExpositionFormat, { name, type }: ReadMetric): string {
  return format === 'openmetrics' && type === 'counter' ? name.replace(/_total$/, '') : name;
}

type AnyRegistry = Registry<RegistryContentType>;

function registryFor(format: ExpositionFormat): AnyRegistry {
  const registry: AnyRegistry = new Registry();
  registry.setContentType(contentTypes[format]);
  return registry;
}

/** Text of one metric; empty without samples, because the library would make up a 0. */
async function textOf(format: ExpositionFormat, metric: ReadMetric, facts: Facts): Promise<string> {
  const samples = metric.read(facts);
  if (samples.length === 0) return '';
  const registry = registryFor(format);
  registry.setDefaultLabels({ [mtaLabel]: facts.mta.name });
  const name = nameIn(format, metric);
  const options = { name, help: metric.help, labelNames: metric.labels, registers: [] };
  const made = metric.type === 'gauge' ? new Gauge(options) : new Counter(options);
  registry.registerMetric(made);
  for (const { labels, value } of samples) made.inc(labels, value);
  return `${await registry.getSingleMetricAsString(name)}\n`;
}

/**
 * Renders all metrics from one state. Between two metrics the event loop may take its turn, so that the mail of an MTA with many
 * adjacent MTAs does not wait for the whole text.
 */
export async function render(format: ExpositionFormat, facts: Facts, recorder: Recorder): Promise<string> {
  let text = '';
  for (const metric of readMetrics) {
    text += await textOf(format, metric, facts);
    await setImmediate();
  }
  const registry = registryFor(format);
  registry.setDefaultLabels({ [mtaLabel]: facts.mta.name });
  for (const histogram of recorder.histograms) registry.registerMetric(histogram);
  text += await registry.metrics();
  // In OpenMetrics the registry has written the end mark.
  return text;
}
