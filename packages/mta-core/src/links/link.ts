/** The kinds of links between adjacent MTAs, and what travels on each. */
import type { MemoryFrame } from './memory/frame.js';
import type { Pdu } from './rpc/pdu.js';

/** What one frame of a link is: the unit that the driver encodes, sends and receives. */
export type Frames = {
  /** DCE/RPC over TCP, as servers of one site talk. */
  readonly rpc: Pdu;
  /** In memory, in order: for tests and the browser. */
  readonly memory: MemoryFrame;
};
export type LinkKind = keyof Frames;

/** A frame on a connection, typed by the kind of its link: an input where it arrives, an effect where it is sent. */
export type LinkFrame = {
  readonly [Kind in LinkKind]: {
    readonly type: 'frame';
    readonly link: Kind;
    readonly conn: number;
    readonly frame: Frames[Kind];
  };
}[LinkKind];
