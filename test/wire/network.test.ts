import { connect, createServer, type Server, type Socket } from 'node:net';
import { type BindAckPdu, faultStatus, type Input, type MemoryFrame, ntError, type Pdu } from '@mtalab/mta-core';
import {
  type FrameCodecs,
  MalformedFrame,
  Network,
  type NetworkOptions,
  PduCodec,
  RpcCodecs,
  type RpcCodecsOptions,
} from '@mtalab/transport';
import { test } from 'tap';
import { handleOf, loadOctets } from '../support/contents.js';
import { bindAckPdu, bindPdu, readAll, request, response } from './samples.js';

/** The part of a tap test that this file uses. */
type Subject = { teardown(work: () => unknown): void; same(found: unknown, wanted: unknown): boolean };

type Limits = NetworkOptions & Partial<RpcCodecsOptions>;

/** A network whose inputs a test can await. The end of the test closes it. */
class Driven {
  readonly inputs: Input[] = [];
  readonly network: Network;
  readonly logged: string[] = [];
  /** The network calls it for each input, where a driver would step the core. */
  react: (input: Input) => void = () => {};
  #taken = 0;
  #wake: () => void = () => {};

  constructor(
    t: Subject,
    options: Limits = {},
    loadContent: (length: number) => Uint8Array = (length) => Buffer.alloc(length, 'c'),
  ) {
    const rpc = new RpcCodecs({ loadContent: (handle) => loadContent(handle.length), keepContent: handleOf, ...options });
    const hooks = {
      input: (input: Input) => {
        this.inputs.push(input);
        this.react(input);
        this.#wake();
      },
      log: (_level: string, text: string) => void this.logged.push(text),
    };
    this.network = new Network(hooks, { rpc }, options);
    t.teardown(() => this.network.closeAll());
  }

