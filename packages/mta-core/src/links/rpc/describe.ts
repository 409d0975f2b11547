/**
 * One stable line of text per PDU and per APDU: what tests compare, logs print and ladders show. Passwords, store ids and
 * content never appear, and text from the network cannot break the line.
 */
import { type Apdu, isMtaBody, type RpcArgument, type RpcResult } from '../../reliable-transfer/apdu.js';
import { describeServiceArgument, describeServiceResult } from './describe-services.js';
import {
  type BindAckPdu,
  type BindPdu,
  type ContextResult,
  type FaultPdu,
  faultStatus,
  type NakReason,
  ndrSyntax,
  type Pdu,
  type PresentationContext,
  type RequestPdu,
  type ResponsePdu,
} from './pdu.js';
import { interfaceOf } from './services.js';

const maxTextLength = 64;
const maxListed = 4;
const twoTo32 = 2 ** 32;

/** Text from outside, cut short and on one line. */
function plain(text: string): string {
  const oneLine = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return oneLine.length > maxTextLength ? `${oneLine.slice(0, maxTextLength)}...` : oneLine;
}

function listed(items: readonly string[]): string {
  const shown = items.slice(0, maxListed).join(',');
  return items.length > maxListed ? `${shown},+${items.length - maxListed}` : shown;
}

/** An activity id as `incarnation-counter`. */
export function describeActivity(id: number): string {
  return `${Math.floor(id / twoTo32)}-${id % twoTo32}`;
}

/** An APDU, such as `rttr activity=3-17 offset=0 length=1024 last start`. */
export function describeApdu(apdu: Apdu): string {
  switch (apdu.kind) {
    case 'rtorq': {
      const sizes = `checkpoint=${apdu.checkpointSizeK} window=${apdu.windowSize}`;
      const mode = apdu.dialogueMode === 'monologue' ? ' monologue' : '';
      return `rtorq turn=${apdu.turn} recovery=${apdu.recovery} ${sizes}${mode}`;
    }
    case 'rtoac':
      return `rtoac checkpoint=${apdu.checkpointSizeK} window=${apdu.windowSize}`;
    case 'rtorj':
    case 'rtab':
      return `${apdu.kind} reason=${apdu.reason}`;
    case 'turn-please':
      return `turn-please priority=${apdu.priority}`;
    case 'rttr': {
      const flags = `${apdu.last ? ' last' : ''}${apdu.start === undefined ? '' : ' start'}`;
      return `rttr activity=${describeActivity(apdu.activity)} offset=${apdu.offset} length=${apdu.content.length}${flags}`;
    }
    case 'confirm':
      return `confirm activity=${describeActivity(apdu.activity)} upTo=${apdu.upTo}${apdu.stored ? ' stored' : ''}`;
    case 'refuse':
    case 'discard':
      return `${apdu.kind} activity=${describeActivity(apdu.activity)} reason=${apdu.reason}`;
    case 'discarded':
      return `discarded activity=${describeActivity(apdu.activity)}`;
    case 'please-noted':
    case 'turn-give':
    case 'turn-give-ack':
    case 'close':
    case 'close-ack':
      return apdu.kind;
  }
}

/** Copies named as settled, with a blank in front; nothing without any. */
export function describeSettled(settled: readonly number[]): string {
  return settled.length === 0 ? '' : ` settled=${listed(settled.map(describeActivity))}`;
}

function describeArgument(body: RpcArgument): string {
  switch (body.op) {
    case 'MtaBind':
    case 'MtaBindBack': {
      const who = `from=${plain(body.from.mtaName)} incarnation=${body.from.incarnation}`;
      const what = body.op === 'MtaBind' ? describeApdu(body.rtorq) : `recovery=${body.recovery}`;
      return `${body.op} ${who} association=${plain(body.association)} ${what}`;
    }
    case 'MtaSend':
      return `MtaSend ${describeApdu(body.apdu)}${describeSettled(body.settled)}`;
    case 'MtaUnBind':
      return `MtaUnBind ${describeApdu(body.apdu)} association=${plain(body.association)}${describeSettled(body.settled)}`;
    case 'MtaUnBindBack':
      return `MtaUnBindBack ${describeApdu(body.apdu)} association=${plain(body.association)}`;
  }
}

