/** The beginning and the end of a step: its own copy of the state, and the rows that it has changed put back. */
import { putRow } from '../collections/tree.js';
import { links } from '../links/all.js';
import { connectionDue } from '../links/rpc/connections.js';
import { reliableTransfer } from '../reliable-transfer/link-user.js';
import type { Context } from './context.js';
import { copyOfMta } from './copies.js';
import { entryDeadline } from './deadlines.js';
import { draftsIn, noDrafts } from './drafts.js';
import type { LtabEntry, Mta } from './state.js';

const none: readonly never[] = [];

export function beginStep(mta: Mta, nowMs: number): Context {
  return {
    mta: copyOfMta(mta),
    nowMs,
    effects: [],
    indications: [],
    changed: none,
    thresholdChecks: none,
    entries: noDrafts(),
    associations: noDrafts(),
    connections: noDrafts(),
    links,
    user: reliableTransfer,
  };
}

const entryDue = ({ deadlineMs }: LtabEntry): number | null => deadlineMs;

/** Puts the changed rows into their tables, with their deadlines. After this the state is never written again. */
export function endStep(ctx: Context): void {
  const { mta } = ctx;
  for (const entry of draftsIn(ctx.entries)) {
    entry.deadlineMs = entryDeadline(entry);
    mta.ltab = putRow(mta.ltab, entry, entryDue);
  }
  for (const connection of draftsIn(ctx.connections)) {
    const { addresses, connections, nextGroup, misfiled, carriers } = mta.rpc;
    const changed = putRow(connections, connection, connectionDue);
    mta.rpc = { addresses, connections: changed, nextGroup, misfiled, carriers };
  }
}
