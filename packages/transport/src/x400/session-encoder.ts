/** SPDUs of the frames that have one SPDU and no content (X.225 8.3). */
import type { X400Frame } from '@mtalab/mta-core';
import {
  activityOctets,
  commonReference,
  initiatorOf,
  recoveryOctets,
  reference,
  selector,
  serialOctets,
} from './identifiers.js';
import { abortData, acceptData, type ConnectData, connectData, pleaseData, refuseData } from './rtse-values.js';
import { reasonCode } from './session-reasons.js';
import { parameter, pi, si, unit } from './spdu.js';

type Connect = Extract<X400Frame, { type: 'connect' }>;
type Accept = Extract<X400Frame, { type: 'accept' }>;
type Refuse = Extract<X400Frame, { type: 'refuse' }>;
type Resume = Extract<X400Frame, { type: 'activity-resume' }>;

/** Frames with one SPDU and no content. */
export type PlainFrame = Exclude<
  X400Frame,
  { type: 'connection-request' | 'connection-confirm' | 'disconnect-request' | 'data' | 'minor-sync-ack' | 'activity-end-ack' }
>;

/** Kernel, half-duplex, minor synchronize, activity management, exceptions. */
export const functionalUnits = [0x02, 0x49] as const;
/** Version 2: user data may be longer than 512 octets. */
export const protocolVersion = 2;
/** The data, minor synchronize and major/activity tokens, together as the Turn: in an item of tokens, and as set at the responder. */
export const allTokens = 0x15;
/** The transport connection is released. */
export const released = 1;
export const userAbort = 2;
/** Refused by the called SS-user, with user data behind this octet. */
export const refusedByUser = 2;

/** Longest user data of CONNECT, and the longest that goes into the parameter of version 1. */
const maxConnectBytes = 10_240;
const shortUserBytes = 512;

const giveTokens = Uint8Array.of(si.giveTokens, 0);
const none: readonly Uint8Array[] = [];

/** An SPDU of category 2: behind GIVE TOKENS. */
function behindTokens(code: number, parameters: readonly Uint8Array[] = none): Uint8Array {
  const spdu = unit(code, parameters);
  const octets = new Uint8Array(giveTokens.length + spdu.length);
  octets.set(giveTokens);
  octets.set(spdu, giveTokens.length);
  return octets;
}

function userData(octets: Uint8Array): Uint8Array {
  return unit(octets.length > shortUserBytes ? pi.extendedUserData : pi.userData, [octets]);
}

const connectAcceptItem = [parameter(pi.protocolOptions, 0), parameter(pi.versionNumber, protocolVersion)];
const requirements = parameter(pi.sessionRequirements, ...functionalUnits);

function connect({ from, association, openedAtMs, apdu }: Connect): Uint8Array {
  const { mtaName, password, incarnation } = from;
  const initiator = initiatorOf(association);
  if (initiator?.mtaName !== mtaName || initiator.incarnation !== incarnation)
    throw new RangeError(`association ${association} is not one of ${mtaName}/${incarnation}`);
  const { checkpointSizeK, windowSize, dialogueMode, turn, recovery } = apdu;
  const data: ConnectData =
    recovery === 0
      ? { checkpointSizeK, windowSize, dialogueMode, open: { mtaName, password } }
      : { checkpointSizeK, windowSize, dialogueMode, recover: { association, openedAtMs }, password };
  const octets = connectData(data);
  if (octets.length > maxConnectBytes) throw new RangeError(`the RTORQ has ${octets.length} octets`);
  const identifier = [
    unit(pi.callingReference, [reference(association)]),
    unit(pi.commonReference, [commonReference(openedAtMs)]),
  ];
  if (recovery !== 0) identifier.push(unit(pi.additionalReference, [recoveryOctets(recovery)]));
  return unit(si.connect, [
    unit(pi.connectionIdentifier, identifier),
    unit(pi.connectAcceptItem, [...connectAcceptItem, parameter(pi.tokenSetting, turn === 'initiator' ? 0 : allTokens)]),
    requirements,
    unit(pi.callingSelector, [selector(from.storeUuid)]),
    userData(octets),
  ]);
}

/** The called SS-user reference: name and incarnation (own). */
function called({ mtaName, incarnation }: { readonly mtaName: string; readonly incarnation: number }): Uint8Array {
  return unit(pi.connectionIdentifier, [unit(pi.calledReference, [reference(`${mtaName}/${incarnation}`)])]);
}

function accept({ from, apdu }: Accept): Uint8Array {
  return unit(si.accept, [
    called(from),
    unit(pi.connectAcceptItem, connectAcceptItem),
    requirements,
    unit(pi.respondingSelector, [selector(from.storeUuid)]),
    userData(acceptData(apdu, from)),
  ]);
}

function refuse({ from, apdu }: Refuse): Uint8Array {
  return unit(si.refuse, [
    ...(from === null ? [] : [called(from)]),
    parameter(pi.transportDisconnect, released),
    unit(pi.reasonCode, [Uint8Array.of(refusedByUser), refuseData(apdu.reason)]),
  ]);
}

function resume({ activity, checkpoint, association, openedAtMs }: Resume): Uint8Array {
  const number = unit(pi.activityIdentifier, [activityOctets(activity)]);
  const link = [
    unit(pi.callingReference, [reference(association)]),
    unit(pi.commonReference, [commonReference(openedAtMs)]),
    number,
    unit(pi.serialNumber, [serialOctets(checkpoint)]),
  ];
  return behindTokens(si.activityResume, [unit(pi.linkingInformation, link), number]);
}

/** The TSDU of a frame. @throws RangeError when the session has no room for a value. */
export function plainTsdu(frame: PlainFrame): Uint8Array {
  switch (frame.type) {
    case 'connect':
      return connect(frame);
    case 'accept':
      return accept(frame);
    case 'refuse':
      return refuse(frame);
    case 'finish':
      return unit(si.finish, [parameter(pi.transportDisconnect, released)]);
    case 'disconnect':
      return unit(si.disconnect, none);
    case 'abort':
      return unit(si.abort, [parameter(pi.transportDisconnect, released | userAbort), userData(abortData(frame.reason))]);
    case 'abort-accept':
      return unit(si.abortAccept, none);
    case 'please-tokens':
      return unit(si.pleaseTokens, [parameter(pi.tokenItem, allTokens), userData(pleaseData(frame.priority))]);
    case 'give-tokens-confirm':
      return unit(si.giveTokensConfirm, none);
    case 'give-tokens-ack':
      return unit(si.giveTokensAck, none);
    case 'activity-start':
      return behindTokens(si.activityStart, [unit(pi.activityIdentifier, [activityOctets(frame.activity)])]);
    case 'activity-resume':
      return resume(frame);
    case 'exception':
      return behindTokens(si.exceptionData, [parameter(pi.reasonCode, reasonCode[frame.reason])]);
    case 'activity-interrupt':
      return behindTokens(si.activityInterrupt, [parameter(pi.reasonCode, reasonCode[frame.reason])]);
    case 'activity-interrupt-ack':
      return behindTokens(si.activityInterruptAck);
    case 'activity-discard':
      return behindTokens(si.activityDiscard, [parameter(pi.reasonCode, reasonCode[frame.reason])]);
    case 'activity-discard-ack':
      return behindTokens(si.activityDiscardAck);
  }
}
