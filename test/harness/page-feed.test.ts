/** The feed of a page: what a page gets that comes back, comes late, reads slowly, or sends what it must not. */
import { EventEmitter } from 'node:events';
import { connect } from 'node:net';
import { FeedLog, LabFeed, type PageActions, PageServer, PageSession } from '@mtalab/harness/internal';
import { type FeedItem, LiveTrace, type PageHello, type PageItems } from '@mtalab/trace';
import { spawnPair } from 'mtalab';
import { type Test, test } from 'tap';

const item = (n: number): FeedItem => ({ k: 'gap', t: n, node: 'MTA-A', says: 'x'.repeat(90) });

test('the log keeps what fits, and says when a place is gone', (t) => {
  const log = new FeedLog(1000);
  for (let n = 1; n <= 100; n += 1) log.add(item(n));
  t.equal(log.latest, 100);
  t.ok(log.oldest > 90 && log.oldest < 100, `from ${log.oldest}`);
  t.equal(log.after(50, 1e6), null, 'this place is gone');
  t.same(
    log.after(log.oldest - 1, 1e6)?.map(({ seq }) => seq),
    Array.from({ length: 101 - log.oldest }, (_, at) => log.oldest + at),
  );
  t.equal(log.after(log.oldest, 1)?.length, 1, 'at least one, however long');
  t.same(log.after(100, 1e6), []);
  t.end();
});

/** A socket that keeps what is sent. */
class Socket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  readonly sent: { readonly type: string }[] = [];
  closed: number | null = null;
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(code: number): void {
    this.closed = code;
    this.emit('close');
  }
  terminate(): void {
    this.emit('close');
  }
  say(value: unknown): void {
    this.emit('message', Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), false);
  }
  get items(): readonly PageItems[] {
    return this.sent.filter((message): message is PageItems => message.type === 'items');
  }
}

const hello: PageHello = {
  type: 'hello',
  run: 'r1',
  title: '',
  mtas: [],
  timeScale: 1,
  labNowMs: 5,
  proxied: false,
  twin: 'none',
};

/** A page on a feed without a lab. */
function session(t: Test, log: FeedLog) {
  const socket = new Socket();
  let refreshed = 0;
  const feed = {
    log,
    refresh: async () => {
      refreshed += 1;
      const before = log.latest;
      log.add(item(999));
      return before;
    },
  } as unknown as LabFeed;
  const actions = {
    paused: false,
    carryOut: async (action: string) => ({ says: `did ${action}`, shown: '' }),
  } as unknown as PageActions;
  new PageSession(socket as never, { feed, actions, hello: () => hello });
  t.teardown(() => socket.emit('close'));
  return { socket, refreshed: () => refreshed };
}

async function until(met: () => boolean): Promise<void> {
  while (!met()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a new page gets everything from the first item, one that comes back goes on, another run begins anew', async (t) => {
  const log = new FeedLog();
  for (let n = 1; n <= 5; n += 1) log.add(item(n));
  const first = session(t, log).socket;
  t.same(first.sent, [hello]);
  first.say({ type: 'follow', run: null, since: 0 });
  await until(() => first.items.length === 1);
  t.match(first.items[0], { seq: 5, restart: true, now: { labNowMs: 5 } });

  const back = session(t, log).socket;
  back.say({ type: 'follow', run: 'r1', since: 3 });
  await until(() => back.items.length === 1);
  t.match(back.items[0], { seq: 5, restart: false, items: [{ t: 4 }, { t: 5 }] });

  const other = session(t, log).socket;
  other.say({ type: 'follow', run: 'r0', since: 3 });
  await until(() => other.items.length === 1);
  t.match(other.items[0], { restart: true, items: { length: 5 } });
});

test('a page whose place is gone begins with the present states', async (t) => {
  const log = new FeedLog(1000);
  for (let n = 1; n <= 100; n += 1) log.add(item(n));
  const { socket, refreshed } = session(t, log);
  socket.say({ type: 'follow', run: 'r1', since: 2 });
  await until(() => socket.items.length === 1);
  t.equal(refreshed(), 1);
  t.match(socket.items[0], { restart: true, items: [{ t: 999 }] });
});

test('a page that does not read is left alone until it has read, and has lost nothing', async (t) => {
  const log = new FeedLog();
  const { socket } = session(t, log);
  socket.say({ type: 'follow', run: 'r1', since: 0 });
  socket.bufferedAmount = 1e9;
  for (let n = 1; n <= 3; n += 1) log.add(item(n));
  socket.say({ type: 'do', id: 7, action: 'x', values: {} });
  await until(() => socket.sent.some(({ type }) => type === 'done'));
  t.same(socket.items, []);
  socket.bufferedAmount = 0;
  await until(() => socket.items.length === 1);
  t.match(socket.items[0], { seq: 3, items: [{ t: 1 }, { t: 2 }, { t: 3 }] });
});

