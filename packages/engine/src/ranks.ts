/** The order of what happens at one instant where nothing is drawn by chance: in a lab on virtual time, and in a fork. */
import type { EventBody } from './event.js';

/** What was delayed until now comes first, then the timers, MTA by MTA. What follows at once comes after them, and timers set meanwhile last. */
export const ranks = { delayed: 0, timer: 1, atOnce: 1_000_000, lateTimer: 2_000_000 } as const;

/** @param now has it been set for the instant at which it was set? */
export function rankOf(event: EventBody, now: boolean): number {
  if (event.type === 'timer') return event.node.index + (now ? ranks.lateTimer : ranks.timer);
  return now ? ranks.atOnce : ranks.delayed;
}
