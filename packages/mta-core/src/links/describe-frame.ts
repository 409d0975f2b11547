/** Describes a frame of any link in one line of text. */
import type { Frames, LinkKind } from './link.js';
import { describeMemoryFrame } from './memory/describe.js';
import { describePdu } from './rpc/describe.js';

/** A frame with the kind of its link, whatever became of it. */
type AnyFrame = { readonly [Kind in LinkKind]: { readonly link: Kind; readonly frame: Frames[Kind] } }[LinkKind];

export function describeFrame(frame: AnyFrame): string {
  switch (frame.link) {
    case 'rpc':
      return describePdu(frame.frame);
    case 'memory':
      return describeMemoryFrame(frame.frame);
  }
}
