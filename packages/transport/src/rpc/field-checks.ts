/** Checks the fields of a decoded message. Each check throws `Unreadable`, which says what is wrong. */

/** The stub of a call cannot be read. */
export class Unreadable extends Error {}

/** Longest texts and lists accepted from the network. */
export const wireLimits = {
  /** Names of MTAs, associations, stores, MTS identifiers, content types, bindings, passwords; in UTF-16 units. */
  nameLength: 512,
  addressLength: 1024,
  endpoints: 64,
  recipients: 32_768,
  traceSteps: 512,
  settled: 65_536,
} as const;

export function count(value: number, what: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Unreadable(`${what} is not a number from 0 to 2^53 - 1`);
}

/** Text that may be empty, without control characters: none of it may break a line of a log or a report. */
export function text(value: string, what: string, limit: number = wireLimits.nameLength): string {
  if (value.length > limit) throw new Unreadable(`${what} is longer than ${limit} characters`);
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) throw new Unreadable(`${what} holds a control character`);
  }
  return value;
}

/** Text that must not be empty. */
export function name(value: string, what: string, limit: number = wireLimits.nameLength): string {
  if (value === '') throw new Unreadable(`${what} is missing`);
  return text(value, what, limit);
}

/** A list of at most `limit` members. */
export function list<T>(value: readonly T[], what: string, limit: number): readonly T[] {
  if (value.length > limit) throw new Unreadable(`more than ${limit} ${what}`);
  return value;
}

/** The meaning of an enumerated value. */
export function known<T>(meanings: readonly (T | undefined)[], value: number, what: string): T {
  const meaning = meanings[value];
  if (meaning === undefined) throw new Unreadable(`${what} has the unknown value ${value}`);
  return meaning;
}

export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Unreadable(`${what} is missing`);
  return value;
}
