/** One TCP connection with its codec and its counts. */
import type { Socket } from 'node:net';
import type { LinkKind } from '@mtalab/mta-core';
import type { ConnectionEnd, FrameCodec, FrameCodecs } from './frame-codec.js';
import { OutgoingOctets } from './outgoing-octets.js';
import type { SocketLook, SocketTap } from './socket-tap.js';

/** Loop turns that a socket of which all is written waits for the peer's end of the connection. */
const lingerTurns = 32;

/** Octets beside the longest frame that may wait for a peer that does not read. */
const roomBytes = 16_777_216;

export type SocketConnectionOptions = {
  readonly conn: number;
  readonly link: LinkKind;
  readonly socket: Socket;
  /** The listening port it arrived at; null where this side dialled. */
  readonly acceptedAt: number | null;
  readonly codecs: FrameCodecs;
  /** Default: the longest frame, and 16 MiB. */
  readonly maxBufferedBytes: number | undefined;
};

export class SocketConnection implements ConnectionEnd {
  readonly conn: number;
  readonly link: LinkKind;
  readonly socket: Socket;
  readonly codec: FrameCodec;
  /** Octets that may wait for the peer to read them. */
  readonly maxBufferedBytes: number;
  readonly out: OutgoingOctets = new OutgoingOctets();
  readonly acceptedAt: number | null;
  /** `up` from the connect or accept on; `gone` once the core closed it or knows of its loss. */
  phase: 'dialling' | 'up' | 'gone' = 'dialling';
  /** Octets came that are no frame; what follows is thrown away, so that closing does not reset the connection. */
  deaf = false;
  /** Written to since the last flush. */
  dirty = false;
  local = '';
  remote = '';
  /** Whole frames. */
  sent = 0;
  received = 0;
  /** What looks at its octets, once it is up. */
  look: SocketLook | null = null;
  #ended = false;

  constructor(made: SocketConnectionOptions) {
    const { conn, link, socket, acceptedAt, codecs } = made;
    this.conn = conn;
    this.link = link;
    this.socket = socket;
    this.acceptedAt = acceptedAt;
    this.codec = codecs.open(this);
    this.maxBufferedBytes = made.maxBufferedBytes ?? codecs.maxFrameBytes + roomBytes;
  }

  up(tap: SocketTap | undefined): void {
    const { socket } = this;
    this.phase = 'up';
    socket.setNoDelay(true);
    this.local = addressText(socket.localAddress, socket.localPort);
    this.remote = addressText(socket.remoteAddress, socket.remotePort);
    if (tap === undefined) return;
    const own = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
    const other = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    const dialled = this.acceptedAt === null;
    this.look = tap(dialled ? { client: own, server: other } : { client: other, server: own }, dialled);
  }

  /** Octets that the kernel has not taken yet. */
  get bufferedBytes(): number {
    return this.out.sizeBytes + this.socket.writableLength;
  }

  /** Hand what was encoded to the socket, in one write. */
  flush(): void {
    this.dirty = false;
    const { socket } = this;
    const blocks = this.out.take();
    if (!socket.writable) return;
    if (blocks.length > 1) socket.cork();
    for (const block of blocks) {
      socket.write(block);
      this.look?.data(true, block);
    }
    if (blocks.length > 1) socket.uncork();
  }

  /** Write what is left, end, and let go of the socket soon after. */
  end(): void {
    const { socket } = this;
    this.flush();
    socket.once('finish', () => linger(socket, lingerTurns));
    socket.end();
    this.look?.end(true);
    this.#ended = true;
  }

  /** The socket is closed. If this side had not ended it, the close was a reset. */
  closed(): void {
    if (!this.#ended) this.look?.reset(true);
    this.look?.gone();
    this.look = null;
  }
}

/** Wait a few turns of the loop for the peer to end its side too, then let go of the socket. */
function linger(socket: Socket, turns: number): void {
  if (socket.destroyed) return;
  if (turns === 0 || socket.readableEnded) socket.destroy();
  else setImmediate(linger, socket, turns - 1);
}

export function addressText(address: string | undefined, port: number | undefined): string {
  if (address === undefined) return 'unknown';
  // A listener on `::` sees IPv4 hosts in this form; it is the same host.
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return `${mapped}:${port}`;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
