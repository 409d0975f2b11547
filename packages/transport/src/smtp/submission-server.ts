/**
 * The SMTP dialogue: the library's server with two things of our own. Addresses are read as the core wants them, and an answer may
 * bring its own enhanced status code. Both override methods of the library, whose version is pinned for that reason.
 */
import type { Socket } from 'node:net';
import { SMTPServer, type SMTPServerAddress } from 'smtp-server';
import { SMTPConnection, type SMTPConnectionOptions } from 'smtp-server/lib/smtp-connection.js';
import { readPath } from './path-argument.js';

const startsWithStatus = /^[245]\.\d{1,3}\.\d{1,3} /;

class SubmissionConnection extends SMTPConnection {
  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    super.send(code, data, typeof data === 'string' && startsWithStatus.test(data) ? false : context);
  }

  /** The library's own reading refuses quoted local parts, and writes `xn--` domains in another form. */
  override _parseAddressCommand(name: string, command: Buffer | string): (SMTPServerAddress & { duplicate?: string }) | false {
    return readPath(name, command);
  }
}

export class SubmissionServer extends SMTPServer {
  readonly #sockets = new Set<Socket>();

  override connect(socket: Socket, options?: SMTPConnectionOptions | null): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const connection = new SubmissionConnection(this, socket, options);
    this.connections.add(connection);
    connection.on('error', (error: Error) => this._onError(error));
    connection.init();
  }

  /** Answer in this session, beside the answers to its commands. 421 ends it. */
  say(session: string, code: number, text: string): void {
    for (const connection of this.connections) if (connection.id === session) connection.send(code, text);
  }

  /** Ids of the open sessions. */
  get sessions(): string[] {
    return [...this.connections].map(({ id }) => id);
  }

  /** Let go of every client, whatever it does. */
  destroySockets(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
