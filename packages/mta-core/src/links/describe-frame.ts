/** Describes a frame of any link in one line of text. */
import type { BareFrame } from './frame-kinds.js';
import { describeMemoryFrame } from './memory/describe.js';
import { describePdu } from './rpc/describe.js';
import { describeX400Frame } from './x400/describe.js';

export function describeFrame(frame: BareFrame): string {
  switch (frame.link) {
    case 'rpc':
      return describePdu(frame.frame);
    case 'x400':
      return describeX400Frame(frame.frame);
    case 'memory':
      return describeMemoryFrame(frame.frame);
  }
}
