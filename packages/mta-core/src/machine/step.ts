/**
 * The protocol core: `start` and `step` over immutable plain data. Total: any input in any state gives a state. The same code
 * runs on sockets, in the simulator, in the checker and in the browser.
 */

import type { MtaConfig } from '../catalogues/settings.js';
import { allLinks } from '../links/all.js';
import { deliverNext, mailboxDelivered, mailboxFailed } from '../mail/mailboxes.js';
import { asQueued, giveUp } from '../mail/nondelivery.js';
import { submitted } from '../mail/submit.js';
import { beginStep, endStep } from './begin-step.js';
import type { Context } from './context.js';
import { fireTimers } from './deadlines.js';
import type { Effect } from './effect.js';
import type { Input, Recovered } from './input.js';
import { beginning, haltWhenDone, runWhenReady, startUp, stopNow, stopping } from './lifecycle.js';
import { commanded } from './operator.js';
import { considerOpening, pumpEntry } from './pump.js';
import type { Mta } from './state.js';
import { forgetDone, storeDone, storeFailed } from './store-answers.js';
import { entryIdsOf } from './update.js';

export type Stepped = { readonly mta: Mta; readonly effects: readonly Effect[] };

/** Bring an MTA to life with what its store kept. It runs once a listener is up. */
export function start(config: MtaConfig, recovered: Recovered, nowMs: number): Stepped {
  const ctx = beginning(config, recovered, nowMs);
  startUp(ctx, recovered);
  ctx.changed = entryIdsOf(ctx.mta);
  finish(ctx);
  return { mta: ctx.mta, effects: ctx.effects };
}

/** Something happens at an instant: the next state, and what the driver is to do, in order. */
export function step(mta: Mta, input: Input, nowMs: number): Stepped {
  if (mta.phase === 'halted') return { mta, effects: [] };
  const ctx = beginStep(mta, nowMs);
  take(ctx, input);
  finish(ctx);
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
    case 'frame':
      return ctx.links[input.link].input(ctx, input);
    case 'connected':
    case 'dial-failed':
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
function finish(ctx: Context): void {
  const { phase } = ctx.mta;
  do {
    for (const link of allLinks) link.drain(ctx);
    // The list may grow meanwhile.
    for (let at = 0; at < ctx.thresholdChecks.length; at += 1) considerOpening(ctx, ctx.thresholdChecks[at] as number);
    ctx.thresholdChecks = [];
    // A stop concerns every entry.
    const all = ctx.mta.phase === 'stopping' && phase !== 'halted';
    const now = all ? entryIdsOf(ctx.mta) : ctx.changed;
    ctx.changed = [];
    for (const entryId of now.length > 1 ? now.toSorted((one, other) => one - other) : now) pumpEntry(ctx, entryId);
  } while (ctx.changed.length + ctx.indications.length + ctx.thresholdChecks.length > 0);
  haltWhenDone(ctx);
  endStep(ctx);
}
