/**
 * The life of an association between two MTAs, as a table.
 *
 * One side opens it (the initiator: `opening` until its RTORQ is answered), the other answers (the responder: `answering` until its
 * link is there both ways). Both end in `open`. Losing what carries it takes it to `lost`, where it is kept for Disconnect; only the
 * initiator leads it out of there, by the same steps under the next recovery number. `closing` lasts from the RT-CLOSE to its answer.
 * Where no row says otherwise an association simply ends: refused, aborted, closed or given up, it leaves the table.
 *
 * The table does not know which role it serves: an initiator never sees the events of a responder. A blank cell is a protocol error,
 * and is reported with the names of state and event.
 * Sources: X.228 clauses 7.1, 7.2 and 7.6; the rules of recovery are this project's.
 */
import type { Association, AssociationState } from '../../machine/state.js';

export type AssociationEvent =
  /** RTOAC was read (initiator), or the link is there both ways (responder). */
  | 'agreed'
  /** This attempt to recover has failed; others may follow. */
  | 'attempt-failed'
  /** The initiator sets out to recover. */
  | 'recover'
  /** An RTORQ that recovers this association has arrived. */
  | 'recovery-received'
  /** What carries it was lost. */
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
