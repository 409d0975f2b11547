/** The rows of `bench:peers`: the product, the bare baseline and the peers, each with a run that gives the same figures. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { runBaseline } from '../baseline.js';
import type { RunFigures } from '../figures.js';
import { runProduct } from '../product.js';
import { shapeOf } from '../shape.js';
import { brokers } from './brokers.js';
import { contentBytes } from './client-messages.js';
import { type PeerFigures, runPeer } from './measure.js';
import { versionOf } from './packages.js';
import type { Peer } from './peer.js';
import { postfixes } from './postfix.js';

/** The limits of one run, before slow peers take their share. */
export type Competition = {
  readonly messages: number;
  readonly seconds: number;
  readonly inFlight: number;
  readonly perAssociation: number;
  /** Aborts when the user interrupts. */
  readonly stop: AbortSignal;
};

export type Competitor = {
  readonly name: string;
  readonly title: string;
  readonly debianPackages: readonly string[];
  /** What runs, with its version. */
  readonly version: () => string;
  readonly durable: string;
  readonly settings: (inFlight: number) => readonly string[];
  /** Runs it once in a folder. */
  readonly run: (dir: string, competition: Competition) => Promise<PeerFigures>;
};

const require = createRequire(import.meta.url);

/** The version of a Node package, also of one that does not export its description. */
function clientVersion(name: string): string {
  const file = require.resolve.paths(name)?.map((folder) => `${folder}/${name}/package.json`) ?? [];
  for (const each of file) {
    try {
      return (JSON.parse(readFileSync(each, 'utf8')) as { readonly version: string }).version;
    } catch {
      // It is in one of the other folders.
    }
  }
  return 'of unknown version';
}

/** Both processes of a pair do the job; no client takes part. */
function ofPair({ messagesPerS, cpuSPerMillion, senderRssBytes, receiverRssBytes }: RunFigures): PeerFigures {
  return {
    messagesPerS,
    cpuSPerMillion,
    serverCpuSPerMillion: cpuSPerMillion,
    clientCpuSPerMillion: 0,
    serverBytes: senderRssBytes + receiverRssBytes,
    clientBytes: 0,
  };
}

const pairDurable = 'fsync at the receiver before the confirm, one for everything that came meanwhile; then the sender erases';
/** How many times `--messages` a run has: much goes before hundreds of associations are open. */
const pairShare = 20;

const pairs: readonly Competitor[] = [
  {
    name: 'mtalab',
    title: 'MTA Lab, two MTAs',
    debianPackages: [],
    version: () => `mtalab ${clientVersion('mtalab')}`,
    durable: pairDurable,
    settings: () => ['SQLite, WAL, synchronous=FULL', 'the messages wait in the sender before the start'],
    run: async (dir, { messages, seconds, inFlight, perAssociation }) => {
      const load = { messages: messages * pairShare, seconds, bytes: contentBytes };
      return ofPair(await runProduct(dir, load, { shape: shapeOf(inFlight, perAssociation) }));
    },
  },
  {
    name: 'baseline',
    title: 'bare baseline, no protocol',
    debianPackages: [],
    version: () => `better-sqlite3 ${clientVersion('better-sqlite3')}`,
    durable: pairDurable,
    settings: () => ['the same store, sockets and commits as the product'],
    run: async (dir, { messages, seconds, inFlight, perAssociation }) => {
      const load = { messages: messages * pairShare, seconds, bytes: contentBytes };
      return ofPair(await runBaseline(dir, load, shapeOf(inFlight, perAssociation)));
    },
  },
];

function competitorOf(peer: Peer): Competitor {
  const { name, title, debianPackages, client, durable, settings, share } = peer;
  const versions = (): string[] => debianPackages.map((each) => `${each} ${versionOf(each) ?? 'not installed'}`);
  return {
    name,
    title,
    debianPackages,
    version: () => [...versions(), ...client.map((each) => `${each} ${clientVersion(each)}`)].join(', '),
    durable,
    settings,
    run: (dir, { messages, seconds, inFlight, stop }) =>
      runPeer(peer, dir, { messages: Math.ceil(messages * share), seconds }, inFlight, stop),
  };
}

export const competitors: readonly Competitor[] = [...pairs, ...brokers.map(competitorOf), ...postfixes.map(competitorOf)];
