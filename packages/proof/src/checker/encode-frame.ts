/** Encodes frames as rows of numbers, for the fingerprint: see `codes.ts`. */
import { type ActivityHead, type BareFrame, describeFrame, type MtaCredentials, type X400Frame } from '@mtalab/mta-core';
import { flag, sender, tag, word } from './codes.js';
import { encodePdu } from './encode-pdu.js';
import type { TextNumbers } from './text-numbers.js';

export function encodeFrame(carried: BareFrame, numbers: TextNumbers): readonly number[] {
  if (carried.link === 'rpc') return encodePdu(carried.frame, numbers);
  if (carried.link === 'x400') return encodeX400Frame(carried.frame, numbers);
  throw new Error(`the checker does not know this frame: ${describeFrame(carried)}`);
}

/** What no decision of the receiver depends on is left out: transport references, common references, names of old associations. */
function encodeX400Frame(frame: X400Frame, numbers: TextNumbers): number[] {
  const code: number[] = [word(frame.type)];
  switch (frame.type) {
    case 'disconnect-request':
    case 'abort':
    case 'exception':
    case 'activity-interrupt':
    case 'activity-discard':
      code.push(word(String(frame.reason)));
      return code;
    case 'connect': {
      const name = numbers.of(frame.association);
      const { recovery, turn, checkpointSizeK, windowSize } = frame.apdu;
      introduced(code, frame.from);
      code.push(tag.association, name, tag.recovery, name, recovery, word(turn), checkpointSizeK, windowSize);
      return code;
    }
    case 'accept':
      introduced(code, frame.from);
      code.push(frame.apdu.checkpointSizeK, frame.apdu.windowSize);
      return code;
    case 'refuse':
      code.push(word(frame.apdu.reason));
      if (frame.from !== null) code.push(tag.incarnation, sender, frame.from.incarnation);
      return code;
    case 'please-tokens':
      code.push(frame.priority);
      return code;
    case 'activity-start':
      code.push(tag.copy, sender, frame.activity);
      return code;
    case 'activity-resume':
      code.push(tag.copy, sender, frame.activity, frame.checkpoint);
      return code;
    case 'data':
      code.push(frame.content.length, frame.checkpoint, flag(frame.end));
      if (frame.head !== undefined) encodeHead(code, frame.head, numbers, sender);
      return code;
    case 'minor-sync-ack':
    case 'activity-end-ack':
      code.push(frame.checkpoint);
      return code;
    default:
      return code;
  }
}

function introduced(code: number[], { incarnation, settledBelow }: MtaCredentials): void {
  code.push(tag.incarnation, sender, incarnation, tag.from, sender, settledBelow);
}

/** @param by the MTA that sends the activity. */
export function encodeHead(
  code: number[],
  { envelope, settled, settledBelow }: ActivityHead,
  numbers: TextNumbers,
  by: number,
): void {
  code.push(tag.message, numbers.message(envelope.mtsId), word(envelope.priority), settled.length);
  for (const id of settled) code.push(tag.copy, by, id);
  if (settledBelow === 0) code.push(0);
  else code.push(tag.from, by, settledBelow);
}