  /** The next input, in order. */
  async next<T extends Input['type']>(type: T): Promise<Extract<Input, { type: T }>> {
    while (this.inputs.length === this.#taken) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const input = this.inputs[this.#taken++] as Input;
    if (input.type !== type) throw new Error(`expected ${type}, got ${JSON.stringify(input)}`);
    return input as Extract<Input, { type: T }>;
  }

  listen(binding: number, address: string, port: number): void {
    this.network.listen({ type: 'listen', link: 'rpc', binding, address, port });
  }

  dial(conn: number, host: string, port: number, localAddress?: string): void {
    this.network.dial({ type: 'dial', link: 'rpc', conn, host, port, ...(localAddress === undefined ? {} : { localAddress }) });
  }

  write(conn: number, frame: Pdu): void {
    this.network.send({ type: 'frame', link: 'rpc', conn, frame });
  }

  send(conn: number, ...pdus: Pdu[]): void {
    for (const pdu of pdus) this.write(conn, pdu);
    this.network.flush();
  }
}

test('the network reports the address found for a name, and none for an address', async (t) => {
  const server = new Driven(t);
  const client = new Driven(t);
  server.listen(0, '127.0.0.1', 0);
  const { port } = await server.next('listening');
  client.dial(2, 'localhost', port, '127.0.0.1');
  t.same(await client.next('connected'), { type: 'connected', conn: 2, address: '127.0.0.1' });
  client.dial(4, '127.0.0.1', port);
  t.same(await client.next('connected'), { type: 'connected', conn: 4 });
});

/** Two networks with one connection, bound to the MTA interface. */
async function connected(t: Subject, options: Limits = {}) {
  const server = new Driven(t, options);
  const client = new Driven(t, options);
  server.listen(0, '127.0.0.1', 0);
  const { port } = await server.next('listening');
  client.dial(2, '127.0.0.1', port, '127.0.0.1');
  const accepted = await server.next('accepted');
  await client.next('connected');
  client.send(2, bindPdu());
  t.same((await server.next('frame')).frame, bindPdu());
  server.send(accepted.conn, bindAckPdu());
  t.same((await client.next('frame')).frame, bindAckPdu());
  return { server, client, conn: accepted.conn, port, accepted };
}

const please = request(2, { op: 'MtaSend', apdu: { kind: 'turn-please', priority: 2 }, settled: [] });
const noted = response(2, { op: 'MtaSend', apdu: { kind: 'please-noted' } });

const names = {
  mtaName: 'MTA-B',
  password: '',
  incarnation: 1,
  storeUuid: '6f9619ff-8b86-4011-b42d-00c04fc964ff',
  settledBelow: 0,
};
/** The answer that opens an association. */
const associated = response(1, { op: 'MtaBind', from: names, apdu: { kind: 'rtoac', checkpointSizeK: 0, windowSize: 5 } });

test('two networks talk, count their PDUs and close without a trace', async (t) => {
  const { server, client, conn, port, accepted } = await connected(t);
  t.equal(conn % 2, 1);
  t.match(accepted.remote, /^127\.0\.0\.1:\d+$/);
  server.send(conn, associated);
  await client.next('frame');
  const content = { length: 100_000, content: 3 };
  const big = request(3, { op: 'MtaSend', apdu: { kind: 'rttr', activity: 5, offset: 0, last: true, content }, settled: [] });
  client.send(2, please, big);
  t.same((await server.next('frame')).frame, please);
  t.match((await server.next('frame')).frame, { call: 3, body: { apdu: { content: { length: 100_000 } } } });
  server.send(conn, noted);
  t.same((await client.next('frame')).frame, noted);
  const local = accepted.remote;
  t.same(client.network.sockets(), [{ conn: 2, local, remote: `127.0.0.1:${port}`, sent: 3, received: 3 }]);
  t.same(server.network.sockets(), [{ conn, local: `127.0.0.1:${port}`, remote: local, sent: 3, received: 3 }]);
  // Everything sent before a close arrives; the closing side gets no more inputs.
  client.write(2, big);
  client.network.close(2);
  t.match((await server.next('frame')).frame, { call: 3 });
  t.same(await server.next('lost'), { type: 'lost', conn, error: ntError.connectionReset });
  t.same([client.network.sockets(), server.network.sockets()], [[], []]);
  await client.network.closeAll();
  t.equal(client.inputs.length, 4);
});

test('a core that closes while it handles a PDU gets no further PDU', async (t) => {
  const { server, client, conn } = await connected(t);
  server.react = (input) => {
    if (input.type === 'frame') server.network.close(conn);
  };
  client.send(2, please, { ...please, call: 3 } as Pdu, { type: 'co_cancel', call: 2 });
  t.same((await server.next('frame')).frame, please);
  await client.next('lost');
  t.equal(server.inputs.at(-1)?.type, 'frame');
  t.equal(server.inputs.length, 4);
});

/** No process listens on this port, and the system never assigns it. Another process could take a merely free port. */
const deafPort = 1;

test('the network reports failed dials and listens with their error', async (t) => {
  const driven = new Driven(t);
  const { network } = driven;
  driven.listen(0, '127.0.0.1', 0);
  const { port } = await driven.next('listening');
  driven.listen(1, '127.0.0.1', port);
  t.same(await driven.next('listen-failed'), { type: 'listen-failed', link: 'rpc', binding: 1, osError: 'EADDRINUSE' });
  driven.listen(2, '192.0.2.1', 0);
  t.same(await driven.next('listen-failed'), { type: 'listen-failed', link: 'rpc', binding: 2, osError: 'EADDRNOTAVAIL' });
  driven.dial(2, '127.0.0.1', deafPort);
  t.same(await driven.next('dial-failed'), { type: 'dial-failed', conn: 2, error: 1722, osError: 'ECONNREFUSED' });
  driven.dial(4, '127.0.0.1', port, '192.0.2.1');
  t.match(await driven.next('dial-failed'), { conn: 4, error: 1722, osError: 'EADDRNOTAVAIL' });
  driven.dial(6, '127.0.0.1', 70_000);
  t.match(await driven.next('dial-failed'), { conn: 6, error: 1722, osError: 'ERR_SOCKET_BAD_PORT' });
  // A cancelled dial causes no further input, whether it would have failed or not.
  driven.dial(8, '127.0.0.1', deafPort);
  network.close(8);
  driven.dial(10, '127.0.0.1', 70_000);
  network.close(10);
  driven.dial(12, '127.0.0.1', deafPort);
  t.match(await driven.next('dial-failed'), { conn: 12 });
});

test('strangers: octets other than PDUs, a bind_nak in answer, a peer that resets', async (t) => {
  const driven = new Driven(t);
  driven.listen(0, '127.0.0.1', 0);
  const { port } = await driven.next('listening');
  driven.react = (input) => {
    if (input.type !== 'malformed') return;
    if (input.answer !== null) driven.write(input.conn, input.answer as Pdu);
    driven.network.close(input.conn);
  };
  const web = connect(port, '127.0.0.1');
  web.write(`GET / HTTP/1.1\r\n${'x'.repeat(100_000)}`);
  const answer = await readToEnd(web);
  t.same(readAll(new PduCodec(), answer), [{ type: 'bind_nak', call: 0, reason: 4 }]);
  await driven.next('accepted');
  t.match(await driven.next('malformed'), { answer: { type: 'bind_nak', reason: 4 }, detail: /RPC version/ });

  // Half of a PDU, then silence and a reset.
  const rude = connect(port, '127.0.0.1');
  rude.on('error', () => {});
  const { conn } = await driven.next('accepted');
  const bind = new PduCodec().encode(bindPdu());
  rude.write(bind);
  await driven.next('frame');
  rude.resetAndDestroy();
  t.same(await driven.next('lost'), { type: 'lost', conn, error: 10054 });
  driven.write(conn, bindAckPdu());
  driven.network.close(conn);
  t.equal(driven.network.sockets().length, 0);
});

test('limits: a peer that does not read, a missing content, too many connections', async (t) => {
  const driven = new Driven(t, { maxBufferedBytes: 1_000_000, maxSockets: 2 }, (length) =>
    Buffer.alloc(Math.min(length, 50_000)),
  );
  const silent: Socket[] = [];
  const { server, port } = await listening((socket) => silent.push(socket.pause()));
  t.teardown(() => {
    for (const socket of silent) socket.destroy();
    server.close();
  });
  const rttr = (length: number) =>
    request(1, {
      op: 'MtaSend',
      apdu: { kind: 'rttr', activity: 1, offset: 0, last: true, content: { length, content: 1 } },
      settled: [],
    });
  driven.dial(2, '127.0.0.1', port);
  driven.dial(4, '127.0.0.1', port);
  driven.dial(6, '127.0.0.1', port);
  t.match(await driven.next('dial-failed'), { conn: 6, error: ntError.outOfMemory });
  await driven.next('connected');
  await driven.next('connected');
  let sent = 0;
  while (driven.network.sockets().some(({ conn }) => conn === 2) && sent < 10_000) {
    driven.send(2, rttr(50_000));
    sent += 1;
    if (sent % 10 === 0) await new Promise(setImmediate);
  }
  t.same(await driven.next('lost'), { type: 'lost', conn: 2, error: 10054 });
  t.match(driven.logged.at(-1), /does not read/);
  driven.send(4, rttr(50_001));
  t.same(await driven.next('lost'), { type: 'lost', conn: 4, error: 10054 });
  t.match(driven.logged.at(-1), /cannot be encoded: content 1 has 50000 octets where 50001/);
});

test('all PDUs of one turn leave in one piece', async (t) => {
  const chunks: Buffer[] = [];
  let wake = (): void => {};
  const { server, port } = await listening((socket) => {
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      wake();
    });
  });
  t.teardown(() => server.close());
  const driven = new Driven(t);
  driven.dial(2, '127.0.0.1', port);
  await driven.next('connected');
  driven.send(2, bindPdu());
  const calls = Array.from({ length: 500 }, (_, index) => ({ ...please, call: index + 2 }) as Pdu);
  driven.send(2, ...calls);
  const wanted = Buffer.concat([new PduCodec().encode(bindPdu()), ...calls.map((pdu) => new PduCodec().encode(pdu))]);
  while (Buffer.concat(chunks).length < wanted.length) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  t.ok(Buffer.concat(chunks).equals(wanted));
  t.ok(chunks.length <= 4, `500 PDUs came in ${chunks.length} reads`);
});

