/**
 * Stubs: the NDR frame around a message, and the message of each operation.
 *
 * Every operation is `long Op([in] ulong cb, [in, size_is(cb)] byte p[], [out] ulong *pcb, [out, size_is(, *pcb)] byte **pp)`.
 * Its return value is 0, except that a refused MtaBindBack returns 5 (access denied), so that any NDR client sees the
 * refusal. A peer's return value other than 0 makes the result unreadable, or an MtaBindBack refused.
 */
import {
  type MtaCredentials,
  ntError,
  operationOf,
  type RpcArgument,
  type RpcResult,
  type SendAnswer,
  type SendApdu,
} from '@mtalab/mta-core';
import type protobuf from 'protobufjs';
import { MalformedFrame } from '../net/frame-codec.js';
import {
  apduFields,
  type CredentialsFields,
  type RtseFields,
  readApdu,
  readCredentials,
  readRtorq,
  readSettled,
  rtorqFields,
} from './apdu-messages.js';
import type { KeepContent, LoadContent } from './content-octets.js';
import { count, list, name, Unreadable, wireLimits } from './field-checks.js';
import { get32 } from './little-endian.js';
import { messageType, type StubReader, stubReader } from './protobuf-schema.js';

/** A stub or a message that cannot be read, in place of its body. */
export type BadBody = { readonly op: 'bad'; readonly detail: string };

/** Octets before the message: cb and max_count of a request; cb, referent and max_count of a response. */
export const requestPrefixBytes = 8;
export const responsePrefixBytes = 12;
/** Octets that clients may leave after a request stub to align it. */
const slackBytes = 7;

/** Write the message of a call's argument at the writer's position. */
export function writeArgument(writer: protobuf.Writer, argument: RpcArgument, load: LoadContent): void {
  switch (argument.op) {
    case 'MtaSend': {
      const fields = apduFields(argument.apdu, load);
      if (argument.settled.length > 0) fields.settled = argument.settled;
      messageType.rtse.encode(fields, writer);
      return;
    }
    case 'MtaBind': {
      const { from, endpoints, association, rtorq } = argument;
      messageType.bindArgument.encode({ from, endpoints, association, rtorq: rtorqFields(rtorq) }, writer);
      return;
    }
    case 'MtaBindBack': {
      const { from, association, recovery } = argument;
      messageType.bindBackArgument.encode({ from, association, recovery }, writer);
      return;
    }
    case 'MtaUnBind': {
      const { association, settled } = argument;
      messageType.rtse.encode({ close: {}, settled, association }, writer);
      return;
    }
    case 'MtaUnBindBack':
      messageType.rtse.encode({ close: {}, association: argument.association }, writer);
      return;
  }
}

/**
 * Write the message of a call's result at the writer's position.
 * @returns the operation's return value.
 */
export function writeResult(writer: protobuf.Writer, result: RpcResult, load: LoadContent): number {
  switch (result.op) {
    case 'MtaBind':
      messageType.bindResult.encode({ from: result.from, ...apduFields(result.apdu, load) }, writer);
      return 0;
    case 'MtaBindBack':
      messageType.bindBackResult.encode({ accepted: result.accepted }, writer);
      return result.accepted ? 0 : ntError.accessDenied;
    case 'MtaSend':
    case 'MtaUnBind':
    case 'MtaUnBindBack':
      messageType.rtse.encode(apduFields(result.apdu, load), writer);
      return 0;
  }
}

/** Read a request stub. @throws MalformedFrame only, when `keep` has no room for its content. */
export function readArgument(
  opnum: number,
  octets: Buffer,
  start: number,
  end: number,
  keep: KeepContent,
): RpcArgument | BadBody {
  return guarded((reader) => {
    const length = end - start;
    if (length < requestPrefixBytes) throw new Unreadable(`stub of ${length} octets is too short`);
    const cb = get32(octets, start);
    if (cb !== get32(octets, start + 4)) throw new Unreadable(`cb ${cb} and max_count ${get32(octets, start + 4)} differ`);
    const excess = length - requestPrefixBytes - cb;
    if (excess < 0 || excess > slackBytes) throw new Unreadable(`cb ${cb} does not fit a stub of ${length} octets`);
    const from = start + requestPrefixBytes;
    return argumentIn(opnum, reader.open(octets, from, from + cb), keep);
  });
}

