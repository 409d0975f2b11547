/** What a link gives to the network: a codec for each connection. The network itself knows no protocol above TCP. */
import type { Frames, LinkKind } from '@mtalab/mta-core';
import type { OutgoingOctets } from './outgoing-octets.js';

export type MalformedFrameOptions = { readonly answer?: Frames[LinkKind] | null; readonly isShortage?: boolean };

/** Octets that are no frame of the link: the end of the connection. */
export class MalformedFrame extends Error {
  /** The frame that tells the peer what is wrong with its octets; null if the protocol has none. */
  readonly answer: Frames[LinkKind] | null;
  /** Nothing is wrong with the octets, but this process has no memory left for more of them. */
  readonly isShortage: boolean;
  constructor(detail: string, { answer = null, isShortage = false }: MalformedFrameOptions = {}) {
    super(detail);
    this.name = 'MalformedFrame';
    this.answer = answer;
    this.isShortage = isShortage;
  }
}

/** The content that a frame carries cannot be read from the store, or what the store has of it is damaged. */
export class UnreadableContent extends Error {
  override readonly name = 'UnreadableContent';
}

/** This side's end of one connection, as a codec sees it. */
export type ConnectionEnd = {
  readonly conn: number;
  /** The listening port it arrived at; null where this side dialled. */
  readonly acceptedAt: number | null;
  /** `address:port` of this end and of the other. Empty until the connection is up. */
  readonly local: string;
  readonly remote: string;
};

/** Frames of one connection to octets and back. */
export interface FrameCodec<Kind extends LinkKind = LinkKind> {
  /**
   * Write a frame behind what `out` holds.
   * @throws RangeError when it cannot be written, UnreadableContent when its content cannot be read; `out` is as before then.
   */
  encodeInto(out: OutgoingOctets, frame: Frames[Kind]): void;
  /**
   * Take what one read brought.
   * @param deliver called for each frame that is complete; returns whether to go on.
   * @throws MalformedFrame when the octets are no frame; nothing more can be read then.
   */
  decode(chunk: Buffer, deliver: (frame: Frames[Kind]) => boolean): void;
  /** Nothing more is read: drop what has arrived of an unfinished frame. Called again when the connection is gone. */
  release(): void;
}

/** Makes the codecs of one kind of link, and holds what its connections share. */
export interface FrameCodecs<Kind extends LinkKind = LinkKind> {
  /** The longest frame, in octets. A connection buffers more than that before the network drops it. */
  readonly maxFrameBytes: number;
  open(end: ConnectionEnd): FrameCodec<Kind>;
}

/** Codecs of the links that run over sockets. */
export type CodecsByLink = { readonly [Kind in LinkKind]?: FrameCodecs<Kind> };
