/** What a link between MTAs (real or virtual) reports: every PDU, and what became of it. */
import type { AssociationId, BareFrame, Rtorq } from '@mtalab/mta-core';

/** What became of a PDU. The link reports a held or delayed PDU twice: as `held`, and later as `passed` or `cut`. */
export type Fate = 'passed' | 'held' | 'swallowed' | 'cut';

/** One PDU as the link saw it: a frame without the octets of its content. */
export type LinkPdu = BareFrame & {
  /** Number of the PDU on this link. A held PDU is reported again with the same number when it leaves or is lost. */
  readonly seq: number;
  /** Number of the connection on this link. */
  readonly conn: number;
  /** The sending and the receiving MTA; `?` while the link does not know the name. */
  readonly from: string;
  readonly to: string;
  /** The association of the connection; null while it is unknown. */
  readonly association: AssociationId | null;
  readonly fate: Fate;
  /** Text of the fault that acted on it, or on an earlier PDU that it waits for. With `passed`: the fault that cut after it. */
  readonly fault: string | null;
};

/** The PDU without the octets of its content, so that a record of the PDU does not keep the content in memory. */
export function withoutContent({ link, frame }: BareFrame): BareFrame {
  switch (link) {
    case 'rpc': {
      if (frame.type !== 'request' || frame.body.op !== 'MtaSend' || frame.body.apdu.kind !== 'rttr') return { link, frame };
      const { apdu } = frame.body;
      return { link, frame: { ...frame, body: { ...frame.body, apdu: { ...apdu, content: lengthOf(apdu.content) } } } };
    }
    case 'x400':
      return { link, frame: frame.type === 'data' ? { ...frame, content: lengthOf(frame.content) } : frame };
    case 'memory': {
      if (frame.type !== 'apdu' || frame.apdu.kind !== 'rttr') return { link, frame };
      return { link, frame: { ...frame, apdu: { ...frame.apdu, content: lengthOf(frame.apdu.content) } } };
    }
  }
}

function lengthOf({ length }: { readonly length: number }): { readonly length: number } {
  return { length };
}

/** The MTA that calls for an association. `rtorq` is null in a call back. */
type Call = { readonly from: string; readonly association: AssociationId; readonly rtorq: Rtorq | null };

/** The call in a PDU that opens or recovers an association; null for any other PDU. */
export function callIn({ link, frame }: BareFrame): Call | null {
  if (link === 'x400' && frame.type === 'connect')
    return { from: frame.from.mtaName, association: frame.association, rtorq: frame.apdu };
  if (link === 'memory' && frame.type === 'open')
    return { from: frame.from.mtaName, association: frame.association, rtorq: frame.apdu };
  if (link !== 'rpc' || frame.type !== 'request') return null;
  const { body } = frame;
  if (body.op !== 'MtaBind' && body.op !== 'MtaBindBack') return null;
  return { from: body.from.mtaName, association: body.association, rtorq: body.op === 'MtaBind' ? body.rtorq : null };
}
