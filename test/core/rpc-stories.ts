/** Random events for an RPC runtime, for properties that must hold after any of them. */
import {
  type Context,
  type Input,
  rowsIn,
  rpcBind,
  rpcCall,
  rpcCancel,
  rpcClose,
  rpcFault,
  rpcInput,
  rpcOwn,
  rpcReply,
  rpcTimer,
} from '@mtalab/mta-core';
import fc from 'fast-check';
import { parsePdu, sampleArguments, sampleResults } from './rpc-script.js';

/** PDUs that a stranger or a peer may send at any time. */
const sayings = [
  'bind',
  'bind group=1',
  'bind group=2 contexts=0:mta,1:other',
  'bind serial contexts=1:other',
  'alter_context contexts=3:mta',
  'bind_ack group=1',
  'bind_ack group=9',
  'bind_ack group=1 rejected=2/1',
  'bind_nak reason=2',
  'request 2 MtaSend',
  'request 3 MtaBind',
  'request 4 MtaSend context=3',
  'request 5 opnum=9',
  'request 6 opnum=2 bad',
  'response 2 MtaSend',
  'response 3 MtaSend',
  'response 2 MtaBind',
  'response 2 bad',
  'bind contexts=0:mapper,1:management',
  'request 7 ept_lookup',
  'request 8 ept_map interface=v1',
  'request 9 inq_if_ids context=1',
  'request 9 inq_stats context=1',
  'request 9 inq_princ_name context=1',
  'alter_context contexts=none',
  'alter_context contexts=0:mta:ndr64',
  'bind contexts=0:mta:features-2,1:mta',
  'response 2 ept_map ports=7',
  'response 2 ept_map',
  'fault 2 status=1c010014 did-not-execute',
  'fault 3 status=6f7',
  'co_cancel 2',
  'co_cancel 3',
  'orphaned 3',
  'shutdown 0',
].map((text) => {
  const [type = '', ...rest] = text.split(' ');
  return parsePdu(type, rest.join(' '));
});

type Act = (ctx: Context) => void;
const conns = fc.integer({ min: 1, max: 10 });
const calls = fc.integer({ min: 2, max: 6 });
const operations = fc.constantFrom('MtaSend', 'MtaBind', 'MtaUnBind');
const inputs: fc.Arbitrary<Input> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('frame'),
      link: fc.constant('rpc'),
      conn: conns,
      frame: fc.constantFrom(...sayings),
    }),
  },
  fc.record({
    type: fc.constant('accepted'),
    link: fc.constant('rpc'),
    conn: conns,
    binding: fc.constantFrom(0, 1, 2, 1000, 1001, 1002),
    remote: fc.constant('r'),
  }),
  fc.record({
    type: fc.constant('accepted'),
    link: fc.constant('rpc'),
    conn: fc.nat(99),
    binding: fc.integer({ min: 0, max: 1 }),
    remote: fc.constant('r'),
  }),
  { weight: 2, arbitrary: fc.record({ type: fc.constant('connected'), conn: conns }) },
  fc.record({ type: fc.constant('dial-failed'), conn: conns, error: fc.constant(1722), osError: fc.constant('x') }),
  fc.record({ type: fc.constant('malformed'), conn: conns, answer: fc.constantFrom(null, ...sayings), detail: fc.constant('x') }),
  fc.record({ type: fc.constant('lost'), conn: conns, error: fc.constant(10054) }),
);
/** One or more consecutive steps, with a name that a counterexample prints. */
type Story = { readonly name: string; readonly steps: readonly Act[] };

function story(name: string, ...steps: readonly Act[]): Story {
  return { name, steps };
}

