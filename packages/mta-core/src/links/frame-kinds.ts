/** What a frame of any link is, in the words of faults and stories, and the content that it carries. */
import type { ContentHandle } from '../mail/message.js';
import type { Frames, LinkKind } from './link.js';
import type { MemoryFrame } from './memory/frame.js';
import type { Pdu } from './rpc/pdu.js';
import type { X400Frame, X400FrameType } from './x400/frame.js';

/** The frames of the X.400 connector that carry an APDU, in the words of every link. */
const apduOfX400: Readonly<Partial<Record<X400FrameType, string>>> = {
  connect: 'rtorq',
  accept: 'rtoac',
  refuse: 'rtorj',
  'please-tokens': 'turn-please',
  'give-tokens-confirm': 'turn-give',
  'give-tokens-ack': 'turn-give-ack',
  data: 'rttr',
  'minor-sync-ack': 'confirm',
  'activity-end-ack': 'confirm',
  exception: 'refuse',
  'activity-discard': 'discard',
  'activity-discard-ack': 'discarded',
  finish: 'close',
  disconnect: 'close-ack',
  abort: 'rtab',
};

/** A frame with the kind of its link, whatever became of it. */
export type BareFrame = { readonly [Kind in LinkKind]: { readonly link: Kind; readonly frame: Frames[Kind] } }[LinkKind];

/** All kinds of a frame: `any`, its type, the operation of a call, and the APDU in it. */
export function kindsIn(carried: BareFrame): readonly string[] {
  switch (carried.link) {
    case 'rpc':
      return kindsOfPdu(carried.frame);
    case 'x400':
      return kindsOfX400Frame(carried.frame);
    case 'memory':
      return kindsOfMemoryFrame(carried.frame);
  }
}

/**
 * A call or an answer whose stub cannot be read is only a `request` or a `response`, even if its operation number is known,
 * because nobody will execute it.
 */
function kindsOfPdu(pdu: Pdu): readonly string[] {
  const kinds: string[] = ['any', pdu.type];
  if (pdu.type === 'bind' && pdu.group !== 0) kinds.push('data-bind');
  if (pdu.type !== 'request' && pdu.type !== 'response') return kinds;
  const { body } = pdu;
  if (body.op === 'bad' || body.op === 'unread') return kinds;
  kinds.push(pdu.type === 'request' ? body.op : `${body.op}-answer`);
  if ('rtorq' in body) kinds.push('rtorq');
  if ('apdu' in body) kinds.push(body.apdu.kind);
  return kinds;
}

/** REFUSE is an RTORJ alone: on every link `refuse` is the refusal of an activity, which is an EXCEPTION here. */
function kindsOfX400Frame(frame: X400Frame): readonly string[] {
  const kinds: string[] = frame.type === 'refuse' ? ['any'] : ['any', frame.type];
  if (frame.type === 'data') kinds.push(frame.end ? 'activity-end' : 'minor-sync');
  const apdu = apduOfX400[frame.type];
  if (apdu !== undefined) kinds.push(apdu);
  return kinds;
}

/** Answers of the memory link also have their RPC names. */
function kindsOfMemoryFrame(frame: MemoryFrame): readonly string[] {
  if ('apdu' in frame) return ['any', frame.type, frame.apdu.kind];
  if (frame.type === 'give-ack') return ['any', frame.type, 'turn-give-ack'];
  if (frame.type === 'close-answer') return ['any', frame.type, 'close-ack'];
  return ['any', frame.type];
}

/** The content that a frame carries: a segment of a transfer. */
export function contentIn(carried: BareFrame): ContentHandle | undefined {
  switch (carried.link) {
    case 'rpc': {
      const { frame: pdu } = carried;
      const apdu = pdu.type === 'request' && pdu.body.op === 'MtaSend' ? pdu.body.apdu : undefined;
      return apdu?.kind === 'rttr' ? apdu.content : undefined;
    }
    case 'x400':
      return carried.frame.type === 'data' ? carried.frame.content : undefined;
    case 'memory':
      return carried.frame.type === 'apdu' && carried.frame.apdu.kind === 'rttr' ? carried.frame.apdu.content : undefined;
  }
}
