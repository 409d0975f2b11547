/** Reads what the metrics of one scrape are made of. Nothing of it is kept up to date between scrapes. */
import {
  type LtabEntry,
  ltabOf,
  type Mta,
  nextAssociationThreshold,
  turnSeconds,
  viewMailboxLoad,
  viewPerformance,
} from '@mtalab/mta-core';
import type { Facts, PeerFacts } from './metric-model.js';
import { metricsLimits } from './metrics-limits.js';

function peerFacts(mta: Mta, entry: LtabEntry, nowMs: number): PeerFacts {
  return {
    entry,
    performance: viewPerformance(entry),
    turnSeconds: turnSeconds(entry, nowMs),
    nextAssociationThreshold: nextAssociationThreshold(mta, entry),
    nowMs,
  };
}

export function factsOf(driver: Omit<Facts, 'mailboxes' | 'peers' | 'rest'>): Facts {
  const { mta, nowMs } = driver;
  const { maxPeers } = metricsLimits;
  const all = ltabOf(mta).map((entry) => peerFacts(mta, entry, nowMs));
  return { ...driver, mailboxes: viewMailboxLoad(mta), peers: all.slice(0, maxPeers), rest: all.slice(maxPeers) };
}
