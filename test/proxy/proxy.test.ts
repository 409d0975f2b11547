import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { FaultProxy, type ProxyClock } from '@mtalab/harness';
import { mtaInterface, ndrSyntax } from '@mtalab/mta-core';
import { PduCodec } from '@mtalab/transport';
import { test } from 'tap';
import { contentOf } from './endpoint.js';
import { Lab, readAll, turns } from './lab.js';

const give = { kind: 'turn-give' } as const;

test('a cut before the n-th PDU breaks every connection of its association and of no other', async (t) => {
  const lab = await Lab.start();
  const { a, b, proxy } = lab;
  const x = await a.open(lab.portOfB, 'MTA-A/1/1');
  const y = await a.open(lab.portOfB, 'MTA-A/1/2');
  // The connection of the bind back belongs to the association too.
  const back = await b.bind(proxy.port('MTA-A'));
  await b.answered(
    back.conn,
    b.call(back.conn, 1, { op: 'MtaBindBack', from: b.credentials(), association: 'MTA-A/1/2', recovery: 0 }),
  );
  const backData = await b.bind(proxy.port('MTA-A'), back.group);
  t.same(
    proxy.connections().map(({ from, to, association }) => `${from} ${to} ${association}`),
    [
      'MTA-A MTA-B MTA-A/1/1',
      'MTA-A MTA-B MTA-A/1/1',
      'MTA-A MTA-B MTA-A/1/2',
      'MTA-A MTA-B MTA-A/1/2',
      'MTA-B MTA-A MTA-A/1/2',
      'MTA-B MTA-A MTA-A/1/2',
    ],
  );

  const fault = proxy.add('cut before turn-give 2 from MTA-A');
  const other = proxy.add('cut before turn-give from MTA-B');
  await a.answered(x.data, a.send(x.data, give));
  t.match(fault, { state: 'armed', hits: 0, seen: 1 });
  a.send(y.data, give);
  await a.until(() => a.lost.has(y.first) && a.lost.has(y.data));
  await b.until(() => b.lost.has(back.conn) && b.lost.has(backData.conn));
  t.match(fault, { state: 'done', hits: 1, seen: 2, text: 'cut before turn-give 2 from MTA-A' });
  t.same(b.received(), ['turn-give'], 'the second one did not arrive');
  t.same(lab.fateOf('turn-give'), ['passed', 'cut']);
  t.equal(lab.told.at(-1)?.fault, fault.text);

  await a.answered(x.data, a.send(x.data, give));
  t.notOk(a.lost.has(x.first) || a.lost.has(x.data), 'the other association lives');
  t.same(
    proxy.connections().map((one) => one.association),
    ['MTA-A/1/1', 'MTA-A/1/1'],
  );
  t.same(proxy.unreached(), [other]);
  t.equal(proxy.cutAll('MTA-A/1/1'), 2);
  await a.until(() => a.lost.has(x.first) && a.lost.has(x.data));
  await lab.close();
});

test('a cut after a PDU happens when the receiver has the PDU', async (t) => {
  const lab = await Lab.start();
  const { a, b, proxy } = lab;
  const { first, data } = await a.open(lab.portOfB, 'MTA-A/1/1');
  b.answering = false;
  const fault = proxy.add('cut after rttr 2');
  for (const offset of [0, 10, 20]) a.segment(data, offset);
  await a.until(() => a.lost.has(first) && a.lost.has(data));
  await b.until(() => b.lost.size === 2);
  t.same(b.received(), ['rttr 0', 'rttr 10']);
  t.match(fault, { state: 'done', hits: 1 });
  t.same(proxy.connections(), []);
  await lab.close();
});

test('a dropped connection leaves the others of its association alone', async (t) => {
  const lab = await Lab.start();
  const { a, b, proxy } = lab;
  const { first, data } = await a.open(lab.portOfB, 'MTA-A/1/1');
  proxy.add('drop-connection before rttr');
  a.segment(data, 0);
  await a.until(() => a.lost.has(data));
  t.equal(proxy.connections().length, 1);
  const again = await a.bind(lab.portOfB, (a.acknowledged(first) ?? { group: 0 }).group);
  await a.answered(again.conn, a.segment(again.conn, 0));
  t.notOk(a.lost.has(first));
  t.same(b.received(), ['rttr 0']);
  t.equal(proxy.connections()[1]?.association, 'MTA-A/1/1', 'a group joins a later connection to the association');
  await lab.close();
});

