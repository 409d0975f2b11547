/** The state of an MTA and its driver in one plain object, for people and for the harness. */
import { type ListeningAddress, ltabOf, type Mta, type MtaCounters } from '@mtalab/mta-core';
import type { LabClock } from './clock.js';
import type { DelaySummary } from './deliveries.js';
import type { SocketCounts } from './ports.js';

export type DriverStatus = {
  readonly name: string;
  readonly pid: number;
  readonly phase: Mta['phase'];
  /** Mail domains whose mailboxes are here. */
  readonly domains: readonly string[];
  /** Counts the starts on this store. */
  readonly incarnation: number;
  readonly version: string;
  readonly build: string;
  /** The Windows NT it is said to run on: `4.0 SP6a`; null when nobody said. */
  readonly nt: string | null;
  /** Lab time. */
  readonly nowMs: number;
  readonly timeScale: number;
  /** String bindings this MTA listens on, such as `127.0.0.1[4097]`. */
  readonly endpoints: readonly string[];
  /** Where its endpoint mapper listens; nowhere when it has none. */
  readonly mapper: readonly string[];
  /** Articles whose legacy behaviour is on. */
  readonly legacy: readonly string[];
  readonly queuedCopies: number;
  /** Store writes, deliveries and dials under way; 0 when nothing but timers can happen. */
  readonly pendingWork: number;
  readonly nextDeadlineMs: number | null;
  readonly counters: MtaCounters;
  /** From submission to delivery, over the deliveries of this process. */
  readonly delays: DelaySummary;
  readonly turnsGiven: number;
  /** Associations this MTA opened as initiator, recoveries not counted. */
  readonly associationsOpened: number;
  /** 0 when the system does not tell, as when the process has no file descriptor left to ask with. */
  readonly memory: { readonly rssBytes: number };
  readonly cpu: { readonly userS: number; readonly systemS: number };
  readonly sockets: readonly SocketCounts[];
};

/** String bindings of the addresses that are up, in the order of the configuration. */
export function endpointsOf(mta: Mta): readonly string[] {
  return placesOf(mta, 'mta');
}

/** Where an endpoint mapper listens, in the same form. */
export function mappersOf(mta: Mta): readonly string[] {
  return placesOf(mta, 'mapper');
}

function placesOf(mta: Mta, serves: ListeningAddress['serves']): readonly string[] {
  const up = mta.rpc.addresses.filter((address) => address.state === 'up' && address.serves === serves);
  return up.map(({ address, port }) => `${address}[${port}]`);
}

function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}

type DriverFigures = Pick<DriverStatus, 'nt' | 'pendingWork' | 'nextDeadlineMs' | 'delays' | 'sockets'>;

export function summarise(mta: Mta, clock: LabClock, figures: DriverFigures): DriverStatus {
  const cpu = process.cpuUsage();
  let turnsGiven = 0;
  let associationsOpened = 0;
  for (const entry of ltabOf(mta)) {
    turnsGiven += entry.counters.turnsGiven;
    associationsOpened += entry.counters.associationsOut;
  }
  return {
    name: mta.name,
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
    mapper: mappersOf(mta),
    legacy: mta.legacy,
    queuedCopies: mta.queuedCopies,
    pendingWork: figures.pendingWork,
    nextDeadlineMs: figures.nextDeadlineMs,
    counters: mta.counters,
    delays: figures.delays,
    turnsGiven,
    associationsOpened,
    memory: { rssBytes: residentBytes() },
    cpu: { userS: cpu.user / 1e6, systemS: cpu.system / 1e6 },
    sockets: figures.sockets,
  };
}