async function listening(serve: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port };
}

async function readToEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** An RTTR of this many octets, in all fragments but the last. */
function unfinished(codec: PduCodec, length: number): Buffer {
  const content = handleOf(Buffer.alloc(length));
  const whole = codec.encode(
    request(9, { op: 'MtaSend', apdu: { kind: 'rttr', activity: 1, offset: 0, last: true, content }, settled: [] }),
  );
  return whole.subarray(0, Math.floor((whole.length - 1) / 5840) * 5840);
}

/** A client that can send half a call, on a bound connection. */
async function halfCaller(t: Subject, server: Driven, port: number, group: number) {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  const codec = new PduCodec({ loadContent: loadOctets });
  const { conn } = await server.next('accepted');
  socket.write(codec.encode(bindPdu()));
  await server.next('frame');
  const ack: Pdu = { ...(bindAckPdu() as BindAckPdu), group };
  server.send(conn, ack);
  readAll(codec, new PduCodec().encode(ack));
  return { socket, conn, codec };
}

test('only an association can hold large unfinished calls, and all together stay within the memory limit', async (t) => {
  const server = new Driven(t, { maxStubBytes: 1_000_000, maxPartialBytes: 2_000_000 });
  server.listen(0, '127.0.0.1', 0);
  const { port } = await server.next('listening');
  const { accessDenied, protocolError } = faultStatus;
  const refused = async (conn: number, detail: RegExp, status: number = accessDenied): Promise<void> => {
    t.match(await server.next('malformed'), { conn, answer: { type: 'fault', status }, detail });
    server.network.close(conn);
  };

  const stranger = await halfCaller(t, server, port, 1);
  stranger.socket.write(unfinished(stranger.codec, 70_000));
  await refused(stranger.conn, /stub of request 9 is longer than 65536 octets/);

  // The association opens on one connection. Other connections of its group can carry mail; those of another group cannot.
  const first = await halfCaller(t, server, port, 2);
  server.send(first.conn, associated);
  const others = [];
  for (const group of [2, 2, 2, 3]) others.push(await halfCaller(t, server, port, group));
  const [one, two, three, foreign] = others as [typeof first, typeof first, typeof first, typeof first];
  foreign.socket.write(unfinished(foreign.codec, 70_000));
  await refused(foreign.conn, /longer than 65536 octets/);
  /** A last fragment without its first. */
  const last = (codec: PduCodec): Buffer => {
    const octets = codec.encode(please);
    octets[3] = 2;
    return octets;
  };
  for (const { socket, codec } of [one, two]) socket.write(unfinished(codec, 900_000));
  // A fragment without its first is an error. That error shows that the network took the half.
  one.socket.write(last(one.codec));
  await refused(one.conn, /later fragment of request 2 without its first/, protocolError);
  three.socket.write(unfinished(three.codec, 900_000));
  three.socket.write(last(three.codec));
  await refused(three.conn, /without its first/, protocolError);
  t.same(server.logged, [], 'closed connections hold no memory');

  const [four, five] = [await halfCaller(t, server, port, 2), await halfCaller(t, server, port, 2)];
  four.socket.write(unfinished(four.codec, 900_000));
  five.socket.write(unfinished(five.codec, 900_000));
  const input = await server.next('malformed');
  t.match(input.detail, /unfinished calls of all connections take up more than 2000000 octets/);
  t.match(server.logged, [/more than 2000000 octets\. The connection is closed\.$/]);
  server.network.close(input.conn);

  // The network forgets a group with its last connection.
  for (const { conn } of [first, two, four, five]) server.network.close(conn);
  const late = await halfCaller(t, server, port, 2);
  late.socket.write(unfinished(late.codec, 70_000));
  await refused(late.conn, /longer than 65536 octets/);
});

