/**
 * The five operations that carry the reliable transfer over the LAN link (MtaBind to MtaUnBindBack), as plain data. Every
 * operation is a call with an answer, so this link answers a Turn-Please and a Turn-Give too.
 */
import type {
  Apdu,
  AssociationId,
  MtaCredentials,
  Rtoac,
  Rtorj,
  Rtorq,
  SendApdu,
  TransferAnswer,
} from '../../reliable-transfer/apdu.js';

/** The answer to a Turn-Please: it has arrived. */
export type PleaseNoted = { readonly kind: 'please-noted' };
/** The answer to a Turn-Give. It permits the giver's next Turn-Please, and does nothing else. */
export type TurnGiveAck = { readonly kind: 'turn-give-ack' };
/** RT-CLOSE request, carried by MtaUnBind, and its echo carried by MtaUnBindBack. */
export type Close = { readonly kind: 'close' };
/** RT-CLOSE answer. */
export type CloseAck = { readonly kind: 'close-ack' };

/** What answers an MtaSend. An RTAB is never answered: its sender drops the connections behind it. */
export type SendAnswer = PleaseNoted | TurnGiveAck | TransferAnswer;
/** Everything that an operation or its answer can carry. */
export type CarriedApdu = Apdu | PleaseNoted | TurnGiveAck | Close | CloseAck;

/** Arguments of the operations, by opnum. */
export type RpcArgument =
  | {
      readonly op: 'MtaBind';
      readonly from: MtaCredentials;
      /** String bindings at which the caller can be called back. */
      readonly endpoints: readonly string[];
      readonly association: AssociationId;
      readonly rtorq: Rtorq;
    }
  | { readonly op: 'MtaBindBack'; readonly from: MtaCredentials; readonly association: AssociationId; readonly recovery: number }
  | {
      readonly op: 'MtaSend';
      readonly apdu: SendApdu;
      /** Confirmed copies that the sender has erased: the receiver may forget their ids. */
      readonly settled: readonly number[];
    }
  | { readonly op: 'MtaUnBind'; readonly association: AssociationId; readonly apdu: Close; readonly settled: readonly number[] }
  | { readonly op: 'MtaUnBindBack'; readonly association: AssociationId; readonly apdu: Close };
export type RpcOperation = RpcArgument['op'];

/** Results of the operations. */
export type RpcResult =
  | { readonly op: 'MtaBind'; readonly from: MtaCredentials; readonly apdu: Rtoac | Rtorj }
  | { readonly op: 'MtaBindBack'; readonly accepted: boolean }
  | { readonly op: 'MtaSend'; readonly apdu: SendAnswer }
  | { readonly op: 'MtaUnBind'; readonly apdu: CloseAck }
  | { readonly op: 'MtaUnBindBack'; readonly apdu: CloseAck };

/** Operation numbers of the LAN interface. 0 and 1 are documented, the others are this project's own. */
export const opnumOf: Readonly<Record<RpcOperation, number>> = {
  MtaBind: 0,
  MtaBindBack: 1,
  MtaSend: 2,
  MtaUnBind: 3,
  MtaUnBindBack: 4,
};
export const operationOf: readonly RpcOperation[] = ['MtaBind', 'MtaBindBack', 'MtaSend', 'MtaUnBind', 'MtaUnBindBack'];

/** Does this argument or result belong to an operation of the MTA, not to one of the runtime itself? */
export function isMtaBody<T extends { readonly op: string }>(body: T): body is Extract<T, { readonly op: RpcOperation }> {
  return body.op in opnumOf;
}
export type ApduKind = CarriedApdu['kind'];
