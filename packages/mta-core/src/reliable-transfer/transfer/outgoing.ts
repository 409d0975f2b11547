/** The outgoing activities of an association that are not confirmed yet. Each is sent whole before the next begins. */

import { dropRow, findRow, firstRow, putRow, rowsIn } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { Mutable } from '../../machine/copies.js';
import type { Association, AssociationRef, QueuedCopy, Transfer } from '../../machine/state.js';
import { associationOf, draftAssociation } from '../../machine/update.js';

/** When the transfer timeout of an activity has passed. One that is being discarded has its answer to wait for. */
export const transferDue = ({ discarding, deadlineMs }: Transfer): number | null => (discarding ? null : deadlineMs);

/**
 * May the next activity begin? After a loss without progress there is one at a time until something has moved. A copy that has met such
 * a loss has no company on any association: if it causes the losses, no other message suffers.
 * @param copy the copy to send next; undefined if it is not known yet.
 */
export function mayBegin(association: Association, copy?: QueuedCopy): boolean {
  const { transfers, sending, activitiesInFlight, fruitlessLosses } = association;
  if (sending !== null || transfers.size >= (fruitlessLosses > 0 ? 1 : activitiesInFlight)) return false;
  const first = firstRow(transfers);
  return first === undefined || (first.copy.interruptions === undefined && copy?.interruptions === undefined);
}

export function transferOf(ctx: Context, ref: AssociationRef, activity: number): Transfer | undefined {
  const association = associationOf(ctx, ref);
  return association === undefined ? undefined : findRow(association.transfers, activity);
}

/** The activity that waits for the answer to an RTTR of this number. */
export function withSegment({ transfers }: Association, serial: number): Transfer | undefined {
  return rowsIn(transfers).find(({ unconfirmed }) => unconfirmed.includes(serial));
}

/** In the order in which they began. */
export function inOrder({ transfers }: Association): readonly Transfer[] {
  if (transfers.size <= 1) return rowsIn(transfers);
  return rowsIn(transfers).toSorted((one, other) => one.order - other.order);
}

/** Puts a new or changed activity into the table of its association. If nothing more of it is to be sent, the next may begin. */
export function putTransfer(ctx: Context, ref: AssociationRef, transfer: Transfer): void {
  const draft = draftAssociation(ctx, ref) as Mutable<Association>;
  draft.transfers = putRow(draft.transfers, transfer, transferDue);
  const isSent = transfer.ended || transfer.discarding || transfer.copy.damage !== undefined;
  if (isSent && draft.sending === transfer.id) draft.sending = null;
}

/** The activity is over. */
export function dropTransfer(ctx: Context, ref: AssociationRef, activity: number): void {
  const draft = draftAssociation(ctx, ref) as Mutable<Association>;
  draft.transfers = dropRow(draft.transfers, activity, transferDue);
  if (draft.sending === activity) draft.sending = null;
}
