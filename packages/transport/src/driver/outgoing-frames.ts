/** Sends frames, and gives those back whose content cannot be read. */
import { contentIn, type LinkFrame } from '@mtalab/mta-core';
import type { InputOf, NetworkPort } from './driver-ports.js';

export class OutgoingFrames {
  readonly #network: Pick<NetworkPort, 'send'>;
  /** Connections with a frame that goes back to the core, and what is wrong with its content. */
  readonly #unreadable = new Map<number, string>();

  readonly #giveBack: (input: InputOf<'unreadable'>) => void;

  /** @param giveBack takes the input for the core, when the content of a frame cannot be read. */
  constructor(network: Pick<NetworkPort, 'send'>, giveBack: (input: InputOf<'unreadable'>) => void) {
    this.#network = network;
    this.#giveBack = giveBack;
  }

  /**
   * Send a frame. If its content cannot be read, it goes back, and so do the segments behind it until the core has taken that
   * input: a transfer must not go on behind a gap.
   */
  send(frame: LinkFrame): void {
    const isWithheld = this.#unreadable.size > 0 && contentIn(frame) !== undefined;
    const detail = (isWithheld ? this.#unreadable.get(frame.conn) : undefined) ?? this.#network.send(frame);
    if (detail === null) return;
    this.#unreadable.set(frame.conn, detail);
    this.#giveBack({ ...frame, type: 'unreadable', detail });
  }

  /** The core takes such an input. */
  taken({ conn }: InputOf<'unreadable'>): void {
    this.#unreadable.delete(conn);
  }
}
