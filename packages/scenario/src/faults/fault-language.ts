/**
 * The fault language. One fault is one line of words; case, hyphens and underscores of the fixed words do not matter.
 *
 *     fault  = cut | drop | hold | hole | delay | random
 *     cut    = "cut" ( "before" | "after" ) KIND [ N ] [ from ]
 *     drop   = "drop-connection" ( "before" | "after" ) KIND [ N ] [ from ]
 *     hold   = "hold" KIND [ N ] [ from ]
 *     hole   = "black-hole" KIND [ N ] [ from ]
 *     delay  = "delay" KIND [ N ] MS [ from ]
 *     random = "cut" "randomly" RATIO [ "of" KIND ] "seed" S [ "limit" M ] [ from ]
 *            | "cut" "every" [ KIND ] "randomly" RATIO "seed" S [ "limit" M ] [ from ]
 *     from   = "from" NAME
 *
 * - KIND: a PDU type (`bind_ack`, `connect`), an APDU (`turn-give`), an operation (`MtaSend`, its response `MtaSend-answer`), or
 *   `any`. A kind that the link of a connection does not have meets nothing there.
 * - N: the N-th of its kind, default 1. The count covers all connections of the proxy from the moment the fault was added; with
 *   `from`, only what this MTA sends counts. NAME may stand in double quotes.
 * - `cut before`: the proxy does not pass the PDU on, and cuts all connections of its association. `cut after`: it first passes
 *   the PDU on into the receiver's kernel. `drop-connection` cuts only the connection that the PDU is on.
 * - `hold`: the PDU, and all that follows it on this connection in this direction, waits until released.
 * - `black-hole`: the proxy swallows the same PDUs until healed; the connection stays up.
 * - `delay`: the same PDUs wait MS milliseconds of the lab's clock (`500` or `500ms`).
 * - RATIO: `5%`, or `1/20`. The fault hits each PDU (of the KIND) with this chance and cuts the association before or after it,
 *   also by chance. S makes the chance repeatable. The fault ends after M hits; without a limit it never ends.
 */

import type { LinkName } from '@mtalab/mta-core';
import { faultKinds, linksWithKind } from './fault-kinds.js';
import { sameWord, Words } from './fault-words.js';

type Target = {
  readonly kind: string;
  /** Which PDU of the kind, counted from 1. */
  readonly nth: number;
  /** The MTA that sends it; null for any. */
  readonly from: string | null;
};
export type FaultSpec =
  | (Target & { readonly action: 'cut' | 'drop-connection'; readonly when: 'before' | 'after' })
  | (Target & { readonly action: 'hold' | 'black-hole' })
  | (Target & { readonly action: 'delay'; readonly delayMs: number })
  | {
      readonly action: 'cut-randomly';
      readonly kind: string;
      readonly from: string | null;
      /** Chance of a hit: `hits` in `outOf`. */
      readonly hits: number;
      readonly outOf: number;
      readonly seed: number;
      /** Hits after which the fault ends; null for no limit. */
      readonly limit: number | null;
    };

const actions = ['cut', 'drop-connection', 'hold', 'black-hole', 'delay'] as const;
const whenWords = ['before', 'after'] as const;
const maxCount = 1_000_000_000;
const maxSeed = 2 ** 32 - 1;
/** A day of the lab's clock. */
const maxDelayMs = 86_400_000;

/** What a fault may be about. Empty lists allow all. */
type Scope = { readonly names: readonly string[]; readonly links: readonly LinkName[] };

const linkWords: Readonly<Record<LinkName, string>> = { lan: 'the LAN', x400: 'the X.400 connector' };

/**
 * Read one fault. With `names`, the MTA after `from` must be one of them. With `links`, one of them must have the kind.
 * @throws FaultSyntaxError saying what is wrong, at which character, and what was probably meant.
 */
export function parseFault(text: string, names: readonly string[] = [], links: readonly LinkName[] = []): FaultSpec {
  const words = new Words(text);
  const scope: Scope = { names, links };
  const action = words.expect('a fault', actions);
  switch (action) {
    case 'cut': {
      const how = words.expect('when to cut', [...whenWords, 'randomly', 'every']);
      if (how === 'before' || how === 'after') return { action, when: how, ...readTarget(words, scope) };
      return readRandom(words, how, scope);
    }
    case 'drop-connection':
      return { action, when: words.expect('when to cut', whenWords), ...readTarget(words, scope) };
    case 'delay':
      return readDelay(words, scope);
    default:
      return { action, ...readTarget(words, scope) };
  }
}

