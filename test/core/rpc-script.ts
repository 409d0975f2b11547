/** The commands of the RPC interaction files. */
import {
  type BindPdu,
  bindTimePrefix,
  type ContextResult,
  type FaultPdu,
  faultStatus,
  mapperIds,
  type NakReason,
  ndr64Syntax,
  ndrSyntax,
  opnumOf,
  type Pdu,
  type PresentationContext,
  type RequestPdu,
  type ResponsePdu,
  type RpcArgument,
  type RpcOperation,
  type RpcResult,
  rpcBind,
  rpcCall,
  rpcCancel,
  rpcClose,
  rpcFault,
  rpcInput,
  rpcListen,
  rpcOwn,
  rpcReply,
  type Syntax,
  serviceOpnumOf,
} from '@mtalab/mta-core';
import { bareMta, Lab } from './rpc-lab.js';
import { interfaces, serviceArgument, serviceOf, serviceResult, Words } from './rpc-words.js';

const from = { mtaName: 'MTA-X', password: 'secret', incarnation: 3, storeUuid: 'store', settledBelow: 1 };
const association = 'MTA-X/3/17';
const rtorq = {
  kind: 'rtorq',
  checkpointSizeK: 30,
  windowSize: 5,
  dialogueMode: 'two-way-alternate',
  turn: 'initiator',
  recovery: 0,
} as const;

export const sampleArguments: Readonly<Record<RpcOperation, RpcArgument>> = {
  MtaBind: { op: 'MtaBind', from, endpoints: ['127.0.0.1[4001]'], association, rtorq },
  MtaBindBack: { op: 'MtaBindBack', from, association, recovery: 0 },
  MtaSend: { op: 'MtaSend', apdu: { kind: 'turn-please', priority: 2 }, settled: [] },
  MtaUnBind: { op: 'MtaUnBind', association, apdu: { kind: 'close' }, settled: [] },
  MtaUnBindBack: { op: 'MtaUnBindBack', association, apdu: { kind: 'close' } },
};

export const sampleResults: Readonly<Record<RpcOperation, RpcResult>> = {
  MtaBind: { op: 'MtaBind', from, apdu: { kind: 'rtoac', checkpointSizeK: 30, windowSize: 5 } },
  MtaBindBack: { op: 'MtaBindBack', accepted: true },
  MtaSend: { op: 'MtaSend', apdu: { kind: 'please-noted' } },
  MtaUnBind: { op: 'MtaUnBind', apdu: { kind: 'close-ack' } },
  MtaUnBindBack: { op: 'MtaUnBindBack', apdu: { kind: 'close-ack' } },
};

function operation(word: string | undefined): RpcOperation {
  if (word === undefined || !(word in opnumOf)) throw new Error(`no operation ${word}`);
  return word as RpcOperation;
}

/** Transfer syntaxes of a context: `bare` for none, `features-2` for bind time feature negotiation, by default NDR. */
function syntaxesOf(word: string | undefined): Syntax[] {
  const features = /^features-(\d+)$/.exec(word ?? '')?.[1];
  if (features !== undefined) return [{ uuid: `${bindTimePrefix}${features.padStart(2, '0')}00-000000000000`, version: 1 }];
  if (word === 'no-ndr') return [{ ...ndrSyntax, version: 1 }];
  if (word === 'ndr64') return [ndr64Syntax];
  return word === 'bare' ? [] : [ndrSyntax];
}

/** Contexts such as `0:mta,1:other,2:mta:no-ndr`, or `none`. */
function contextsOf(text: string): PresentationContext[] {
  if (text === 'none') return [];
  return text.split(',').map((part) => {
    const [id, name, syntax] = part.split(':');
    const abstract = interfaces[name ?? ''] as Syntax;
    return { id: Number(id), abstract, transfer: syntaxesOf(syntax) };
  });
}

function bindOf(type: BindPdu['type'], words: Words): BindPdu {
  return {
    type,
    call: words.number('call', 1),
    maxXmit: words.number('xmit', 5840),
    maxRecv: words.number('recv', 5840),
    group: words.number('group', 0),
    multiplex: !words.has('serial'),
    headerSigning: words.has('header-signing'),
    contexts: contextsOf(words.text('contexts') ?? '0:mta'),
  };
}

function resultsOf(words: Words): ContextResult[] {
  const [result, reason] = (words.text('rejected') ?? '0/0').split('/').map(Number) as [number, number];
  const one = { result, reason, transfer: ndrSyntax };
  return Array.from({ length: words.number('results', 1) }, () => one);
}

