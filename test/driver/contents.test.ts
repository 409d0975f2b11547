import {
  type Input,
  type LinkFrame,
  maxOutstandingCalls,
  mtaInterface,
  ndrSyntax,
  nextDeadline,
  opnumOf,
  type Pdu,
  type RpcArgument,
  type Rttr,
  start,
  step,
} from '@mtalab/mta-core';
import {
  ArrivedContents,
  Driver,
  heldContents,
  LabClock,
  MemoryStore,
  type MemoryStoreOptions,
  type NetworkPort,
} from '@mtalab/transport';
import { type Test, test } from 'tap';
import { configOf, turns } from './fakes.js';

const messageText = 'Subject: hi\r\n\r\nhello\r\n';
const credentials = { mtaName: 'MTA-B', password: '', incarnation: 1, storeUuid: 'store-b', settledBelow: 0 };
const rtorq = {
  kind: 'rtorq',
  checkpointSizeK: 30,
  windowSize: 5,
  dialogueMode: 'two-way-alternate',
  turn: 'initiator',
  recovery: 0,
} as const;
/** Group of the connections that MTA-A dials. */
const group = 77;

/** An MTA with its real core, driver and store. The test acts as its network and as the adjacent MTA-B. */
class Subject {
  readonly contents: ArrivedContents;
  readonly store: MemoryStore;
  readonly driver: Driver;
  readonly sent: { readonly conn: number; readonly pdu: Pdu }[] = [];
  readonly delivered: string[] = [];
  /** Does MTA-B answer MtaBind? */
  answersBind = true;
  #nextAccepted = 1;
  #nextCall = 100;

  constructor(t: Test, storeOptions: Partial<MemoryStoreOptions> = {}, maxBytes?: number) {
    const limit = maxBytes === undefined ? {} : { maxBytes };
    this.contents = new ArrivedContents({ heldBy: heldContents, ...limit });
    this.store = new MemoryStore({ octetsOf: this.contents.take, render: () => new Uint8Array(1), ...storeOptions });
    this.driver = new Driver({
      core: { start, step, nextDeadline },
      clock: new LabClock(),
      store: this.store,
      network: this.#network(),
      delivery: {
        deliver: ({ copy, content, envelope }) => {
          const octets = this.store.readContent(content, 0, envelope.sizeBytes);
          this.delivered.push(Buffer.from(octets).toString());
          this.driver.input({ type: 'delivered', copy });
        },
        close: () => undefined,
      },
      contents: this.contents,
    });
    const config = {
      ...configOf('MTA-A'),
      peers: [{ name: 'MTA-B', endpoints: ['127.0.0.1[5002]'], password: '' }],
      routes: [{ domain: 'b.example', mta: 'MTA-B' }],
      localDomains: ['a.example'],
    };
    // MTA-B has the Turn in the associations that MTA-A opens.
    const settings = { ...config.settings, maxMessageBytes: 1000, localInitialTurn: false };
    this.driver.begin({ ...config, settings }, this.store.recovered);
    t.teardown(async () => {
      this.driver.input({ type: 'stop' });
      for (const conn of [2, 4, 6, 8, 10]) this.input({ type: 'lost', conn, error: 10054 });
      await turns();
    });
  }

