import { deepStrictEqual } from 'node:assert/strict';
import type { Pdu, RpcArgument, RpcResult } from '@mtalab/mta-core';
import { ConnectionTap, MalformedPdu, PduCodec, wireLimits } from '@mtalab/transport';
import fc from 'fast-check';
import { test } from 'tap';
import { handleOf, octetsOf } from '../support/contents.js';
import { authenticationTrailers, breaches, fragmentOf } from './breaches.js';
import { anyCall, anyOtherPdu, bindAckPdu, bindPdu, boundPair, comparable, readAll, request, response } from './samples.js';
import { badStubs, vectors } from './vectors.js';

/** Throws, so that a property test can shrink the case. It ignores prototypes and the octets of contents. */
function sameData(found: unknown, wanted: unknown): void {
  deepStrictEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(wanted)));
}

const runs = { numRuns: 150 };

test('the codec reads every PDU as it wrote it', (t) => {
  fc.assert(
    fc.property(anyOtherPdu, (pdu) => {
      sameData(readAll(new PduCodec(), new PduCodec().encode(pdu)), [pdu]);
    }),
    runs,
  );
  fc.assert(
    fc.property(
      fc.array(anyCall, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(1000, 2048, 4280, 65_535),
      (calls, maxBytes) => {
        const { client, server } = boundPair(maxBytes);
        const requests = calls.map(({ argument }, index) => request(index + 2, argument));
        const responses = calls.map(({ result }, index) => response(index + 2, result));
        sameData(
          readAll(server, Buffer.concat(requests.map((pdu) => client.encode(pdu)))).map(comparable),
          requests.map(comparable),
        );
        sameData(readAll(client, Buffer.concat(responses.map((pdu) => server.encode(pdu)))), responses);
      },
    ),
    runs,
  );
  t.pass('every PDU reads back');
  t.end();
});

test('a stream may arrive in pieces of any size, even octet by octet', (t) => {
  const content = handleOf(Buffer.alloc(5000, 'c'));
  const pdus: Pdu[] = [
    request(2, { op: 'MtaSend', apdu: { kind: 'turn-give' }, settled: [7] }),
    request(3, { op: 'MtaSend', apdu: { kind: 'rttr', activity: 2 ** 33, offset: 0, last: true, content }, settled: [] }),
    { type: 'co_cancel', call: 3 },
  ];
  const { client } = boundPair(2048);
  const stream = Buffer.concat(pdus.map((pdu) => client.encode(pdu)));
  t.ok(stream.length > 5000 + 3 * 24, 'the second takes three fragments');
  const expected = pdus.map(comparable);
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const found = readAll(boundPair(2048).server, stream.subarray(0, cut), stream.subarray(cut)).map(comparable);
    sameData(found, expected);
  }
  const octets = Array.from(stream, (_, at) => stream.subarray(at, at + 1));
  t.same(readAll(boundPair(2048).server, ...octets).map(comparable), expected);
  t.end();
});

test('fragments have the agreed length; all but the last have a multiple of 8', (t) => {
  const argument: RpcArgument = {
    op: 'MtaSend',
    apdu: { kind: 'rttr', activity: 1, offset: 0, last: true, content: handleOf(Buffer.alloc(20_000)) },
    settled: [],
  };
  // Offers of both sides, and the agreed size.
  for (const [offer, agreed] of [
    [1000, 2048],
    [2048, 2048],
    [4280, 4280],
    [4287, 4280],
    [5840, 5840],
    [65_535, 5840],
  ] as const) {
    const tap = new ConnectionTap();
    tap.fromClient(new PduCodec().encode(bindPdu(offer)));
    tap.fromServer(new PduCodec().encode(bindAckPdu(5840)));
    const { client } = boundPair(offer);
    const fragments = tap.fromClient(client.encode(request(9, argument)));
    const lengths = fragments.map(({ raw }) => raw.length);
    t.same(new Set(lengths.slice(0, -1)), new Set([agreed]), `${offer} offered`);
    t.same(
      fragments.map(({ first, last, pdu }) => [first, last, pdu !== null]),
      lengths.map((_, index) => [index === 0, index === lengths.length - 1, index === lengths.length - 1]),
    );
  }
  // The agreement limits what an end sends. It reads the longest fragment of all.
  const long = boundPair(5840).client.encode(request(2, argument));
  t.equal(readAll(boundPair(2048).server, long).length, 1);
  t.end();
});

