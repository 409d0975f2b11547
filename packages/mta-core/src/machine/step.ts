/**
 * The protocol core: `start` and `step` over immutable plain data. Both are total: every input in every state gives a state. The
 * same code runs on sockets, in the simulator, in the checker and in the browser.
 */

import type { MtaConfig } from '../catalogues/settings.js';
import { none } from '../collections/table.js';
import { allLinks } from '../links/all.js';
import { deliverNext, mailboxDelivered } from '../mail/mailboxes.js';
import { deliveryFailed } from '../mail/nondelivery.js';
import { recallDone } from '../mail/queue.js';
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

/** Starts an MTA with what its store kept. The MTA runs once its links are ready. */
export function start(config: MtaConfig, recovered: Recovered, nowMs: number): Stepped {
  const ctx = beginning(config, recovered, nowMs);
  startUp(ctx, recovered);
  ctx.changed = entryIdsOf(ctx.mta);
  finish(ctx);
  return { mta: ctx.mta, effects: ctx.effects };
}

/** Applies one input at an instant. Returns the next state, and the effects for the driver in order. */
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
      ctx.links[input.link].input(ctx, input);
      return runWhenReady(ctx);
    case 'accepted':
    case 'frame':
    case 'unreadable':
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
    case 'recalled':
      return recallDone(ctx, input);
    case 'forgotten':
      return forgetDone(ctx, input.token);
    case 'delivered':
      return mailboxDelivered(ctx, input.copy);
    case 'deliver-failed':
      deliveryFailed(ctx, input);
      return deliverNext(ctx);
    case 'timer':
      fireTimers(ctx);
      return stopNow(ctx);
  }
}

/** Has a link more to pass on? A loop: `some` would make a function in every step. */
function isPending(ctx: Context): boolean {
  for (const link of allLinks) if (link.pending(ctx)) return true;
  return false;
}

/**
 * Finishes a step: the links pass on their events, and each changed entry does what it can, until nothing changes. Each round
 * uses up something (a link's event, a queued copy, a permission to ask), so the loop ends.
 */
function finish(ctx: Context): void {
  const { phase } = ctx.mta;
  do {
    for (const link of allLinks) link.drain(ctx);
    // `considerOpening` may extend this list.
    for (let at = 0; at < ctx.thresholdChecks.length; at += 1) considerOpening(ctx, ctx.thresholdChecks[at] as number);
    ctx.thresholdChecks = none;
    // A stop concerns every entry.
    const all = ctx.mta.phase === 'stopping' && phase !== 'halted';
    const now = all ? entryIdsOf(ctx.mta) : ctx.changed;
    ctx.changed = none;
    for (const entryId of now.length > 1 ? now.toSorted((one, other) => one - other) : now) pumpEntry(ctx, entryId);
  } while (ctx.changed.length + ctx.thresholdChecks.length > 0 || isPending(ctx));
  haltWhenDone(ctx);
  endStep(ctx);
}