test('a content without room in this process closes its connection', async (t) => {
  let room = 100_000;
  const keepContent = (octets: Uint8Array) => {
    room -= octets.length;
    if (room < 0) throw new MalformedFrame('no room for contents', { isShortage: true });
    return handleOf(octets);
  };
  const { server, client, conn } = await connected(t, { keepContent });
  server.send(conn, associated);
  await client.next('frame');
  const content = { length: 60_000, content: 3 };
  const rttr = (call: number): Pdu =>
    request(call, { op: 'MtaSend', apdu: { kind: 'rttr', activity: 5, offset: 0, last: true, content }, settled: [] });
  client.send(2, rttr(3));
  await server.next('frame');
  client.send(2, rttr(4));
  t.match(await server.next('malformed'), { conn, answer: null, detail: 'no room for contents' });
  t.match(server.logged, [/no room for contents\. The connection is closed\.$/]);
});

/** A link for this test only: each frame is a line of JSON. */
const lines: FrameCodecs<'memory'> = {
  maxFrameBytes: 1000,
  open: () => {
    let text = '';
    return {
      encodeInto(out, frame) {
        const octets = Buffer.from(`${JSON.stringify(frame)}\n`);
        out.begin(octets.length);
        out.writer.buf.set(octets, out.writer.pos);
        out.writer.pos += octets.length;
      },
      decode(chunk, deliver) {
        const parts = (text + chunk.toString()).split('\n');
        text = parts.pop() ?? '';
        for (const part of parts) if (!deliver(JSON.parse(part) as MemoryFrame)) return;
      },
      release() {
        text = '';
      },
    };
  },
};