export const stories: fc.Arbitrary<Story> = fc.oneof(
  { weight: 12, arbitrary: inputs.map((input) => story(JSON.stringify(input), (ctx) => rpcInput(ctx, input))) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(0, 1, 2)
      .map((group) => story(`bind ${group}`, (ctx) => void rpcBind(ctx, { owner: null, endpoint: 'h[1]', group, from: null }))),
  },
  {
    weight: 2,
    arbitrary: fc.constant(story('resolve', (ctx) => void rpcBind(ctx, { owner: null, endpoint: 'h', group: 0, from: null }))),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('ports=7', '', 'status=16c9a0cd').map((found) => story(`resolved ${found}`, ...resolved(found))),
  },
  { weight: 2, arbitrary: fc.constantFrom('group=1', 'group=2 serial').map((ack) => story(`open ${ack}`, ...opened(ack))) },
  { weight: 2, arbitrary: fc.constantFrom(1, 3, 5).map((conn) => story(`serve ${conn}`, ...served(conn))) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.nat(9), fc.constantFrom('response', 'fault status=5'))
      .map(([choice, text]) => story(`fitting ${choice} ${text}`, (ctx) => fitting(ctx, choice, text))),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(2, 4, 6), operations)
      .map(([conn, op]) => story(`call ${conn} ${op}`, (ctx) => void rpcCall(ctx, conn, sampleArguments[op]))),
  },
  fc
    .tuple(conns, calls, operations)
    .map(([conn, call, op]) => story(`reply ${conn} ${call}`, (ctx) => rpcReply(ctx, conn, call, sampleResults[op]))),
  fc.tuple(conns, calls).map(([conn, call]) => story(`fault ${conn} ${call}`, (ctx) => rpcFault(ctx, conn, call, 5))),
  fc.tuple(conns, calls).map(([conn, call]) => story(`cancel ${conn} ${call}`, (ctx) => rpcCancel(ctx, conn, call))),
  conns.map((conn) => story(`close ${conn}`, (ctx) => rpcClose(ctx, conn))),
  conns.map((conn) => story(`own ${conn}`, (ctx) => rpcOwn(ctx, conn, { entry: 1, association: conn }))),
  { weight: 2, arbitrary: fc.constant(story('timer', rpcTimer)) },
);

/** A valid PDU on a bound connection: an answer to this side's oldest call, or a request or cancel of the peer. */
function fitting(ctx: Context, choice: number, text: string): void {
  const bound = rowsIn(ctx.mta.rpc.connections).filter((connection) => connection.phase === 'bound');
  const connection = bound[choice % Math.max(1, bound.length)];
  if (connection === undefined) return;
  const calls = rowsIn(connection.calls);
  const [oldest] = calls;
  const [type = '', ...rest] = (
    connection.side === 'client' ? `${text} ${oldest?.op ?? 'MtaSend'}` : choice % 2 === 0 ? 'request MtaSend' : 'co_cancel'
  ).split(' ');
  const call = type === 'request' ? (calls.at(-1)?.id ?? 1) + 1 : (oldest?.id ?? 2);
  rpcInput(ctx, { type: 'frame', link: 'rpc', conn: connection.id, frame: parsePdu(type, `${call} ${rest.join(' ')}`) });
}

/** A stranger connects and binds. */
function served(conn: number): Act[] {
  return [
    (ctx) => rpcInput(ctx, { type: 'accepted', link: 'rpc', conn, binding: 0, remote: 'r' }),
    (ctx) => rpcInput(ctx, { type: 'frame', link: 'rpc', conn, frame: parsePdu('bind', '') }),
  ];
}

/** A successful bind by this side. */
function opened(ack: string): Act[] {
  const latest = (ctx: Context): number => ctx.mta.nextConnection - 2;
  return [
    (ctx) => void rpcBind(ctx, { owner: null, endpoint: 'h[1]', group: 0, from: null }),
    (ctx) => rpcInput(ctx, { type: 'connected', conn: latest(ctx) }),
    (ctx) => rpcInput(ctx, { type: 'frame', link: 'rpc', conn: latest(ctx), frame: parsePdu('bind_ack', ack) }),
  ];
}

/** A bind by this side through an endpoint mapper that answers. */
function resolved(found: string): Act[] {
  const asking = (ctx: Context): number => rowsIn(ctx.mta.rpc.connections).findLast(({ asksFor }) => asksFor !== null)?.id ?? 0;
  return [
    (ctx) => void rpcBind(ctx, { owner: null, endpoint: 'h', group: 0, from: null }),
    (ctx) => rpcInput(ctx, { type: 'connected', conn: asking(ctx) }),
    (ctx) => rpcInput(ctx, { type: 'frame', link: 'rpc', conn: asking(ctx), frame: parsePdu('bind_ack', 'group=7') }),
    (ctx) => rpcInput(ctx, { type: 'frame', link: 'rpc', conn: asking(ctx), frame: parsePdu('response', `2 ept_map ${found}`) }),
  ];
}
