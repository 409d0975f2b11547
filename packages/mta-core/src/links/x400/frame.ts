/**
 * Frames of the X.400 connector: the reliable transfer in X.410-1984 mode over the session protocol (X.225), over transport class
 * 0 (ISO 8073), over TCP (RFC 1006). A frame is one protocol data unit of the session or of the transport, with one exception:
 * `data` is a DATA TRANSFER with the synchronisation point that follows it.
 *
 * The octets are the transport package's. What this project sends beside the standards is marked (own).
 */
import type { ContentHandle, TransferEnvelope } from '../../mail/message.js';
import type { AbortReason, AssociationId, MtaCredentials, Rtoac, Rtorj, Rtorq } from '../../reliable-transfer/apdu.js';

/**
 * What an activity carries in front of the content: the envelope in P1. The names of settled copies and the watermark travel in a
 * private extension of the envelope (own), because no APDU of X.410 has room for them.
 */
export type ActivityHead = {
  readonly envelope: TransferEnvelope;
  /** Copies that the sender has erased after their confirmation. */
  readonly settled: readonly number[];
  /** Activity ids below this one will never be sent again. */
  readonly settledBelow: number;
};

/** Why a transport connection is refused or ended (ISO 8073 13.5.3). */
export const disconnectReason = { notSpecified: 0, congestion: 1, addressUnknown: 3, normal: 128, protocolError: 133 } as const;
export type DisconnectReason = keyof typeof disconnectReason;

export type X400Frame =
  /** Transport: CR. References are 16 bits, and each side chooses its own. */
  | { readonly type: 'connection-request'; readonly source: number }
  /** Transport: CC. */
  | { readonly type: 'connection-confirm'; readonly source: number; readonly destination: number }
  /** Transport: DR, the answer to a CR that is refused. Class 0 ends a connection by closing the one below. */
  | { readonly type: 'disconnect-request'; readonly destination: number; readonly reason: DisconnectReason }
  /**
   * CONNECT with the RTORQ. `association` is the calling SS-user reference, and of a recovery also the session connection
   * identifier in the RTORQ. The Turn is the token setting.
   */
  | {
      readonly type: 'connect';
      /** `settledBelow` does not travel. The store's UUID is the calling session selector (own). */
      readonly from: MtaCredentials;
      readonly association: AssociationId;
      /** When the association was first opened: the common reference, in milliseconds of the lab's clock. It travels in seconds. */
      readonly openedAtMs: number;
      readonly apdu: Rtorq;
    }
  /** ACCEPT with the RTOAC. The called SS-user reference holds the responder's name and incarnation (own). */
  | { readonly type: 'accept'; readonly from: MtaCredentials; readonly apdu: Rtoac }
  /** REFUSE with the RTORJ. A stranger gets neither name nor incarnation. */
  | {
      readonly type: 'refuse';
      readonly from: { readonly mtaName: string; readonly incarnation: number } | null;
      readonly apdu: Rtorj;
    }
  | { readonly type: 'finish' }
  | { readonly type: 'disconnect' }
  /** ABORT with the RTAB. */
  | { readonly type: 'abort'; readonly reason: AbortReason }
  | { readonly type: 'abort-accept' }
  /** PLEASE TOKENS: the Turn-Please. */
  | { readonly type: 'please-tokens'; readonly priority: number }
  /** GIVE TOKENS CONFIRM: the Turn-Give. */
  | { readonly type: 'give-tokens-confirm' }
  | { readonly type: 'give-tokens-ack' }
  /** ACTIVITY START. The activity identifier is the copy's durable id in six octets (own). */
  | { readonly type: 'activity-start'; readonly activity: number }
  /** ACTIVITY RESUME, from a checkpoint that the receiver has confirmed on the session connection of `association`. */
  | {
      readonly type: 'activity-resume';
      readonly activity: number;
      readonly checkpoint: number;
      readonly association: AssociationId;
      readonly openedAtMs: number;
    }
  /** DATA TRANSFER, then MINOR SYNC POINT or, if this is the last segment, ACTIVITY END. Both have the number of the checkpoint. */
  | {
      readonly type: 'data';
      /** In the first segment after ACTIVITY START. */
      readonly head?: ActivityHead;
      readonly content: ContentHandle;
      readonly checkpoint: number;
      readonly end: boolean;
    }
  | { readonly type: 'minor-sync-ack'; readonly checkpoint: number }
  | { readonly type: 'activity-end-ack'; readonly checkpoint: number }
  /** EXCEPTION DATA: the receiver cannot go on with the activity. */
  | { readonly type: 'exception'; readonly reason: AbortReason }
  | { readonly type: 'activity-interrupt'; readonly reason: AbortReason }
  | { readonly type: 'activity-interrupt-ack' }
  | { readonly type: 'activity-discard'; readonly reason: AbortReason }
  | { readonly type: 'activity-discard-ack' };
export type X400FrameType = X400Frame['type'];
