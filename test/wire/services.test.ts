/** Octets of the stubs of the management interface and the endpoint mapper. */
import { deepStrictEqual } from 'node:assert/strict';
import {
  type MapperEntry,
  managementInterface,
  mapperInterface,
  mtaInterface,
  ndrSyntax,
  nilHandle,
  nilUuid,
  type Pdu,
  type ServiceArgument,
  type ServiceResult,
  serviceOpnumOf,
  type Tower,
} from '@mtalab/mta-core';
import { PduCodec } from '@mtalab/transport';
import fc from 'fast-check';
import { test } from 'tap';
import { bindAckPdu, bindPdu, readAll } from './samples.js';

const contexts = [mtaInterface, managementInterface, mapperInterface].map((abstract, id) => ({
  id,
  abstract,
  transfer: [ndrSyntax],
}));
const management = ['inq_if_ids', 'inq_stats', 'is_server_listening', 'stop_server_listening', 'inq_princ_name'];
const contextOf = (op: string): number => (management.includes(op) ? 1 : 2);

/** Two codecs at the ends of one connection, with a context for each interface. */
function pair(): { readonly client: PduCodec; readonly server: PduCodec } {
  const [client, server] = [new PduCodec(), new PduCodec()];
  readAll(server, client.encode({ ...bindPdu(), contexts } as Pdu));
  const results = contexts.map(() => ({ result: 0, reason: 0, transfer: ndrSyntax }));
  readAll(client, server.encode({ ...bindAckPdu(), results } as Pdu));
  return { client, server };
}

function request(body: ServiceArgument, call = 2): Pdu {
  return { type: 'request', call, context: contextOf(body.op), opnum: serviceOpnumOf[body.op], body };
}

function response(body: ServiceResult, call = 2): Pdu {
  return { type: 'response', call, context: contextOf(body.op), cancelCount: 0, body };
}

const tower: Tower = { abstract: mtaInterface, transfer: ndrSyntax, port: 4097, address: '127.0.0.1' };
const asked: Tower = { ...tower, port: 0, address: '0.0.0.0' };
const handle = { attributes: 0, uuid: '4d54414c-4142-4550-8d00-000000000001' };

// Assembled by hand from C706; blanks are for the eye.
const mta = '30e88e9e 5944 ce11 979b 00aa005ffebe';
const ndr = '045d888a eb1c c911 9fe8 08002b104860';
const mgmt = '80bda8af 8a7d c911 bef4 08002b102989';
const floors = (port: string, address: string): string =>
  `0500 1300 0d ${mta} 0200 0200 0000 1300 0d ${ndr} 0200 0200 0000 0100 0b 0200 0000 0100 07 0200 ${port} 0100 09 0400 ${address}`;
