/** Waits after a load until its messages are delivered and the queues are empty, as long as anything moves. */
import { monotonicMs } from '@mtalab/transport';
import { pause } from '../process/deadline.js';
import type { Generator } from './generator.js';
import type { Recorder } from './recorder.js';
import type { LoadTarget } from './target.js';

const pollMs = 50;
/** Real time that queues may still hold mail when all of the load is delivered: mail of others, or copies that are just settled. */
const otherMailMs = 2000;

/** What the MTAs hold. Null: one does not answer. */
async function heldBy(target: LoadTarget): Promise<number | null> {
  const answers = await target.ask((client, limit) => client.command('status', {}, limit));
  let held = 0;
  for (const answer of answers) {
    if (!answer.ok) return null;
    held += answer.value.queuedCopies + answer.value.pendingWork;
  }
  return held;
}

/**
 * @param patienceMs longest real time in which nothing moves.
 * @param tick called at each look.
 * @returns when the queues were empty; null if they did not become empty.
 */
export async function waitForDrain(
  target: LoadTarget,
  generator: Generator,
  recorder: Recorder,
  patienceMs: number,
  tick: () => void,
): Promise<number | null> {
  let progress = '';
  let sinceMs = monotonicMs();
  let deliveredMs: number | null = null;
  let empty = 0;
  for (;;) {
    tick();
    const held = await heldBy(target);
    const nowMs = monotonicMs();
    if (generator.inFlight === 0) {
      deliveredMs ??= nowMs;
      if (held === 0 || nowMs - deliveredMs > otherMailMs) return nowMs;
    } else deliveredMs = null;
    // Twice in a row: a message may be between two MTAs at one look.
    empty = held === 0 && generator.unanswered === 0 ? empty + 1 : 0;
    if (empty >= 2 + noticeLooks) return nowMs;
    const now = `${held} ${generator.inFlight} ${recorder.counts.delivered}`;
    if (now !== progress) sinceMs = nowMs;
    progress = now;
    if (nowMs - sinceMs > patienceMs) return null;
    await pause(pollMs);
  }
}

/** More looks at empty queues, for notices that are still on their way. */
const noticeLooks = 4;
