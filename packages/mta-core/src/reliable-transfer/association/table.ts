/**
 * The life of an association between two MTAs, as a table.
 *
 * The initiator opens it (`opening` until its RTORQ is answered); the responder answers (`answering` until its link works both
 * ways). Both end in `open`. The loss of its connections makes it `lost`, and both sides keep it for the time Disconnect. Only
 * the initiator recovers it, by the same steps under the next recovery number. `closing` lasts from the RT-CLOSE to its answer.
 * Where no row says otherwise, the association ends: a refused, aborted, closed or given-up association is removed.
 *
 * One table serves both roles, because an initiator never sees the events of a responder. If
 * what the peer sent leads to a blank cell, the peer broke the protocol; if a step of this side does, this program has a fault. Sources: X.228 clauses 7.1, 7.2 and 7.6; the rules of recovery are this project's.
 */
import type { Association, AssociationState } from '../../machine/state.js';

export type AssociationEvent =
  /** The initiator has read the RTOAC, or the responder's link works both ways. */
  | 'agreed'
  /** This attempt to recover has failed; others may follow. */
  | 'attempt-failed'
  /** The initiator sets out to recover. */
  | 'recover'
  /** An RTORQ that recovers this association has arrived. */
  | 'recovery-received'
  /** Its connections were lost. */
  | 'loss'
  /** RT-CLOSE was sent or has arrived. */
  | 'close';

type AssociationTable = Readonly<Record<AssociationState, Readonly<Partial<Record<AssociationEvent, AssociationState>>>>>;

export const associationTable: AssociationTable = {
  opening: { agreed: 'open', 'attempt-failed': 'lost' },
  answering: { agreed: 'open', 'attempt-failed': 'lost', 'recovery-received': 'answering' },
  open: { loss: 'lost', close: 'closing', 'recovery-received': 'answering' },
  lost: { recover: 'opening', 'recovery-received': 'answering' },
  closing: {},
};

/** Does the table have an edge for what the peer did? If not, the peer broke the protocol. */
export function permits(association: Association, event: AssociationEvent): boolean {
  return associationTable[association.state][event] !== undefined;
}
