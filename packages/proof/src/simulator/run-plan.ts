/** A run as data: the MTAs, the delays of the network, the load, and the faults once they are known. */
import {
  defaultRelease,
  defaultSettings,
  type MtaConfig,
  type PeerConfig,
  type Priority,
  priorities,
  type Settings,
} from '@mtalab/mta-core';
import type { SimFault, SimFaultKind } from './faults/fault-kinds.js';
import { simFaultKinds } from './faults/fault-kinds.js';
import { drawHosts, type Host, needs } from './hosts.js';
import type { SimLink, SimOptions } from './options.js';
import { drawn, Random, type Ratio } from './seeded-random.js';
import { neighboursOf, waysTo } from './topology.js';

/** A message that a client submits. */
export type PlannedSubmission = {
  readonly atMs: number;
  /** Index of the MTA. */
  readonly mta: number;
  readonly submissionId: string;
  readonly originator: string;
  readonly recipients: readonly string[];
  readonly priority: Priority;
  readonly sizeBytes: number;
  /** After this time the client, which has its answer, submits once more with the same id. Null: it does not. */
  readonly againAfterMs: number | null;
};

export type NetworkDelays = {
  readonly leastMs: number;
  readonly mostMs: number;
  /** Are two thirds of the connections, in either direction, twenty times as fast as the others? */
  readonly uneven: boolean;
  readonly mostCommitMs: number;
};

/** The setup of a run, without its faults. */
export type SimSetup = {
  readonly seed: number;
  readonly mtas: readonly MtaConfig[];
  readonly delays: NetworkDelays;
  /** Faults and load end at this instant, ms; after it the lab must come to rest. */
  readonly safetyMs: number;
  readonly submissions: readonly PlannedSubmission[];
};

/** A whole run: the same plan gives the same journal, octet for octet. */
export type SimPlan = SimSetup & { readonly faults: readonly SimFault[] };

/** Longest path of a message, in hops: a trace has at most 64. */
const maxHops = 20;
const unroutable = 'nowhere.example';
const looping = 'loop.example';

function mtaNames(count: number): readonly string[] {
  const width = String(count).length;
  return Array.from({ length: count }, (_, index) =>
    count <= 26 ? `MTA-${String.fromCharCode(65 + index)}` : `MTA-${String(index + 1).padStart(width, '0')}`,
  );
}

/** The domain of the mailboxes of an MTA. */
function domainAt(index: number, count: number): string {
  return count <= 26 ? `${String.fromCharCode(97 + index)}.example` : `d${index + 1}.example`;
}

/** Draws the plan of one seed from the options. */
export function drawSetup(options: SimOptions, seed: number): SimSetup {
  const random = new Random(seed, 1);
  const { swarm } = options;
  const neighbours = neighboursOf(options.topology, options.mtas, new Random(seed, 2));
  const safetyMs = swarm ? random.pick([20_000, 120_000, 600_000, 1_800_000]) : 600_000;
  const mostMs = swarm ? random.pick([1, 5, 50, 400, 2000]) : 10;
  const uneven = swarm && random.below(2) === 0;
  const delays = { leastMs: Math.min(mostMs, 1), mostMs, uneven, mostCommitMs: swarm ? random.pick([0, 3, 40]) : 3 };
  const submissions = drawSubmissions(options, new Random(seed, 3), neighbours, safetyMs);
  return { seed, mtas: drawMtas(options, seed, neighbours, submissions), delays, safetyMs, submissions };
}

/** The kinds of faults that this seed keeps. */
export function drawRatios(options: SimOptions, seed: number): Readonly<Partial<Record<SimFaultKind, Ratio>>> {
  if (!options.swarm) return options.faults;
  const random = new Random(seed, 5);
  const left: Partial<Record<SimFaultKind, Ratio>> = {};
  for (const kind of simFaultKinds) {
    const ratio = options.faults[kind];
    const [stays, factor] = [random.below(2) === 0, random.pick([1, 1, 3])];
    // Keep the kinds of a short list, or such a run would test nothing.
    const asked =
      Object.keys(options.faults).length <= 2 || (kind === 'adapter' && needs(options.legacy, 'an adapter that fails'));
    if (ratio !== undefined && (stays || asked)) left[kind] = { n: Math.min(ratio.of, ratio.n * factor), of: ratio.of };
  }
  return left;
}

