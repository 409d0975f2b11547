/** The beginning of a step: the state as it is, and the links and the reliable transfer that work on it. */
import { links } from '../links/all.js';
import { reliableTransfer } from '../reliable-transfer/link-user.js';
import type { Context } from './context.js';
import type { Mta } from './state.js';

export function beginStep(mta: Mta, nowMs: number): Context {
  return { mta, nowMs, effects: [], indications: [], thresholdChecks: new Set(), links, user: reliableTransfer };
}
