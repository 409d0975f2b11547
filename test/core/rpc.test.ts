/**
 * Stories of the RPC runtime in `rpc/*.txt`: commands, then `----`, then their outcome. `UPDATE=1` rewrites the
 * outcomes. A line `NODE CONNECTION > PDU` is an outgoing PDU; `NODE CONNECTION told ...` is an indication to the MTA.
 */
import {
  type Context,
  describeActivity,
  describeApdu,
  describePdu,
  emptyTree,
  findRow,
  fragmentBytes,
  type Mta,
  maxOutstandingCalls,
  parseStringBinding,
  rowsIn,
  rpcBind,
  rpcCall,
  rpcDeadline,
  rpcInput,
  rpcListen,
  treeOf,
} from '@mtalab/mta-core';
import fc from 'fast-check';
import { test } from 'tap';
import { testStories } from '../support/stories.js';
import { bareMta, turn } from './rpc-lab.js';
import { parsePdu, runScript, sampleArguments, sampleResults } from './rpc-script.js';
import { stories } from './rpc-stories.js';

testStories('test/core/rpc', runScript);

test('string bindings', (t) => {
  const bindings: readonly (readonly [text: string, host: string | null, port?: number, throughMapper?: true])[] = [
    ['ncacn_ip_tcp:127.0.0.1[4097]', '127.0.0.1', 4097],
    ['NCACN_IP_TCP:mta-b.lab[1]', 'mta-b.lab', 1],
    ['localhost[65535]', 'localhost', 65535],
    ['::1[4097]', '::1', 4097],
    ['ncacn_ip_tcp:[fe80::1%eth0][4097]', 'fe80::1%eth0', 4097],
    ['ncacn_ip_tcp:::ffff:127.0.0.1[4097]', '::ffff:127.0.0.1', 4097],
    ['ncacn_np:mta-b[4097]', null],
    ['ncacn_ip_tcp:mta-b', 'mta-b', 135, true],
    ['mta-b', 'mta-b', 135, true],
    ['127.0.0.1[,mapper=4135]', '127.0.0.1', 4135, true],
    ['[::1][,mapper=65535]', '::1', 65535, true],
    ['ncacn_ip_tcp:::1', '::1', 135, true],
    ['mta-b[,mapper=0]', null],
    ['mta-b[4097,mapper=135]', null],
    ['mta-b[,mapper=]', null],
    ['mta-b[]', null],
    ['127.0.0.1:4097', null],
    ['ncacn_np:mta-b', null],
    ['[mta-b]', null],
    ['mta-b[0]', null],
    ['mta-b[65536]', null],
    ['mta-b[4097] ', null],
    ['mta b[4097]', null],
    ['[mta-b][4097]', null],
    ['[4097]', null],
    ['', null],
    [`${'a'.repeat(254)}[1]`, null],
  ];
  for (const [text, host, port, throughMapper = false] of bindings)
    t.same(parseStringBinding(text), host === null ? null : { host, port, throughMapper }, text.slice(0, 40));
  t.end();
});

test('fragment lengths', (t) => {
  const cases = [
    [5840, 5840, 5840],
    [4280, 5840, 4280],
    [5840, 3001, 3000],
    [0, 65535, 2048],
    [3199, 65535, 3192],
    [65535, 65535, 5840],
  ] as const;
  for (const [maxXmit, maxRecv, agreed] of cases) t.equal(fragmentBytes(maxXmit, maxRecv), agreed, `${maxXmit} ${maxRecv}`);
  t.end();
});

test('one line for every APDU and PDU', (t) => {
  const activity = 3 * 2 ** 32 + 17;
  t.equal(describeActivity(activity), '3-17');
  const start = {
    mtsId: 'x',
    originator: 'x',
    priority: 'normal',
    contentType: 'x',
    submittedAtMs: 0,
    sizeBytes: 9,
    digest: '',
  } as const;
  const rttr = { kind: 'rttr', activity, offset: 0, content: { length: 1024 }, last: true } as const;
  const full = { ...rttr, start: { ...start, trace: [], recipients: [] } };
  t.equal(describeApdu(full), 'rttr activity=3-17 offset=0 length=1024 last start');
  t.equal(describeApdu({ kind: 'confirm', activity, upTo: 1024, stored: true }), 'confirm activity=3-17 upTo=1024 stored');
  t.equal(describeApdu({ kind: 'refuse', activity, reason: 'temporaryProblem' }), 'refuse activity=3-17 reason=temporaryProblem');
  t.equal(describeApdu({ kind: 'discarded', activity }), 'discarded activity=3-17');
  t.equal(describeApdu({ kind: 'rtab', reason: 'protocolError' }), 'rtab reason=protocolError');
  t.equal(describeApdu({ kind: 'rtorj', reason: 'cannotRecover' }), 'rtorj reason=cannotRecover');
  const settled = [1, 2, 3, 4, 5, 6].map((counter) => activity + counter);
  const request = { type: 'request', call: 3, context: 0, opnum: 2 } as const;
  t.equal(
    describePdu({ ...request, body: { op: 'MtaSend', apdu: { ...rttr, last: false }, settled } }),
    'request 3 MtaSend rttr activity=3-17 offset=0 length=1024 settled=3-18,3-19,3-20,3-21,+2',
  );
  const nasty = { ...sampleArguments.MtaUnBindBack, association: `a\nb\u2028${'c'.repeat(99)}` };
  t.equal(describePdu({ ...request, body: nasty }), `request 3 MtaUnBindBack close association=a?b?${'c'.repeat(60)}...`);
  const response = { type: 'response', call: 3, context: 0, cancelCount: 0 } as const;
  t.equal(describePdu({ ...response, body: sampleResults.MtaBindBack }), 'response 3 MtaBindBack accepted');
  for (const body of Object.values(sampleArguments)) t.notMatch(describePdu({ ...request, body }), /secret|\n/);
  for (const body of Object.values(sampleResults)) t.notMatch(describePdu({ ...response, body }), /secret|\n/);
  t.end();
});

