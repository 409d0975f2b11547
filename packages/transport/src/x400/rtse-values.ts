/**
 * Values of the reliable transfer in X.410-1984 mode (X.228 Annex A, X.226 for the modes): the user data of CONNECT, ACCEPT, REFUSE,
 * ABORT and PLEASE TOKENS. The bind argument and result of MTAs (X.411) stand in the first two.
 */
import {
  type AbortReason,
  type AssociationId,
  abortReason,
  type DialogueMode,
  type RefuseReason,
  type Rtoac,
  type Rtorq,
  refuseReason,
} from '@mtalab/mta-core';
import { count, known, name, text as shortText, Unreadable } from '../rpc/field-checks.js';
import { BerReader } from './ber-reader.js';
import { type BerWriter, ber, berTag, context, contextOf } from './ber-writer.js';
import { readUtcTime, utcTimeText } from './identifiers.js';

const modes: readonly DialogueMode[] = ['monologue', 'two-way-alternate'];
const abortReasons = Object.keys(abortReason) as AbortReason[];
const refuseReasons = Object.keys(refuseReason) as RefuseReason[];

/** The application protocol of MTAs since X.411 of 1988. */
const mtsTransferProtocol = 12;

/** How an MTA introduces itself in a bind. */
export type Introduction = { readonly mtaName: string; readonly password: string };
/** The session connection identifier of an association. */
export type SessionConnection = { readonly association: AssociationId; readonly openedAtMs: number };

/** MTABindArgument or MTABindResult, authenticated. X.411 has a password as IA5String or else as octets. */
function writeBind(writer: BerWriter, { mtaName, password }: Introduction): void {
  const isAscii = !/[^\0-\x7f]/.test(password);
  writer.constructed(contextOf(1), () => {
    writer.text(context(0), mtaName);
    writer.constructed(contextOf(1), () => writer.text(isAscii ? berTag.ia5String : berTag.octetString, password));
  });
}

function readBind(reader: BerReader): Introduction {
  const argument = reader.open(contextOf(1), 'MTA bind');
  const mtaName = name(argument.text(context(0), 'MTA name'), 'MTA name');
  const credentials = argument.open(contextOf(1), 'credentials');
  const tag = credentials.tag === berTag.octetString ? berTag.octetString : berTag.ia5String;
  const password = shortText(credentials.text(tag, 'password'), 'password');
  credentials.finish('credentials');
  argument.finish('MTA bind');
  return { mtaName, password };
}

/** Parameters that are 0 have their default or are not named. */
function writeSizes(writer: BerWriter, { checkpointSizeK, windowSize }: Pick<Rtorq, 'checkpointSizeK' | 'windowSize'>): void {
  if (checkpointSizeK !== 0) writer.integer(context(0), checkpointSizeK);
  if (windowSize !== 0) writer.integer(context(1), windowSize);
}

function readSizes(reader: BerReader): Pick<Rtorq, 'checkpointSizeK' | 'windowSize'> {
  return {
    checkpointSizeK: count(reader.optionalInteger(context(0), 0, 'checkpoint size'), 'checkpoint size'),
    windowSize: count(reader.optionalInteger(context(1), 0, 'window size'), 'window size'),
  };
}

/**
 * The SET of X.410 mode: the mode (X.226; the data transfer syntax of X.410 at the same time), then the parameters of the reliable
 * transfer.
 */
function x410(write: (writer: BerWriter) => void): Uint8Array {
  return ber((writer) =>
    writer.constructed(berTag.set, () => {
      writer.constructed(contextOf(0), () => writer.integer(context(0), 0));
      writer.constructed(contextOf(1), () => write(writer));
    }),
  );
}

function openX410(octets: Uint8Array, what: string): BerReader {
  const whole = new BerReader(octets);
  const set = whole.open(berTag.set, what);
  whole.finish(what);
  const mode = set.open(contextOf(0), 'mode');
  if (mode.integer(context(0), 'mode') !== 0) throw new Unreadable(`${what} is not in X.410-1984 mode`);
  mode.finish('mode');
  const parameters = set.open(contextOf(1), `parameters of ${what}`);
  set.finish(what);
  return parameters;
}

/** What the user data of CONNECT says. */
export type ConnectData = Pick<Rtorq, 'checkpointSizeK' | 'windowSize' | 'dialogueMode'> &
  ({ readonly open: Introduction } | { readonly recover: SessionConnection; readonly password: string });

/**
 * RTORQ. A recovery names the lost association in place of the MTA. Its additional reference information is the password (own): X.410
 * has no other room for it.
 */