function describeResult(body: RpcResult): string {
  switch (body.op) {
    case 'MtaBind':
      return `${describeApdu(body.apdu)} from=${plain(body.from.mtaName)} incarnation=${body.from.incarnation}`;
    case 'MtaBindBack':
      return `MtaBindBack ${body.accepted ? 'accepted' : 'refused'}`;
    case 'MtaSend':
    case 'MtaUnBind':
    case 'MtaUnBindBack':
      return describeApdu(body.apdu);
  }
}

/** Contexts are worth words only where they are not the one that every MTA offers. */
function describeContexts(contexts: readonly PresentationContext[]): string {
  const words = contexts.map(({ id, abstract, transfer }) => {
    const name = interfaceOf(abstract) ?? `${plain(abstract.uuid)}/${abstract.version}`;
    const ndr = transfer.some((syntax) => syntax.uuid === ndrSyntax.uuid && syntax.version === ndrSyntax.version);
    return `${id}:${name}${ndr ? '' : ':no-ndr'}`;
  });
  return words.length === 1 && words[0] === '0:mta' ? '' : ` contexts=${words.length === 0 ? 'none' : listed(words)}`;
}

function describeBind(pdu: BindPdu): string {
  return `${pdu.type} group=${pdu.group}${pdu.multiplex ? '' : ' serial'}${describeContexts(pdu.contexts)}`;
}

function describeBindAck(pdu: BindAckPdu): string {
  const word = ({ result, reason }: ContextResult): string => (result === 0 ? 'accepted' : `rejected-${result}/${reason}`);
  const results = pdu.results.length === 0 ? 'no-results' : listed(pdu.results.map(word));
  return `${pdu.type} group=${pdu.group}${pdu.multiplex ? '' : ' serial'} ${results}`;
}

const nakWords: Readonly<Record<NakReason, string>> = {
  0: 'not specified',
  1: 'temporary congestion',
  2: 'local limit exceeded',
  4: 'protocol version not supported',
};

const faultWords: ReadonlyMap<number, string> = new Map([
  [faultStatus.operationOutOfRange, 'operation out of range'],
  [faultStatus.unknownInterface, 'unknown interface'],
  [faultStatus.protocolError, 'protocol error'],
  [faultStatus.serverTooBusy, 'server too busy'],
  [faultStatus.cancelled, 'cancelled'],
  [faultStatus.contextMismatch, 'context mismatch'],
  [faultStatus.badStubData, 'bad stub data'],
]);

function contextOf(context: number): string {
  return context === 0 ? '' : ` context=${context}`;
}

function describeRequest(pdu: RequestPdu): string {
  const { body } = pdu;
  const head = `request ${pdu.call}${contextOf(pdu.context)}`;
  if (body.op === 'bad') return `${head} opnum=${pdu.opnum} bad (${plain(body.detail)})`;
  if (body.op === 'unread') return `${head} opnum=${pdu.opnum} unread`;
  if (!isMtaBody(body)) return `${head} ${describeServiceArgument(body)}`;
  return `${head} ${describeArgument(body)}`;
}

function describeResponse(pdu: ResponsePdu): string {
  const { body } = pdu;
  if (body.op !== 'bad' && !isMtaBody(body))
    return `response ${pdu.call}${contextOf(pdu.context)} ${describeServiceResult(body)}`;
  const what = body.op === 'bad' ? `bad (${plain(body.detail)})` : describeResult(body);
  return `response ${pdu.call}${contextOf(pdu.context)} ${what}`;
}

function describeFault(pdu: FaultPdu): string {
  const words = faultWords.get(pdu.status);
  const status = `${pdu.status.toString(16).padStart(8, '0')}${words === undefined ? '' : ` (${words})`}`;
  return `fault ${pdu.call}${contextOf(pdu.context)} ${status}${pdu.didNotExecute ? ' did-not-execute' : ''}`;
}

/** A PDU, such as `request 3 MtaSend turn-give` or `bind_nak reason=0 (not specified)`. */
export function describePdu(pdu: Pdu): string {
  switch (pdu.type) {
    case 'bind':
    case 'alter_context':
      return describeBind(pdu);
    case 'bind_ack':
    case 'alter_context_resp':
      return describeBindAck(pdu);
    case 'bind_nak':
      return `bind_nak reason=${pdu.reason} (${nakWords[pdu.reason] ?? 'unknown'})`;
    case 'request':
      return describeRequest(pdu);
    case 'response':
      return describeResponse(pdu);
    case 'fault':
      return describeFault(pdu);
    case 'co_cancel':
    case 'orphaned':
    case 'shutdown':
      return `${pdu.type} ${pdu.call}`;
  }
}