const nil = '00'.repeat(16);
const place1 = '00000000 4c41544d 4241 5045 8d00 000000000001';
const vectors: readonly { readonly body: ServiceArgument | ServiceResult; readonly isAnswer?: true; readonly stub: string }[] = [
  { body: { op: 'inq_if_ids' }, stub: '' },
  {
    body: { op: 'inq_if_ids', interfaces: [mtaInterface, managementInterface], status: 0 },
    isAnswer: true,
    stub: `04000600 02000000 02000000 08000600 0c000600 ${mta} 0200 0000 ${mgmt} 0100 0000 00000000`,
  },
  { body: { op: 'is_server_listening', listening: true, status: 0 }, isAnswer: true, stub: '00000000 01000000' },
  { body: { op: 'stop_server_listening', status: 5 }, isAnswer: true, stub: '05000000' },
  { body: { op: 'inq_stats', most: 4 }, stub: '04000000' },
  {
    body: { op: 'inq_stats', counters: [1, 2, 3, 0xffff_ffff], status: 0 },
    isAnswer: true,
    stub: '04000000 04000000 01000000 02000000 03000000 ffffffff 00000000',
  },
  { body: { op: 'inq_princ_name', service: 10, size: 64 }, stub: '0a000000 40000000' },
  {
    body: { op: 'inq_princ_name', name: '', size: 64, status: 1747 },
    isAnswer: true,
    stub: '40000000 00000000 01000000 00 000000 d3060000',
  },
  {
    body: { op: 'inq_princ_name', name: '', size: 0, status: 1747 },
    isAnswer: true,
    stub: '00000000 00000000 00000000 d3060000',
  },
  {
    body: { op: 'ept_map', object: null, tower: asked, handle: nilHandle, most: 4 },
    // 75 octets of tower, and one octet that aligns the handle.
    stub: `00000000 04000500 4b000000 4b000000 ${floors('0000', '00000000')} 00 00000000 ${nil} 04000000`,
  },
  {
    body: { op: 'ept_map', object: nilUuid, tower: 'none', handle, most: 1 },
    stub: `04000500 ${nil} 00000000 ${place1} 01000000`,
  },
  {
    body: { op: 'ept_map', handle: nilHandle, most: 4, towers: [tower], status: 0 },
    isAnswer: true,
    stub: `00000000 ${nil} 01000000 04000000 00000000 01000000 04000600 4b000000 4b000000 ${floors('1001', '7f000001')} 00 00000000`,
  },
  {
    body: { op: 'ept_map', handle: nilHandle, most: 4, towers: [], status: 0x16c9a0d6 },
    isAnswer: true,
    stub: `00000000 ${nil} 00000000 04000000 00000000 00000000 d6a0c916`,
  },
  {
    body: { op: 'ept_lookup', inquiry: 3, object: nilUuid, abstract: mtaInterface, versions: 1, handle, most: 500 },
    stub: `03000000 04000500 ${nil} 08000500 ${mta} 0200 0000 01000000 ${place1} f4010000`,
  },
  {
    body: { op: 'ept_lookup', handle, most: 2, entries: [{ object: nilUuid, tower, annotation: 'MTA (A)' }], status: 0 },
    isAnswer: true,
    stub: `${place1} 01000000 02000000 00000000 01000000 ${nil} 04000600 00000000 08000000 4d54412028412900
      4b000000 4b000000 ${floors('1001', '7f000001')} 00 00000000`,
  },
  { body: { op: 'ept_lookup_handle_free', handle }, stub: place1 },
  { body: { op: 'ept_lookup_handle_free', handle: nilHandle, status: 0 }, isAnswer: true, stub: `00000000 ${nil} 00000000` },
];

const octetsOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');

/** A whole request or response in one fragment. */
function framed(type: 0 | 2, context: number, opnum: number, stub: Buffer, call = 2): Buffer {
  const head = octetsOf('0500 00 03 10000000 0000 0000 02000000 00000000 0000 0000');
  head[2] = type;
  head.writeUInt16LE(24 + stub.length, 8);
  head.writeUInt32LE(call, 12);
  head.writeUInt16LE(context, 20);
  head.writeUInt16LE(type === 0 ? opnum : 0, 22);
  return Buffer.concat([head, stub]);
}

function bodyOf(pdu: Pdu | undefined): unknown {
  return pdu !== undefined && 'body' in pdu ? pdu.body : undefined;
}

test('the octets of each stub are those of C706', (t) => {
  for (const { body, isAnswer, stub } of vectors) {
    const { client, server } = pair();
    const octets = octetsOf(stub);
    const name = `${body.op} ${isAnswer === true ? 'answered' : 'called'}`;
    const [context, opnum] = [contextOf(body.op), serviceOpnumOf[body.op]];
    if (isAnswer === true) {
      readAll(server, client.encode({ type: 'request', call: 2, context, opnum, body: { op: 'unread' } }));
      const written = server.encode(response(body as ServiceResult));
      t.equal(written.subarray(24).toString('hex'), octets.toString('hex'), `${name}: written`);
      t.same(bodyOf(readAll(client, framed(2, context, opnum, octets))[0]), body, `${name}: read`);
    } else {
      t.equal(
        client
          .encode(request(body as ServiceArgument))
          .subarray(24)
          .toString('hex'),
        octets.toString('hex'),
        `${name}: written`,
      );
      t.same(bodyOf(readAll(server, framed(0, context, opnum, octets))[0]), body, `${name}: read`);
    }
  }
  t.end();
});

