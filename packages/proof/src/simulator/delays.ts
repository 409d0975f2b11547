/** The delays of a run: each is a hash of the seed and of the delayed item, so that it stays the same in a run with fewer faults. */
import type { EnginePolicy, Lane, VirtualNode } from '@mtalab/engine';
import type { SimSetup } from './run-plan.js';
import { drawn } from './seeded-random.js';
import type { Trouble } from './trouble.js';

type Delays = Pick<EnginePolicy, 'delayMs' | 'dialDelayMs' | 'localDelayMs' | 'commitDelayMs'>;

/**
 * @param trouble the present effects of faults on a node.
 * @param nowMs the clock of the engine, ms.
 */
export function seededDelays({ seed, delays }: SimSetup, trouble: (node: VirtualNode) => Trouble, nowMs: () => number): Delays {
  const { leastMs, mostMs, uneven, mostCommitMs } = delays;
  const between = (stream: number, index: number, most: number): number =>
    leastMs + drawn(seed, stream, index, most - leastMs + 1);
  return {
    delayMs: (lane: Lane) => {
      // Connections of one lab differ in speed, so that a later PDU on one may overtake an earlier PDU on another.
      const quick = uneven && drawn(seed, 7, lane.id, 3) !== 0;
      return between(1000 + lane.id, lane.sent, quick ? Math.ceil(mostMs / 20) : mostMs);
    },
    dialDelayMs: (node, { conn }) => between(20 + node.index, conn, mostMs),
    localDelayMs: (node) => drawn(seed, 30 + node.index, node.steps, mostCommitMs + 1),
    commitDelayMs: (node) => {
      const number = node.commits + 1;
      const delayMs = drawn(seed, 40 + node.index, number, mostCommitMs + 1);
      const { slowUntilMs, slowByMs } = trouble(node);
      return nowMs() < slowUntilMs ? delayMs + drawn(seed, 50 + node.index, number, slowByMs + 1) : delayMs;
    },
  };
}