test('what comes in a burst goes in one frame', async (t) => {
  const log = new FeedLog();
  const { socket } = session(t, log);
  socket.say({ type: 'follow', run: 'r1', since: 0 });
  for (let n = 1; n <= 2000; n += 1) log.add(item(n));
  await until(() => (socket.items.at(-1)?.seq ?? 0) === 2000);
  t.equal(socket.items.length, 1);
});

test('a page that sends what it must not is closed, and the lab goes on', async (t) => {
  for (const wrong of [
    '{',
    'null',
    '[]',
    '7',
    '{"type":"do","id":1}',
    '{"type":"follow"}',
    '{"type":"do","id":1,"action":2,"values":{}}',
  ]) {
    const { socket } = session(t, new FeedLog());
    socket.say(wrong);
    t.equal(socket.closed, 1008, wrong);
  }
});

test('a stranger who sends a strange target gets an answer', async (t) => {
  const server = await PageServer.start({ files: new Map(), recording: () => '', onPage: () => undefined });
  t.teardown(() => server.close());
  const { hostname, port } = new URL(server.url);
  for (const target of ['//', '*', '/%', '/?token', '/a?b?c', 'http://[']) {
    const socket = connect(Number(port), hostname);
    socket.write(`GET ${target} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    t.match(answer, /^HTTP\/1\.1 (403|400) /, target);
  }
});

test('an MTA that is busy for long is let go too, though it makes fewer steps', { timeout: 200_000 }, async (t) => {
  await using lab = await spawnPair({ delivery: 'ledger' });
  const feed = new LabFeed(lab, { maxSteps: Number.POSITIVE_INFINITY, lasting: { steps: 3, periods: 3 } });
  t.teardown(() => feed.close());
  const kinds = (): readonly string[] => (feed.log.after(0, 1e9) ?? []).map(({ json }) => (JSON.parse(json) as FeedItem).k);
  await feed.look();
  const message = { originator: 'a@a.example', recipients: ['b@b.example'], content: Buffer.from('x') };
  const period = async (): Promise<void> => {
    const before = feed.log.latest;
    await lab.submit('MTA-A', message);
    // A message makes at least ten steps of both MTAs together; while they are not followed it makes none here.
    await until(() => feed.log.latest >= before + 10 || kinds().includes('gap'));
    await feed.look();
  };
  await period();
  await feed.look();
  await period();
  await feed.look();
  t.notOk(kinds().includes('gap'), 'a pause in between: it was not for long');
  let periods = 0;
  while (!kinds().includes('gap') && periods < 100) {
    await period();
    periods += 1;
  }
  t.ok(kinds().includes('gap'), `${periods} periods`);
  await until(() => kinds().lastIndexOf('state') > kinds().lastIndexOf('gap'));
});

test('a busy MTA is let go and followed again, and a process that was killed and started again too', {
  timeout: 200_000,
}, async (t) => {
  await using lab = await spawnPair({ proxy: true, delivery: 'ledger' });
  // So few that any machine makes more.
  const feed = new LabFeed(lab, { maxSteps: 50 });
  t.teardown(() => feed.close());
  const trace = new LiveTrace();
  let seq = 0;
  const kinds = new Set<string>();
  const read = (): LiveTrace => {
    for (const line of feed.log.after(seq, 1e9) ?? []) {
      const one = JSON.parse(line.json) as FeedItem;
      kinds.add(one.k);
      trace.take(one);
      seq = line.seq;
    }
    return trace;
  };
  const isKnown = (): boolean => {
    const nodes = read().nodesAt();
    return nodes.length === 2 && nodes.every(({ mta }) => mta !== null);
  };
  await feed.look();
  await until(isKnown);
  await lab.load({ count: 2000, inFlight: 32 });
  await until(() => {
    read();
    return kinds.has('gap') && kinds.has('figures');
  });
  await until(isKnown);
  t.same([...trace.troubles], []);
  const [a] = trace.nodesAt();
  const status = await lab.process('MTA-A').client.command('status');
  t.equal(a?.mta?.incarnation, status.incarnation);

  await lab.restart('MTA-B', { kill: true });
  await until(() => isKnown() && trace.nodesAt()[1]?.mta?.incarnation === 2);
  const message = { originator: 'a@a.example', recipients: ['b@b.example'], content: Buffer.from('x') };
  await lab.submit('MTA-A', message);
  // The ladder says so, although the feed has not seen the start itself.
  await until(() =>
    read()
      .ladder()
      .some(({ text }) => text === 'starts again, incarnation 2'),
  );
  t.same([...trace.troubles], []);
});
