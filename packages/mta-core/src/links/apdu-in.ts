/** Finds the APDU that a frame of any link carries on an open association. */
import type { SendApdu } from '../reliable-transfer/apdu.js';
import type { LinkFrame } from './link.js';

/** The APDU of a frame; undefined for a frame without one: an opening, an answer, a close. */
export function apduIn(frame: LinkFrame): SendApdu | undefined {
  switch (frame.link) {
    case 'rpc': {
      const { frame: pdu } = frame;
      return pdu.type === 'request' && pdu.body.op === 'MtaSend' ? pdu.body.apdu : undefined;
    }
    case 'memory':
      return frame.frame.type === 'apdu' ? frame.frame.apdu : undefined;
  }
}