function requestOf(call: number, context: number, words: Words): RequestPdu {
  const type = 'request';
  const given = words.text('opnum');
  const bad = { op: 'bad', detail: 'short' } as const;
  if (given !== undefined) return { type, call, context, opnum: Number(given), body: words.has('bad') ? bad : { op: 'unread' } };
  const service = serviceOf(words.bare[1]);
  if (service !== undefined)
    return { type, call, context, opnum: serviceOpnumOf[service], body: serviceArgument(service, words) };
  const op = operation(words.bare[1]);
  return { type, call, context, opnum: opnumOf[op], body: sampleArguments[op] };
}

function responseOf(call: number, context: number, words: Words): ResponsePdu {
  const answer = { type: 'response', call, context, cancelCount: 0 } as const;
  if (words.has('bad')) return { ...answer, body: { op: 'bad', detail: 'short' } };
  const service = serviceOf(words.bare[1]);
  return { ...answer, body: service === undefined ? sampleResults[operation(words.bare[1])] : serviceResult(service, words) };
}

/** PDUs of strangers. */
export function parsePdu(type: string, text: string): Pdu {
  const words = new Words(text);
  const call = Number(words.bare[0] ?? words.number('call', 1));
  const context = words.number('context', 0);
  const group = words.number('group', 1);
  const common = { maxXmit: 5840, maxRecv: 5840, group, multiplex: !words.has('serial'), headerSigning: false };
  switch (type) {
    case 'bind':
    case 'alter_context':
      return bindOf(type, words);
    case 'bind_ack':
    case 'alter_context_resp':
      return { type, call: words.number('call', 1), ...common, results: resultsOf(words) };
    case 'bind_nak':
      return { type, call: words.number('call', 1), reason: words.number('reason', 0) as NakReason };
    case 'request':
      return requestOf(call, context, words);
    case 'response':
      return responseOf(call, context, words);
    case 'fault': {
      const status = Number.parseInt(words.text('status') ?? '', 16);
      return { type, call, context, cancelCount: 0, status, didNotExecute: words.has('did-not-execute') } satisfies FaultPdu;
    }
    case 'co_cancel':
    case 'orphaned':
    case 'shutdown':
      return { type, call };
    default:
      throw new Error(`no PDU ${type}`);
  }
}

function makeNode(lab: Lab, name: string, words: Words): void {
  const ports = (words.text('ports') ?? '')
    .split(',')
    .filter((part) => part !== '')
    .map(Number);
  const settings = Object.fromEntries(
    [...words.names()].filter((key) => !['ports', 'mapper', 'legacy'].includes(key)).map((key) => [key, words.number(key, 0)]),
  );
  const mapper = words.text('mapper');
  const mta = bareMta(ports, settings, mapper === undefined ? null : Number(mapper));
  lab.nodes.set(name, { ...mta, legacy: words.text('legacy')?.split(',') ?? [] });
  lab.step(name, rpcListen);
}

/** `up B 0`, `up B 0 failed`: the system's answer to a listen. */
function listenAnswered(lab: Lab, words: Words): void {
  const [name, index, failed] = words.bare as [string, string, string | undefined];
  const binding = Number(index);
  if (failed !== undefined) {
    lab.input(name, { type: 'listen-failed', link: 'rpc', binding, osError: 'EADDRNOTAVAIL' });
    return;
  }
  const mta = lab.nodes.get(name);
  const port = words.number('port', (binding < mapperIds ? mta?.bindings[binding]?.port : mta?.mapperPort) ?? 0);
  lab.ports.set(port, { party: name, binding });
  lab.input(name, { type: 'listening', link: 'rpc', binding, port });
}

function ownerOf(text: string | undefined): { entry: number; association: number } | null {
  if (text === undefined) return null;
  const [entry, association] = text.split('/').map(Number) as [number, number];
  return { entry, association };
}

function bind(lab: Lab, name: string, words: Words): void {
  const localAddress = words.text('local');
  lab.step(name, (ctx) => {
    rpcBind(ctx, {
      owner: ownerOf(words.text('owner')),
      endpoint: words.bare[0] ?? '',
      group: words.number('group', 0),
      from: localAddress ?? null,
    });
  });
}