function drawSubmissions(
  options: SimOptions,
  random: Random,
  neighbours: readonly (readonly number[])[],
  safetyMs: number,
): readonly PlannedSubmission[] {
  const { mtas, messages } = options;
  const bursts = Array.from({ length: 1 + random.below(8) }, () => random.below(Math.max(1, Math.floor(safetyMs / 2))));
  const spreadMs = random.pick([1, 100, 3000]);
  // Mail goes one way, mostly one way, or both ways: submitted at the first MTA, or anywhere.
  const first = random.pick([1, 2, 2, 8]);
  const submissions: PlannedSubmission[] = [];
  for (let index = 0; index < messages; index += 1) {
    const mta = random.below(first) === 0 ? 0 : random.below(mtas);
    const domain = domainAt(mta, mtas);
    const submissionId = `s${index + 1}`;
    const recipients = drawRecipients(random, mta, mtas, neighbours);
    const odd = random.below(24);
    submissions.push({
      atMs: random.pick(bursts) + random.below(spreadMs),
      mta,
      submissionId,
      originator:
        odd === 0
          ? ''
          : odd === 1
            ? `ghost@${unroutable}`
            : `u${random.below(3)}@${odd === 2 ? domainAt(random.below(mtas), mtas) : domain}`,
      recipients,
      priority: random.pick(priorities),
      sizeBytes: random.pick([0, 1, 100, 100, 1000, 1024, 1025, 3000, 5000, 20_000]),
      againAfterMs: random.below(10) === 0 ? random.below(safetyMs) : null,
    });
  }
  return submissions;
}

/** Mostly one recipient at another MTA; sometimes several, a local one, an unroutable one, or one behind a routing loop. */
function drawRecipients(
  random: Random,
  mta: number,
  mtas: number,
  neighbours: readonly (readonly number[])[],
): readonly string[] {
  const far = (): string => `r${random.below(3)}@${domainAt(walk(random, mta, neighbours), mtas)}`;
  const draw = random.below(20);
  if (draw < 13) return [far()];
  if (draw < 14) return [`r${random.below(3)}@${domainAt(mta, mtas)}`];
  if (draw < 15) return [`r@${unroutable}`];
  if (draw < 16) return [`r@${looping}`];
  const several = [far(), far(), `r0@${domainAt(mta, mtas)}`, far(), `r@${unroutable}`];
  return several.slice(random.below(2), 3 + random.below(3));
}

/** Another MTA nearby: a few steps from neighbour to neighbour. */
function walk(random: Random, from: number, neighbours: readonly (readonly number[])[]): number {
  let at = from;
  for (let steps = 1 + random.below(random.pick([1, 1, 3, maxHops])); steps > 0; steps -= 1)
    at = random.pick(neighbours[at] ?? [at]);
  if (at !== from) return at;
  return random.pick(neighbours[from] ?? [from]);
}

function drawMtas(
  options: SimOptions,
  seed: number,
  neighbours: readonly (readonly number[])[],
  submissions: readonly PlannedSubmission[],
): readonly MtaConfig[] {
  const random = new Random(seed, 4);
  const names = mtaNames(options.mtas);
  const shared = { twoWayAlternate: !(options.swarm && random.below(6) === 0) };
  const routes = routesFor(names, neighbours, submissions);
  const twoAddresses = options.swarm && random.below(5) === 0;
  const deadFirst = options.swarm && random.below(5) === 0;
  const hosts = drawHosts(options, new Random(seed, 8), { twoAddresses, deadFirst });
  const isX400 = x400Pairs(options.link, seed, options.mtas);
  const x400Random = new Random(seed, 9);
  const flightRandom = new Random(seed, 11);
  return names.map((name, index) => {
    const own = neighbours[index] ?? [];
    const host = hosts[index] as Host;
    const drawnSettings = options.swarm ? drawSettings(random, shared.twoWayAlternate, own.length) : {};
    const flight = options.swarm ? drawFlight(flightRandom) : {};
    const x400 = own.some((other) => isX400(index, other));
    const inMemory = options.swarm
      ? { envelopesInMemory: fewInMemory[drawn(seed, 21, index, fewInMemory.length)] as number }
      : {};
    const controlBlocks = x400 && options.swarm ? drawControlBlocks(x400Random, own.length) : {};
    return {
      name,
      version: defaultRelease.version,
      build: defaultRelease.build,
      bindings: host.bindings,
      cluster: host.cluster,
      mapperPort: null,
      ...(x400 ? { x400Port: host.x400Port } : {}),
      advertise: [],
      settings: {
        ...defaultSettings,
        ...shared,
        ...drawnSettings,
        ...flight,
        ...controlBlocks,
        ...inMemory,
        ...options.settings,
      },
      peers: own.map((other) => peerOf(names[other] as string, hosts[other] as Host, isX400(index, other))),
      routes: routes[index] ?? [],
      localDomains: [domainAt(index, options.mtas)],
      legacy: options.legacy,
    };
  });
}

