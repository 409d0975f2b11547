/** A mail system at the other end of delivery over SMTP: what it answers stands in the recipient. */
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { Test } from 'tap';

export type Arrival = { readonly from: string; readonly to: readonly string[]; readonly content: string };

export type Peer = {
  readonly port: number;
  readonly arrived: Arrival[];
  /** Connections so far. */
  connections(): number;
  /** End all connections that are open. */
  cut(): void;
  close(): Promise<void>;
};

/** `550-rcpt@...` is answered so to RCPT, `452-data@...` to the message; `cut@...` gets no answer, `hang@...` none for ever. */
function answerOf(address: string, stage: 'rcpt' | 'data'): Error | null {
  const [, code] = new RegExp(`^(\\d{3})-${stage}@`).exec(address) ?? [];
  return code === undefined ? null : Object.assign(new Error(`told to say ${code}`), { responseCode: Number(code) });
}

export async function peerFor(t: Test, options: SMTPServerOptions = {}, port = 0): Promise<Peer> {
  const arrived: Arrival[] = [];
  let connections = 0;
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onConnect(_session, callback) {
      connections += 1;
      callback();
    },
    onRcptTo: ({ address }, _session, callback) => callback(answerOf(address, 'rcpt')),
    onData(stream, { envelope }, callback) {
      const pieces: Buffer[] = [];
      const to = envelope.rcptTo.map(({ address }) => address);
      stream.on('error', () => undefined);
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('end', () => {
        if (to[0]?.startsWith('hang@')) return;
        if (to[0]?.startsWith('cut@')) {
          cut();
          return;
        }
        const refusal = answerOf(to[0] ?? '', 'data');
        const from = envelope.mailFrom === false ? 'nobody' : envelope.mailFrom.address;
        if (refusal === null) arrived.push({ from, to, content: Buffer.concat(pieces).toString('latin1') });
        callback(refusal);
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  const cut = (): void => {
    for (const connection of server.connections) connection._socket.destroy();
  };
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  const close = (): Promise<void> =>
    new Promise((done) => {
      server.close(done);
      cut();
    });
  t.teardown(close);
  return { port: (server.server.address() as AddressInfo).port, arrived, connections: () => connections, cut, close };
}
