/** The fields of a DCE/RPC PDU that this implementation has encoded. */
import { maxFragmentBytes } from '@mtalab/mta-core';
import protobuf from 'protobufjs';
import { get16, get32 } from '../rpc/little-endian.js';
import { requestPrefixBytes, responsePrefixBytes } from '../rpc/mta-stubs.js';
import { callHeaderBytes, flagsAt, headerBytes, typeAt } from '../rpc/pdu-header.js';
import { messageType } from '../rpc/protobuf-schema.js';
import { FieldList, hexText, type OctetField } from './octet-fields.js';

/** By operation number: the message of the argument and of the result. */
const messages = [
  [messageType.bindArgument, messageType.bindResult],
  [messageType.bindBackArgument, messageType.bindBackResult],
  [messageType.rtse, messageType.rtse],
  [messageType.rtse, messageType.rtse],
  [messageType.rtse, messageType.rtse],
] as const;

const utf8 = new TextDecoder();

/** A number in base 128, and where it ends. */
function varint(octets: Uint8Array, at: number): readonly [value: number, end: number] {
  let value = 0;
  let scale = 1;
  for (let place = at; ; place += 1) {
    const octet = octets[place] as number;
    value += (octet & 0x7f) * scale;
    if (octet < 0x80) return [value, place + 1];
    scale *= 128;
  }
}

function numberText({ resolvedType, type }: protobuf.Field, value: number): string {
  if (resolvedType instanceof protobuf.Enum) return `${value} (${resolvedType.valuesById[value] ?? 'unknown'})`;
  return type === 'bool' ? String(value !== 0) : String(value);
}

function addMessage(list: FieldList, type: protobuf.Type, octets: Uint8Array, start: number, end: number, path: string): void {
  for (let at = start; at < end; ) {
    const [tag, afterTag] = varint(octets, at);
    const field = type.fieldsById[tag >>> 3];
    if (field === undefined) throw new RangeError(`field ${tag >>> 3} of ${type.name} is not known`);
    const name = path === '' ? field.name : `${path}.${field.name}`;
    const [value, afterValue] = varint(octets, afterTag);
    if ((tag & 7) === 0) {
      list.add(name, numberText(field, value), at, afterValue - at);
      at = afterValue;
      continue;
    }
    const to = afterValue + value;
    const octetsOf = octets.subarray(afterValue, to);
    if (field.resolvedType instanceof protobuf.Type) {
      list.add(name, value === 0 ? 'there, without fields' : `${value} octets`, at, afterValue - at);
      addMessage(list, field.resolvedType, octets, afterValue, to, name);
    } else if (field.type === 'string') list.add(name, utf8.decode(octetsOf), at, to - at);
    else if (field.name === 'content') list.add(name, `${value} octets`, at, to - at);
    else if (field.type === 'bytes') list.add(name, hexText(octetsOf), at, to - at);
    else {
      const numbers: number[] = [];
      for (let next = afterValue; next < to; ) {
        const [one, after] = varint(octets, next);
        numbers.push(one);
        next = after;
      }
      list.add(name, numbers.join(', '), at, to - at);
    }
    at = to;
  }
}

function addHeader(list: FieldList, octets: Uint8Array, at: number): void {
  const length = get16(octets, at + 8);
  const type = typeAt(octets, at);
  list.add('RPC version', `${octets[at]}.${octets[at + 1]}`, at, 2);
  list.add('type', type, at + 2, 1);
  list.add('flags', `0x${flagsAt(octets, at).toString(16).padStart(2, '0')}`, at + 3, 1);
  list.add('data representation', 'little-endian, ASCII, IEEE', at + 4, 4);
  list.add('fragment length', length, at + 8, 2);
  list.add('authentication length', get16(octets, at + 10), at + 10, 2);
  list.add('call', get32(octets, at + 12), at + 12, 4);
  if (type === 'request' || type === 'response') {
    list.add('allocation hint', get32(octets, at + 16), at + 16, 4);
    list.add('context', get16(octets, at + 20), at + 20, 2);
    list.add(type === 'request' ? 'operation number' : 'cancel count', get16(octets, at + 22), at + 22, 2);
  } else if (type === 'bind' || type === 'alter_context') {
    list.add('largest fragment sent', get16(octets, at + 16), at + 16, 2);
    list.add('largest fragment received', get16(octets, at + 18), at + 18, 2);
    list.add('association group', get32(octets, at + 20), at + 20, 4);
    list.add('presentation contexts', octets[at + 24] as number, at + 24, length - 24);
  } else list.add('body', hexText(octets.subarray(at + headerBytes, at + length)), at + headerBytes, length - headerBytes);
}

/** @param opnum the operation of a call or an answer of the MTA interface, with its stub; null for other PDUs. */
export function rpcFields(octets: Uint8Array, call: { readonly opnum: number; readonly stub: Uint8Array } | null): OctetField[] {
  const list = new FieldList();
  for (let at = 0; at < octets.length; at += get16(octets, at + 8)) addHeader(list, octets, at);
  if (call === null) return list.fields;
  const { opnum, stub } = call;
  const pieceBytes = maxFragmentBytes - callHeaderBytes;
  list.readAt(
    Int32Array.from(stub, (_, at) => Math.floor(at / pieceBytes) * maxFragmentBytes + callHeaderBytes + (at % pieceBytes)),
  );
  const isRequest = typeAt(octets, 0) === 'request';
  const [argument, result] = messages[opnum] ?? messages[2];
  const cb = get32(stub, 0);
  list.add('cb', cb, 0, 4);
  if (!isRequest) list.add('pointer to the octets', `0x${get32(stub, 4).toString(16)}`, 4, 4);
  list.add('max_count', get32(stub, isRequest ? 4 : 8), isRequest ? 4 : 8, 4);
  const start = isRequest ? requestPrefixBytes : responsePrefixBytes;
  addMessage(list, isRequest ? argument : result, stub, start, start + cb, '');
  if (isRequest) return list.fields;
  const end = start + cb;
  list.add('padding', '', end, stub.length - 4 - end);
  list.add('return value', get32(stub, stub.length - 4), stub.length - 4, 4);
  return list.fields;
}
