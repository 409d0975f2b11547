/** One line of text per frame of the memory link, in the words of the RPC link where both say the same. */

import type { MtaCredentials } from '../../reliable-transfer/apdu.js';
import { describeApdu, describeSettled, plain } from '../../reliable-transfer/describe-apdu.js';
import type { MemoryFrame } from './frame.js';

function who({ mtaName, incarnation }: MtaCredentials): string {
  return `from=${plain(mtaName)} incarnation=${incarnation}`;
}

/** A frame, such as `turn-give` or `rttr activity=1-2 offset=0 length=100 last start`. */
export function describeMemoryFrame(frame: MemoryFrame): string {
  switch (frame.type) {
    case 'open':
      return `open ${who(frame.from)} association=${plain(frame.association)} ${describeApdu(frame.apdu)}`;
    case 'open-answer':
      return `${describeApdu(frame.apdu)} ${who(frame.from)}`;
    case 'apdu':
      return `${frame.serial} ${describeApdu(frame.apdu)}${describeSettled(frame.settled)}`;
    case 'answer':
      return `${frame.serial} ${describeApdu(frame.apdu)}`;
    case 'close':
      return `close${describeSettled(frame.settled)}`;
    case 'give-ack':
      return `${frame.serial} give-ack`;
    case 'close-answer':
      return frame.type;
  }
}
