/** The fault proxy on the X.400 connector, with scripted frames on both sides. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { FaultProxy, type FaultProxyOptions, type ProxiedPdu } from '@mtalab/harness';
import { describeFrame, type X400Frame } from '@mtalab/mta-core';
import type { FrameCodec } from '@mtalab/transport';
import { afterEach, test } from 'tap';
import { handleOf, octetsOf } from '../support/contents.js';
import { encode, newEnds, opening, smallHead } from '../wire/x400-samples.js';
import { contentOf } from './endpoint.js';
import { turns } from './lab.js';

/** Wakes those that wait, after anything has happened. */
class Signal {
  #wake: (() => void)[] = [];

  wake(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async until(met: () => boolean): Promise<void> {
    while (!met()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }
}

/** One end of a connection: sends frames, and reads what arrives. */
class End {
  readonly socket: Socket;
  readonly arrived: X400Frame[] = [];
  octets = 0;
  isClosed = false;
  readonly #codec: FrameCodec<'x400'>;
  readonly #signal: Signal;

  constructor(socket: Socket, codec: FrameCodec<'x400'>, signal: Signal) {
    this.#signal = signal;
    this.socket = socket;
    this.#codec = codec;
    socket.on('data', (chunk: Buffer) => {
      this.octets += chunk.length;
      codec.decode(chunk, (frame) => {
        this.arrived.push(frame);
        return true;
      });
      signal.wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      signal.wake();
    });
  }

  encoded(...frames: readonly X400Frame[]): Buffer {
    return Buffer.concat(frames.map((frame) => encode(this.#codec, frame)));
  }

  send(...frames: readonly X400Frame[]): void {
    this.socket.write(this.encoded(...frames));
  }

  async takes(type: X400Frame['type'], count = 1): Promise<void> {
    await this.#signal.until(() => this.arrived.filter((frame) => frame.type === type).length >= count);
  }
}

class Lab {
  readonly told: readonly ProxiedPdu[];
  readonly #server: Server;
  readonly proxy: FaultProxy;
  readonly client: End;
  readonly server: End;
  readonly signal: Signal;

  private constructor(proxy: FaultProxy, server: Server, client: End, accepted: End, told: ProxiedPdu[], signal: Signal) {
    this.signal = signal;
    this.proxy = proxy;
    this.#server = server;
    this.client = client;
    this.server = accepted;
    this.told = told;
  }

  static async start(options: Partial<FaultProxyOptions> = {}): Promise<Lab> {
    const ends = newEnds();
    const signal = new Signal();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const target = `127.0.0.1[${(server.address() as AddressInfo).port}]`;
    const told: ProxiedPdu[] = [];
    const proxy = await FaultProxy.start({
      links: [{ name: 'MTA-B', link: 'x400', target }],
      names: ['MTA-A'],
      onPdu: (pdu) => {
        told.push(pdu);
        signal.wake();
      },
      ...options,
    });
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const client = new End(connect({ host: '127.0.0.1', port: proxy.port('MTA-B', 'x400') }), ends.client, signal);
    const lab = new Lab(proxy, server, client, new End(await accepted, ends.server, signal), told, signal);
    labs.push(lab);
    return lab;
  }

  /** Opens the session. */
  async open(): Promise<this> {
    for (const [side, frame] of opening) {
      const [from, to] = side === 'client' ? [this.client, this.server] : [this.server, this.client];
      from.send(frame);
      await to.takes(frame.type);
    }
    return this;
  }

  async close(): Promise<void> {
    await this.proxy.close();
    this.client.socket.destroy();
    this.#server.close();
  }
}

const head = { ...smallHead, envelope: { ...smallHead.envelope, sizeBytes: 10_000_000 } };
const start: X400Frame = { type: 'activity-start', activity: 3 };

function segment(checkpoint: number, length: number, end = false): X400Frame {
  const first = checkpoint === 1 ? { head } : {};
  return { type: 'data', ...first, content: handleOf(contentOf(checkpoint, length)), checkpoint, end };
}

const contentsIn = ({ arrived }: End): readonly (readonly number[])[] =>
  arrived.flatMap((frame) => (frame.type === 'data' ? [[frame.checkpoint, octetsOf(frame.content)?.length ?? -1]] : []));

// A failed test must not leave its sockets behind.
const labs: Lab[] = [];
afterEach(() => Promise.all(labs.splice(0).map((lab) => lab.close())));

test('frames pass octet by octet, and the proxy knows their association and their senders', async (t) => {
  const lab = await (await Lab.start()).open();
  const { client, server, proxy, told } = lab;
  t.match(proxy.connections(), [{ from: 'MTA-A', to: 'MTA-B', association: 'MTA-A/3/17' }]);
  for (const octet of client.encoded(start, segment(1, 300), segment(2, 90, true))) client.socket.write(Buffer.of(octet));
  await server.takes('data', 2);
  server.send({ type: 'minor-sync-ack', checkpoint: 1 }, { type: 'activity-end-ack', checkpoint: 2 });
  await client.takes('activity-end-ack');
  t.same(contentsIn(server), [
    [1, 300],
    [2, 90],
  ]);
  t.same(
    told.map(({ from, to, fate, association, ...pdu }) => [from, fate, association, describeFrame(pdu)]),
    [
      ['MTA-A', 'passed', null, 'CR source=1'],
      ['MTA-B', 'passed', null, 'CC source=2 destination=1'],
      ...[
        ...opening.slice(2).map(([side, frame]) => [side === 'client' ? 'MTA-A' : 'MTA-B', frame] as const),
        ...[start, segment(1, 300), segment(2, 90, true)].map((frame) => ['MTA-A', frame] as const),
        ['MTA-B', { type: 'minor-sync-ack', checkpoint: 1 }] as const,
        ['MTA-B', { type: 'activity-end-ack', checkpoint: 2 }] as const,
      ].map(([from, frame]) => [from, 'passed', 'MTA-A/3/17', describeFrame({ link: 'x400', frame })]),
    ],
  );
  t.same(
    told.flatMap(({ frame }) => (frame.type === 'data' ? [frame.content] : [])),
    [{ length: 300 }, { length: 90 }],
    'without contents',
  );
  t.same(
    proxy.sockets().map(({ sent, received }) => [sent, received]),
    [
      [4, 5],
      [5, 4],
    ],
  );
});

test('faults by APDU and by PDU of the session; no octet of a frame leaves before its cut', async (t) => {
  for (const [fault, arrives] of [
    ['cut before rttr 2', 1],
    ['cut before activity-end', 1],
    ['drop-connection after minor-sync', 1],
    ['cut after rttr 2 from MTA-A', 2],
  ] as const) {
    const lab = await (await Lab.start()).open();
    const { client, server, proxy } = lab;
    const handle = proxy.add(fault);
    // The second segment has several TPKTs.
    const before = server.octets;
    client.send(start, segment(1, 300));
    client.send(segment(2, 100_000, true));
    await lab.signal.until(() => client.isClosed);
    await lab.signal.until(() => server.isClosed);
    t.equal(contentsIn(server).length, arrives, fault);
    t.match(handle, { hits: 1, state: 'done' });
    if (arrives === 1) t.ok(server.octets - before < 2000, 'nothing of the second segment');
  }
  const lab = await (await Lab.start()).open();
  t.throws(() => lab.proxy.add('cut before bind'), { message: /expected a kind of the X\.400 connector, found "bind"/ });
});

test('a long segment passes as it comes, and a held one stays within bounds', async (t) => {
  const lab = await (await Lab.start({ maxHeldBytes: 300_000 })).open();
  const { client, server, proxy, told } = lab;
  // A fault after the frame need not wait for the whole of it.
  const after = proxy.add('hold minor-sync-ack');
  const octets = client.encoded(start, segment(1, 5_000_000));
  const seen = server.octets;
  client.socket.write(octets.subarray(0, 4_000_000));
  await lab.signal.until(() => server.octets - seen > 3_900_000);
  t.equal(contentsIn(server).length, 0, 'its end has not come');
  client.socket.write(octets.subarray(4_000_000));
  await server.takes('data');
  server.send({ type: 'minor-sync-ack', checkpoint: 1 });
  await lab.signal.until(() => told.some(({ fate }) => fate === 'held'));
  t.equal(after.hits, 1);

  proxy.add('hold rttr');
  for (let checkpoint = 2; checkpoint < 40; checkpoint += 1) client.send(segment(checkpoint, 262_144));
  await lab.signal.until(() => told.some(({ fate, frame }) => fate === 'held' && frame.type === 'data'));
  await turns(2000);
  const held = told.filter(({ fate, frame }) => fate === 'held' && frame.type === 'data').length;
  t.ok(held >= 1 && held <= 3, `${held} of 38 arrived while the proxy held the first`);
  proxy.release();
  await server.takes('data', 39);
  t.same(
    contentsIn(server).map(([checkpoint]) => checkpoint),
    Array.from({ length: 39 }, (_, at) => at + 1),
  );
  await client.takes('minor-sync-ack');
});

test('octets that are no frames pass untouched, also after frames', async (t) => {
  const lab = await (await Lab.start()).open();
  const { client, server, told } = lab;
  const passed = told.length;
  const chunks: Buffer[] = [];
  server.socket.removeAllListeners('data').on('data', (chunk: Buffer) => chunks.push(chunk));
  const wrong = Buffer.concat([
    client.encoded(start),
    Buffer.from('\u0003\u0000\u0000\u0003 no TPKT'),
    client.encoded(segment(1, 50)),
  ]);
  client.socket.end(wrong);
  await new Promise<void>((resolve) => server.socket.once('end', resolve));
  t.ok(Buffer.concat(chunks).equals(wrong));
  t.equal(told.length, passed + 1, 'the frame before them counts');
});
