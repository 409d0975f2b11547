/**
 * Checks which events can carry which error number. The tests bring an MTA to each point where it waits for an RPC server, try
 * everything that a conforming server can do there, and compare the log with the catalogue of error numbers.
 */
import {
  type EventId,
  errorsByNumber,
  eventsById,
  faultStatus,
  type Input,
  type MtaConfig,
  mapperInterface,
  type NakReason,
  ndrSyntax,
  nilHandle,
  ntError,
  type ReportedEvent,
  type RpcOperation,
  type ServiceResult,
  serviceStatus,
} from '@mtalab/mta-core';
import { test } from 'tap';
import { PureLab, type Sent } from '../support/purelab.js';

const names = ['MTA-A', 'MTA-B'] as const;
const mapperPort = 135;
const byMapper = `127.0.0.1[,mapper=${mapperPort}]`;
/** Longer than a dial, a call and an association; shorter than the Open Interval. */
const longMs = 300_000;

type Place = {
  readonly name: string;
  readonly kind: 'bind' | 'call' | 'question' | 'answer';
  readonly reached: (sent: Sent) => boolean;
};

const bindFrom = (from: string, isData: boolean): Place['reached'] => {
  return (sent) =>
    sent.from === from &&
    sent.pdu.type === 'bind' &&
    sent.pdu.group > 0 === isData &&
    sent.pdu.contexts[0]?.abstract.uuid !== mapperInterface.uuid;
};

const callOf = (op: RpcOperation): Place => ({
  name: op,
  kind: 'call',
  reached: ({ pdu }) => pdu.type === 'request' && pdu.body.op === op,
});

const mapperOf = (from: string, type: 'bind' | 'request'): Place => ({
  name: `${from} asks the endpoint mapper (${type})`,
  kind: type === 'bind' ? 'bind' : 'question',
  reached: (sent) =>
    sent.from === from &&
    sent.pdu.type === type &&
    (sent.pdu.type === 'bind'
      ? sent.pdu.contexts[0]?.abstract.uuid === mapperInterface.uuid
      : sent.pdu.type === 'request' && sent.pdu.body.op === 'ept_map'),
});

/** The points where an MTA waits for another MTA or for an endpoint mapper. MTA-A opens the association. */
const places: readonly Place[] = [
  { name: 'the first bind', kind: 'bind', reached: bindFrom('MTA-A', false) },
  { name: 'the bind back', kind: 'bind', reached: bindFrom('MTA-B', false) },
  { name: 'the data bind', kind: 'bind', reached: bindFrom('MTA-A', true) },
  ...(['MTA-A', 'MTA-B'] as const).flatMap((from) => [mapperOf(from, 'bind'), mapperOf(from, 'request')]),
  ...(['MtaBind', 'MtaBindBack', 'MtaSend', 'MtaUnBind', 'MtaUnBindBack'] as const).map(callOf),
  {
    name: 'MtaBind waits, and the way back works',
    kind: 'answer',
    reached: ({ pdu }) => pdu.type === 'response' && pdu.body.op === 'MtaBindBack',
  },
];

type Happening = { readonly name: string; readonly act: (lab: PureLab, sent: Sent) => void };

/** An input reaches the waiting client or, if an answer was under way, the server that sent it. */
const told = (name: string, input: (conn: number) => Input): Happening => ({
  name,
  act: (lab, { wire, pdu }) => {
    const end = pdu.type === 'response' ? wire.server : wire.client;
    lab.input(end.node, input(end.conn));
  },
});

const broken: readonly Happening[] = [
  told('reset', (conn) => ({ type: 'lost', conn, error: ntError.connectionReset })),
  told('timed out', (conn) => ({ type: 'lost', conn, error: ntError.timedOut })),
  told('malformed', (conn) => ({ type: 'malformed', conn, answer: null, detail: 'no PDU' })),
  { name: 'silence', act: () => undefined },
];

const nak = (reason: NakReason): Happening => ({
  name: `bind_nak ${reason}`,
  act: (lab, { wire, pdu }) => lab.injectPdu(wire, 'toClient', { type: 'bind_nak', call: pdu.call, reason }),
});

const rejection = (reason: number): Happening => ({
  name: `rejection ${reason}`,
  act: (lab, { wire, pdu }) => {
    const results = [{ result: 2, reason, transfer: ndrSyntax }];
    const group = pdu.type === 'bind' && pdu.group > 0 ? pdu.group : 7;
    const sizes = { maxXmit: 5840, maxRecv: 5840, multiplex: true, headerSigning: false };
    lab.injectPdu(wire, 'toClient', { type: 'bind_ack', call: pdu.call, ...sizes, group, results });
  },
});

const fault = (status: number, didNotExecute: boolean): Happening => ({
  name: `fault ${status}${didNotExecute ? ', not executed' : ''}`,
  act: (lab, { wire, pdu }) =>
    lab.injectPdu(wire, 'toClient', { type: 'fault', call: pdu.call, context: 0, cancelCount: 0, status, didNotExecute }),
});

const answer = (name: string, body: ServiceResult | { readonly op: 'bad'; readonly detail: string }): Happening => ({
  name,
  act: (lab, { wire, pdu }) =>
    lab.injectPdu(wire, 'toClient', { type: 'response', call: pdu.call, context: 0, cancelCount: 0, body }),
});

const mapAnswer = (status: number): ServiceResult => ({ op: 'ept_map', handle: nilHandle, most: 1, towers: [], status });

/**
 * Faults in answer to a call. The list omits `cancelled`, which only answers a co_cancel, and `contextMismatch`, which needs a
 * context handle. It includes the faults that Windows servers make of their own errors, and an unspecified failure.
 */
