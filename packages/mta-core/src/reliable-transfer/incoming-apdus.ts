/** Handles each kind of APDU that arrives on an open association. */
import type { ReplyTo } from '../links/link.js';
import type { Context } from '../machine/context.js';
import type { AssociationRef } from '../machine/state.js';
import { associationOf, entryAt } from '../machine/update.js';
import type { SendApdu } from './apdu.js';
import { abnormalEnd, protocolError } from './association/end.js';
import { discardReceived, rttrReceived } from './transfer/receive.js';
import { settled } from './transfer/settlement.js';
import { giveReceived, pleaseReceived } from './turn/turn.js';

/**
 * May this APDU arrive during a close? A peer that has not read our close may ask for the Turn or abort. On a link where a close
 * can overtake segments, the last segments of a transfer that we have refused may also follow it.
 */
function mayCrossClose(kind: SendApdu['kind']): boolean {
  return kind === 'turn-please' || kind === 'rtab' || kind === 'rttr';
}

/**
 * Executes an APDU of the peer.
 * @param named copies that the peer names as settled.
 * @returns false if it broke the protocol or was an RTAB: the association has ended.
 */
export function apduReceived(ctx: Context, ref: AssociationRef, to: ReplyTo, apdu: SendApdu, named: readonly number[]): boolean {
  const association = associationOf(ctx, ref);
  if (association === undefined) return false;
  const { state } = association;
  if (state !== 'open' && !(state === 'closing' && mayCrossClose(apdu.kind)) && apdu.kind !== 'rtab') {
    protocolError(ctx, ref, apdu.kind);
    return false;
  }
  const sender = entryAt(ctx, ref.entry).peer?.storeUuid;
  if (named.length > 0 && sender !== undefined) settled(ctx, { entry: ref.entry, sender }, named);
  switch (apdu.kind) {
    case 'turn-please':
      return pleaseReceived(ctx, ref, apdu.priority);
    case 'turn-give':
      return giveReceived(ctx, ref);
    case 'rttr':
      rttrReceived(ctx, ref, to, apdu);
      return true;
    case 'discard':
      discardReceived(ctx, ref, to, apdu.activity);
      return true;
    case 'rtab':
      abnormalEnd(ctx, ref, `aborted by the peer: ${apdu.reason}`);
      return false;
  }
}
