/**
 * Checks arguments of the library. A program in JavaScript has no types to warn it, so each wrong argument gets an error that
 * names the argument, what was expected, and what came.
 */
import { type Article, quirkOf, quirks } from '@mtalab/mta-core';
import { HarnessError } from '../process/errors.js';

/** Longest text of a wrong value that an error shows, in characters. */
const maxShown = 60;

/** A value as an error shows it: `"5.5"`, `a list`, `nothing`. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value.length > maxShown ? `${value.slice(0, maxShown - 3)}...` : value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** The error for an argument that is not what it should be. */
export function wrongArgument(argument: string, expected: string, found: unknown): HarnessError {
  return new HarnessError(`${argument}: expected ${expected}, got ${shown(found)}`);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

/** An object that is a map or a set of options: no list, no function. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names of MTAs, or nothing for all. @throws HarnessError if this is no list of texts. */
export function namesArgument(value: unknown): void {
  if (value !== undefined && !isTexts(value)) throw wrongArgument('names', "a list of names of MTAs, such as ['MTA-A']", value);
}

/** @throws HarnessError if this is not a number of at least `least`. */
export function numberArgument(argument: string, value: unknown, least = 0, what = 'number'): number {
  const isWhole = what !== 'whole number' || Number.isSafeInteger(value);
  if (typeof value === 'number' && Number.isFinite(value) && value >= least && isWhole) return value;
  throw wrongArgument(argument, `a ${what} of at least ${least}`, value);
}

/** @throws HarnessError if this is no article whose bug is built in. */
export function articleArgument(argument: string, value: unknown): Article {
  const found = typeof value === 'string' ? quirkOf(value)?.article : undefined;
  if (found !== undefined) return found;
  const known = quirks.map(({ article }) => article);
  throw wrongArgument(argument, `one of the articles ${known.join(', ')}`, value);
}

/** Default limit of a wait in real time, ms. */
const defaultWaitMs = 60_000;

/** The `timeoutMs` of a wait. @throws HarnessError if it is no time. */
export function timeoutArgument(options: unknown): number {
  if (options !== undefined && !isRecord(options))
    throw wrongArgument('options', 'an object, such as { timeoutMs: 5000 }', options);
  const timeoutMs = options?.['timeoutMs'];
  return timeoutMs === undefined ? defaultWaitMs : numberArgument('timeoutMs', timeoutMs, 0, 'number of milliseconds');
}
