/** Every delay of a run: drawn from the seed and from what is delayed, so that it stays the same when faults are left out. */
import type { EnginePolicy, Lane, VirtualNode } from '@mtalab/engine';
import type { SimSetup } from './run-plan.js';
import { drawn } from './seeded-random.js';
import type { Trouble } from './trouble.js';

type Delays = Pick<EnginePolicy, 'delayMs' | 'dialDelayMs' | 'localDelayMs' | 'commitDelayMs'>;

/**
 * @param trouble of a node.
 * @param nowMs the clock of the engine.
 */
export function seededDelays({ seed, delays }: SimSetup, trouble: (node: VirtualNode) => Trouble, nowMs: () => number): Delays {
  const { leastMs, mostMs, uneven, mostCommitMs } = delays;
  const between = (stream: number, index: number, most: number): number =>
    leastMs + drawn(seed, stream, index, most - leastMs + 1);
  return {
    delayMs: (lane: Lane) => {
      // Connections of one lab differ in speed, so that what is sent later on one may overtake what is on another.
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
