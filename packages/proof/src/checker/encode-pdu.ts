/** Encodes PDUs as rows of numbers, for the fingerprint: see `codes.ts`. */
import {
  isMtaBody,
  type MtaCredentials,
  type Pdu,
  type RpcArgument,
  type RpcResult,
  type SendAnswer,
  type SendApdu,
} from '@mtalab/mta-core';
import { flag, receiver, sender, tag, word } from './codes.js';
import type { TextNumbers } from './text-numbers.js';

export function encodePdu(pdu: Pdu, numbers: TextNumbers): number[] {
  const code: number[] = [word(pdu.type)];
  switch (pdu.type) {
    case 'bind':
      code.push(flag(pdu.multiplex));
      if (pdu.group !== 0) code.push(tag.group, receiver, pdu.group);
      return code;
    case 'bind_ack':
      code.push(tag.group, sender, pdu.group);
      return code;
    case 'bind_nak':
      code.push(pdu.reason);
      return code;
    case 'request':
      code.push(tag.callHere, pdu.call);
      if (!isMtaBody(pdu.body)) code.push(word(pdu.body.op));
      else encodeArgument(code, pdu.body, numbers, sender, receiver);
      return code;
    case 'response':
      code.push(tag.callHere, pdu.call);
      if (!isMtaBody(pdu.body)) code.push(word(pdu.body.op));
      else encodeResult(code, pdu.body);
      return code;
    case 'fault':
      code.push(tag.callHere, pdu.call, pdu.status, flag(pdu.didNotExecute));
      return code;
    default:
      code.push(tag.callHere, pdu.call);
      return code;
  }
}

function encodeCredentials(code: number[], from: MtaCredentials, by: number): void {
  code.push(tag.incarnation, by, from.incarnation, tag.from, by, from.settledBelow);
}

/** @param by the calling MTA. @param to the called MTA. */
export function encodeArgument(code: number[], body: RpcArgument, numbers: TextNumbers, by: number, to: number): void {
  code.push(word(body.op));
  if (body.op === 'MtaBind') {
    const name = numbers.of(body.association);
    encodeCredentials(code, body.from, by);
    code.push(tag.association, name, tag.recovery, name, body.rtorq.recovery, word(body.rtorq.turn));
  } else if (body.op === 'MtaBindBack') {
    const name = numbers.of(body.association);
    encodeCredentials(code, body.from, by);
    code.push(tag.association, name, tag.recovery, name, body.recovery);
  } else if (body.op === 'MtaSend') {
    encodeSend(code, body.apdu, numbers, by);
    code.push(body.settled.length);
    for (const id of body.settled) code.push(tag.copy, by, id);
  } else {
    code.push(tag.association, numbers.of(body.association), tag.mta, to);
    if (body.op === 'MtaUnBind') code.push(body.settled.length);
    if (body.op === 'MtaUnBind') for (const id of body.settled) code.push(tag.copy, by, id);
  }
}

export function encodeSend(code: number[], apdu: SendApdu, numbers: TextNumbers, by: number): void {
  code.push(word(apdu.kind));
  if (apdu.kind === 'turn-please') code.push(apdu.priority);
  else if (apdu.kind === 'rtab') code.push(word(apdu.reason));
  else if (apdu.kind === 'discard') code.push(tag.copy, by, apdu.activity);
  else if (apdu.kind === 'rttr') {
    code.push(tag.copy, by, apdu.activity, apdu.offset, apdu.content.length, flag(apdu.last));
    if (apdu.start !== undefined) code.push(tag.message, numbers.message(apdu.start.mtsId), word(apdu.start.priority));
  }
}

function encodeResult(code: number[], body: RpcResult): void {
  code.push(word(body.op));
  if (body.op === 'MtaBind') {
    encodeCredentials(code, body.from, sender);
    code.push(word(body.apdu.kind));
    if (body.apdu.kind === 'rtorj') code.push(word(body.apdu.reason));
  } else if (body.op === 'MtaBindBack') code.push(flag(body.accepted));
  else if (body.op === 'MtaSend') encodeAnswer(code, body.apdu);
}

function encodeAnswer(code: number[], apdu: SendAnswer): void {
  code.push(word(apdu.kind));
  if (apdu.kind === 'confirm') code.push(tag.copy, receiver, apdu.activity, apdu.upTo, flag(apdu.stored));
  else if (apdu.kind === 'refuse') code.push(tag.copy, receiver, apdu.activity, word(apdu.reason));
  else if (apdu.kind === 'discarded') code.push(tag.copy, receiver, apdu.activity);
}
