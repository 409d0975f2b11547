/** Begins a step with its own copy of the state, and ends it by putting the changed rows into their tables. */
import { none } from '../collections/table.js';
import { putRow } from '../collections/tree.js';
import { allLinks, links } from '../links/all.js';
import { newRpcStep } from '../links/rpc/state.js';
import { reliableTransfer } from '../reliable-transfer/link-user.js';
import type { Context } from './context.js';
import { copyOfMta } from './copies.js';
import { associationDeadline, entryDeadline } from './deadlines.js';
import { eachDraft, noDrafts } from './drafts.js';
import type { Mta } from './state.js';
import { entryDue } from './update.js';

export function beginStep(mta: Mta, nowMs: number): Context {
  return {
    mta: copyOfMta(mta),
    nowMs,
    effects: [],
    changed: none,
    thresholdChecks: none,
    entries: noDrafts(),
    associations: noDrafts(),
    rpc: newRpcStep(),
    links,
    user: reliableTransfer,
  };
}

/** Puts the changed rows into their tables, with their deadlines. After this the state is never written again. */
export function endStep(ctx: Context): void {
  const { mta } = ctx;
  eachDraft(ctx.associations, (association) => {
    association.deadlineMs = associationDeadline(association);
  });
  eachDraft(ctx.entries, (entry) => {
    entry.deadlineMs = entryDeadline(entry);
    mta.ltab = putRow(mta.ltab, entry, entryDue);
  });
  for (const link of allLinks) link.finish(ctx);
}
