/**
 * Frames of the memory link: one connection, in order, no RPC. Tests and the browser use it to show the reliable transfer alone.
 */
import type {
  AssociationId,
  Close,
  CloseAck,
  Confirm,
  Discarded,
  MtaCredentials,
  Refuse,
  Rtoac,
  Rtorj,
  Rtorq,
  SendApdu,
  TurnGiveAck,
} from '../../reliable-transfer/apdu.js';

export type MemoryFrame =
  | {
      readonly type: 'open';
      readonly from: MtaCredentials;
      readonly association: AssociationId;
      readonly apdu: Rtorq;
    }
  | { readonly type: 'open-answer'; readonly from: MtaCredentials; readonly apdu: Rtoac | Rtorj }
  /** An APDU. `serial` counts the frames of one side; the answer to an RTTR or a discard names it. */
  | { readonly type: 'apdu'; readonly serial: number; readonly apdu: SendApdu; readonly settled: readonly number[] }
  | { readonly type: 'answer'; readonly serial: number; readonly apdu: Confirm | Refuse | Discarded }
  /** The acknowledgement of a Turn-Give, the link's own as in a session. */
  | { readonly type: 'give-ack'; readonly apdu: TurnGiveAck }
  | { readonly type: 'close'; readonly apdu: Close; readonly settled: readonly number[] }
  | { readonly type: 'close-answer'; readonly apdu: CloseAck };
