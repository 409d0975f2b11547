/** Joins the metrics endpoint to the driver. */
import type { Facts } from '../metrics/metric-model.js';
import type { MetricsAddress, MetricsServer } from '../metrics/metrics-server.js';
import type { Driver } from './driver.js';
import type { FixedPort } from './kept-ports.js';
import type { StartOptions } from './start-mta.js';
import { listenAdvice } from './start-reasons.js';

/** Where the metrics listen unless the configuration says otherwise. */
const defaultAddress = '127.0.0.1';

export function placeOf({ address = defaultAddress, port }: MetricsAddress): FixedPort {
  return { address, port };
}

/**
 * Listens for scrapes, if the options say so. The endpoint is loaded only then.
 * @throws Error naming the port that cannot be had.
 */
export async function startMetrics({ metrics, hooks }: StartOptions): Promise<MetricsServer | undefined> {
  if (metrics === undefined) return undefined;
  const { MetricsServer: Endpoint } = await import('../metrics/metrics-server.js');
  const place = placeOf(metrics);
  try {
    return await Endpoint.start(place, (text) => hooks?.log?.('error', text));
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall !== 'listen') throw error;
    const at = `${place.address}${place.port === 0 ? '' : `[${place.port}]`}`;
    throw new Error(`the metrics endpoint's ${at} ${listenAdvice(code)} (metrics, ${code})`, { cause: error });
  }
}

/** What the driver contributes to a scrape. */
export function metricsSource(driver: Driver, { clock, nt }: StartOptions): MetricsFacts {
  const { mta, pendingWork, octets } = driver;
  return { mta, nt: nt ?? null, nowMs: clock.nowMs(), timeScale: clock.timeScale, pendingWork, octets };
}

type MetricsFacts = Omit<Facts, 'mailboxes' | 'peers' | 'rest' | 'process'>;