const indicationTypes = [
  'answered',
  'bind-failed',
  'bound',
  'call-cancelled',
  'call-failed',
  'called',
  'cancelled-by-peer',
  'connection-lost',
];

/** The invariants after every step. */
function violation(before: Mta, ctx: Context): string | null {
  const { addresses, nextGroup } = ctx.mta.rpc;
  const connections = rowsIn(ctx.mta.rpc.connections);
  if (nextGroup < 1 || nextGroup > 0xffffffff) return `${nextGroup} is no group id`;
  const bound = connections.filter((connection) => connection.side === 'server' && connection.phase === 'bound');
  const filed = addresses.flatMap((address) => rowsIn(address.groups));
  for (const { id, members } of filed) {
    const found = bound.filter((connection) => connection.group === id).map((connection) => connection.id);
    if (found.join() !== [...members].sort((a, b) => a - b).join()) return `group ${id} lists ${members} and has ${found}`;
  }
  if (bound.some((connection) => !filed.some((group) => group.id === connection.group)))
    return 'a bound connection without a group';
  if (connections.length > ctx.mta.settings.maxConnections + 16) return 'too many connections';
  if (connections.some((connection) => connection.calls.size > maxOutstandingCalls)) return 'too many calls';
  if (JSON.stringify(JSON.parse(JSON.stringify(ctx.mta))) !== JSON.stringify(ctx.mta)) return 'the state is no plain data';
  const waiting = connections.filter(({ phase }) => phase === 'resolving');
  const asking = connections.filter(({ asksFor }) => asksFor !== null);
  if (waiting.some(({ id }) => asking.filter(({ asksFor }) => asksFor === id).length !== 1)) return 'nobody asks, or two do';
  if (waiting.length !== asking.length) return 'somebody asks for nobody';
  const has = (mta: Mta, conn: number): boolean => rowsIn(mta.rpc.connections).some((connection) => connection.id === conn);
  for (const effect of ctx.effects) {
    if (effect.type === 'close' && has(ctx.mta, effect.conn)) return 'closed, and kept';
    if (effect.type === 'frame' && !has(before, effect.conn) && !has(ctx.mta, effect.conn))
      return 'a PDU for a connection that was not';
  }
  // A connection has at most one final indication, and exists no longer after it.
  for (const indication of ctx.rpc.indications) {
    const ends = indication.type === 'bind-failed' || indication.type === 'connection-lost';
    if (ends === has(ctx.mta, indication.conn)) return `${indication.type} against the state`;
  }
  return unaccounted(before, ctx);
}

/** Each ended call or bind of this side needs an indication, unless the MTA itself ended it. */
function unaccounted(before: Mta, ctx: Context): string | null {
  for (const was of rowsIn(before.rpc.connections)) {
    const is = rowsIn(ctx.mta.rpc.connections).find((connection) => connection.id === was.id);
    const told = ctx.rpc.indications.filter((indication) => indication.conn === was.id);
    // A connection to a mapper gives no indication: the waiting connection does.
    const mustTell = was.asksFor === null && (was.side === 'client' || was.phase === 'bound');
    if (was.asksFor !== null && told.length > 0) return `connection ${was.id} to a mapper is told of`;
    if (is === undefined && mustTell && told.length !== 1) return `connection ${was.id} ended with ${told.length} words`;
    if (is === undefined || was.side === 'server') continue;
    const ended = rowsIn(was.calls).filter((call) => findRow(is.calls, call.id) === undefined);
    const words = told.filter((indication) => 'call' in indication);
    if (ended.length !== words.length) return `${ended.length} calls ended with ${words.length} words`;
  }
  return null;
}