const u32 = fc.oneof(fc.nat(1000), fc.integer({ min: 0, max: 0xffff_ffff }));
const syntax = fc.oneof(fc.constant(mtaInterface), fc.record({ uuid: fc.uuid(), version: u32 }));
const anyTower: fc.Arbitrary<Tower> = fc.record({
  abstract: syntax,
  transfer: syntax,
  port: fc.integer({ min: 0, max: 65_535 }),
  address: fc.ipV4(),
});
const anyHandle = fc.record({ attributes: u32, uuid: fc.uuid() });
const entry: fc.Arbitrary<MapperEntry> = fc.record({
  object: fc.uuid(),
  tower: anyTower,
  annotation: fc.string({ unit: fc.constantFrom(...'aB3 ()-._é'), maxLength: 63 }),
});
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null });
const bare = fc.constantFrom<ServiceArgument>(
  { op: 'inq_if_ids' },
  { op: 'is_server_listening' },
  { op: 'stop_server_listening' },
  { op: 'inq_stats', most: 4 },
  { op: 'inq_princ_name', service: 9, size: 0xffff_ffff },
);
const anyArgument: fc.Arbitrary<ServiceArgument> = fc.oneof(
  bare,
  fc.record({
    op: fc.constant('ept_lookup' as const),
    inquiry: u32,
    object: optional(fc.uuid()),
    abstract: optional(syntax),
    versions: u32,
    handle: anyHandle,
    most: u32,
  }),
  fc.record({
    op: fc.constant('ept_map' as const),
    object: optional(fc.uuid()),
    tower: fc.oneof(anyTower, fc.constantFrom('none' as const, 'other' as const)),
    handle: anyHandle,
    most: u32,
  }),
  fc.record({ op: fc.constant('ept_lookup_handle_free' as const), handle: anyHandle }),
);
const most = fc.integer({ min: 20, max: 0xffff_ffff });
const anyResult: fc.Arbitrary<ServiceResult> = fc.oneof(
  fc.record({ op: fc.constant('inq_if_ids' as const), interfaces: fc.array(syntax, { maxLength: 5 }), status: u32 }),
  fc.record({ op: fc.constant('is_server_listening' as const), listening: fc.boolean(), status: u32 }),
  fc.record({ op: fc.constant('stop_server_listening' as const), status: u32 }),
  fc.record({ op: fc.constant('inq_stats' as const), counters: fc.array(u32, { maxLength: 5 }), status: u32 }),
  fc.record({
    op: fc.constant('inq_princ_name' as const),
    name: fc.string({ unit: fc.constantFrom(...'aB3\\'), maxLength: 19 }),
    size: fc.integer({ min: 20, max: 0xffff_ffff }),
    status: u32,
  }),
  fc.record({
    op: fc.constant('ept_lookup' as const),
    handle: anyHandle,
    most,
    entries: fc.array(entry, { maxLength: 20 }),
    status: u32,
  }),
  fc.record({
    op: fc.constant('ept_map' as const),
    handle: anyHandle,
    most,
    towers: fc.array(anyTower, { maxLength: 20 }),
    status: u32,
  }),
  fc.record({ op: fc.constant('ept_lookup_handle_free' as const), handle: anyHandle, status: u32 }),
);

/** Throws, so that a property test can shrink the case. It ignores prototypes. */
function sameData(found: unknown, wanted: unknown): void {
  deepStrictEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(wanted)));
}

test('the codec reads every stub as it wrote it, and altered stubs give bad at worst', (t) => {
  const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(anyArgument, anyResult, edits, fc.nat(), (argument, result, changes, cut) => {
      const { client, server } = pair();
      const up = client.encode(request(argument));
      sameData(readAll(server, up), [request(argument)]);
      readAll(
        server,
        client.encode({
          ...request({ op: 'inq_if_ids' }, 3),
          context: contextOf(result.op),
          opnum: serviceOpnumOf[result.op],
        } as Pdu),
      );
      const down = server.encode(response(result, 3));
      sameData(readAll(client, down), [response(result, 3)]);
      for (const [octets, isAnswer] of [
        [up, false],
        [down, true],
      ] as const) {
        const stub = Buffer.from(octets.subarray(24, 24 + (cut % 3 === 0 ? cut % (octets.length - 23) : octets.length)));
        if (stub.length > 0) for (const [at, value] of changes) stub[at % stub.length] = value;
        const { context } = (isAnswer ? response(result) : request(argument)) as { readonly context: number };
        const opnum = serviceOpnumOf[isAnswer ? result.op : argument.op];
        const fresh = pair();
        if (isAnswer) fresh.client.encode({ type: 'request', call: 2, context, opnum, body: { op: 'unread' } });
        readAll(isAnswer ? fresh.client : fresh.server, framed(isAnswer ? 2 : 0, context, opnum, stub));
      }
    }),
    { numRuns: 400 },
  );
  const operations = fc.constantFrom<readonly [number, number]>([1, 0], [1, 1], [1, 4], [1, 2], [1, 3], [2, 2], [2, 3], [2, 4]);
  fc.assert(
    fc.property(operations, fc.uint8Array({ maxLength: 300 }), ([context, opnum], octets) => {
      const { client, server } = pair();
      readAll(server, framed(0, context, opnum, Buffer.from(octets)));
      client.encode({ type: 'request', call: 2, context, opnum, body: { op: 'unread' } });
      readAll(client, framed(2, context, opnum, Buffer.from(octets)));
    }),
    { numRuns: 1000 },
  );
  t.end();
});

