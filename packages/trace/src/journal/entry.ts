/**
 * The journal: each step of an MTA as one line of JSON, `{t, node, n, input, effects}`. The driver of a real process, the
 * simulator and the checker write the same form, so one replay and one ladder serve them all. The first entry of each
 * life of a node has the input `start`. It has references to message contents, never the contents.
 */
import type { Effect, Input, InputType, MtaConfig, Recovered } from '@mtalab/mta-core';

/** What the core was started with. */
export type JournalStart = { readonly type: 'start'; readonly config: MtaConfig; readonly recovered: Recovered };

export type JournalEntry = {
  /** When, in ms of the lab's clock. */
  readonly t: number;
  /** Name of the MTA. */
  readonly node: string;
  /** Counts the steps of one life of this MTA from 1; where one file holds a whole lab, it may count all steps of the file. */
  readonly n: number;
  readonly input: Input | JournalStart;
  readonly effects: readonly Effect[];
};

/** An entry with its place: the number of its line, from 1. */
export type LocatedEntry = { readonly line: number; readonly entry: JournalEntry };

const inputs: Readonly<Record<InputType | 'start', true>> = {
  start: true,
  submit: true,
  command: true,
  stop: true,
  listening: true,
  'listen-failed': true,
  accepted: true,
  connected: true,
  'dial-failed': true,
  frame: true,
  malformed: true,
  unreadable: true,
  lost: true,
  stored: true,
  'store-failed': true,
  forgotten: true,
  recalled: true,
  delivered: true,
  'deliver-failed': true,
  timer: true,
};

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Why a value is not a journal entry, in words; null if it is one. */
export function flawOf(value: unknown): string | null {
  if (!isRecord(value)) return 'this is not a journal entry: expected an object {t, node, n, input, effects}';
  const { t, node, n, input, effects } = value;
  if (typeof t !== 'number' || !Number.isFinite(t)) return '`t` must be the time, a number of milliseconds';
  if (typeof node !== 'string' || node === '') return '`node` must be the name of an MTA';
  if (!Number.isInteger(n) || (n as number) < 1) return '`n` must be the number of the step, a whole number from 1';
  if (!isRecord(input) || typeof input['type'] !== 'string') return '`input` must be an object with a `type`';
  if (!Object.hasOwn(inputs, input['type'])) return `unknown type of input: ${JSON.stringify(input['type'].slice(0, 40))}`;
  if (input['type'] === 'start' && !(isRecord(input['config']) && isRecord(input['recovered']))) {
    return 'an input `start` must have the configuration of the MTA (`config`) and what its store gave back (`recovered`)';
  }
  const flat = Array.isArray(effects) && effects.every((effect) => isRecord(effect) && typeof effect['type'] === 'string');
  return flat ? null : '`effects` must be a list of objects, each with a `type`';
}
