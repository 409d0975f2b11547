/** What is wrong with a request, in words for its client: which argument, what was expected, what came. */
import type * as z from 'zod';
import { nearestName } from './nearest-name.js';

/** A request that cannot be carried out as it is. The message is meant for the client. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
  /** The upload it is about, where it answers a binary frame. */
  readonly upload: string | undefined;
  constructor(message: string, upload?: string) {
    super(message);
    this.upload = upload;
  }
}

/** Longest value that is shown, in characters. */
const maxShown = 60;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? JSON.stringify(value) : Array.isArray(value) ? 'a list' : String(value);
  return text.length > maxShown ? `${text.slice(0, maxShown - 3)}...` : text;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  return value;
}

/**
 * One line on the first thing that is wrong. The schemas say what they expect, as the messages of their issues.
 * @param input what was checked.
 */
export function problemOf(error: z.ZodError, input: unknown): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'the request is not understood';
  const [name] = issue.path;
  // What concerns several arguments at once says so itself.
  if (name === undefined) return issue.message;
  const value = valueAt(input, issue.path);
  if (issue.code === 'too_big' && issue.path.length === 1 && (typeof value === 'string' || Array.isArray(value))) {
    const counted = typeof value === 'string' ? 'characters' : 'entries';
    return `${String(name)}: ${value.length} ${counted}, at most ${issue.maximum} are allowed`;
  }
  return `${String(name)}: expected ${issue.message}, got ${shown(value)}`;
}

/**
 * A name that there is not.
 * @param what is named; also the argument, unless that is called otherwise.
 */
export function noSuch(what: string, name: string, names: readonly string[], argument = what): BadRequest {
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? `; there is ${names.join(', ')}` : `; did you mean ${nearest}?`;
  return new BadRequest(`${argument}: ${shortened(name)} is no ${what}${hint}`);
}

/** A name, short enough for a message. */
export function shortened(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text);
}
