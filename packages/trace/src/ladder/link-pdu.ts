/** What is seen of a link between MTAs, real or virtual: every PDU, and what became of it. */
import type { AssociationId, Pdu } from '@mtalab/mta-core';

/** What became of a PDU. A held or delayed one is told twice: `held`, and later `passed` or `cut`. */
export type Fate = 'passed' | 'held' | 'swallowed' | 'cut';

/** One PDU as the link saw it. */
export type LinkPdu = {
  /** Number of the PDU on this link. A PDU that was held is told again with the same number when it leaves or is lost. */
  readonly seq: number;
  /** Number of the connection on this link. */
  readonly conn: number;
  /** The MTA that sent it and the one it was for; `?` while the link cannot know. */
  readonly from: string;
  readonly to: string;
  /** The association the connection belongs to; null while it is not known. */
  readonly association: AssociationId | null;
  /** Without the octets of its content. */
  readonly pdu: Pdu;
  readonly fate: Fate;
  /** Text of the fault that acted on it, or behind which it waits. With `passed`: the fault that cut after it. */
  readonly fault: string | null;
};

/** The same PDU with a handle that leads to no octets, so that who keeps it does not keep the content. */
export function withoutContent(pdu: Pdu): Pdu {
  if (pdu.type !== 'request' || pdu.body.op !== 'MtaSend' || pdu.body.apdu.kind !== 'rttr') return pdu;
  const { apdu } = pdu.body;
  return { ...pdu, body: { ...pdu.body, apdu: { ...apdu, content: { length: apdu.content.length } } } };
}
