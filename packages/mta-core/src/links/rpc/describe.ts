/**
 * Describes a PDU in one stable line of text, for tests, logs and ladders. Passwords, store ids and content never appear, and
 * text from the network cannot break the line.
 */
import { describeApdu, describeSettled, listed, plain } from '../../reliable-transfer/describe-apdu.js';
import { describeServiceArgument, describeServiceResult } from './describe-services.js';
import { type CarriedApdu, isMtaBody, type RpcArgument, type RpcResult } from './operations.js';
import {
  type BindAckPdu,
  type BindPdu,
  type ContextResult,
  type FaultPdu,
  faultStatus,
  maxFragmentBytes,
  type NakReason,
  ndrSyntax,
  type Pdu,
  type PresentationContext,
  type RequestPdu,
  type ResponsePdu,
} from './pdu.js';
import { interfaceOf } from './services.js';

/** An APDU, or the answer that only this link gives, or a close. */
export function describeCarried(apdu: CarriedApdu): string {
  switch (apdu.kind) {
    case 'please-noted':
    case 'turn-give-ack':
    case 'close':
    case 'close-ack':
      return apdu.kind;
    default:
      return describeApdu(apdu);
  }
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
      return `MtaUnBind ${describeCarried(body.apdu)} association=${plain(body.association)}${describeSettled(body.settled)}`;
    case 'MtaUnBindBack':
      return `MtaUnBindBack ${describeCarried(body.apdu)} association=${plain(body.association)}`;
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
      return describeCarried(body.apdu);
  }
}

/** The contexts in words; empty for the one context that every MTA offers. */
function describeContexts(contexts: readonly PresentationContext[]): string {
  const words = contexts.map(({ id, abstract, transfer }) => {
    const name = interfaceOf(abstract) ?? `${plain(abstract.uuid)}/${abstract.version}`;
    const ndr = transfer.some((syntax) => syntax.uuid === ndrSyntax.uuid && syntax.version === ndrSyntax.version);
    return `${id}:${name}${ndr ? '' : ':no-ndr'}`;
  });
  return words.length === 1 && words[0] === '0:mta' ? '' : ` contexts=${words.length === 0 ? 'none' : listed(words)}`;
}

function describeFlags({ multiplex, headerSigning }: BindPdu | BindAckPdu): string {
  return `${multiplex ? '' : ' serial'}${headerSigning ? ' header-signing' : ''}`;
}

function describeBind(pdu: BindPdu): string {
  return `${pdu.type} group=${pdu.group}${describeFlags(pdu)}${describeContexts(pdu.contexts)}`;
}

function describeBindAck(pdu: BindAckPdu): string {
  const word = ({ result, reason }: ContextResult): string => {
    if (result === 3) return `features-${reason}`;
    return result === 0 ? 'accepted' : `rejected-${result}/${reason}`;
  };
  const results = pdu.results.length === 0 ? 'no-results' : listed(pdu.results.map(word));
  const size = pdu.maxXmit === maxFragmentBytes ? '' : ` fragment=${pdu.maxXmit}`;
  return `${pdu.type} group=${pdu.group}${size}${describeFlags(pdu)} ${results}`;
}

const nakWords: Readonly<Record<NakReason, string>> = {
  0: 'not specified',
  1: 'temporary congestion',
  2: 'local limit exceeded',
  4: 'protocol version not supported',
  8: 'authentication type not recognized',
};

const faultWords: ReadonlyMap<number, string> = new Map([
  [faultStatus.operationOutOfRange, 'operation out of range'],
  [faultStatus.unknownInterface, 'unknown interface'],
  [faultStatus.protocolError, 'protocol error'],
  [faultStatus.serverTooBusy, 'server too busy'],
  [faultStatus.cancelled, 'cancelled'],
  [faultStatus.contextMismatch, 'context mismatch'],
  [faultStatus.badStubData, 'bad stub data'],
  [faultStatus.accessDenied, 'access denied'],
  [faultStatus.noCallActive, 'no call active'],
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
