/** Finds the association of a connection of any link. */
import { findRow } from '../collections/tree.js';
import type { AssociationRef, Mta } from '../machine/state.js';

/** The association that a connection belongs to; null while it has none, and for a connection that is gone. */
export function ownerOfConnection({ rpc, x400, memory }: Mta, conn: number): AssociationRef | null {
  const known = findRow(rpc.connections, conn) ?? findRow(x400.connections, conn) ?? findRow(memory.connections, conn);
  return known?.owner ?? null;
}
