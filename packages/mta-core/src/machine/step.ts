/**
 * The protocol core: `start` and `step` over immutable plain data. Total: any input in any state gives a state. The same code
 * runs on sockets, in the simulator, in the checker and in the browser.
 */

import type { MtaConfig } from '../catalogues/settings.js';
import { allLinks } from '../links/all.js';
import { deliverNext, mailboxDelivered, mailboxFailed } from '../mail/mailboxes.js';
import { asQueued, giveUp } from '../mail/nondelivery.js';
import { submitted } from '../mail/submit.js';
import { beginStep } from './begin-step.js';
import type { Context } from './context.js';
import { copyOfLtabEntry, copyOfMta } from './copies.js';
import { entryDeadline, fireTimers } from './deadlines.js';
import type { Effect } from './effect.js';
import type { Input, Recovered } from './input.js';
import { beginning, haltWhenDone, runWhenReady, startUp, stopNow, stopping } from './lifecycle.js';
import { commanded } from './operator.js';
import { considerOpening, pumpEntry } from './pump.js';
import type { LtabEntry, Mta } from './state.js';
import { forgetDone, storeDone, storeFailed } from './store-answers.js';

export type Stepped = { readonly mta: Mta; readonly effects: readonly Effect[] };

/** Bring an MTA to life with what its store kept. It runs once a listener is up. */
export function start(config: MtaConfig, recovered: Recovered, nowMs: number): Stepped {
  const ctx = beginning(config, recovered, nowMs);
  startUp(ctx, recovered);
  finish(ctx, []);
  return { mta: ctx.mta, effects: ctx.effects };
}

/** Something happens at an instant: the next state, and what the driver is to do, in order. */
export function step(mta: Mta, input: Input, nowMs: number): Stepped {
  if (mta.phase === 'halted') return { mta, effects: [] };
  const ctx = beginStep(mta, nowMs);
  take(ctx, input);
  finish(ctx, mta.ltab);
  return { mta: ctx.mta, effects: ctx.effects };
}

function take(ctx: Context, input: Input): void {
  switch (input.type) {
    case 'submit':
      return submitted(ctx, input.submission);
    case 'command':
      return commanded(ctx, input.command);
    case 'stop':
      return stopping(ctx);
    case 'listening':
    case 'listen-failed':
      for (const link of allLinks) link.input(ctx, input);
      return runWhenReady(ctx);
    case 'accepted':
    case 'connected':
    case 'dial-failed':
    case 'frame':
    case 'malformed':
    case 'lost':
      for (const link of allLinks) link.input(ctx, input);
      return;
    case 'stored':
      return storeDone(ctx, input);
    case 'store-failed':
      return storeFailed(ctx, input);
    case 'forgotten':
      return forgetDone(ctx, input.token);
    case 'delivered':
      return mailboxDelivered(ctx, input.copy);
    case 'deliver-failed': {
      const copy = mailboxFailed(ctx, input.copy);
      if (copy !== null)
        giveUp(ctx, null, asQueued(ctx, copy), 'recipient-unavailable', `The mailbox could not be written: ${input.detail}`);
      return deliverNext(ctx);
    }
    case 'timer':
      fireTimers(ctx);
      return stopNow(ctx);
  }
}

/**
 * After the input: the links pass on what has happened, every entry that has changed does what it can, and so on until nothing
 * changes any more. Each round uses something up (an event of a link, a queued copy, a permission to ask), so it ends.
 */
function finish(ctx: Context, before: readonly LtabEntry[]): void {
  let seen = before;
  const { phase } = ctx.mta;
  for (;;) {
    for (const link of allLinks) link.drain(ctx);
    for (const entryId of ctx.thresholdChecks) considerOpening(ctx, entryId);
    ctx.thresholdChecks.clear();
    const now = ctx.mta.ltab;
    // A stop concerns every entry.
    const all = ctx.mta.phase === 'stopping' && phase !== 'halted';
    for (const entry of now) if (all || seen[entry.id - 1] !== entry) pumpEntry(ctx, entry.id);
    seen = now;
    if (ctx.mta.ltab === now && ctx.indications.length === 0 && ctx.thresholdChecks.size === 0) break;
  }
  haltWhenDone(ctx);
  updateDeadlines(ctx, before);
}

function updateDeadlines(ctx: Context, before: readonly LtabEntry[]): void {
  let ltab: LtabEntry[] | null = null;
  for (const entry of ctx.mta.ltab) {
    if (before[entry.id - 1] === entry) continue;
    const deadlineMs = entryDeadline(entry);
    if (deadlineMs === entry.deadlineMs) continue;
    ltab ??= ctx.mta.ltab.slice();
    const changed = copyOfLtabEntry(entry);
    changed.deadlineMs = deadlineMs;
    ltab[entry.id - 1] = changed;
  }
  if (ltab === null) return;
  const mta = copyOfMta(ctx.mta);
  mta.ltab = ltab;
  ctx.mta = mta;
}
