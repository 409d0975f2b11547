/** RTSE APDUs between plain data and the messages of `mtalab.proto`. */
import {
  type AbortReason,
  abortReason,
  type CarriedApdu,
  type DialogueMode,
  type MtaCredentials,
  type Priority,
  priorities,
  type RefuseReason,
  type Role,
  type Rtoac,
  type Rtorj,
  type Rtorq,
  type Rttr,
  refuseReason,
  type TransferEnvelope,
} from '@mtalab/mta-core';
import { contentOf, type KeepContent, type LoadContent } from './content-octets.js';
import { count, known, list, name, present, text, Unreadable, wireLimits } from './field-checks.js';

// Enumerated values, by number.
const roles: readonly (Role | undefined)[] = [undefined, 'initiator', 'responder'];
const modes: readonly (DialogueMode | undefined)[] = [undefined, 'monologue', 'two-way-alternate'];
const priorityOf: readonly (Priority | undefined)[] = [undefined, ...priorities];
const refuseReasons = Object.keys(refuseReason) as RefuseReason[];
const abortReasons = Object.keys(abortReason) as AbortReason[];

// Messages as protobufjs hands them over: absent messages are null, absent scalars have their defaults.
/** Protobuf writes no field that is absent here, and reads such a field as 0. */
type ActivitiesField = { activitiesInFlight?: number };
type RtorqFields = ActivitiesField & {
  checkpointSizeK: number;
  windowSize: number;
  dialogueMode: number;
  turn: number;
  recovery: number;
};
type RtoacFields = ActivitiesField & { checkpointSizeK: number; windowSize: number };
type ReasonFields = { reason: number };
type ActivityFields = { activity: number };
type EnvelopeFields = {
  mtsId: string;
  originator: string;
  priority: number;
  contentType: string;
  submittedAtMs: number;
  sizeBytes: number;
  trace: readonly { mta: string; atMs: number }[];
  recipients: readonly string[];
  digest: Uint8Array;
};
type RttrFields = { activity: number; offset: number; last: boolean; start?: EnvelopeFields | null; content: Uint8Array };

/** The members of the oneof of RtseApdu. */
type ApduFields = {
  rtorq?: RtorqFields | null;
  rtoac?: RtoacFields | null;
  rtorj?: ReasonFields | null;
  rttp?: { priority: number } | null;
  pleaseNoted?: object | null;
  turnGive?: object | null;
  turnGiveAck?: object | null;
  rttr?: RttrFields | null;
  confirm?: { activity: number; upTo: number; stored: boolean } | null;
  refuse?: (ActivityFields & ReasonFields) | null;
  discard?: (ActivityFields & ReasonFields) | null;
  discarded?: ActivityFields | null;
  close?: object | null;
  closeAck?: object | null;
  rtab?: ReasonFields | null;
};
export type RtseFields = ApduFields & { apdu?: keyof ApduFields | null; settled?: readonly number[]; association?: string };

export type CredentialsFields = {
  mtaName: string;
  password: string;
  incarnation: number;
  storeUuid: string;
  settledBelow: number;
};

const nothing = {};
/** Length of a SHA-256. */
const digestBytes = 32;

/** The fields of an APDU's message. Empty messages share one object. */
export function apduFields(apdu: CarriedApdu, load: LoadContent): RtseFields {
  switch (apdu.kind) {
    case 'rttr':
      return { rttr: rttrFields(apdu, load) };
    case 'confirm':
      return { confirm: apdu };
    case 'turn-please':
      return { rttp: apdu };
    case 'please-noted':
      return { pleaseNoted: nothing };
    case 'turn-give':
      return { turnGive: nothing };
    case 'turn-give-ack':
      return { turnGiveAck: nothing };
    case 'refuse':
      return { refuse: { activity: apdu.activity, reason: abortReason[apdu.reason] } };
    case 'discard':
      return { discard: { activity: apdu.activity, reason: abortReason[apdu.reason] } };
    case 'discarded':
      return { discarded: apdu };
    case 'close':
      return { close: nothing };
    case 'close-ack':
      return { closeAck: nothing };
    case 'rtab':
      return { rtab: { reason: abortReason[apdu.reason] } };
    case 'rtorq':
      return { rtorq: rtorqFields(apdu) };
    case 'rtoac':
      return { rtoac: apdu };
    case 'rtorj':
      return { rtorj: { reason: refuseReason[apdu.reason] } };
  }
}

export function rtorqFields(apdu: Rtorq): RtorqFields {
  return {
    checkpointSizeK: apdu.checkpointSizeK,
    windowSize: apdu.windowSize,
    dialogueMode: modes.indexOf(apdu.dialogueMode),
    turn: roles.indexOf(apdu.turn),
    recovery: apdu.recovery,
    ...(apdu.activitiesInFlight === undefined ? {} : { activitiesInFlight: apdu.activitiesInFlight }),
  };
}

function rttrFields(apdu: Rttr, load: LoadContent): RttrFields {
  const { activity, offset, last, start } = apdu;
  const content = contentOf(apdu.content, load);
  if (start === undefined) return { activity, offset, last, content };
  const digest = Buffer.from(start.digest, 'hex');
  return { activity, offset, last, start: { ...start, digest, priority: priorityOf.indexOf(start.priority) }, content };
}

/**
 * Read the APDU in a message.
 * @param keep puts the octets of an RTTR's content aside.
 * @throws Unreadable when there is none, or one that says something impossible.
 */