test('a malformed stub becomes a bad body that says why', (t) => {
  const map = `00000000 04000200 4b000000 4b000000 ${floors('0000', '00000000')} 00 00000000 ${nil} 04000000`;
  const found = `00000000 ${nil} 01000000 04000000 00000000 01000000 04000200 4b000000 4b000000 ${floors('1001', '7f000001')} 00 00000000`;
  const cases: readonly (readonly [isAnswer: boolean, opnum: number, stub: string, detail: RegExp])[] = [
    [false, 3, '', /stub of 0 octets is cut off at 0/],
    [false, 3, map.replace('04000000', ''), /cut off/],
    [false, 3, map.replace('4b000000 4b000000', '4b000000 4c000000'), /tower of 76 octets in an array of 75/],
    [false, 3, map.replace('4b000000 4b000000', '01080000 01080000'), /tower of 2049 octets/],
    [false, 3, map.replace('4b000000 4b000000', 'ffffffff ffffffff'), /tower of 4294967295 octets/],
    [false, 2, '00000000 01000000', /cut off/],
    [false, 4, place1.slice(0, -2), /cut off/],
    [true, 3, found.replace('01000000 04000000', '02000000 04000000'), /array of 1 of 4 rows from 0 on does not fit the count 2/],
    [true, 3, found.replace('01000000 04000000', '01000000 00000000'), /does not fit/],
    [true, 3, `00000000 ${nil} ffffffff ffffffff 00000000 ffffffff`, /does not fit/],
    [
      true,
      2,
      `00000000 ${nil} 01000000 01000000 00000000 01000000 ${nil} 00000000 00000000 41000000`,
      /string of 65 octets from 0 on, where 64 are/,
    ],
  ];
  for (const [isAnswer, opnum, stub, detail] of cases) {
    const { client, server } = pair();
    if (isAnswer) client.encode({ type: 'request', call: 2, context: 2, opnum, body: { op: 'unread' } });
    const octets = framed(isAnswer ? 2 : 0, 2, opnum, octetsOf(stub));
    t.match(bodyOf(readAll(isAnswer ? client : server, octets)[0]), { op: 'bad', detail }, stub.slice(0, 60));
  }
  const { client, server } = pair();
  // A client may leave anything behind its arguments; behind an answer there is at most padding.
  t.match(bodyOf(readAll(server, framed(0, 1, 0, Buffer.alloc(5000)))[0]), { op: 'inq_if_ids' });
  const answered = (opnum: number, stub: string): unknown => {
    client.encode({ type: 'request', call: 2, context: 1, opnum, body: { op: 'unread' } });
    return bodyOf(readAll(client, framed(2, 1, opnum, octetsOf(stub)))[0]);
  };
  t.match(answered(3, '05000000 0000000000000000'), { op: 'bad', detail: /8 octets are left/ });
  t.match(answered(1, '02000000 03000000'), { op: 'bad', detail: /array of 3 counters does not fit the count 2/ });
  t.match(answered(1, 'ffffffff ffffffff'), { op: 'bad', detail: /does not fit/ });
  t.match(answered(4, '02000000 00000000 03000000'), { op: 'bad', detail: /string of 3 octets from 0 on, where 2 are/ });
  t.match(answered(4, 'ffffffff 00000000 01040000'), { op: 'bad', detail: /string of 1025 octets/ });
  client.encode({ type: 'request', call: 2, context: 1, opnum: 0, body: { op: 'unread' } });
  t.match(bodyOf(readAll(client, framed(2, 1, 0, octetsOf('04000200 02000000 03000000')))[0]), {
    op: 'bad',
    detail: /does not fit/,
  });
  t.end();
});