const unspecified = 0x1c000009;
const faults: readonly Happening[] = [
  faultStatus.operationOutOfRange,
  faultStatus.unknownInterface,
  faultStatus.protocolError,
  faultStatus.serverTooBusy,
  faultStatus.badStubData,
  ntError.accessDenied,
  unspecified,
].flatMap((status) => [fault(status, false), fault(status, true)]);

const badResult = answer('bad stub data', { op: 'bad', detail: 'no stub' });

const happenings: Readonly<Record<Place['kind'], readonly Happening[]>> = {
  bind: [...([0, 1, 2, 4, 8] as const).map(nak), ...[0, 1, 2, 3].map(rejection), ...broken],
  call: [...faults, badResult, ...broken],
  question: [
    badResult,
    answer('cannot', mapAnswer(serviceStatus.cannotPerform)),
    answer('not registered', mapAnswer(serviceStatus.notRegistered)),
    ...broken,
  ],
  answer: broken,
};

/** The logged events for each error number. */
class Seen {
  readonly events = new Map<number, Set<EventId>>();
  readonly onEvent = (_node: string, { id, params }: ReportedEvent): void => {
    if (!('ntError' in params)) return;
    const ids = this.events.get(params.ntError) ?? new Set();
    this.events.set(params.ntError, ids.add(id));
  };

  of(number: number): readonly EventId[] {
    return [...(this.events.get(number) ?? [])].sort((a, b) => a - b);
  }
}

function labOf(mapper: string | null, seen: Seen, adjust: (config: MtaConfig) => MtaConfig = (config) => config): PureLab {
  const settings = { associationLifetimeS: 60 };
  const lab = new PureLab(
    names,
    settings,
    {},
    (config) => {
      const asks = config.name === mapper;
      // The caller queries the mapper for its peer's endpoint; the called MTA queries it for the caller's.
      const peers = asks && mapper === 'MTA-A' ? config.peers.map((peer) => ({ ...peer, endpoints: [byMapper] })) : config.peers;
      const advertise = !asks && mapper === 'MTA-B' ? [byMapper] : [];
      return adjust({ ...config, peers, advertise, mapperPort: mapper === null || asks ? null : mapperPort });
    },
    false,
  );
  lab.hooks.onEvent = seen.onEvent;
  lab.startAll();
  return lab;
}

/** Submits one message from MTA-A to MTA-B, then lets enough time pass for every timeout. */
function lead(lab: PureLab): void {
  lab.submit('MTA-A', 'm1', ['x@mta-b.example']);
  lab.settle();
  lab.pass(longMs);
}

function happens(place: Place, happening: Happening, seen: Seen): boolean {
  const mapper = /^(MTA-.) asks/.exec(place.name)?.[1] ?? null;
  const lab = labOf(mapper, seen);
  let reached = false;
  lab.hooks.onFrame = (sent) => {
    if (reached || !place.reached(sent)) return true;
    reached = true;
    happening.act(lab, sent);
    return false;
  };
  lead(lab);
  return reached;
}

/** Makes one dial of this MTA fail. @param which number of the dial, from 1. */
function dialFails(from: string, which: number, error: number, seen: Seen): boolean {
  const lab = labOf(null, seen);
  let dials = 0;
  lab.hooks.onDial = (dialled) => {
    if (dialled.from !== from || dialled.wire === null) return;
    dials += 1;
    if (dials === which) lab.input(from, { type: 'dial-failed', conn: dialled.wire.client.conn, error, osError: 'EMFILE' });
  };
  lead(lab);
  return dials >= which;
}

test('each Windows NT error appears in exactly the events that the catalogue names', (t) => {
  const seen = new Seen();
  for (const place of places)
    for (const happening of happenings[place.kind])
      if (!happens(place, happening, seen)) t.fail(`never reached: ${place.name}, ${happening.name}`);
  for (const [from, which] of [
    ['MTA-A', 1],
    ['MTA-A', 2],
    ['MTA-B', 1],
  ] as const)
    for (const error of [ntError.outOfMemory, ntError.serverUnavailable])
      t.ok(dialFails(from, which, error, seen), `dial ${which} of ${from}, ${error}`);
  const elsewhere = { address: '192.0.2.1', port: 5009, label: '', enabled: true };
  labOf(null, seen, (config) => ({ ...config, bindings: [...config.bindings, elsewhere] }));
  for (const osError of ['EADDRINUSE', 'EACCES', 'EMFILE', 'EAFNOSUPPORT'])
    labOf(null, seen).input('MTA-A', { type: 'listen-failed', link: 'rpc', binding: 0, osError });

  const known = Object.keys(errorsByNumber).map(Number);
  for (const number of known) {
    const { of, events } = errorsByNumber[number] as (typeof errorsByNumber)[number] & object;
    if (of === 'Windows NT') t.same(events, seen.of(number), `error ${number}`);
  }
  t.same(
    [...seen.events.keys()].filter((number) => !known.includes(number)),
    [],
    'the catalogue knows every number in the log',
  );
  t.same(
    Object.values(ntError).filter((number) => !known.includes(number)),
    [],
  );
  t.end();
});

test('the codes of the MTA and of its connection layer appear in the recorded events', (t) => {
  const layer = { 8453: [4282], 8464: [4283], 8511: [4284], 8640: [4287], 8650: [4287] };
  const recorded = { ...layer, 9260: [], 9301: [9316], 9317: [] };
  const own = Object.entries(errorsByNumber).filter(([, { of }]) => of !== 'Windows NT');
  t.same(Object.fromEntries(own.map(([number, { events }]) => [number, events])), recorded);
  for (const { of, events } of Object.values(errorsByNumber))
    for (const id of events)
      t.ok((of === 'connection layer' ? 'errorCode' : 'ntError') in eventsById[id].labels, `${id} has a place for it`);
  t.end();
});