test('held PDUs leave in order on release, and the other direction does not wait', async (t) => {
  const lab = await Lab.start();
  const { a, b, proxy } = lab;
  const { data } = await a.open(lab.portOfB, 'MTA-A/1/1');
  b.answering = false;
  const fault = proxy.add('hold rttr 2');
  for (const offset of [0, 10, 20, 30]) a.segment(data, offset, offset === 20 ? 20_000 : 10);
  await lab.toldOf('held', 3);
  await b.until(() => b.received().length === 1);
  t.match(fault, { state: 'reached', hits: 1 });
  t.same(
    proxy.connections().map((one) => one.held),
    [0, 3],
  );
  const server = b.seen.at(-1)?.conn ?? 0;
  const call = b.seen.at(-1)?.pdu.call ?? 0;
  b.write(server, { type: 'fault', call, context: 0, cancelCount: 0, status: 0x1c010014, didNotExecute: true });
  b.network.flush();
  await a.until(() => a.seen.at(-1)?.pdu.type === 'fault');
  t.same(b.received(), ['rttr 0'], 'still held');

  t.equal(proxy.release(), 3);
  await b.until(() => b.received().length === 4);
  t.same(b.received(), ['rttr 0', 'rttr 10', 'rttr 20', 'rttr 30']);
  t.equal(fault.state, 'done');
  t.same(lab.fateOf('rttr'), ['passed', 'held', 'held', 'held', 'passed', 'passed', 'passed']);
  const numbers = (fate: string): readonly number[] => lab.told.filter((one) => one.fate === fate).map((one) => one.seq);
  t.same(numbers('passed').slice(-3), numbers('held'), 'a PDU keeps its number');
  await lab.close();
});

test('a black hole swallows one direction of one connection until the test heals it', async (t) => {
  const lab = await Lab.start();
  const { a, b, proxy } = lab;
  const { data } = await a.open(lab.portOfB, 'MTA-A/1/1');
  const other = await a.open(lab.portOfB, 'MTA-A/1/2');
  const fault = proxy.add('black-hole rttr 2');
  await a.answered(data, a.segment(data, 0));
  for (const offset of [10, 20]) a.segment(data, offset, 9000);
  a.segment(data, 30);
  await lab.toldOf('swallowed', 3);
  await a.answered(other.data, a.segment(other.data, 40));
  t.match(fault, { state: 'reached', hits: 1, seen: 2 });
  t.same(
    proxy.connections().map((one) => one.swallowed),
    [0, 3, 0, 0],
  );
  t.equal(proxy.heal(), 1);
  await a.answered(data, a.segment(data, 50));
  t.same(b.received(), ['rttr 0', 'rttr 40', 'rttr 50']);
  t.equal(fault.state, 'done');
  t.equal(a.lost.size, 0);
  await lab.close();
});

test('a delayed PDU and those behind it wait on the lab clock', async (t) => {
  const timers: { readonly atMs: number; readonly run: () => void }[] = [];
  const clock: ProxyClock = {
    after: (labMs, run) => {
      const timer = { atMs: labMs, run };
      timers.push(timer);
      return () => timers.splice(timers.indexOf(timer), 1);
    },
  };
  const lab = await Lab.start({ clock });
  const { a, b, proxy } = lab;
  const { data } = await a.open(lab.portOfB, 'MTA-A/1/1');
  b.answering = false;
  const long = proxy.add('delay rttr 2 500ms');
  const short = proxy.add('delay rttr 3 100ms');
  for (const offset of [0, 10, 20, 30]) a.segment(data, offset);
  await lab.toldOf('held', 3);
  t.same(
    timers.map((timer) => timer.atMs),
    [500, 100],
  );
  timers.pop()?.run();
  t.same([long.state, short.state], ['reached', 'done']);
  t.equal(proxy.connections()[1]?.held, 3, 'nothing overtakes');
  timers.pop()?.run();
  await b.until(() => b.received().length === 4);
  t.same(b.received(), ['rttr 0', 'rttr 10', 'rttr 20', 'rttr 30']);
  t.equal(long.state, 'done');

  const removed = proxy.add('delay turn-give 60000');
  a.send(data, give);
  await lab.toldOf('held', 4);
  t.ok(proxy.remove(removed.id));
  await b.until(() => b.received().length === 5);
  t.same(timers, [], 'a removed fault leaves no timer');
  await lab.close();
});

