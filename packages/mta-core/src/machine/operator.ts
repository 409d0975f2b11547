/** Carries out the operator's commands to a running MTA. */

import { quirkOf } from '../catalogues/quirks/index.js';
import { inOrder } from '../links/dial-order.js';
import { changedBindings } from '../links/local-bindings.js';
import { wakeMailboxes } from '../mail/mailboxes.js';
import { loseAssociation } from '../reliable-transfer/association/end.js';
import type { Context } from './context.js';
import { wakeWaiting } from './deadlines.js';
import type { OperatorCommand } from './input.js';
import type { Mta } from './state.js';
import { checkThreshold, entryAt, entryIdsOf, entryNamed, linkOf, patchAssociation, patchEntry, patchMta } from './update.js';

export function commanded(ctx: Context, command: OperatorCommand): void {
  if (command.op === 'set') {
    setQuirk(ctx, command.article, command.mode);
  } else if (command.op === 'endpoints') {
    const entry = entryNamed(ctx, command.mta);
    if (entry !== undefined) patchEntry(ctx, entry.id, { endpoints: command.endpoints });
  } else if (command.op === 'bindings') {
    const bindings = changedBindings(ctx.mta.bindings, command.bindings);
    if (typeof bindings !== 'string') setBindings(ctx, bindings);
  } else {
    const named = command.mta === undefined ? entryIdsOf(ctx.mta) : [entryNamed(ctx, command.mta)?.id ?? []].flat();
    for (const entryId of named) retryNow(ctx, entryId);
    if (command.mta === undefined) wakeMailboxes(ctx, true);
  }
}

/** The new order counts from the next attempt on. */
function setBindings(ctx: Context, bindings: Mta['bindings']): void {
  patchMta(ctx, { bindings });
  for (const entryId of entryIdsOf(ctx.mta)) patchEntry(ctx, entryId, { dialFirst: inOrder });
}

/**
 * Switches a quirk. On a switch from legacy to fixed, a quirk that takes effect at once drops the connections of all open
 * associations: the bug may have broken them, and each recovers under the fixed rule.
 */
function setQuirk(ctx: Context, article: string, mode: 'legacy' | 'fixed'): void {
  const quirk = quirkOf(article);
  const was = ctx.mta.legacy.includes(article);
  if (quirk === undefined || was === (mode === 'legacy')) return;
  const legacy = was ? ctx.mta.legacy.filter((each) => each !== article) : [...ctx.mta.legacy, article].sort();
  patchMta(ctx, { legacy });
  if (quirk.product === 'nt-rpc') ctx.links.rpc.behaviourSwitched(ctx);
  if (!was || quirk.takesEffect !== 'at once') return;
  for (const entry of entryIdsOf(ctx.mta)) {
    for (const { id: association, state } of entryAt(ctx, entry).associations) {
      if (state === 'open') loseAssociation(ctx, { entry, association }, `${article} was switched off`);
    }
  }
}

/** Ends the waits of one entry: the Open Interval, the Transfer Interval, the pause before the next recovery. */
function retryNow(ctx: Context, entryId: number): void {
  patchEntry(ctx, entryId, { openRetryAtMs: null });
  wakeWaiting(ctx, entryId, true);
  for (const association of entryAt(ctx, entryId).associations) {
    const ref = { entry: entryId, association: association.id };
    if (association.state === 'lost' && association.recoverAtMs !== null) patchAssociation(ctx, ref, { recoverAtMs: ctx.nowMs });
    linkOf(ctx, entryId).retryNow(ctx, ref);
  }
  checkThreshold(ctx, entryId);
}
