/** The fields of a frame of the X.400 connector: TPKT, TPDU, SPDU, and the values in the Basic Encoding Rules within. */
import { pi, si } from '../x400/spdu.js';
import { tpktBytes } from '../x400/tpkt.js';
import { dataHeaderBytes, lastOfTsdu, tpduCode } from '../x400/transport-tpdus.js';
import { FieldList, hexText, type OctetField } from './octet-fields.js';

/** `giveTokensAck` as `GIVE TOKENS ACK`. */
function spduName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase();
}

/** The first SPDU of a TSDU, and those behind a token SPDU, whose numbers begin anew. */
const isBehindTokens = (name: string): boolean => /^(dataTransfer|activity|exception|minor)/.test(name);
const entries = Object.entries(si);
const firstNames = new Map<number, string>(
  entries.filter(([name]) => !isBehindTokens(name)).map(([name, code]) => [code, spduName(name)]),
);
const secondNames = new Map<number, string>(
  entries.filter(([name]) => isBehindTokens(name)).map(([name, code]) => [code, spduName(name)]),
);
const parameterNames = new Map<number, string>(
  Object.entries(pi).map(([name, code]) => [code, name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)]),
);
const groups: readonly number[] = [pi.connectionIdentifier, pi.connectAcceptItem, pi.linkingInformation];

const universal = new Map<number, string>([
  [1, 'BOOLEAN'],
  [2, 'INTEGER'],
  [3, 'BIT STRING'],
  [4, 'OCTET STRING'],
  [5, 'NULL'],
  [6, 'OBJECT IDENTIFIER'],
  [12, 'UTF8String'],
  [16, 'SEQUENCE'],
  [17, 'SET'],
  [19, 'PrintableString'],
  [20, 'T61String'],
  [22, 'IA5String'],
  [23, 'UTCTime'],
]);
const classes = ['', 'APPLICATION ', '', 'PRIVATE '];

function tagText(tag: number): string {
  const number = tag & 0x1f;
  if (tag >>> 6 === 0) return universal.get(number) ?? `tag ${number}`;
  return `[${classes[tag >>> 6]}${number}]`;
}

function valueText(tag: number, octets: Uint8Array): string {
  const isText = octets.length > 0 && octets.every((octet) => octet >= 0x20 && octet < 0x7f);
  const isNumber = tag === 2 || (tag >>> 6 !== 0 && octets.length <= 2 && !isText);
  if (isNumber && octets.length <= 6) return String(octets.reduce((sum, octet) => sum * 256 + octet, 0));
  return isText ? new TextDecoder().decode(octets) : hexText(octets);
}

/** A length in two or four octets of an SPDU, and where its value starts. */
function spduLength(octets: Uint8Array, at: number): readonly [length: number, start: number] {
  const first = octets[at] as number;
  return first < 255 ? [first, at + 1] : [((octets[at + 1] as number) << 8) | (octets[at + 2] as number), at + 3];
}

function berLength(octets: Uint8Array, at: number): readonly [length: number, start: number] {
  const first = octets[at] as number;
  if (first < 0x80) return [first, at + 1];
  let length = 0;
  for (let index = 1; index <= (first & 0x7f); index += 1) length = length * 256 + (octets[at + index] as number);
  return [length, at + 1 + (first & 0x7f)];
}

/** Values one behind the other; a value that reaches beyond the end goes on in a later frame. */
function addValues(list: FieldList, octets: Uint8Array, from: number, end: number, path: string): void {
  for (let at = from; at < end; ) {
    const tag = octets[at] as number;
    const [length, start] = berLength(octets, at + 1);
    const to = Math.min(start + length, end);
    const name = `${path} ${tagText(tag)}`;
    if ((tag & 0x20) === 0) list.add(name, valueText(tag, octets.subarray(start, to)), at, to - at);
    else {
      list.add(name, `${length} octets`, at, start - at);
      addValues(list, octets, start, to, name);
    }
    at = to;
  }
}

function addParameters(list: FieldList, octets: Uint8Array, from: number, end: number): void {
  for (let at = from; at < end; ) {
    const code = octets[at] as number;
    const [length, start] = spduLength(octets, at + 1);
    const to = start + length;
    const name = parameterNames.get(code) ?? `parameter ${code}`;
    if (groups.includes(code)) {
      list.add(name, `${length} octets`, at, start - at);
      addParameters(list, octets, start, to);
    } else if (code === pi.userData || code === pi.extendedUserData) {
      list.add(name, `${length} octets`, at, start - at);
      addValues(list, octets, start, to, 'user data');
    } else list.add(name, valueText(0x80, octets.subarray(start, to)), at, to - at);
    at = to;
  }
}

function addTsdu(list: FieldList, octets: Uint8Array): void {
  let names = firstNames;
  for (let at = 0; at < octets.length; ) {
    const code = octets[at] as number;
    const [length, start] = spduLength(octets, at + 1);
    const name = names.get(code) ?? `SPDU ${code}`;
    list.add(name, `${length} octets of parameters`, at, start - at);
    addParameters(list, octets, start, start + length);
    at = start + length;
    if (names === secondNames && code === si.dataTransfer) {
      const [size, content] = berLength(octets, at + 1);
      list.add('user data', `${size} octets of RTSE user data`, at, content - at);
      list.add('envelope and content', `${octets.length - content} octets`, content, octets.length - content);
      return;
    }
    names = secondNames;
  }
}

const tpduNames = new Map<number, string>([
  [tpduCode.connectionRequest, 'CR'],
  [tpduCode.connectionConfirm, 'CC'],
  [tpduCode.disconnectRequest, 'DR'],
  [tpduCode.data, 'DT'],
]);

export function x400Fields(octets: Uint8Array): OctetField[] {
  const list = new FieldList();
  let tsdu: number[] = [];
  for (let at = 0; at < octets.length; ) {
    const length = ((octets[at + 2] as number) << 8) | (octets[at + 3] as number);
    const tpdu = at + tpktBytes;
    const code = octets[tpdu + 1] as number;
    list.readAt(null);
    list.add('TPKT', `version 3, ${length} octets`, at, tpktBytes);
    const headerBytes = code === tpduCode.data ? dataHeaderBytes : length - tpktBytes;
    list.add(`TPDU ${tpduNames.get(code) ?? code}`, hexText(octets.subarray(tpdu, tpdu + headerBytes)), tpdu, headerBytes);
    if (code === tpduCode.data) {
      for (let place = tpdu + dataHeaderBytes; place < at + length; place += 1) tsdu.push(place);
      if (octets[tpdu + 2] === lastOfTsdu) {
        list.readAt(Int32Array.from(tsdu));
        addTsdu(
          list,
          Uint8Array.from(tsdu, (place) => octets[place] as number),
        );
        tsdu = [];
      }
    }
    at += length;
  }
  return list.fields;
}
