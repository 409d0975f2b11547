/**
 * Describes a frame of the X.400 connector in one line of text, under the names of the session protocol. What carries an APDU
 * names that too, in the words of every link. Passwords, store ids and content never appear.
 */
import { describeActivity } from '../../mail/message.js';
import { describeApdu, describeSettled, plain } from '../../reliable-transfer/describe-apdu.js';
import type { X400Frame } from './frame.js';

function who({ mtaName, incarnation }: { readonly mtaName: string; readonly incarnation: number }): string {
  return `from=${plain(mtaName)} incarnation=${incarnation}`;
}

/** A frame, such as `GIVE TOKENS CONFIRM turn-give` or `DATA+MINOR SYNC 3 rttr length=30720`. */
export function describeX400Frame(frame: X400Frame): string {
  switch (frame.type) {
    case 'connection-request':
      return `CR source=${frame.source}`;
    case 'connection-confirm':
      return `CC source=${frame.source} destination=${frame.destination}`;
    case 'disconnect-request':
      return `DR destination=${frame.destination} reason=${frame.reason}`;
    case 'connect':
      return `CONNECT ${who(frame.from)} association=${plain(frame.association)} ${describeApdu(frame.apdu)}`;
    case 'accept':
      return `ACCEPT ${describeApdu(frame.apdu)} ${who(frame.from)}`;
    case 'refuse':
      return `REFUSE ${describeApdu(frame.apdu)}${frame.from === null ? '' : ` ${who(frame.from)}`}`;
    case 'finish':
      return 'FINISH close';
    case 'disconnect':
      return 'DISCONNECT close-ack';
    case 'abort':
      return `ABORT rtab reason=${frame.reason}`;
    case 'abort-accept':
      return 'ABORT ACCEPT';
    case 'please-tokens':
      return `PLEASE TOKENS turn-please priority=${frame.priority}`;
    case 'give-tokens-confirm':
      return 'GIVE TOKENS CONFIRM turn-give';
    case 'give-tokens-ack':
      return 'GIVE TOKENS ACK turn-give-ack';
    case 'activity-start':
      return `ACTIVITY START activity=${describeActivity(frame.activity)}`;
    case 'activity-resume': {
      const where = `activity=${describeActivity(frame.activity)} checkpoint=${frame.checkpoint}`;
      return `ACTIVITY RESUME ${where} association=${plain(frame.association)}`;
    }
    case 'data': {
      const point = `${frame.end ? 'ACTIVITY END' : 'MINOR SYNC'} ${frame.checkpoint}`;
      const head = frame.head === undefined ? '' : ` start${describeSettled(frame.head.settled)}`;
      return `DATA+${point} rttr length=${frame.content.length}${frame.end ? ' last' : ''}${head}`;
    }
    case 'minor-sync-ack':
      return `MINOR SYNC ACK ${frame.checkpoint} confirm`;
    case 'activity-end-ack':
      return `ACTIVITY END ACK ${frame.checkpoint} confirm stored`;
    case 'exception':
      return `EXCEPTION refuse reason=${frame.reason}`;
    case 'activity-interrupt':
      return `ACTIVITY INTERRUPT reason=${frame.reason}`;
    case 'activity-interrupt-ack':
      return 'ACTIVITY INTERRUPT ACK';
    case 'activity-discard':
      return `ACTIVITY DISCARD discard reason=${frame.reason}`;
    case 'activity-discard-ack':
      return 'ACTIVITY DISCARD ACK discarded';
  }
}