test('the same seed gives the same random cuts, and they end at their limit', async (t) => {
  const run = async (seed: number): Promise<string> => {
    const lab = await Lab.start();
    const fault = lab.proxy.add(`cut every rttr randomly 1/4 seed ${seed} limit 3`);
    const cuts: string[] = [];
    let { data } = await lab.a.open(lab.portOfB, 'MTA-A/1/0');
    for (let sent = 1; sent <= 60 && fault.state !== 'done'; sent += 1) {
      const connection = data;
      const call = lab.a.segment(connection, sent);
      await lab.a.until(
        () =>
          lab.a.lost.has(connection) ||
          lab.a.seen.some((one) => one.conn === connection && one.pdu.type === 'response' && one.pdu.call === call),
      );
      if (!lab.a.lost.has(connection)) continue;
      cuts.push(`${sent} ${lab.told.filter((one) => one.fault !== null).at(-1)?.fate}`);
      ({ data } = await lab.a.open(lab.portOfB, `MTA-A/1/${sent}`));
    }
    t.match(fault, { state: 'done', hits: 3 });
    await lab.a.answered(data, lab.a.segment(data, 100));
    await lab.close();
    return cuts.join();
  };
  const [one, two, three] = await Promise.all([run(5), run(5), run(6)]);
  t.equal(one, two);
  t.not(one, three);
});

test('the counts of every leg match those of the socket at its other end', async (t) => {
  const lab = await Lab.start();
  const { a, b, proxy } = lab;
  const { data } = await a.open(lab.portOfB, 'MTA-A/1/1');
  for (const offset of [0, 10, 20]) await a.answered(data, a.segment(data, offset, 30_000));
  const ends = (): readonly string[] =>
    [...a.network.sockets(), ...b.network.sockets()]
      .map((one) => `${one.local} ${one.remote} ${one.sent} ${one.received}`)
      .sort();
  const legs = (): readonly string[] =>
    proxy
      .sockets()
      .map((one) => `${one.remote} ${one.local} ${one.received} ${one.sent}`)
      .sort();
  t.same(legs(), ends());
  t.ok(
    legs().some((row) => row.endsWith(' 4 4')),
    'bind and three calls on the data connection',
  );

  proxy.add('hold rttr');
  a.segment(data, 30);
  await lab.toldOf('held', 1);
  t.same(legs(), ends(), 'each leg is quiet, and its count includes the PDUs that the proxy holds');
  t.same(
    proxy.sockets().map((one) => one.held),
    [0, 0, 1, 0],
  );
  await lab.close();
});

test('the proxy refuses impossible faults, and lists the faults that did not happen', async (t) => {
  const lab = await Lab.start();
  t.throws(() => lab.proxy.add('hold rttr from MTA-D'), {
    message: /expected the name of an MTA \(MTA-A, MTA-B\), found "MTA-D"/,
  });
  t.throws(() => lab.proxy.port('MTA-D'), { message: /unknown MTA MTA-D; the MTAs behind the fault proxy are MTA-A, MTA-B/ });
  const fault = lab.proxy.add('cut before rtab');
  t.match(lab.proxy.unreached(), [{ id: fault.id, text: 'cut before rtab 1', state: 'armed', hits: 0, seen: 0 }]);
  t.notOk(lab.proxy.remove(fault.id + 1));
  t.ok(lab.proxy.remove(fault.id));
  t.same(lab.proxy.faults(), []);
  for (let count = 0; count < 100; count += 1) lab.proxy.add('hold any 5');
  t.throws(() => lab.proxy.add('hold any 5'), { message: /at most 100 faults/ });
  await t.rejects(FaultProxy.start({ links: [{ name: 'X' }, { name: 'X' }] }), {
    message: 'two links of the fault proxy have the name X',
  });
  await t.rejects(FaultProxy.start({ links: [{ name: 'X', target: '127.0.0.1:70' }] }), {
    message: /"127.0.0.1:70" is no target of a link/,
  });
  await lab.close();
});

