/** What a link between MTAs (real or virtual) reports: every PDU, and what became of it. */
import type { AssociationId, Pdu } from '@mtalab/mta-core';

/** What became of a PDU. The link reports a held or delayed PDU twice: as `held`, and later as `passed` or `cut`. */
export type Fate = 'passed' | 'held' | 'swallowed' | 'cut';

/** One PDU as the link saw it. */
export type LinkPdu = {
  /** Number of the PDU on this link. A held PDU is reported again with the same number when it leaves or is lost. */
  readonly seq: number;
  /** Number of the connection on this link. */
  readonly conn: number;
  /** The sending and the receiving MTA; `?` while the link does not know the name. */
  readonly from: string;
  readonly to: string;
  /** The association of the connection; null while it is unknown. */
  readonly association: AssociationId | null;
  /** The PDU without the octets of its content. */
  readonly pdu: Pdu;
  readonly fate: Fate;
  /** Text of the fault that acted on it, or on an earlier PDU that it waits for. With `passed`: the fault that cut after it. */
  readonly fault: string | null;
};

/** The PDU without the octets of its content, so that a record of the PDU does not keep the content in memory. */
export function withoutContent(pdu: Pdu): Pdu {
  if (pdu.type !== 'request' || pdu.body.op !== 'MtaSend' || pdu.body.apdu.kind !== 'rttr') return pdu;
  const { apdu } = pdu.body;
  return { ...pdu, body: { ...pdu.body, apdu: { ...apdu, content: { length: apdu.content.length } } } };
}
