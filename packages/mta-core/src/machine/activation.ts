/**
 * The Schedule page of an X.400 connector: when this MTA may open associations with an adjacent MTA. It does not concern the
 * associations that the adjacent MTA opens.
 */
import type { WeeklyTime } from '../catalogues/settings.js';
import type { Context } from './context.js';
import type { LtabEntry } from './state.js';
import { patchEntry } from './update.js';

const minuteMs = 60_000;
const weekMs = 7 * 24 * 60 * minuteMs;
/** A Monday, 00:00 UTC. */
const mondayMs = Date.UTC(1970, 0, 5);

/** `nowMs` in a selected time, else the start of the next one; null if no time is selected. */
function nextActiveMs(times: readonly WeeklyTime[], nowMs: number): number | null {
  const sinceMonday = (((nowMs - mondayMs) % weekMs) + weekMs) % weekMs;
  let next: number | null = null;
  for (const { fromMinute, toMinute } of times) {
    const fromMs = fromMinute * minuteMs;
    if (fromMs <= sinceMonday && sinceMonday < toMinute * minuteMs) return nowMs;
    const startMs = nowMs + ((fromMs - sinceMonday + weekMs) % weekMs);
    if (next === null || startMs < next) next = startMs;
  }
  return next;
}

/** May this MTA open an association with the entry's MTA now? If not, the start of the next selected time wakes the entry. */
export function isActive(ctx: Context, { id, activation, activeAtMs }: LtabEntry): boolean {
  if (typeof activation === 'string') return activation === 'always';
  const nextMs = nextActiveMs(activation.times, ctx.nowMs);
  if (nextMs === ctx.nowMs) return true;
  if (nextMs !== activeAtMs) patchEntry(ctx, id, { activeAtMs: nextMs });
  return false;
}