export function connectData(data: ConnectData): Uint8Array {
  return x410((writer) => {
    writeSizes(writer, data);
    if (data.dialogueMode !== 'monologue') writer.integer(context(2), modes.indexOf(data.dialogueMode));
    writer.constructed(contextOf(3), () => {
      if ('open' in data) writer.constructed(contextOf(0), () => writeBind(writer, data.open));
      else writer.constructed(contextOf(1), () => writeRecovery(writer, data.recover, data.password));
    });
    writer.integer(context(4), mtsTransferProtocol);
  });
}

function writeRecovery(writer: BerWriter, { association, openedAtMs }: SessionConnection, password: string): void {
  writer.text(berTag.t61String, association);
  writer.text(berTag.utcTime, utcTimeText(openedAtMs));
  if (password !== '') writer.text(context(0), password);
}

/** @throws Unreadable */
export function readConnectData(octets: Uint8Array): ConnectData {
  const reader = openX410(octets, 'RTORQ');
  const found = readSizes(reader);
  const dialogueMode = known(modes, reader.optionalInteger(context(2), 0, 'dialogue mode'), 'dialogue mode');
  const connection = reader.open(contextOf(3), 'connection data');
  let result: ConnectData;
  if (connection.tag === contextOf(0)) {
    const open = connection.open(contextOf(0), 'open');
    result = { ...found, dialogueMode, open: readBind(open) };
    open.finish('open');
  } else {
    const recover = connection.open(contextOf(1), 'recover');
    const association = name(recover.text(berTag.t61String, 'association'), 'association');
    const openedAtMs = readUtcTime(recover.text(berTag.utcTime, 'common reference'), 'common reference');
    const password = recover.tag === context(0) ? recover.text(context(0), 'password') : '';
    recover.finish('recover');
    result = { ...found, dialogueMode, recover: { association, openedAtMs }, password: shortText(password, 'password') };
  }
  connection.finish('connection data');
  if (reader.integer(context(4), 'application protocol') !== mtsTransferProtocol)
    throw new Unreadable('RTORQ is not for the transfer of messages');
  reader.finish('RTORQ');
  return result;
}

/** RTOAC. */
export function acceptData(apdu: Rtoac, from: Introduction): Uint8Array {
  return x410((writer) => {
    writeSizes(writer, apdu);
    writer.constructed(contextOf(2), () => writer.constructed(contextOf(0), () => writeBind(writer, from)));
  });
}

/** @throws Unreadable */
export function readAcceptData(octets: Uint8Array): { apdu: Rtoac; from: Introduction } {
  const reader = openX410(octets, 'RTOAC');
  const apdu: Rtoac = { kind: 'rtoac', ...readSizes(reader) };
  const connection = reader.open(contextOf(2), 'connection data');
  const open = connection.open(contextOf(0), 'open');
  const from = readBind(open);
  open.finish('open');
  connection.finish('connection data');
  reader.finish('RTOAC');
  return { apdu, from };
}

function reasonSet(code: number): Uint8Array {
  return ber((writer) => writer.constructed(berTag.set, () => writer.integer(context(0), code)));
}

function readReasonSet<T>(octets: Uint8Array, meanings: readonly T[], what: string): T {
  const whole = new BerReader(octets);
  const set = whole.open(berTag.set, what);
  whole.finish(what);
  const reason = known(meanings, set.integer(context(0), what), what);
  set.finish(what);
  return reason;
}

/** RTORJ. */
export function refuseData(reason: RefuseReason): Uint8Array {
  return reasonSet(refuseReason[reason]);
}

/** @throws Unreadable */
export function readRefuseData(octets: Uint8Array): RefuseReason {
  return readReasonSet(octets, refuseReasons, 'RefuseReason');
}

/** RTAB. */
export function abortData(reason: AbortReason): Uint8Array {
  return reasonSet(abortReason[reason]);
}

/** @throws Unreadable */
export function readAbortData(octets: Uint8Array): AbortReason {
  return readReasonSet(octets, abortReasons, 'AbortReason');
}

/** RTTP: a bare INTEGER. @throws RangeError */
export function pleaseData(priority: number): Uint8Array {
  if (!Number.isSafeInteger(priority) || priority < 0) throw new RangeError(`a Turn-Please cannot have priority ${priority}`);
  return ber((writer) => writer.integer(berTag.integer, priority));
}

/** @throws Unreadable */
export function readPleaseData(octets: Uint8Array): number {
  const reader = new BerReader(octets);
  const priority = count(reader.integer(berTag.integer, 'priority'), 'priority');
  reader.finish('priority');
  return priority;
}

/** Presentation data (X.226), `simply-encoded-data`, around a segment (own): stock dissectors find no X.410 octets without it. */
export const simplyEncoded = 0x40;