test('the octets of each PDU are those of the protocol description', (t) => {
  const { client, server } = boundPair();
  for (const { pdu, hex } of vectors) {
    const octets = Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
    t.equal(octets.readUInt16LE(8), octets.length, `${pdu.type}: the vector is as long as it says`);
    const isAnswer = pdu.type === 'response';
    const [sender, reader] = isAnswer ? [server, client] : [client, server];
    const own =
      pdu.type === 'bind' || pdu.type === 'bind_ack' || pdu.type === 'alter_context' || pdu.type === 'alter_context_resp';
    const written = (own ? new PduCodec({ secondaryPort: 4097 }) : sender).encode(pdu);
    t.equal(written.toString('hex'), octets.toString('hex'), `${pdu.type} written`);
    t.same(readAll(own ? new PduCodec() : reader, octets), [pdu], `${pdu.type} read`);
  }
  t.end();
});

const rtorq = {
  kind: 'rtorq',
  checkpointSizeK: 30,
  windowSize: 5,
  dialogueMode: 'monologue',
  turn: 'initiator',
  recovery: 0,
} as const;

test('an RTORQ without more than one activity in flight has the octets of one that does not know the extension', (t) => {
  const octetsOf = (more: { readonly activitiesInFlight?: number }): string => {
    const from = { mtaName: 'A', password: '', incarnation: 3, storeUuid: 'u', settledBelow: 0 };
    const argument = { op: 'MtaBind', from, endpoints: [], association: 'A/1/2', rtorq: { ...rtorq, ...more } } as const;
    return Buffer.from(boundPair().client.encode(request(2, argument))).toString('hex');
  };
  // Checkpoint size 30, window 5, monologue, initiator; in the message of 8 octets, or 10 with field 6.
  t.match(octetsOf({}), /2208081e100518012001/);
  t.match(octetsOf({ activitiesInFlight: 16 }), /220a081e1005180120013010/);
  t.end();
});

test('a stranger can read its refusal, which says nothing about the store; an acceptance names the store', (t) => {
  const from = { mtaName: 'B', password: '', incarnation: 3, storeUuid: '', settledBelow: 0 };
  const answered = (apdu: Extract<RpcResult, { op: 'MtaBind' }>['apdu']) => {
    const { client, server } = boundPair();
    const call = request(2, { op: 'MtaBind', from: { ...from, storeUuid: 'u' }, endpoints: [], association: 'A/1/2', rtorq });
    readAll(server, client.encode(call));
    return readAll(client, server.encode(response(2, { op: 'MtaBind', from, apdu })))[0];
  };
  t.match(answered({ kind: 'rtorj', reason: 'validationFailure' }), {
    body: { op: 'MtaBind', from, apdu: { kind: 'rtorj', reason: 'validationFailure' } },
  });
  t.match(answered({ kind: 'rtoac', checkpointSizeK: 1, windowSize: 1 }), {
    body: { op: 'bad', detail: /store UUID is missing/ },
  });
  t.end();
});

