/** Unauthorised connections to a control port. */
import { readFileSync, statSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { ControlClient, ControlServer, type ControlServerOptions, controlLimits } from '@mtalab/transport';
import { type Test, test } from 'tap';

/** A server like that of a lab: it has commands and no MTA. */
async function served(t: Test, options: Partial<ControlServerOptions> = {}) {
  const tokenFile = join(t.testdir(), 'control.token');
  const backend = { commands: { hello: () => ({ hello: 'there' }) }, log: () => undefined };
  const server = await ControlServer.start({ backend, port: 0, tokenFile, ...options });
  const token = readFileSync(tokenFile, 'utf8').trim();
  const connect = async (): Promise<ControlClient> => {
    const client = await ControlClient.connect(server.url, token, { timeoutMs: 10_000 });
    t.teardown(() => client.close());
    return client;
  };
  t.teardown(() => server.close());
  return { server, token, connect };
}

/** A TCP connection that sends this text, then falls silent and keeps its side open. */
async function stranger(
  server: ControlServer,
  says: string,
): Promise<{ readonly socket: Socket; readonly closed: Promise<void> }> {
  const socket = connectTcp({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  // A reset also closes the connection.
  socket.on('error', () => socket.destroy());
  socket.resume();
  const ended = new Promise<void>((resolve) => socket.once('end', resolve).once('close', () => resolve()));
  await new Promise((resolve) => socket.once('connect', resolve));
  await new Promise((resolve) => socket.write(says, resolve));
  return { socket, closed: ended };
}
const head = 'GET / HTTP/1.1\r\nHost: x\r\n';
const strangers: Readonly<Record<string, string>> = {
  'says nothing': '',
  'leaves a head unfinished': head,
  'has no token for its upgrade': `${head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  'leaves a body unfinished': 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc',
};

test('no unauthorised connection keeps the server from closing', async (t) => {
  for (const [name, says] of Object.entries(strangers)) {
    const { server, connect } = await served(t);
    const { socket, closed } = await stranger(server, says);
    await connect();
    // It answers the earlier clients.
    t.equal((await fetch(server.url.replace('ws:', 'http:'))).status, 426);
    await server.close();
    await closed;
    t.throws(() => statSync(server.tokenFile), /ENOENT/, `who ${name}`);
    socket.destroy();
  }
});

test('the server closes without waiting for a client that does not answer the close', async (t) => {
  const { server, token } = await served(t);
  const { socket, closed } = await stranger(
    server,
    (strangers['has no token for its upgrade'] as string).replace('GET /', `GET /?token=${token}`),
  );
  while (server.clients === 0) await new Promise((resolve) => setImmediate(resolve));
  await server.close();
  await closed;
  socket.destroy();
});

test('the server limits the number and the time of unauthorised connections', async (t) => {
  const { server, connect } = await served(t, { requestTimeoutMs: 1000 });
  const before = await connect();
  const silent = await Promise.all(Array.from({ length: controlLimits.maxConnections - 1 }, () => stranger(server, '')));
  await (await stranger(server, '')).closed;
  t.pass('the server closes one more at once');
  t.match(await before.request('hello'), { hello: 'there' }, 'the server still serves a client');
  await Promise.all(silent.map(({ closed }) => closed));
  t.ok(await connect(), 'the server drops silent connections after a while and has room again');
  t.match(await before.request('hello'), { hello: 'there' });
  for (const { socket } of silent) socket.destroy();
});