  #network(): NetworkPort {
    const later = (input: Input): void => void setImmediate(() => this.input(input));
    return {
      listen: ({ link, binding }) => later({ type: 'listening', link, binding, port: 5001 }),
      dial: ({ conn }) => later({ type: 'connected', conn }),
      send: (frame) => {
        this.#sent(frame, later);
        return null;
      },
      close: () => undefined,
      flush: () => undefined,
      sockets: () => [],
      closeAll: () => undefined,
    };
  }

  /** The answers of MTA-B's runtime to MTA-A as a client. */
  #sent(frame: LinkFrame, later: (input: Input) => void): void {
    if (frame.link !== 'rpc') throw new Error(`a frame of the ${frame.link} link`);
    const { conn, frame: pdu } = frame;
    this.sent.push({ conn, pdu });
    const answer = (answered: Pdu): void => later({ type: 'frame', link: 'rpc', conn, frame: answered });
    if (pdu.type === 'bind') {
      const results = pdu.contexts.map(() => ({ result: 0, reason: 0, transfer: ndrSyntax }));
      answer({
        type: 'bind_ack',
        call: pdu.call,
        maxXmit: 5840,
        maxRecv: 5840,
        group,
        multiplex: true,
        headerSigning: false,
        results,
      });
    }
    if (pdu.type !== 'request') return;
    const head = { type: 'response', call: pdu.call, context: pdu.context, cancelCount: 0 } as const;
    if (pdu.body.op === 'MtaBindBack') answer({ ...head, body: { op: 'MtaBindBack', accepted: true } });
    if (pdu.body.op === 'MtaBind' && this.answersBind) answer({ ...head, body: this.#rtoac() });
  }

  #rtoac() {
    return { op: 'MtaBind', from: credentials, apdu: { kind: 'rtoac', checkpointSizeK: 30, windowSize: 5 } } as const;
  }

  input(input: Input): void {
    this.driver.input(input);
  }

  frame(conn: number, frame: Pdu): void {
    this.input({ type: 'frame', link: 'rpc', conn, frame });
  }

  /** MTA-B dials, and binds with an existing association group or for a new one. */
  async accepted(joined = 0): Promise<{ readonly conn: number; readonly group: number }> {
    const conn = this.#nextAccepted;
    this.#nextAccepted += 2;
    this.input({ type: 'accepted', link: 'rpc', conn, binding: 0, remote: '127.0.0.1:40000' });
    const contexts = [{ id: 0, abstract: mtaInterface, transfer: [ndrSyntax] }];
    this.frame(conn, {
      type: 'bind',
      call: 1,
      maxXmit: 5840,
      maxRecv: 5840,
      group: joined,
      multiplex: true,
      headerSigning: false,
      contexts,
    });
    await turns();
    const ack = this.sent.find((one) => one.conn === conn && one.pdu.type === 'bind_ack')?.pdu;
    return { conn, group: ack?.type === 'bind_ack' ? ack.group : 0 };
  }

  call(conn: number, body: RpcArgument): number {
    this.#nextCall += 1;
    this.frame(conn, { type: 'request', call: this.#nextCall, context: 0, opnum: opnumOf[body.op], body });
    return this.#nextCall;
  }

  /** A segment of a message, as the codec gives it: its octets are in the table. */
  rttr(conn: number, parts: Partial<Rttr> & { readonly text?: string; readonly size?: number } = {}): number {
    const { text = messageText, size = text.length, ...rest } = parts;
    const envelope = {
      mtsId: 'c=lab;mta=MTA-B;1-1',
      originator: 'bob@b.example',
      priority: 'normal',
      contentType: 'message/rfc822',
      submittedAtMs: 1000,
      sizeBytes: size,
      digest: '',
      trace: [{ mta: 'MTA-B', atMs: 1000 }],
      recipients: ['ann@a.example'],
    } as const;
    const content = this.contents.put(Buffer.from(text));
    const apdu = { kind: 'rttr', activity: 5, offset: 0, last: true, content, ...rest } as const;
    const first = apdu.offset === 0 ? { start: envelope } : {};
    return this.call(conn, { op: 'MtaSend', apdu: { ...apdu, ...first }, settled: [] });
  }

  /** MTA-A's answer to a call of MTA-B, in a word or two. */
  answerTo(call: number): string | undefined {
    const pdu = this.sent.findLast((one) => one.conn % 2 === 1 && 'call' in one.pdu && one.pdu.call === call)?.pdu;
    if (pdu?.type !== 'response') return pdu?.type;
    if (pdu.body.op !== 'MtaSend') return pdu.body.op;
    const { apdu } = pdu.body;
    return 'reason' in apdu ? `${apdu.kind} ${apdu.reason}` : 'stored' in apdu ? `${apdu.kind} ${apdu.stored}` : apdu.kind;
  }

  /** MTA-B opens an association. @returns its data connection. */
  async opened(): Promise<number> {
    await turns();
    const first = await this.accepted();
    const endpoints = ['127.0.0.1[5002]'];
    const bound = this.call(first.conn, { op: 'MtaBind', from: credentials, endpoints, association: 'MTA-B/1/1', rtorq });
    await turns(10);
    if (this.answerTo(bound) !== 'MtaBind') throw new Error('the association was not opened');
    return (await this.accepted(first.group)).conn;
  }

  /** MTA-A opens an association, and MTA-B does not answer yet. @returns MTA-B's data connection and its first connection. */
  async calling(): Promise<{ readonly first: number; readonly data: number; readonly bindCall: number }> {
    this.answersBind = false;
    await turns();
    const content = this.driver.newContent();
    this.driver.putContent(content, 0, Buffer.from('x'));
    const envelope = { originator: 'ann@a.example', recipients: ['bob@b.example'], priority: 'normal' } as const;
    await this.driver.submit({ submissionId: 's', ...envelope, contentType: 'text/plain', sizeBytes: 1, content });
    await turns(10);
    const asked = this.sent.find(({ pdu }) => pdu.type === 'request' && pdu.body.op === 'MtaBind')?.pdu;
    if (asked?.type !== 'request' || asked.body.op !== 'MtaBind') throw new Error('MTA-A opens no association');
    const { association } = asked.body;
    const first = await this.accepted();
    this.call(first.conn, { op: 'MtaBindBack', from: credentials, association, recovery: 0 });
    const data = await this.accepted(first.group);
    return { first: first.conn, data: data.conn, bindCall: asked.call };
  }

  /** MTA-B reads on, and answers MtaBind. */
  answerBind(call: number): void {
    this.frame(2, { type: 'response', call, context: 0, cancelCount: 0, body: this.#rtoac() });
  }
}

test('the store takes over the octets that it keeps', async (t) => {
  const subject = new Subject(t);
  const data = await subject.opened();
  const first = subject.rttr(data, { text: 'abc', size: 6, last: false });
  t.equal(subject.contents.count, 0, 'a segment');
  await turns();
  const last = subject.rttr(data, { text: 'def', offset: 3 });
  t.equal(subject.contents.count, 0, 'the last one');
  await turns();
  t.same(
    [first, last].map((call) => subject.answerTo(call)),
    ['confirm false', 'confirm true'],
  );
  t.same(subject.delivered, ['abcdef']);
});

test('the step that reads a frame drops the octets that no one keeps', async (t) => {
  const subject = new Subject(t);
  const data = await subject.opened();
  const whole = subject.rttr(data);
  const whileStored = subject.rttr(data);
  await turns();
  const again = subject.rttr(data);
  const tooLong = subject.rttr(data, { activity: 6, size: 1001 });
  const unknown = subject.rttr(data, { activity: 7, offset: 9, size: 99 });
  await turns();
  t.same(
    [whole, whileStored, again, tooLong, unknown].map((call) => subject.answerTo(call)),
    ['confirm true', 'confirm true', 'confirm true', 'refuse permanentProblem', 'refuse unrecognizedActivity'],
    'a message, a copy of it while the store writes, another, one that is too long, one without a beginning',
  );
  t.same(subject.delivered, [messageText]);
  t.equal(subject.contents.count, 0);

  subject.contents.put(Buffer.from('of a call that says something impossible behind its content'));
  subject.frame(data, { type: 'request', call: 99, context: 0, opnum: 2, body: { op: 'bad', detail: 'too many settled' } });
  t.equal(subject.answerTo(99), 'fault');
  t.equal(subject.contents.count, 0, 'a call that cannot be read');

  subject.rttr(data, { activity: 8, text: 'ab', size: 9, last: false });
  subject.rttr(data, { activity: 8, text: 'ef', offset: 4 });
  t.equal(subject.contents.count, 0, 'a segment that leaves a gap ends the association');
  subject.rttr(data, { activity: 8, text: 'gh', offset: 6 });
  subject.rttr(999);
  t.equal(subject.contents.count, 0, 'frames of lost connections');
  t.same([subject.contents.sizeBytes, subject.delivered.length], [0, 1]);
});

test('a store that fails lets go of the octets too', async (t) => {
  let failing = false;
  const subject = new Subject(t, { fail: () => (failing ? new Error('the disk is broken') : null) });
  const data = await subject.opened();
  failing = true;
  const call = subject.rttr(data);
  t.equal(subject.contents.count, 0);
  await turns();
  t.equal(subject.answerTo(call), 'refuse temporaryProblem');
  failing = false;
  const repeated = subject.rttr(data);
  await turns();
  t.equal(subject.answerTo(repeated), 'confirm true');
  t.same([subject.contents.count, subject.delivered], [0, [messageText]]);
});

test('the MTA keeps the octets of a call that overtook the RTOAC until it reads the RTOAC', async (t) => {
  const subject = new Subject(t);
  const { data, bindCall } = await subject.calling();
  const calls = [subject.rttr(data), subject.rttr(data)];
  await turns();
  t.same([subject.contents.count, subject.contents.sizeBytes], [2, 2 * messageText.length]);
  t.same(
    calls.map((call) => subject.answerTo(call)),
    [undefined, undefined],
  );
  subject.answerBind(bindCall);
  t.equal(subject.contents.count, 0, 'the store takes one, and the other was a duplicate');
  await turns();
  t.same(
    calls.map((call) => subject.answerTo(call)),
    ['confirm true', 'confirm true'],
  );
  t.same(subject.delivered, [messageText]);
});

test('octets of a held call go with its connection', async (t) => {
  for (const lost of ['data', 'first'] as const) {
    const subject = new Subject(t);
    const conns = await subject.calling();
    subject.rttr(conns.data);
    t.equal(subject.contents.count, 1);
    subject.input({ type: 'lost', conn: conns[lost], error: 10054 });
    t.same([subject.contents.count, subject.contents.sizeBytes], [0, 0], `the ${lost} connection is lost`);
  }
});

test('the MTA holds no more calls than the core allows', async (t) => {
  const subject = new Subject(t);
  const { data } = await subject.calling();
  for (let count = 0; count < maxOutstandingCalls; count += 1) subject.rttr(data);
  t.equal(subject.contents.count, maxOutstandingCalls);
  subject.rttr(data);
  t.equal(subject.contents.count, maxOutstandingCalls, 'one more is refused, and its octets are dropped');
});

test('an ended MTA keeps no octets', async (t) => {
  const subject = new Subject(t);
  const { data } = await subject.calling();
  subject.rttr(data);
  subject.input({ type: 'stop' });
  for (const conn of [2, 4, 6]) subject.input({ type: 'lost', conn, error: 10054 });
  await subject.driver.ended;
  t.equal(subject.contents.count, 0);
  subject.rttr(data);
  t.equal(subject.contents.count, 0, 'nor those of a late frame');
});

test('the table itself: handles are plain data, it hands octets over once, and it has a limit', async (t) => {
  const { contents } = new Subject(t, {}, 100);
  const read = Buffer.alloc(1000, 'r');
  const small = contents.put(read.subarray(0, 3));
  t.equal(JSON.stringify(small), '{"length":3,"ref":"r1"}');
  t.equal(Object.getPrototypeOf(small), Object.prototype);
  const large = contents.put(Buffer.alloc(97, 'l'));
  t.throws(() => contents.put(Buffer.from('x')), {
    name: 'MalformedFrame',
    isShortage: true,
    message: 'contents that wait for the store take up more than 100 octets',
  });
  const octets = contents.take({ ...small });
  t.equal(Buffer.from(octets ?? []).toString(), 'rrr');
  t.not(octets?.buffer, read.buffer, 'a small content does not hold on to a large read');
  t.same([contents.take(small), contents.take({ length: 3, content: 1 })], [undefined, undefined]);
  t.equal(contents.take(large)?.length, 97);
  t.same([contents.count, contents.sizeBytes], [0, 0]);
});