test('octets other than DCE/RPC pass untouched, and so do the end of one direction and a reset', async (t) => {
  const accepted: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = await FaultProxy.start({ links: [{ name: 'X' }] });
  const client = connect({ host: '127.0.0.1', port: proxy.port('X'), allowHalfOpen: true });
  const asked = Buffer.from('\u0003\u0000\u0000\u0016 no RPC, and an end');
  client.end(asked);
  // The link gets its target after the connection.
  await new Promise<void>((resolve) => client.once('connect', resolve));
  const arrival = new Promise<void>((resolve) => server.once('connection', () => resolve()));
  await proxy.setTarget('X', '127.0.0.1', (server.address() as AddressInfo).port);
  await arrival;
  const [socket] = accepted;
  if (socket === undefined) throw new Error('no connection was accepted');
  t.same(await readAll(socket), asked);
  const answer = Buffer.alloc(3_000_000, 'x');
  socket.end(answer);
  t.ok(answer.equals(await readAll(client)), 'the other direction continued after the end');

  const second = connect({ host: '127.0.0.1', port: proxy.port('X') });
  await new Promise<void>((resolve) => server.once('connection', () => resolve()));
  second.on('error', () => {});
  const closed = new Promise<boolean>((resolve) => second.once('close', resolve));
  accepted[1]?.resetAndDestroy();
  t.equal(await closed, true, 'a reset arrives as an error');
  await proxy.close();
  server.close();
});

test('no part of a call leaves before its cut; a long held call stays within bounds and leaves whole', async (t) => {
  const lab = await Lab.start({ maxHeldBytes: 300_000 });
  const { a, b, proxy } = lab;
  const first = await a.open(lab.portOfB, 'MTA-A/1/1');
  proxy.add('cut before rttr');
  a.segment(first.data, 0, 500_000);
  await a.until(() => a.lost.has(first.data));
  t.same(lab.fateOf('rttr'), ['cut']);
  t.same(
    b.inputs.filter((input) => input.type === 'malformed'),
    [],
  );

  const { data } = await a.open(lab.portOfB, 'MTA-A/1/2');
  b.answering = false;
  proxy.add('hold rttr');
  for (let count = 0; count < 40; count += 1) a.segment(data, count, 262_144);
  await lab.toldOf('held', 1);
  await turns(2000);
  const held = lab.told.filter((one) => one.fate === 'held').length;
  t.ok(held <= 3, `${held} of 40 arrived while the proxy held the first`);
  proxy.release();
  const carried = (): number => b.seen.filter(({ pdu }) => pdu.type === 'request' && pdu.body.op === 'MtaSend').length;
  await b.until(() => carried() === 40);
  t.same(
    b.received(),
    Array.from({ length: 40 }, (_, count) => `rttr ${count}`),
  );
  await lab.close();
});

test('the proxy reads a sender no faster than the receiver reads', async (t) => {
  const sizeBytes = 64 * 1024 * 1024;
  let read: Promise<Buffer> | undefined;
  let readNow = (): void => {};
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    readNow = () => {
      read = readAll(socket);
      socket.resume();
    };
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = await FaultProxy.start({
    links: [{ name: 'X', target: `127.0.0.1[${(server.address() as AddressInfo).port}]` }],
  });
  const client = connect({ host: '127.0.0.1', port: proxy.port('X') });
  for (let count = 0; count < 64; count += 1) client.write(Buffer.alloc(sizeBytes / 64, count));
  client.end();
  await turns(5000);
  t.ok(client.writableLength > sizeBytes / 4, `${client.writableLength} octets wait at the sender`);
  readNow();
  t.equal((await read)?.length, sizeBytes);
  await proxy.close();
  server.close();
});