/** Envelopes in memory: so few in most seeds that queues reach into the store. */
const fewInMemory = [1, 2, 5, defaultSettings.envelopesInMemory];

/** Which pairs of neighbours an X.400 connector joins. */
function x400Pairs(link: SimLink, seed: number, mtas: number): (one: number, other: number) => boolean {
  if (link !== 'mixed') return () => link === 'x400';
  return (one, other) => drawn(seed, 10, Math.min(one, other) * mtas + Math.max(one, other), 2) === 0;
}

/** How an MTA knows a neighbour. */
function peerOf(name: string, { endpoints, x400Endpoints }: Host, isX400: boolean): PeerConfig {
  return isX400 ? { name, endpoints: x400Endpoints, password: '', link: 'x400' } : { name, endpoints, password: '' };
}

/** Few control blocks in one seed of four: enough for one connection each way with each neighbour, and for the listener. */
function drawControlBlocks(random: Random, neighbours: number): Partial<Settings> {
  const [few, more] = [random.below(4) === 0, random.below(3)];
  return few ? { controlBlocks: 1 + 2 * neighbours + more } : {};
}

/** Half of the MTAs have one activity in flight, as X.228 has it. */
function drawFlight(random: Random): Partial<Settings> {
  const [one, more] = [random.below(2) === 0, random.between(2, 16)];
  return { activitiesInFlight: one ? 1 : more };
}

/** Draws settings within ranges that let the lab work: the settings alone must not stop the mail. */
function drawSettings(random: Random, twoWayAlternate: boolean, neighbours: number): Partial<Settings> {
  const seldom = random.below(8);
  return {
    checkpointSizeK: random.pick([0, 1, 2, 30]),
    windowSize: random.between(1, 5),
    recoveryTimeoutS: random.pick([5, 60]),
    maxOpenRetries: random.pick([1, 5, 144]),
    maxTransferRetries: random.between(0, 3),
    openRetryIntervalS: random.pick([5, 60, 600]),
    transferRetryIntervalS: random.pick([5, 30, 120]),
    associationLifetimeS: random.pick([2, 20, 300]),
    disconnectS: random.pick([10, 60, 120]),
    threshold: random.pick([1, 2, 3, 6, 50]),
    thresholdRule: random.pick(['reached', 'exceeded'] as const),
    transferTimeoutUrgentSPerK: random.pick([20, 1000]),
    transferTimeoutNormalSPerK: random.pick([20, 2000]),
    transferTimeoutNonUrgentSPerK: random.pick([20, 3000]),
    // In a monologue, mail on the side that never gets the Turn could not move.
    localInitialTurn: !twoWayAlternate || random.below(4) !== 0,
    turnRequestThreshold: random.pick([0, 1, 3, 10]),
    rpcCallTimeoutS: random.pick([30, 120]),
    stopTimeoutS: random.pick([1, 3, 30]),
    maxAssociationsPerMta: random.pick([1, 2, 3, 9]),
    ...(seldom === 0 ? { maxAssociations: random.between(1, 6) } : {}),
    ...(seldom === 1 ? { maxQueuedCopies: random.between(8, 30) } : {}),
    ...(seldom === 2 ? { maxMessageBytes: 4096 } : {}),
    ...(seldom === 3 ? { maxConnections: Math.max(12, 5 * neighbours) } : {}),
  };
}

/** Routes of each MTA to the domains of the load, by the shortest path; and one routing loop. */
function routesFor(
  names: readonly string[],
  neighbours: readonly (readonly number[])[],
  submissions: readonly PlannedSubmission[],
): readonly (readonly { domain: string; mta: string }[])[] {
  const domains = new Map(names.map((_, index) => [domainAt(index, names.length), index]));
  const needed = new Set<number>();
  for (const { originator, recipients } of submissions) {
    for (const address of [originator, ...recipients]) {
      const index = domains.get(address.slice(address.lastIndexOf('@') + 1));
      if (index !== undefined) needed.add(index);
    }
  }
  const routes = names.map((_, index) => [{ domain: looping, mta: names[neighbours[index]?.[0] ?? index] as string }]);
  for (const target of [...needed].sort((a, b) => a - b)) {
    const { next } = waysTo(target, neighbours);
    for (let index = 0; index < names.length; index += 1) {
      const way = next[index] as number;
      if (way >= 0) routes[index]?.push({ domain: domainAt(target, names.length), mta: names[way] as string });
    }
  }
  return routes;
}
