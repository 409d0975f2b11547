/**
 * Faults of a load, each one line:
 *
 *     fault   = FAULT                          armed from the start, in the fault language
 *             | "at" TIME action               TIME after the first intended start
 *             | "when" KIND [ N ] pdu-action    at the N-th PDU of a kind, default 1
 *             | "when" STATE N action          when the state has this value, or more
 *     action  = "cut" | "network" ( "up" | "down" | "silent" ) | "release" | "heal"
 *             | "suspend" MTA [ "for" TIME ] | "resume" MTA | "kill" MTA | "restart" MTA | FAULT
 *     pdu-action = ( "cut" | "drop-connection" ) [ "before" | "after" ] | "hold" | "black-hole" | "delay" MS, and [ "from" MTA ]
 *     STATE   = "accepted" | "delivered" | "queued" | "associations"
 *
 * `cut` alone cuts all connections. A FAULT after `at` or `when` is armed at that moment, and counts PDUs from then on.
 */
import { FaultSyntaxError, type NetworkState, networkStates, parseFault } from '@mtalab/scenario';
import { HarnessError, messageOf } from '../process/errors.js';
import { parseSeconds } from './words.js';

/** Values that a fault may wait for. */
export const loadStates = ['accepted', 'delivered', 'queued', 'associations'] as const;
export type LoadState = (typeof loadStates)[number];

export type FaultTrigger =
  | { readonly when: 'start' }
  | { readonly when: 'time'; readonly seconds: number }
  | { readonly when: 'state'; readonly state: LoadState; readonly least: number };

export type FaultAction =
  | { readonly do: 'arm'; readonly fault: string }
  | { readonly do: 'cut' | 'release' | 'heal' }
  | { readonly do: 'network'; readonly state: NetworkState }
  | { readonly do: 'suspend'; readonly mta: string; readonly seconds: number | null }
  | { readonly do: 'resume' | 'kill' | 'restart'; readonly mta: string };

export type LoadFault = { readonly text: string; readonly trigger: FaultTrigger; readonly action: FaultAction };

const form =
  'expected a fault such as "cut before turn-give 1", "at 10s cut", "at 10s suspend MTA-B for 5s", "when turn-give 3 cut" or "when queued 100 network silent"';

function wrong(text: string, why: string): HarnessError {
  return new HarnessError(`fault "${text.slice(0, 120)}": ${why}`);
}

function armed(text: string, fault: string, names: readonly string[]): FaultAction {
  try {
    parseFault(fault, names);
    return { do: 'arm', fault };
  } catch (error) {
    if (!(error instanceof FaultSyntaxError)) throw error;
    throw wrong(text, `${messageOf(error)}; ${form}`);
  }
}

function mtaOf(text: string, name: string | undefined, names: readonly string[]): string {
  if (name !== undefined && names.includes(name)) return name;
  throw wrong(text, `expected the name of an MTA (${names.join(', ')}), found "${name ?? ''}"`);
}

/** Reads what a fault does at a time or state. */
function actionOf(text: string, words: readonly string[], names: readonly string[]): FaultAction {
  const [first = '', second, third, fourth, ...more] = words;
  const alone = words.length === 1;
  if (alone && (first === 'cut' || first === 'release' || first === 'heal')) return { do: first };
  if (first === 'network') {
    const state = networkStates.find((each) => each === second);
    if (state === undefined || third !== undefined) throw wrong(text, `expected network ${networkStates.join(', ')}`);
    return { do: 'network', state };
  }
  if (first === 'suspend') {
    const mta = mtaOf(text, second, names);
    if (third === undefined) return { do: 'suspend', mta, seconds: null };
    if (third !== 'for' || fourth === undefined || more.length > 0)
      throw wrong(text, 'expected suspend MTA for TIME, such as 5s');
    return { do: 'suspend', mta, seconds: parseSeconds(`fault "${text}"`, fourth) };
  }
  if (first === 'resume' || first === 'kill' || first === 'restart') {
    if (third !== undefined) throw wrong(text, `expected ${first} and the name of one MTA`);
    return { do: first, mta: mtaOf(text, second, names) };
  }
  return armed(text, words.join(' '), names);
}

/** `turn-give 3 cut` as the fault language has it: `cut before turn-give 3`. */
function faultAtPdu(kind: string, words: readonly string[]): string {
  const rest = [...words];
  const nth = /^\d+$/.test(rest[0] ?? '') ? `${rest.shift()} ` : '';
  const action = rest.shift() ?? '';
  if (action === 'cut' || action === 'drop-connection') {
    const side = rest[0] === 'before' || rest[0] === 'after' ? rest.shift() : 'before';
    return [action, side, kind, nth.trim(), ...rest].filter((word) => word !== '').join(' ');
  }
  const delay = action === 'delay' ? [rest.shift() ?? ''] : [];
  return [action, kind, nth.trim(), ...delay, ...rest].filter((word) => word !== '').join(' ');
}

/**
 * Reads a fault of a load.
 * @param names of the MTAs.
 * @throws HarnessError that says what is wrong.
 */
export function parseLoadFault(text: string, names: readonly string[]): LoadFault {
  const words = text.trim().split(/\s+/);
  const [first = '', second = '', ...rest] = words;
  if (first === 'at') {
    const seconds = parseSeconds(`fault "${text.slice(0, 120)}"`, second);
    return { text, trigger: { when: 'time', seconds }, action: actionOf(text, rest, names) };
  }
  if (first !== 'when') return { text, trigger: { when: 'start' }, action: armed(text, text, names) };
  const state = loadStates.find((each) => each === second);
  if (state !== undefined) {
    const [least = '', ...action] = rest;
    if (!/^\d{1,9}$/.test(least)) throw wrong(text, `expected a number after ${state}`);
    return { text, trigger: { when: 'state', state, least: Number(least) }, action: actionOf(text, action, names) };
  }
  if (second === '') throw wrong(text, form);
  return { text, trigger: { when: 'start' }, action: armed(text, faultAtPdu(second, rest), names) };
}

/** Does the fault need the proxy between the MTAs? */
export function needsProxy({ action }: LoadFault): boolean {
  return !('mta' in action);
}
