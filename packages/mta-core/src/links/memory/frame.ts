/**
 * Frames of the memory link: one connection, in order, no RPC. Tests and the browser use it to show the reliable transfer alone.
 */
import type {
  AssociationId,
  MtaCredentials,
  Rtoac,
  Rtorj,
  Rtorq,
  SendApdu,
  TransferAnswer,
} from '../../reliable-transfer/apdu.js';

export type MemoryFrame =
  | {
      readonly type: 'open';
      readonly from: MtaCredentials;
      readonly association: AssociationId;
      readonly apdu: Rtorq;
    }
  | { readonly type: 'open-answer'; readonly from: MtaCredentials; readonly apdu: Rtoac | Rtorj }
  /** An APDU. `serial` counts the APDUs of one side; the answer to an RTTR, a discard or a Turn-Give names it. */
  | { readonly type: 'apdu'; readonly serial: number; readonly apdu: SendApdu; readonly settled: readonly number[] }
  | { readonly type: 'answer'; readonly serial: number; readonly apdu: TransferAnswer }
  /** The acknowledgement of a Turn-Give, the link's own as in a session. */
  | { readonly type: 'give-ack'; readonly serial: number }
  | { readonly type: 'close'; readonly settled: readonly number[] }
  | { readonly type: 'close-answer' };