test('any input in any state: group counts are right, each end has one indication, nothing stays too long', (t) => {
  const runs = fc.array(fc.tuple(stories, fc.constantFrom(0, 0, 0, 1000, 20_000, 120_000)), {
    minLength: 20,
    maxLength: 60,
    size: 'max',
  });
  // Counts the situations that the runs reach. Otherwise the property could pass because the runs reach none.
  const heard = new Set<string>();
  fc.assert(
    fc.property(runs, fc.boolean(), (run, nearTheEnd) => {
      let mta = turn(bareMta([1, 2], { maxConnections: 5 }, 135), 0, rpcListen).mta;
      // Numbers close to their wrap-around.
      if (nearTheEnd) mta = { ...mta, rpc: { ...mta.rpc, nextGroup: 0xffffffff } };
      let nowMs = 0;
      const take = (name: string, act: (ctx: Context) => void): void => {
        const ctx = turn(mta, nowMs, act);
        // The MTA gets no indication of an end that it caused itself.
        const wrong = /^(close|cancel)/.test(name) ? null : violation(mta, ctx);
        if (wrong !== null) throw new Error(`${name}: ${wrong}`);
        mta = ctx.mta;
        for (const indication of ctx.rpc.indications) heard.add(indication.type);
      };
      for (const [{ name, steps }, afterMs] of run) {
        nowMs += afterMs;
        for (const act of steps) take(name, act);
        const deadline = rpcDeadline(mta.rpc);
        if (name === 'timer' && deadline !== null && deadline <= nowMs) throw new Error('a deadline has not fired');
      }
    }),
    { numRuns: 300 },
  );
  t.same([...heard].sort(), indicationTypes);
  t.end();
});

test('the address found for a name replaces the name from then on', (t) => {
  const texts: [endpoint: string, address: string, remote: string][] = [
    ['mta-b[4097]', '10.0.0.7', '10.0.0.7[4097]'],
    ['ncacn_ip_tcp:mta-b[4097]', '::1', 'ncacn_ip_tcp:::1[4097]'],
  ];
  const begun = (endpoint: string, address: string) => {
    const { mta } = turn(bareMta([], {}), 0, (ctx) => void rpcBind(ctx, { owner: null, endpoint, group: 0, from: null }));
    const conn = rowsIn(mta.rpc.connections).at(-1)?.id as number;
    return { conn, mta: turn(mta, 0, (ctx) => rpcInput(ctx, { type: 'connected', conn, address })).mta };
  };
  for (const [endpoint, address, remote] of texts) {
    const { conn, mta } = begun(endpoint, address);
    const ctx = turn(mta, 0, (now) =>
      rpcInput(now, { type: 'frame', link: 'rpc', conn, frame: parsePdu('bind_ack', 'group=1') }),
    );
    t.match(ctx.rpc.indications, [{ type: 'bound', remote }]);
    t.equal(parseStringBinding(remote)?.port, 4097);
  }
  // The runtime dials the host of the mapper that has answered.
  const { conn, mta } = begun('mta-b[,mapper=4135]', '10.0.0.7');
  const asked = turn(mta, 0, (ctx) =>
    rpcInput(ctx, { type: 'frame', link: 'rpc', conn, frame: parsePdu('bind_ack', 'group=1') }),
  ).mta;
  const ctx = turn(asked, 0, (now) =>
    rpcInput(now, { type: 'frame', link: 'rpc', conn, frame: parsePdu('response', '2 ept_map ports=4001') }),
  );
  t.match(ctx.effects.at(-1), { type: 'dial', host: '10.0.0.7', port: 4001 });
  t.match(rowsIn(ctx.mta.rpc.connections), [{ phase: 'dialling', remote: '10.0.0.7[4001]' }]);
  t.end();
});

test('call ids wrap around after 2^32 and skip those in use', (t) => {
  let mta = turn(bareMta([], {}), 0, (ctx) => void rpcBind(ctx, { owner: null, endpoint: 'h[1]', group: 0, from: null })).mta;
  mta = turn(mta, 0, (ctx) => {
    rpcInput(ctx, { type: 'connected', conn: 2 });
    rpcInput(ctx, { type: 'frame', link: 'rpc', conn: 2, frame: parsePdu('bind_ack', 'group=1') });
    rpcCall(ctx, 2, sampleArguments.MtaSend);
  }).mta;
  const connections = rowsIn(mta.rpc.connections).map((connection) => ({ ...connection, nextCall: 0xffffffff }));
  mta = { ...mta, rpc: { ...mta.rpc, connections: treeOf(connections) } };
  const ids: (number | null)[] = [];
  const ctx = turn(mta, 0, (now) => {
    for (let count = 0; count < 3; count += 1) ids.push(rpcCall(now, 2, sampleArguments.MtaSend));
    rpcInput(now, { type: 'frame', link: 'rpc', conn: 2, frame: parsePdu('response', '4294967295 MtaSend') });
  });
  t.same(ids, [0xffffffff, 3, 4]);
  t.match(ctx.rpc.indications, [{ type: 'answered', call: 0xffffffff }]);
  t.same(
    rowsIn(rowsIn(ctx.mta.rpc.connections)[0]?.calls ?? emptyTree()).map((call) => call.id),
    [2, 3, 4],
  );
  t.end();
});