/** The fault in the shortest form of the language; `parseFault` reads it back as the same fault. */
export function describeFault(fault: FaultSpec): string {
  const from = fault.from === null ? '' : ` from ${/^[^\s"]+$/.test(fault.from) ? fault.from : `"${fault.from}"`}`;
  if (fault.action === 'cut-randomly') {
    const ratio = fault.outOf === 100 ? `${fault.hits}%` : `${fault.hits}/${fault.outOf}`;
    const of = fault.kind === 'any' ? '' : ` of ${fault.kind}`;
    return `cut randomly ${ratio}${of} seed ${fault.seed}${fault.limit === null ? '' : ` limit ${fault.limit}`}${from}`;
  }
  const target = `${fault.kind} ${fault.nth}`;
  if (fault.action === 'delay') return `delay ${target} ${fault.delayMs}ms${from}`;
  return 'when' in fault ? `${fault.action} ${fault.when} ${target}${from}` : `${fault.action} ${target}${from}`;
}

function readTarget(words: Words, scope: Scope): Target {
  const kind = readKind(words, scope);
  const numbered = /^\d/.test(words.peek()?.text ?? '');
  const nth = numbered ? words.number('which one of its kind', 1, maxCount) : 1;
  return { kind, nth, from: readFrom(words, numbered ? [] : ['a number'], scope) };
}

/** One number is the time. Of two numbers, the first says which PDU of the kind. */
function readDelay(words: Words, scope: Scope): FaultSpec {
  const kind = readKind(words, scope);
  const firstAt = words.at;
  const first = words.number('a delay in milliseconds', 0, maxCount, 'ms');
  if (/^\d/.test(words.peek()?.text ?? '')) {
    if (first < 1) throw words.error(`expected which one of its kind, a whole number from 1 to ${maxCount}, found "0"`, firstAt);
    const delayMs = words.number('a delay in milliseconds', 0, maxDelayMs, 'ms');
    return { action: 'delay', kind, nth: first, from: readFrom(words, [], scope), delayMs };
  }
  if (first > maxDelayMs) throw words.error(`expected a delay of at most ${maxDelayMs} ms, found "${first}"`, firstAt);
  return { action: 'delay', kind, nth: 1, from: readFrom(words, ['a number'], scope), delayMs: first };
}

function readRandom(words: Words, how: 'randomly' | 'every', scope: Scope): FaultSpec {
  let kind = 'any';
  if (how === 'every') {
    if (words.accept('randomly') === undefined) {
      kind = readKind(words, scope);
      words.expect('how', ['randomly']);
    }
  }
  const ratio = readRatio(words);
  if (how === 'randomly' && words.accept('of') !== undefined) kind = readKind(words, scope);
  words.expect(how === 'randomly' && kind === 'any' ? 'a kind or the seed' : 'the seed', ['seed']);
  const seed = words.number('a seed', 0, maxSeed);
  const limited = words.accept('limit') !== undefined;
  const limit = limited ? words.number('a limit', 1, maxCount) : null;
  return { action: 'cut-randomly', kind, from: readFrom(words, limited ? [] : ['limit'], scope), ...ratio, seed, limit };
}

function readKind(words: Words, { links }: Scope): string {
  const word = words.peek();
  const found = word === undefined ? undefined : sameWord(word.text, faultKinds);
  if (found === undefined) return words.expect('a kind of PDU, APDU or operation', faultKinds);
  const has = linksWithKind(found);
  if (links.length > 0 && !links.some((link) => has.includes(link))) {
    const [here, there] = [links, has].map((list) => list.map((link) => linkWords[link]).join(' or '));
    throw words.error(`expected a kind of ${here}, found "${found}", which only ${there} has`);
  }
  words.take('a kind');
  return found;
}

function readRatio(words: Words): { readonly hits: number; readonly outOf: number } {
  const at = words.at;
  const word = words.take('a ratio such as 5% or 1/20').text;
  const match = /^(?:(\d{1,9})%|(\d{1,9})\/(\d{1,9}))$/.exec(word);
  const hits = Number(match?.[1] ?? match?.[2]);
  const outOf = match?.[1] === undefined ? Number(match?.[3]) : 100;
  if (hits >= 1 && hits <= outOf) return { hits, outOf };
  throw words.error(`expected a ratio above 0 and at most 1, such as 5% or 1/20, found "${word}"`, at);
}

function readFrom(words: Words, could: readonly string[], { names }: Scope): string | null {
  if (words.accept('from') === undefined) {
    words.end([...could, 'from']);
    return null;
  }
  const at = words.at;
  const name = words.take('the name of an MTA');
  if (name.text === '') throw words.error('expected the name of an MTA, found an empty one', at);
  if (names.length > 0 && !names.includes(name.text)) {
    throw words.unknown(name.text, `expected the name of an MTA (${names.join(', ')})`, names, at);
  }
  words.end([]);
  return name.text;
}