test('the network carries the frames of any link for which it has codecs', async (t) => {
  const inputs: Input[] = [];
  const network = new Network({ input: (input) => void inputs.push(input) }, { memory: lines });
  t.teardown(() => network.closeAll());
  const arrived = async <T extends Input['type']>(type: T): Promise<Extract<Input, { type: T }>> => {
    for (;;) {
      const found = inputs.find((input) => input.type === type);
      if (found !== undefined) return found as Extract<Input, { type: T }>;
      await new Promise(setImmediate);
    }
  };
  network.listen({ type: 'listen', link: 'memory', binding: 3, address: '127.0.0.1', port: 0 });
  const { port } = await arrived('listening');
  network.dial({ type: 'dial', link: 'memory', conn: 2, host: '127.0.0.1', port });
  const accepted = await arrived('accepted');
  t.match(accepted, { link: 'memory', binding: 3 });
  await arrived('connected');
  const frame: MemoryFrame = { type: 'close', settled: [] };
  network.send({ type: 'frame', link: 'memory', conn: 2, frame });
  network.flush();
  t.same(await arrived('frame'), { type: 'frame', link: 'memory', conn: accepted.conn, frame });
  t.match(network.sockets(), [
    { conn: 2, sent: 1 },
    { conn: accepted.conn, received: 1 },
  ]);
  t.throws(() => network.send({ type: 'frame', link: 'rpc', conn: 2, frame: please }), {
    message: 'connection 2 is of the memory link, not of the rpc link',
  });
});

test('the network refuses a link without sockets and says why', (t) => {
  const { network } = new Driven(t);
  const noSockets = { message: 'the memory link has no sockets here' };
  const place = { link: 'memory', port: 1 } as const;
  t.throws(() => network.listen({ type: 'listen', binding: 0, address: '127.0.0.1', ...place }), noSockets);
  t.throws(() => network.dial({ type: 'dial', conn: 2, host: '127.0.0.1', ...place }), noSockets);
  t.end();
});
