/**
 * Activities that a loss has interrupted. Both sides keep the numbers of their checkpoints until the Recovery Timeout, as the
 * reliable transfer keeps the octets, so that ACTIVITY RESUME can name one (X.228 7.8).
 */
import { rowOf } from '../../collections/table.js';
import { dropRow, dueRows, findRow, putRow, rowsIn } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import { associationOf, entryAt } from '../../machine/update.js';
import type { Checkpoint, InterruptedActivity, X400Connection } from './state.js';
import { patchX400, rowOfAssociation } from './update.js';

const interruptedDue = ({ untilMs }: InterruptedActivity): number | null => untilMs;

type Named = Pick<InterruptedActivity, 'entry' | 'direction' | 'activity'>;

export function interruptedOf(ctx: Context, { entry, direction, activity }: Named): InterruptedActivity | undefined {
  if (ctx.mta.x400.interrupted.size === 0) return undefined;
  return rowsIn(ctx.mta.x400.interrupted).find(
    (row) => row.activity === activity && row.entry === entry && row.direction === direction,
  );
}

export function dropInterrupted(ctx: Context, named: Named): void {
  const known = interruptedOf(ctx, named);
  if (known !== undefined) patchX400(ctx, { interrupted: dropRow(ctx.mta.x400.interrupted, known.id, interruptedDue) });
}

/**
 * Keeps the checkpoints of a connection that ends. An activity that another association has taken over meanwhile has its checkpoints
 * there, and at other octets: the first segment carries less content if its envelope is longer.
 */
export function keepInterrupted(ctx: Context, { owner: ref, sent, received }: X400Connection): void {
  if (ref === null) return;
  const association = associationOf(ctx, ref);
  const openedAtMs = rowOfAssociation(ctx.mta, ref)?.openedAtMs;
  if (association === undefined || openedAtMs === undefined) return;
  const keep = (direction: Named['direction'], activity: number, points: readonly Checkpoint[]): void => {
    dropInterrupted(ctx, { entry: ref.entry, direction, activity });
    const { nextInterrupted: id, interrupted } = ctx.mta.x400;
    const untilMs = ctx.nowMs + entryAt(ctx, ref.entry).settings.recoveryTimeoutS * 1000;
    const row = { id, entry: ref.entry, direction, activity, points, association: association.name, openedAtMs, untilMs };
    patchX400(ctx, { nextInterrupted: id + 1, interrupted: putRow(interrupted, row, interruptedDue) });
  };
  const sends = sent !== null && findRow(association.transfers, sent.activity) !== undefined;
  if (sends && sent.confirmed.number > 0) keep('sent', sent.activity, [sent.confirmed]);
  const row = received === null ? undefined : rowOf(entryAt(ctx, ref.entry).incoming, received.activity);
  const receives = received !== null && row?.association === ref.association;
  if (receives && (received.points.at(-1)?.number ?? 0) > 0) keep('received', received.activity, received.points);
}

/** The Recovery Timeout has passed. */
export function forgetInterrupted(ctx: Context): void {
  for (const { id } of dueRows(ctx.mta.x400.interrupted, ctx.nowMs, interruptedDue))
    patchX400(ctx, { interrupted: dropRow(ctx.mta.x400.interrupted, id, interruptedDue) });
}