/** Calls of an MTA to its runtime: `A call 2 MtaSend`. */
function ask(lab: Lab, name: string, verb: string, text: string): void {
  const words = new Words(text);
  const [first, second, third] = words.bare;
  const [conn, call] = [Number(first), Number(second)];
  switch (verb) {
    case 'bind':
      bind(lab, name, words);
      return;
    case 'call':
      lab.step(name, (ctx) => {
        const id = rpcCall(ctx, conn, sampleArguments[operation(second)]);
        lab.out.push(`${name} ${conn} call ${id ?? 'impossible'}`);
      });
      return;
    case 'reply':
      lab.step(name, (ctx) => rpcReply(ctx, conn, call, sampleResults[operation(third)]));
      return;
    case 'fault': {
      const status = faultStatus[third as keyof typeof faultStatus];
      lab.step(name, (ctx) => rpcFault(ctx, conn, call, status, words.has('did-not-execute')));
      return;
    }
    case 'cancel':
      lab.step(name, (ctx) => rpcCancel(ctx, conn, call));
      return;
    case 'close':
      lab.step(name, (ctx) => rpcClose(ctx, conn));
      return;
    case 'own':
      lab.step(name, (ctx) => rpcOwn(ctx, conn, ownerOf(second)));
      return;
    case 'input':
      lab.step(name, (ctx) => rpcInput(ctx, JSON.parse(text)));
      return;
    default:
      throw new Error(`no command ${verb}`);
  }
}

/** The answers that a codec gives to octets which are no PDU: `malformed version`, `malformed fragment`. */
const breachAnswers: Readonly<Record<string, Pdu>> = {
  version: { type: 'bind_nak', call: 0, reason: 4 },
  fragment: { type: 'fault', call: 9, context: 0, cancelCount: 0, status: faultStatus.protocolError, didNotExecute: false },
};

function say(lab: Lab, name: string, text: string): void {
  const [type = '', ...rest] = text.trim().split(' ');
  if (type === 'close') lab.say(name, { type: 'close' });
  else if (type === 'malformed') lab.say(name, { type, answer: breachAnswers[rest[0] ?? ''] ?? null });
  else lab.say(name, parsePdu(type, rest.join(' ')));
}

function carryOut(lab: Lab, line: string): void {
  const [first = '', second = '', ...others] = line.split(' ');
  const rest = others.join(' ');
  switch (first) {
    case 'node':
      makeNode(lab, second, new Words(rest));
      return;
    case 'up':
      listenAnswered(lab, new Words(`${second} ${rest}`));
      return;
    case 'tick':
      lab.tick(Number(second));
      return;
    case 'hold':
      lab.held = true;
      return;
    case 'flow':
      lab.held = false;
      return;
    case 'cut':
      lab.cut(second, Number(rest));
      return;
    case 'state':
      lab.state(second);
      return;
    case 'stranger':
      lab.stranger(second, Number(rest));
      return;
    case 'stranger-listens':
      lab.strangerListens(second, Number(rest));
      return;
    case 'silent':
      lab.silent.add(Number(second));
      return;
    default:
      if (second === '>') say(lab, first, rest);
      else ask(lab, first, second, rest);
      return;
  }
}

/** `repeat FROM TO command` replaces `#` by each number, and shows only the last outcome. */
function perform(lab: Lab, line: string): void {
  const repeated = /^repeat (\d+) (\d+) (.*)$/.exec(line);
  if (repeated === null) {
    carryOut(lab, line);
    lab.flow();
    return;
  }
  const [, low, high, command] = repeated as unknown as [string, string, string, string];
  const before = lab.out.length;
  for (let number = Number(low); number <= Number(high); number += 1) {
    lab.out.length = before;
    carryOut(lab, command.replaceAll('#', String(number)));
    lab.flow();
  }
}

/** Runs an interaction file and returns it with its actual outcomes. */
export function runScript(text: string): string {
  const lab = new Lab();
  const blocks = text.trimEnd().split('\n\n');
  const rewritten = blocks.map((block) => {
    const lines = block.split('\n');
    const ruler = lines.indexOf('----');
    const head = ruler < 0 ? lines : lines.slice(0, ruler);
    const commands = head.filter((line) => line !== '' && !line.startsWith('#'));
    if (commands.length === 0) return block;
    lab.out.length = 0;
    for (const command of commands) perform(lab, command);
    return [...head, '----', ...(lab.out.length === 0 ? ['nothing'] : lab.out)].join('\n');
  });
  return `${rewritten.join('\n\n')}\n`;
}
