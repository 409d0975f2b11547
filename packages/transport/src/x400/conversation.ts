/** What both ends of a connection have agreed on so far. The encoder and the decoder of one end share it. */
import type { TpduSize } from './transport-tpdus.js';

export class X400Conversation {
  /** The size that the CR offers; null before the CR. */
  offer: TpduSize | null = null;
  /** The longest TPDU; null before the CC. */
  tpduBytes: number | null = null;
  /** An ACCEPT has passed. */
  hasSession = false;
}
