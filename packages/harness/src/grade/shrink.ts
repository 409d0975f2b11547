/** Makes a failing schedule shorter for as long as the peer still breaks the same rule. */
import { PeerUnfit } from './peer-process.js';
import type { Played } from './play.js';
import type { GradeRule } from './rules.js';
import type { Schedule, ScheduledMessage } from './schedule.js';

/** Plays of one candidate: what depends on time may need more than one. */
const playsEach = 2;

export type Shrunk = { readonly schedule: Schedule; readonly played: Played; readonly plays: number };

/** No message may wait for more deliveries than there can be. */
function fitting(schedule: Schedule): Schedule {
  const messages = schedule.messages.map((message, at) => ({ ...message, afterDelivered: Math.min(message.afterDelivered, at) }));
  return { ...schedule, messages };
}

const plain = { priority: 'normal', sizeBytes: 20 } as const satisfies Partial<ScheduledMessage>;

/** Schedules that are shorter or plainer by one part, the largest step first. */
function* candidates(schedule: Schedule): Generator<Schedule> {
  const { messages, faults } = schedule;
  for (let at = messages.length - 1; at >= 0; at -= 1) {
    if (messages.length > 1) yield fitting({ ...schedule, messages: messages.toSpliced(at, 1) });
  }
  for (let at = faults.length - 1; at >= 0; at -= 1) yield { ...schedule, faults: faults.toSpliced(at, 1) };
  // One message after the other is easier to follow: mostly they share one association.
  if (messages.some(({ afterDelivered }, at) => afterDelivered !== at)) {
    for (const order of [messages, messages.toReversed()])
      yield { ...schedule, messages: order.map((message, at) => ({ ...message, afterDelivered: at })) };
  }
  for (const [at, message] of messages.entries()) {
    for (const key of ['sizeBytes', 'priority'] as const) {
      if (message[key] !== plain[key]) yield { ...schedule, messages: messages.with(at, { ...message, [key]: plain[key] }) };
    }
  }
}

/**
 * @param limits plays and real time (ms) that it may take.
 * @returns the shortest failing schedule that was found, with what happened in it.
 */
export async function shrink(
  failing: { readonly schedule: Schedule; readonly played: Played },
  rule: GradeRule,
  play: (schedule: Schedule) => Promise<Played>,
  limits: { readonly plays: number; readonly ms: number },
): Promise<Shrunk> {
  let best: Shrunk = { ...failing, plays: 0 };
  const until = performance.now() + limits.ms;
  let plays = 0;
  let isShorter = true;
  while (isShorter) {
    isShorter = false;
    for (const schedule of candidates(best.schedule)) {
      for (let turn = 0; turn < playsEach && !isShorter; turn += 1) {
        if (plays >= limits.plays || performance.now() > until) return { ...best, plays };
        plays += 1;
        const played = await play(schedule).catch((error: unknown) => {
          if (error instanceof PeerUnfit) return null;
          throw error;
        });
        // The peer has ended, or hangs since the failure: what is known of it stays true.
        if (played === null) return { ...best, plays };
        if (played.breach?.rule !== rule) continue;
        best = { schedule, played, plays };
        isShorter = true;
      }
      if (isShorter) break;
    }
  }
  return { ...best, plays };
}
