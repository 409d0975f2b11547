/**
 * Describes an APDU in one stable line of text, for tests, logs and ladders. Content never appears, and text from the network
 * cannot break the line.
 */
import { describeActivity } from '../mail/message.js';
import type { Apdu, Rtoac, Rtorq } from './apdu.js';

const maxTextLength = 64;
const maxListed = 4;

/** Text from the network, shortened and on one line. */
export function plain(text: string): string {
  const oneLine = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return oneLine.length > maxTextLength ? `${oneLine.slice(0, maxTextLength)}...` : oneLine;
}

/** At most four items, and how many more there are. */
export function listed(items: readonly string[]): string {
  const shown = items.slice(0, maxListed).join(',');
  return items.length > maxListed ? `${shown},+${items.length - maxListed}` : shown;
}

function sizesOf({ checkpointSizeK, windowSize, activitiesInFlight }: Rtorq | Rtoac): string {
  const activities = activitiesInFlight === undefined ? '' : ` activities=${activitiesInFlight}`;
  return `checkpoint=${checkpointSizeK} window=${windowSize}${activities}`;
}

/** An APDU, such as `rttr activity=3-17 offset=0 length=1024 last start`. */
export function describeApdu(apdu: Apdu): string {
  switch (apdu.kind) {
    case 'rtorq': {
      const sizes = sizesOf(apdu);
      const mode = apdu.dialogueMode === 'monologue' ? ' monologue' : '';
      return `rtorq turn=${apdu.turn} recovery=${apdu.recovery} ${sizes}${mode}`;
    }
    case 'rtoac':
      return `rtoac ${sizesOf(apdu)}`;
    case 'rtorj':
    case 'rtab':
      return `${apdu.kind} reason=${apdu.reason}`;
    case 'turn-please':
      return `turn-please priority=${apdu.priority}`;
    case 'rttr': {
      const flags = `${apdu.last ? ' last' : ''}${apdu.start === undefined ? '' : ' start'}`;
      return `rttr activity=${describeActivity(apdu.activity)} offset=${apdu.offset} length=${apdu.content.length}${flags}`;
    }
    case 'confirm':
      return `confirm activity=${describeActivity(apdu.activity)} upTo=${apdu.upTo}${apdu.stored ? ' stored' : ''}`;
    case 'refuse':
    case 'discard':
      return `${apdu.kind} activity=${describeActivity(apdu.activity)} reason=${apdu.reason}`;
    case 'discarded':
      return `discarded activity=${describeActivity(apdu.activity)}`;
    case 'turn-give':
      return apdu.kind;
  }
}

/** Copies named as settled, with a blank in front; empty if there are none. */
export function describeSettled(settled: readonly number[]): string {
  return settled.length === 0 ? '' : ` settled=${listed(settled.map(describeActivity))}`;
}