test('an unreadable stub becomes a bad body that says why', (t) => {
  for (const { stub, detail } of badStubs) {
    const octets = Buffer.from(stub.replaceAll(' ', ''), 'hex');
    const head = Buffer.from('050000031000000000000000050000000000000000000200', 'hex');
    head.writeUInt16LE(24 + octets.length, 8);
    const [pdu] = readAll(boundPair().server, Buffer.concat([head, octets]));
    t.match(pdu, { type: 'request', call: 5, body: { op: 'bad', detail } }, stub);
  }
  const { client, server } = boundPair();
  const from = { mtaName: 'A', password: '', incarnation: 1, storeUuid: 'u', settledBelow: 0 };
  const bad = (argument: RpcArgument) => readAll(server, client.encode(request(2, argument)))[0];
  t.match(bad({ op: 'MtaBindBack', from: { ...from, mtaName: '' }, association: 'x', recovery: 0 }), {
    body: { detail: /MTA name is missing/ },
  });
  t.match(bad({ op: 'MtaBindBack', from, association: 'x\ny', recovery: 0 }), {
    body: { detail: /association holds a control character/ },
  });
  t.match(bad({ op: 'MtaBindBack', from, association: 'x'.repeat(513), recovery: 0 }), { body: { detail: /longer than 512/ } });
  t.match(bad({ op: 'MtaBindBack', from, association: 'x', recovery: 2 ** 53 }), {
    body: { detail: /recovery is not a number/ },
  });
  const settled = Array.from({ length: wireLimits.settled + 1 }, (_, index) => index);
  t.match(bad({ op: 'MtaSend', apdu: { kind: 'turn-give' }, settled }), { body: { detail: /more than 65536 settled/ } });
  t.end();
});

test('the codec skips an object UUID; the operation number or the context decides whether it reads the stub', (t) => {
  const stub = '04000000 04000000 22020802';
  const withObject = `05000083 10000000 3400 0000 02000000 00000000 0000 0200 ${'ab'.repeat(16)} ${stub}`;
  const octets = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const body = { op: 'MtaSend', apdu: { kind: 'turn-please', priority: 2 }, settled: [] };
  t.match(readAll(boundPair().server, octets(withObject)), [{ call: 2, opnum: 2, body }]);
  const plain = (context: string, opnum: string) =>
    octets(`05000003 10000000 2400 0000 02000000 00000000 ${context} ${opnum} ${stub}`);
  t.match(readAll(boundPair().server, plain('0000', '0500')), [{ opnum: 5, body: { op: 'unread' } }]);
  t.match(readAll(boundPair().server, plain('0100', '0200')), [{ context: 1, body: { op: 'unread' } }]);
  t.match(readAll(new PduCodec(), plain('0000', '0200')), [{ body: { op: 'unread' } }]);
  t.end();
});

test('the operation of the call decides how the codec reads the response', (t) => {
  const { client, server } = boundPair();
  const answer = (hex: string, op: 'MtaSend' | 'MtaBindBack') => {
    const from = { mtaName: 'A', password: '', incarnation: 1, storeUuid: 'u', settledBelow: 0 };
    const argument: RpcArgument =
      op === 'MtaSend' ? { op, apdu: { kind: 'turn-give' }, settled: [] } : { op, from, association: 'x', recovery: 0 };
    client.encode(request(2, argument));
    const stub = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    const head = Buffer.from('050002031000000000000000020000000000000000000000', 'hex');
    head.writeUInt16LE(24 + stub.length, 8);
    const pdu = readAll(client, Buffer.concat([head, stub]))[0] as Pdu & { body: unknown };
    return pdu.body;
  };
  t.match(answer('02000000 01000000 02000000 3a000000 00000000', 'MtaSend'), { op: 'MtaSend', apdu: { kind: 'turn-give-ack' } });
  t.match(answer('02000000 01000000 02000000 3a000000 05000000', 'MtaSend'), { op: 'bad', detail: /returned error 5/ });
  t.match(answer('00000000 00000000 05000000', 'MtaBindBack'), { op: 'MtaBindBack', accepted: false });
  t.match(answer('00000000 00000000 00000000', 'MtaBindBack'), { op: 'MtaBindBack', accepted: false });
  t.match(answer('02000000 01000000 02000000 08010000 00000000', 'MtaBindBack'), { op: 'MtaBindBack', accepted: true });
  t.match(answer('02000000 00000000 00000000', 'MtaSend'), { op: 'bad', detail: /null pointer/ });
  t.match(answer('02000000 01000000 03000000 3a000000 00000000', 'MtaSend'), { op: 'bad', detail: /differ/ });
  t.match(answer('ffffffff 01000000 ffffffff', 'MtaSend'), { op: 'bad', detail: /counts/ });
  t.match(answer('', 'MtaSend'), { op: 'bad', detail: /counts/ });
  const unasked = server.encode(response(77, { op: 'MtaSend', apdu: { kind: 'turn-give-ack' } }));
  t.match(readAll(client, unasked), [{ call: 77, body: { op: 'bad', detail: /not waiting/ } }]);
  t.end();
});

