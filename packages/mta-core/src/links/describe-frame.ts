/** Describes a frame of any link in one line of text. */
import type { LinkFrame } from './link.js';
import { describeMemoryFrame } from './memory/describe.js';
import { describePdu } from './rpc/describe.js';

export function describeFrame(frame: LinkFrame): string {
  switch (frame.link) {
    case 'rpc':
      return describePdu(frame.frame);
    case 'memory':
      return describeMemoryFrame(frame.frame);
  }
}