test('a PDU between the fragments of a held call overtakes the call and harms neither', async (t) => {
  const lab = await Lab.start();
  const { b, proxy } = lab;
  const codec = new PduCodec({ loadContent: () => contentOf(0, 20_000) });
  const socket = connect({ host: '127.0.0.1', port: lab.portOfB });
  const contexts = [{ id: 0, abstract: mtaInterface, transfer: [ndrSyntax] }];
  socket.write(
    codec.encode({
      type: 'bind',
      call: 1,
      maxXmit: 4096,
      maxRecv: 4096,
      group: 0,
      multiplex: true,
      headerSigning: false,
      contexts,
    }),
  );
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      codec.decode(chunk, () => true);
      resolve();
    });
  });
  proxy.add('hold rttr');
  const apdu = { kind: 'rttr', activity: 1, offset: 0, content: { length: 20_000, content: 0 }, last: true } as const;
  const call = codec.encode({ type: 'request', call: 3, context: 0, opnum: 2, body: { op: 'MtaSend', apdu, settled: [] } });
  const fragmentBytes = call.readUInt16LE(8);
  t.ok(fragmentBytes < call.length);
  socket.write(
    Buffer.concat([call.subarray(0, fragmentBytes), codec.encode({ type: 'co_cancel', call: 2 }), call.subarray(fragmentBytes)]),
  );
  await b.until(() => b.seen.at(-1)?.pdu.type === 'co_cancel');
  await lab.toldOf('held', 1);
  t.equal(proxy.release(), 1);
  await b.until(() => b.received().length === 1);
  t.same(b.received(), ['rttr 0']);
  socket.destroy();
  await lab.close();
});

test('a connection ends if its target stays unknown for too long or refuses', async (t) => {
  // No process listens on port 1, and the system never assigns it. Another process could take a merely free port meanwhile.
  const proxy = await FaultProxy.start({ links: [{ name: 'X' }, { name: 'Y', target: '127.0.0.1[1]' }], targetWaitMs: 1 });
  for (const name of ['X', 'Y']) {
    const client = connect({ host: '127.0.0.1', port: proxy.port(name) });
    client.on('error', () => {});
    client.resume();
    await new Promise((resolve) => client.once('close', resolve));
  }
  t.same(proxy.connections(), []);
  await proxy.close();
});

test('while an MTA is down the proxy refuses its callers; later they reach it at the same port', async (t) => {
  const lab = await Lab.start();
  const { proxy, portOfB: port } = lab;
  const call = async (): Promise<string> => {
    const socket = connect({ host: '127.0.0.1', port });
    try {
      await once(socket, 'connect');
      return 'connected';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? '';
    } finally {
      socket.destroy();
    }
  };
  t.equal(await call(), 'connected');
  for (let round = 0; round < 3; round += 1) {
    await proxy.refuse('MTA-B');
    t.equal(await call(), 'ECONNREFUSED');
    await proxy.setTarget('MTA-B', '127.0.0.1', lab.b.port);
    t.equal(proxy.port('MTA-B'), port);
    t.equal(await call(), 'connected');
  }
  // Of several simultaneous changes the last one wins.
  await Promise.all([proxy.refuse('MTA-B'), proxy.setTarget('MTA-B', '127.0.0.1', lab.b.port), proxy.refuse('MTA-B')]);
  t.equal(await call(), 'ECONNREFUSED');
  await lab.close();
});

test('step by step: no PDU passes by itself, the one that has waited longest goes first, and nothing is lost', async (t) => {
  const lab = await Lab.start();
  const { a, b, proxy } = lab;
  const x = await a.open(lab.portOfB, 'MTA-A/1/1');
  const y = await a.open(lab.portOfB, 'MTA-A/1/2');
  t.equal(proxy.step(), null, 'nothing waits');
  proxy.setStepping(true);
  const first = a.send(y.data, give);
  await lab.toldOf('held', 1);
  const second = a.send(x.data, give);
  await lab.toldOf('held', 2);
  t.same(b.received(), [], 'the receiver has not seen an octet');
  t.match(proxy.step(), { link: 'rpc' });
  await b.until(() => b.received().length === 1);
  // Its answer comes, and waits behind the other.
  await lab.toldOf('held', 3);
  proxy.step();
  await b.until(() => b.received().length === 2);
  proxy.setStepping(false);
  await a.answered(y.data, first);
  await a.answered(x.data, second);
  t.equal(
    proxy.connections().reduce((sum, one) => sum + one.held, 0),
    0,
  );
  await lab.close();
});