test('streams other than DCE/RPC are malformed', (t) => {
  const cancel = '05001203 10000000 1000 0000 05000000';
  const version = { type: 'bind_nak', call: 0, reason: 4 } as const;
  for (const [hex, message, answer] of [
    [cancel.replace('0500', '0400'), /version 4\.0/, version],
    [cancel.replace('0500', '0501'), /version 5\.1/, version],
    [Buffer.from('GET / HTTP/1.1\r\n').toString('hex'), /version/, version],
    [cancel.replace('10000000', '00000000'), /little-endian/, null],
    [cancel.replace('0500120', '0500100'), /unknown PDU type 16/, null],
    [cancel.replace('1000 0000', '0f00 0000'), /shorter than a header/, null],
    [cancel.replace('1000 0000', '1000 0800'), /authentication/, null],
    [cancel.replace('1000 0000', 'd816 0000'), /5848 octets where at most 5840/, null],
    ['05000b03 10000000 1000 0000 01000000', /cut off/, null],
    ['05000b03 10000000 1c00 0000 01000000 d016d016 00000000 41000000', /65 presentation contexts/, null],
    ['05000b03 10000000 1c00 0000 01000000 d016d016 00000000 01000000', /cut off/, null],
    ['05000c03 10000000 1c00 0000 01000000 d016d016 00000000 ffff0000', /cut off/, null],
  ] as const) {
    const octets = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    t.throws(() => readAll(new PduCodec(), octets), { name: 'MalformedPdu', message, answer }, hex);
  }
  const small = new PduCodec({ maxStubBytes: 100 });
  const { client } = boundPair();
  const content = handleOf(Buffer.alloc(6000));
  const long = client.encode(
    request(2, { op: 'MtaSend', apdu: { kind: 'rttr', activity: 1, offset: 0, last: true, content }, settled: [] }),
  );
  t.throws(() => readAll(small, long), { name: 'MalformedPdu', message: /longer than 100/ });
  t.end();
});

test('a breach in a call is answered with the fault that Windows gives', (t) => {
  for (const { fragments, serial = false, limitBytes = 1000, message, answer } of breaches) {
    const server = new PduCodec({ maxStubBytes: limitBytes });
    readAll(server, new PduCodec().encode(bindPdu()));
    server.encode({ ...bindAckPdu(), multiplex: !serial } as Pdu);
    const name = JSON.stringify(fragments);
    const octets = fragments.map(fragmentOf);
    if (answer === undefined) {
      const calls = readAll(server, ...octets).map((pdu) => ('call' in pdu ? pdu.call : 0));
      t.equal(calls.join(), message, name);
    } else {
      t.throws(() => readAll(server, ...octets), { name: 'MalformedPdu', message, answer }, name);
    }
  }
  t.end();
});

test('with multiplexing the fragments of calls may be mixed in any way', (t) => {
  const sizes = fc.array(fc.nat(9000), { minLength: 2, maxLength: 5 });
  const runs = fc.property(sizes, fc.infiniteStream(fc.nat()), (lengths, picks) => {
    const { client, server } = boundPair(2048);
    const calls = lengths.map((length, index) => {
      const content = handleOf(Buffer.alloc(length, index + 1));
      const apdu = { kind: 'rttr', activity: index, offset: 0, last: true, content } as const;
      return request(index + 2, { op: 'MtaSend', apdu, settled: [] });
    });
    const waiting = calls.map((pdu) => ({ pdu, fragments: fragmentsOf(client.encode(pdu)) }));
    const expected: Pdu[] = [];
    const mixed: Buffer[] = [];
    while (waiting.length > 0) {
      const at = (picks.next().value as number) % waiting.length;
      const { pdu, fragments } = waiting[at] as (typeof waiting)[number];
      mixed.push(fragments.shift() as Buffer);
      if (fragments.length > 0) continue;
      expected.push(pdu);
      waiting.splice(at, 1);
    }
    sameData(readAll(server, ...mixed).map(comparable), expected.map(comparable));
  });
  fc.assert(runs, { numRuns: 100 });
  t.end();
});