function argumentIn(opnum: number, reader: StubReader, keep: KeepContent): RpcArgument {
  const op = operationOf[opnum];
  switch (op) {
    case 'MtaSend': {
      const fields = messageType.rtse.decode(reader) as RtseFields;
      const apdu = readApdu(fields, keep);
      if (!isSendApdu(apdu)) throw new Unreadable(`${apdu.kind} does not travel in MtaSend`);
      return { op, apdu, settled: readSettled(fields) };
    }
    case 'MtaBind': {
      const fields = messageType.bindArgument.decode(reader) as unknown as BindArgumentFields;
      return {
        op,
        from: readCredentials(fields.from),
        endpoints: list(fields.endpoints, 'endpoints', wireLimits.endpoints).map((endpoint) => name(endpoint, 'endpoint')),
        association: name(fields.association, 'association'),
        rtorq: readRtorq(fields.rtorq),
      };
    }
    case 'MtaBindBack': {
      const fields = messageType.bindBackArgument.decode(reader) as unknown as BindBackArgumentFields;
      return {
        op,
        from: readCredentials(fields.from),
        association: name(fields.association, 'association'),
        recovery: count(fields.recovery, 'recovery'),
      };
    }
    case 'MtaUnBind':
    case 'MtaUnBindBack': {
      const fields = messageType.rtse.decode(reader) as RtseFields;
      const apdu = readApdu(fields, keep);
      if (apdu.kind !== 'close') throw new Unreadable(`${apdu.kind} does not travel in ${op}`);
      const association = name(fields.association ?? '', 'association');
      return op === 'MtaUnBind' ? { op, association, apdu, settled: readSettled(fields) } : { op, association, apdu };
    }
    default:
      throw new Unreadable(`operation ${opnum} is not known`);
  }
}

/** Read a response stub. @throws MalformedFrame as `readArgument`. */
export function readResult(opnum: number, octets: Buffer, start: number, end: number, keep: KeepContent): RpcResult | BadBody {
  return guarded((reader) => {
    const length = end - start;
    const cb = length < responsePrefixBytes ? -1 : get32(octets, start);
    const referent = cb < 0 ? 0 : get32(octets, start + 4);
    if (referent === 0 && cb > 0) throw new Unreadable(`null pointer to ${cb} octets`);
    const prefix = referent === 0 ? 8 : responsePrefixBytes;
    const valueAt = prefix + ((cb + 3) & ~3);
    if (cb < 0 || cb > length || valueAt + 4 > length || valueAt + 4 + slackBytes < length) {
      throw new Unreadable(`response stub of ${length} octets does not fit its counts`);
    }
    if (referent !== 0 && get32(octets, start + 8) !== cb)
      throw new Unreadable(`cb ${cb} and max_count ${get32(octets, start + 8)} differ`);
    const returned = get32(octets, start + valueAt);
    if (returned !== 0) {
      if (operationOf[opnum] === 'MtaBindBack') return { op: 'MtaBindBack', accepted: false };
      throw new Unreadable(`the operation returned error ${returned}`);
    }
    return resultIn(opnum, reader.open(octets, start + prefix, start + prefix + cb), keep);
  });
}

function resultIn(opnum: number, reader: StubReader, keep: KeepContent): RpcResult {
  const op = operationOf[opnum];
  switch (op) {
    case 'MtaBind': {
      const fields = messageType.bindResult.decode(reader) as BindResultFields;
      const apdu = readApdu(fields, keep);
      if (apdu.kind !== 'rtoac' && apdu.kind !== 'rtorj') throw new Unreadable(`${apdu.kind} does not answer MtaBind`);
      return { op, from: readCredentials(fields.from, apdu.kind === 'rtorj'), apdu };
    }
    case 'MtaBindBack': {
      const { accepted } = messageType.bindBackResult.decode(reader) as unknown as { accepted: boolean };
      return { op, accepted };
    }
    case 'MtaSend': {
      const apdu = readApdu(messageType.rtse.decode(reader) as RtseFields, keep);
      if (!isSendAnswer(apdu)) throw new Unreadable(`${apdu.kind} does not answer MtaSend`);
      return { op, apdu };
    }
    case 'MtaUnBind':
    case 'MtaUnBindBack': {
      const apdu = readApdu(messageType.rtse.decode(reader) as RtseFields, keep);
      if (apdu.kind !== 'close-ack') throw new Unreadable(`${apdu.kind} does not answer ${op}`);
      return { op, apdu };
    }
    default:
      throw new Unreadable(`operation ${opnum} is not known`);
  }
}

type BindArgumentFields = {
  from?: CredentialsFields | null;
  endpoints: readonly string[];
  association: string;
  rtorq?: RtseFields['rtorq'];
};
type BindBackArgumentFields = { from?: CredentialsFields | null; association: string; recovery: number };
type BindResultFields = RtseFields & { from?: MtaCredentials | null };

function isSendApdu(apdu: { readonly kind: string }): apdu is SendApdu {
  const { kind } = apdu;
  return kind === 'rttr' || kind === 'turn-please' || kind === 'turn-give' || kind === 'discard' || kind === 'rtab';
}

function isSendAnswer(apdu: { readonly kind: string }): apdu is SendAnswer {
  const { kind } = apdu;
  return kind === 'confirm' || kind === 'please-noted' || kind === 'turn-give-ack' || kind === 'refuse' || kind === 'discarded';
}

/** Whatever goes wrong with octets from a stranger becomes a body that says so. */
function guarded<T>(read: (reader: StubReader) => T): T | BadBody {
  try {
    return read(stubReader);
  } catch (error) {
    if (error instanceof MalformedFrame) throw error;
    return { op: 'bad', detail: error instanceof Error ? error.message : String(error) };
  } finally {
    stubReader.close();
  }
}
