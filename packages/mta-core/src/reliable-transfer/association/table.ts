/**
 * The life of an association between two MTAs, as a table.
 *
 * An association is opened by one side (the initiator: `dialling`, then `calling` while its MtaBind waits for an answer) and
 * answered by the other (the responder: `dialling-back`, then `calling-back` while its MtaBindBack waits). Both end in
 * `open`. Losing any one connection takes it to `lost`, where it is kept for Disconnect; only the initiator leads it out of
 * there, by the same steps under the next recovery number. `closing` lasts from the MtaUnBind to its answer. Where no row says
 * otherwise an association simply ends: refused, aborted, closed or given up, it leaves the table.
 *
 * The table does not know which role it serves: an initiator never sees the events of a responder. A blank cell is a
 * protocol error, and is reported with the names of state and event.
 * Sources: X.228 clauses 7.1, 7.2 and 7.6; Q166594 and Q181721 for MtaBind and MtaBindBack; recovery rules are this project's.
 */
import type { AssociationState } from '../../machine/state.js';

export type AssociationEvent =
  /** The first connection is bound. */
  | 'bound'
  /** RTOAC was read (initiator) or MtaBindBack answered (responder). */
  | 'agreed'
  /** This attempt to recover has failed; others may follow. */
  | 'attempt-failed'
  /** The initiator sets out to recover. */
  | 'recover'
  /** An MtaBind that recovers this association has arrived. */
  | 'recovery-received'
  /** A connection was lost. */
  | 'loss'
  /** MtaUnBind was sent or has arrived. */
  | 'close';

type AssociationTable = Readonly<Record<AssociationState, Readonly<Partial<Record<AssociationEvent, AssociationState>>>>>;

export const associationTable: AssociationTable = {
  dialling: { bound: 'calling', 'attempt-failed': 'lost' },
  calling: { agreed: 'open', 'attempt-failed': 'lost' },
  'dialling-back': { bound: 'calling-back', 'attempt-failed': 'lost', 'recovery-received': 'dialling-back' },
  'calling-back': { agreed: 'open', 'attempt-failed': 'lost', 'recovery-received': 'dialling-back' },
  open: { loss: 'lost', close: 'closing', 'recovery-received': 'dialling-back' },
  lost: { recover: 'dialling', 'recovery-received': 'dialling-back' },
  closing: {},
};