test('the codec tells the calls and fragments that it has counted', (t) => {
  const { client, server } = pair();
  const ask = (counters: number): unknown => {
    readAll(server, client.encode(request({ op: 'inq_stats', most: counters })));
    return bodyOf(readAll(client, server.encode(response({ op: 'inq_stats', counters, status: 0 })))[0]);
  };
  // The bind, this call and the bind_ack; each question and its answer add to them.
  t.same(ask(4), { op: 'inq_stats', counters: [1, 0, 2, 1], status: 0 });
  t.same(ask(3), { op: 'inq_stats', counters: [2, 0, 3], status: 0 });
  t.same(ask(0), { op: 'inq_stats', counters: [], status: 0 });
  // A long answer is counted by its fragments.
  readAll(
    server,
    client.encode(request({ op: 'ept_lookup', inquiry: 0, object: null, abstract: null, versions: 1, handle, most: 100 })),
  );
  const entries = Array.from({ length: 100 }, () => ({ object: nilUuid, tower, annotation: 'MTA' }));
  const long = server.encode(response({ op: 'ept_lookup', handle, most: 100, entries, status: 0 }));
  t.same(ask(4), { op: 'inq_stats', counters: [5, 0, 6, 4 + Math.ceil((long.length - 24) / 5840)], status: 0 });
  t.same(readAll(client, long).length, 1);
  t.end();
});

test('the codec skips a tower of other protocols; the context selects the interface', (t) => {
  const question = (octets: string): string => {
    const bytes = octetsOf(octets).length;
    const size = Buffer.alloc(4);
    size.writeUInt32LE(bytes);
    return `00000000 04000200 ${size.toString('hex').repeat(2)} ${octets} ${'00'.repeat(-bytes & 3)} 00000000 ${nil} 04000000`;
  };
  const pipe = `0500 1300 0d ${mta} 0200 0200 0000 1300 0d ${ndr} 0200 0200 0000 0100 0b 0200 0000 0100 0f 0200 4100 0100 11 0200 4200`;
  const whole = floors('0000', '00000000');
  const others = [
    pipe,
    '',
    '00',
    'ffff',
    whole.replace('0500', '0400'),
    whole.replace('0500', '0600'),
    whole.replace('1300 0d', '1300 0c'),
    whole.replace('0100 07', '0100 08'),
    whole.replace('0400 00000000', '0300 000000'),
    whole.replace('0400 00000000', 'ffff 00000000'),
  ];
  for (const octets of others) {
    const [pdu] = readAll(pair().server, framed(0, 2, 3, octetsOf(question(octets))));
    t.match(bodyOf(pdu), { op: 'ept_map', tower: 'other', most: 4 }, octets.slice(0, 40));
  }
  // In an answer the codec skips such a tower and finds the one behind it.
  const { client } = pair();
  client.encode({ type: 'request', call: 2, context: 2, opnum: 3, body: { op: 'unread' } });
  const answer = `00000000 ${nil} 03000000 04000000 00000000 03000000 04000200 00000000 08000200 02000000 02000000 0000 0000
    4b000000 4b000000 ${floors('1001', '7f000001')} 00 00000000`;
  t.same(bodyOf(readAll(client, framed(2, 2, 3, octetsOf(answer)))[0]), {
    op: 'ept_map',
    handle: nilHandle,
    most: 4,
    towers: [tower],
    status: 0,
  });

  const stub = octetsOf(`00000000 04000200 4b000000 4b000000 ${whole} 00 00000000 ${nil} 04000000`);
  t.match(bodyOf(readAll(pair().server, framed(0, 0, 3, stub))[0]), { op: 'bad' }, 'the MTA has another operation 3');
  t.match(bodyOf(readAll(pair().server, framed(0, 1, 3, octetsOf('')))[0]), { op: 'stop_server_listening' });
  for (const [context, opnum] of [
    [1, 5],
    [1, 6],
    [2, 0],
    [2, 7],
    [3, 3],
  ] as const)
    t.same(bodyOf(readAll(pair().server, framed(0, context, opnum, stub))[0]), { op: 'unread' }, `${context} ${opnum}`);
  t.throws(
    () =>
      pair().server.encode(
        response({ op: 'ept_map', handle: nilHandle, most: 1, towers: [{ ...tower, address: '::1' }], status: 0 }),
      ),
    { name: 'RangeError', message: /no IPv4 address/ },
  );
  t.throws(
    () =>
      pair().server.encode(
        response({
          op: 'ept_lookup',
          handle: nilHandle,
          most: 1,
          entries: [{ object: nilUuid, tower, annotation: 'x'.repeat(64) }],
          status: 0,
        }),
      ),
    { name: 'RangeError', message: /string of 65 octets where 64 are possible/ },
  );
  t.end();
});
