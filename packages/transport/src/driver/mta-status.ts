/** Makes the status of an MTA and its driver. */
import { type ListeningAddress, ltabOf, type Mta, viewWaits } from '@mtalab/mta-core';
import type { MtaStatus } from '../control/status-schema.js';
import type { LabClock } from './lab-clock.js';

/** String bindings of the addresses that are up, in the order of the configuration. */
export function endpointsOf(mta: Mta): readonly string[] {
  return placesOf(mta, 'mta');
}

/** Where an endpoint mapper listens, in the same form. */
export function mappersOf(mta: Mta): readonly string[] {
  return placesOf(mta, 'mapper');
}

/** Where the X.400 connector listens, in the same form. */
export function connectorsOf({ x400 }: Mta): string[] {
  return x400.listeners.flatMap(({ address, port, state }) => (state === 'up' ? [`${address}[${port}]`] : []));
}

function connectorOf(mta: Mta): MtaStatus['x400'] {
  if (mta.x400Port === null) return null;
  const configured = mta.settings.controlBlocks;
  // The listener has one of its own.
  return { endpoints: connectorsOf(mta), controlBlocks: { configured, inUse: mta.x400.controlBlocks.length + 1 } };
}

function placesOf(mta: Mta, serves: ListeningAddress['serves']): readonly string[] {
  const up = mta.rpc.addresses.filter((address) => address.state === 'up' && address.serves === serves);
  return up.map(({ address, port }) => `${address}[${port}]`);
}

/** Most queues whose waits a status tells. */
const maxWaits = 100;

function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}

type DriverFigures = Pick<MtaStatus, 'nt' | 'smtp' | 'metrics' | 'pendingWork' | 'nextDeadlineMs' | 'delays' | 'sockets'>;

export function summarise(mta: Mta, clock: LabClock, figures: DriverFigures): MtaStatus {
  const cpu = process.cpuUsage();
  let turnsGiven = 0;
  let associationsOpened = 0;
  for (const entry of ltabOf(mta)) {
    turnsGiven += entry.counters.turnsGiven;
    associationsOpened += entry.counters.associationsOut;
  }
  return {
    mta: mta.name,
    pid: process.pid,
    phase: mta.phase,
    domains: mta.localDomains,
    incarnation: mta.incarnation,
    version: mta.version,
    build: mta.build,
    nt: figures.nt,
    nowMs: clock.nowMs(),
    timeScale: clock.timeScale,
    endpoints: endpointsOf(mta),
    x400: connectorOf(mta),
    mapper: mappersOf(mta),
    smtp: figures.smtp,
    metrics: figures.metrics,
    legacy: mta.legacy,
    queuedCopies: mta.queuedCopies,
    pendingWork: figures.pendingWork,
    nextDeadlineMs: figures.nextDeadlineMs,
    waits: viewWaits(mta, maxWaits),
    counters: mta.counters,
    delays: figures.delays,
    turnsGiven,
    associationsOpened,
    memory: { rssBytes: residentBytes() },
    cpu: { userS: cpu.user / 1e6, systemS: cpu.system / 1e6 },
    sockets: figures.sockets,
  };
}