test('a bind with an authentication trailer is refused with the reason that fits the trailer', (t) => {
  for (const [trailer, reason] of authenticationTrailers) {
    const credentials = Buffer.from(trailer.replaceAll(' ', ''), 'hex');
    const octets = Buffer.concat([new PduCodec().encode(bindPdu()), credentials]);
    octets.writeUInt16LE(octets.length, 8);
    octets.writeUInt16LE(credentials.length - 8, 10);
    t.throws(
      () => readAll(new PduCodec(), octets),
      { name: 'MalformedPdu', answer: { type: 'bind_nak', call: 1, reason } },
      trailer,
    );
    octets[2] = 14;
    const answer = { type: 'fault', call: 1, context: 0, status: 5, didNotExecute: true };
    t.throws(() => readAll(boundPair().server, octets), { name: 'MalformedPdu', answer }, `alter_context ${trailer}`);
  }
  t.end();
});

test('hostile octets give bad or malformed at worst', (t) => {
  const outcome = (codec: PduCodec, octets: Buffer): void => {
    try {
      readAll(codec, octets);
    } catch (error) {
      if (!(error instanceof MalformedPdu)) throw error;
    }
  };
  const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(anyCall, edits, fc.boolean(), ({ argument, result }, changes, isAnswer) => {
      const { client, server } = boundPair(2048);
      const asked = client.encode(request(2, argument));
      const octets = isAnswer ? server.encode(response(2, result)) : asked;
      // Mostly behind the header, where the codec does not notice a change at once.
      for (const [at, value] of changes) octets[at % 11 === 0 ? at % octets.length : 24 + (at % (octets.length - 24))] = value;
      outcome(isAnswer ? client : server, octets);
    }),
    { numRuns: 1500 },
  );
  fc.assert(
    fc.property(anyOtherPdu, edits, (pdu, changes) => {
      const octets = new PduCodec().encode(pdu);
      for (const [at, value] of changes) octets[at % octets.length] = value;
      outcome(new PduCodec(), octets);
    }),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(fc.constantFrom(0, 2, 3, 11, 12, 13, 14, 15, 17, 18, 19), fc.uint8Array({ maxLength: 300 }), (type, tail) => {
      const head = Buffer.from('0500000310000000000000000200000000000000', 'hex').subarray(0, 16);
      head[2] = type;
      head.writeUInt16LE(16 + tail.length, 8);
      outcome(boundPair().server, Buffer.concat([head, tail]));
      outcome(boundPair().client, Buffer.concat([head, tail]));
    }),
    { numRuns: 1000 },
  );
  // Fields of two octets would take gigabytes if each became an object.
  const bomb = Buffer.alloc(2_000_000, Buffer.from('3a00', 'hex'));
  const { client, server } = boundPair();
  const content = handleOf(bomb);
  const octets = client.encode(
    request(2, { op: 'MtaSend', apdu: { kind: 'rttr', activity: 1, offset: 0, last: true, content }, settled: [] }),
  );
  // The content's tag (field 5) becomes that of the envelope (field 4) in the first fragment.
  const at = octets.indexOf(Buffer.from('2a80897a', 'hex'));
  t.ok(at > 0 && at < 100);
  octets[at] = 0x22;
  t.match(readAll(server, octets), [{ body: { op: 'bad', detail: /more than 400000 fields/ } }]);
  t.end();
});

