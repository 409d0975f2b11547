/** One TCP connection with its codec: what the network keeps of it. */
import type { Socket } from 'node:net';
import type { PduCodec } from '../rpc/pdu-codec.js';
import { Outgoing } from './outgoing-octets.js';

/** Loop turns that a socket of which all is written waits for the peer's end of the connection. */
const lingerTurns = 32;

export class Link {
  readonly conn: number;
  readonly socket: Socket;
  readonly codec: PduCodec;
  readonly out: Outgoing = new Outgoing();
  /** `up` from the connect or accept on; `gone` once the core closed it or was told of its loss. */
  phase: 'dialling' | 'up' | 'gone' = 'dialling';
  /** Octets came that are no PDU; what follows is thrown away, so that closing does not reset the connection. */
  deaf = false;
  /** Written to since the last flush. */
  dirty = false;
  local = '';
  remote = '';
  /** Whole PDUs. */
  sent = 0;
  received = 0;

  constructor(conn: number, socket: Socket, codec: PduCodec) {
    this.conn = conn;
    this.socket = socket;
    this.codec = codec;
  }

  up(): void {
    const { socket } = this;
    this.phase = 'up';
    socket.setNoDelay(true);
    this.local = addressText(socket.localAddress, socket.localPort);
    this.remote = addressText(socket.remoteAddress, socket.remotePort);
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
    for (const block of blocks) socket.write(block);
    if (blocks.length > 1) socket.uncork();
  }

  /** Write what is left, end, and let go of the socket soon after. */
  end(): void {
    const { socket } = this;
    this.flush();
    socket.once('finish', () => linger(socket, lingerTurns));
    socket.end();
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
