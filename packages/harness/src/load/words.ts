/** Reads the texts of options of a load: times, stages, sizes and priorities, as a person writes them. */
import { type Priority, priorities } from '@mtalab/mta-core';
import { HarnessError } from '../process/errors.js';
import type { PriorityWeights, SizeRange } from './messages.js';
import type { LoadStage } from './schedule.js';

/** Longest time that an option may name, s: a day. */
const longestS = 86_400;
const unitS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, min: 60, h: 3600 };

/**
 * Reads a time of real time, such as `10s`, `500ms` or `2min`.
 * @returns seconds.
 * @throws HarnessError that names `what`.
 */
export function parseSeconds(what: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|min|h)$/.exec(text.trim()) ?? [];
  const seconds = Number(number) * (unitS[unit] ?? Number.NaN);
  if (seconds >= 0 && seconds <= longestS) return seconds;
  throw new HarnessError(`${what}: expected a time of at most 24h, such as 10s, 500ms or 2min, not "${text.slice(0, 80)}"`);
}

/**
 * Reads stages, such as `0:1000:10s,1000:5000:20s`: rate at the beginning, rate at the end, length.
 * @throws HarnessError naming the stage that is wrong.
 */
export function parseStages(text: string): readonly LoadStage[] {
  return text.split(',').map((part) => {
    const [from = '', to = '', length = '', ...more] = part.trim().split(':');
    if (![from, to].every((rate) => /^\d+(\.\d+)?$/.test(rate)) || length === '' || more.length > 0)
      throw new HarnessError(
        `stage: expected rates at its beginning and end and its length, such as 0:1000:10s, not "${part.slice(0, 80)}"`,
      );
    return { from: Number(from), to: Number(to), seconds: parseSeconds('stage', length) };
  });
}

/** Reads a size in octets, or a range: `1024`, `512-16384`. @throws HarnessError if it is neither. */
export function parseSize(text: string): SizeRange {
  const [, least = '', most = least] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text.trim()) ?? [];
  if (least === '' || Number(most) < Number(least))
    throw new HarnessError(`size: expected octets such as 1024, or a range such as 512-16384, not "${text.slice(0, 80)}"`);
  return { least: Number(least), most: Number(most) };
}

/** Reads weights of priorities: `urgent:1,normal:8,non-urgent:1`, or one priority alone. @throws HarnessError if it makes no sense. */
export function parsePriorities(text: string): PriorityWeights {
  const weights: Partial<Record<Priority, number>> = {};
  for (const part of text.split(',')) {
    const [, name = '', weight = '1'] = /^\s*([a-z-]+)(?::(\d{1,6}))?\s*$/.exec(part) ?? [];
    if (!(priorities as readonly string[]).includes(name) || weights[name as Priority] !== undefined)
      throw new HarnessError(
        `priority: expected each of ${priorities.join(', ')} at most once, with weights such as urgent:1,normal:8, not "${part.slice(0, 80)}"`,
      );
    weights[name as Priority] = Number(weight);
  }
  if (Object.values(weights).every((weight) => weight === 0)) throw new HarnessError('priority: every weight is 0');
  return weights;
}