test('each content arrives as separate octets, and the codec does not send one that it cannot load', (t) => {
  const { client, server } = boundPair(5840, { loadContent: ({ length, content }) => Buffer.alloc(length, String(content)) });
  const send = (length: number): RpcArgument => ({
    op: 'MtaSend',
    apdu: { kind: 'rttr', activity: 1, offset: 0, last: true, content: { length, content: 7 } },
    settled: [],
  });
  const stream = Buffer.concat([
    client.encode(request(2, send(10))),
    client.encode(request(3, send(40_000))),
    client.encode(request(4, send(0))),
  ]);
  const handles = readAll(server, stream).map((pdu) => {
    if (pdu.type !== 'request' || pdu.body.op !== 'MtaSend' || pdu.body.apdu.kind !== 'rttr') throw new Error('not an RTTR');
    return pdu.body.apdu.content;
  });
  t.same(
    handles.map(({ length }) => length),
    [10, 40_000, 0],
  );
  t.same(
    handles.map((handle) => Buffer.from(octetsOf(handle) ?? []).toString()),
    ['7'.repeat(10), '7'.repeat(40_000), ''],
  );
  // An unavailable content leaves no half-written PDU.
  const poor = boundPair(5840, { loadContent: () => Buffer.alloc(3) });
  t.throws(() => poor.client.encode(request(2, send(10))), { name: 'RangeError', message: /has 3 octets where 10/ });
  t.end();
});

test('a tap reads both directions and passes everything on unchanged', (t) => {
  fc.assert(
    fc.property(fc.array(anyCall, { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 5000 }), (calls, step) => {
      const { client, server, bind, ack } = boundPair(2048);
      const tap = new ConnectionTap();
      const requests = calls.map(({ argument }, index) => request(index + 2, argument));
      const responses = calls.map(({ result }, index) => response(index + 2, result));
      const up = Buffer.concat(requests.map((pdu) => client.encode(pdu)));
      const down = Buffer.concat(responses.map((pdu) => server.encode(pdu)));
      sameData(tap.fromClient(bind), [{ raw: bind, type: 'bind', call: 1, first: true, last: true, pdu: bindPdu(2048) }]);
      sameData(tap.fromServer(ack), [{ raw: ack, type: 'bind_ack', call: 1, first: true, last: true, pdu: bindAckPdu(2048) }]);
      const seenUp = pieces(up, step).flatMap((piece) => tap.fromClient(piece));
      const seenDown = pieces(down, step).flatMap((piece) => tap.fromServer(piece));
      sameData(Buffer.concat(seenUp.map(({ raw }) => raw)), up);
      sameData(Buffer.concat(seenDown.map(({ raw }) => raw)), down);
      sameData(
        seenUp.flatMap(({ pdu }) => (pdu === null ? [] : [pdu])),
        requests.map(withoutOctets),
      );
      sameData(
        seenDown.flatMap(({ pdu }) => (pdu === null ? [] : [pdu])),
        responses,
      );
    }),
    { numRuns: 60 },
  );
  const tap = new ConnectionTap();
  const cancel = new PduCodec().encode({ type: 'co_cancel', call: 5 });
  t.match(tap.fromClient(cancel.subarray(0, 3)), []);
  t.equal(tap.heldBack.client.length, 3);
  const junk = Buffer.concat([cancel.subarray(3), Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n')]);
  const [whole, rest] = tap.fromClient(junk);
  t.match(whole, { type: 'co_cancel', raw: cancel });
  t.match(rest, { type: null, pdu: null, malformed: /version/ });
  t.equal(rest?.raw.toString(), 'GET / HTTP/1.1\r\nHost: x\r\n');
  t.match(tap.fromClient(cancel), [{ type: null, raw: cancel }]);
  t.end();
});

/** A call as a tap shows it: with the size of a content instead of its octets. */
function withoutOctets(pdu: Pdu): unknown {
  return JSON.parse(JSON.stringify(pdu, (key, value) => (key === 'ref' ? undefined : value)));
}

function fragmentsOf(octets: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < octets.length; at += octets.readUInt16LE(at + 8))
    found.push(octets.subarray(at, at + octets.readUInt16LE(at + 8)));
  return found;
}

function pieces(octets: Buffer, step: number): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < octets.length; at += step) found.push(octets.subarray(at, at + step));
  return found;
}