export function readApdu(fields: RtseFields, keep: KeepContent): CarriedApdu {
  const member = present(fields.apdu, 'the APDU');
  switch (member) {
    case 'rttr':
      return readRttr(fields.rttr as RttrFields, keep);
    case 'confirm': {
      const { activity, upTo, stored } = fields.confirm as NonNullable<ApduFields['confirm']>;
      return { kind: 'confirm', activity: count(activity, 'activity'), upTo: count(upTo, 'upTo'), stored };
    }
    case 'rttp':
      return { kind: 'turn-please', priority: (fields.rttp as { priority: number }).priority };
    case 'pleaseNoted':
      return { kind: 'please-noted' };
    case 'turnGive':
      return { kind: 'turn-give' };
    case 'turnGiveAck':
      return { kind: 'turn-give-ack' };
    case 'refuse':
    case 'discard': {
      const { activity, reason } = fields[member] as ActivityFields & ReasonFields;
      return { kind: member, activity: count(activity, 'activity'), reason: known(abortReasons, reason, 'AbortReason') };
    }
    case 'discarded':
      return { kind: 'discarded', activity: count((fields.discarded as ActivityFields).activity, 'activity') };
    case 'close':
      return { kind: 'close' };
    case 'closeAck':
      return { kind: 'close-ack' };
    case 'rtab':
      return { kind: 'rtab', reason: known(abortReasons, (fields.rtab as ReasonFields).reason, 'AbortReason') };
    case 'rtorq':
      return readRtorq(fields.rtorq);
    case 'rtoac':
      return readRtoac(fields.rtoac as RtoacFields);
    case 'rtorj':
      return readRtorj(fields.rtorj as ReasonFields);
  }
}

export function readRtorq(fields: RtorqFields | null | undefined): Rtorq {
  const given = present(fields, 'RTORQ');
  const { checkpointSizeK, windowSize, dialogueMode, turn, recovery } = given;
  return {
    kind: 'rtorq',
    checkpointSizeK,
    windowSize,
    ...readActivities(given),
    // X.218: an RTORQ that names no mode means monologue.
    dialogueMode: dialogueMode === 0 ? 'monologue' : known(modes, dialogueMode, 'dialogue mode'),
    turn: known(roles, turn, 'turn'),
    recovery: count(recovery, 'recovery'),
  };
}

function readRtoac(fields: RtoacFields): Rtoac {
  return { kind: 'rtoac', checkpointSizeK: fields.checkpointSizeK, windowSize: fields.windowSize, ...readActivities(fields) };
}

/** A peer that does not know this field leaves it out. */
function readActivities({ activitiesInFlight = 0 }: ActivitiesField): ActivitiesField {
  return activitiesInFlight === 0 ? {} : { activitiesInFlight };
}

function readRtorj(fields: ReasonFields): Rtorj {
  return { kind: 'rtorj', reason: known(refuseReasons, fields.reason, 'RefuseReason') };
}

function readRttr(fields: RttrFields, keep: KeepContent): Rttr {
  const activity = count(fields.activity, 'activity');
  const offset = count(fields.offset, 'offset');
  const { start, last } = fields;
  const envelope = start === null || start === undefined ? undefined : readEnvelope(start);
  // An absent field comes as the empty array that the decoder keeps for all of them.
  const content = keep(fields.content.length === 0 ? Buffer.alloc(0) : fields.content);
  if (envelope === undefined) return { kind: 'rttr', activity, offset, content, last };
  return { kind: 'rttr', activity, offset, content, last, start: envelope };
}

function readEnvelope(fields: EnvelopeFields): TransferEnvelope {
  const recipients = list(fields.recipients, 'recipients', wireLimits.recipients);
  if (recipients.length === 0) throw new Unreadable('recipients are missing');
  for (const recipient of recipients) name(recipient, 'recipient', wireLimits.addressLength);
  return {
    mtsId: name(fields.mtsId, 'MTS identifier'),
    originator: text(fields.originator, 'originator', wireLimits.addressLength),
    priority: known(priorityOf, fields.priority, 'priority'),
    contentType: name(fields.contentType, 'content type'),
    submittedAtMs: count(fields.submittedAtMs, 'submission time'),
    sizeBytes: count(fields.sizeBytes, 'size'),
    digest: readDigest(fields.digest),
    trace: list(fields.trace, 'trace steps', wireLimits.traceSteps).map((step) => ({
      mta: name(step.mta, 'MTA in the trace'),
      atMs: count(step.atMs, 'time in the trace'),
    })),
    recipients,
  };
}

/** SHA-256 in hexadecimal, or the empty text. */
function readDigest(octets: Uint8Array): string {
  // An absent field comes as an empty array that is no buffer.
  if (octets.length === 0) return '';
  if (octets.length !== digestBytes) throw new Unreadable(`the digest has ${octets.length} octets instead of ${digestBytes}`);
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex');
}

/** @param refusing they come with a refusal: an MTA tells a stranger nothing about its store. */
export function readCredentials(fields: CredentialsFields | null | undefined, refusing = false): MtaCredentials {
  const { mtaName, password, incarnation, storeUuid, settledBelow } = present(fields, 'MTA credentials');
  return {
    mtaName: name(mtaName, 'MTA name'),
    password: text(password, 'password'),
    incarnation: count(incarnation, 'incarnation'),
    storeUuid: refusing ? text(storeUuid, 'store UUID') : name(storeUuid, 'store UUID'),
    settledBelow: count(settledBelow, 'settledBelow'),
  };
}

export function readSettled(fields: RtseFields): readonly number[] {
  const settled = list(fields.settled ?? [], 'settled activities', wireLimits.settled);
  if (settled.length === 0) return none;
  for (const activity of settled) count(activity, 'settled activity');
  return settled;
}

const none: readonly number[] = [];
