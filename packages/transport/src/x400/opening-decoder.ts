/** CONNECT, ACCEPT and REFUSE to frames (X.225 8.3.1 to 8.3.4). */
import type { MtaCredentials, X400Frame } from '@mtalab/mta-core';
import { Unreadable } from '../rpc/field-checks.js';
import { initiatorOf, mtaOf, readCommonReference, readRecovery, readReference, readSelector } from './identifiers.js';
import { readAcceptData, readConnectData, readRefuseData } from './rtse-values.js';
import { allTokens, functionalUnits, protocolVersion, refusedByUser, released } from './session-encoder.js';
import { type ParameterReader, pi } from './spdu.js';

/** User data of either length. @throws Unreadable */
export function userDataOf(reader: ParameterReader): Uint8Array {
  return reader.has(pi.extendedUserData) ? reader.octets.subarray(reader.start, reader.end) : reader.value(pi.userData);
}

/** @throws Unreadable */
export function readConnect(reader: ParameterReader): X400Frame {
  const identifier = reader.group(pi.connectionIdentifier);
  const association = readReference(identifier.value(pi.callingReference), 'association');
  const openedAtMs = readCommonReference(identifier.value(pi.commonReference));
  const recovery = identifier.has(pi.additionalReference)
    ? readRecovery(identifier.octets.subarray(identifier.start, identifier.end))
    : 0;
  identifier.finish();
  const item = reader.group(pi.connectAcceptItem);
  item.fixed(pi.protocolOptions, 0);
  item.fixed(pi.versionNumber, protocolVersion);
  const tokens = item.octet(pi.tokenSetting);
  if (tokens !== 0 && tokens !== allTokens) throw new Unreadable(`CONNECT has the token setting ${tokens}`);
  item.finish();
  reader.fixed(pi.sessionRequirements, ...functionalUnits);
  const storeUuid = readSelector(reader.value(pi.callingSelector));
  const data = readConnectData(userDataOf(reader));
  reader.finish();
  const initiator = initiatorOf(association);
  if (initiator === null) throw new Unreadable(`${JSON.stringify(association)} is no name of an association`);
  const { mtaName, incarnation } = initiator;
  if (recovery === 0 ? !('open' in data) : 'open' in data) throw new Unreadable('CONNECT is not clear: an open or a recovery?');
  if ('open' in data ? data.open.mtaName !== mtaName : data.recover.association !== association)
    throw new Unreadable('the RTORQ and the association are not of the same MTA');
  if ('recover' in data && data.recover.openedAtMs !== openedAtMs)
    throw new Unreadable('the RTORQ and the CONNECT have different common references');
  const password = 'open' in data ? data.open.password : data.password;
  const { checkpointSizeK, windowSize, dialogueMode } = data;
  const turn = tokens === 0 ? 'initiator' : 'responder';
  return {
    type: 'connect',
    from: { mtaName, password, incarnation, storeUuid, settledBelow: 0 },
    association,
    openedAtMs,
    apdu: { kind: 'rtorq', checkpointSizeK, windowSize, dialogueMode, turn, recovery },
  };
}

function readCalled(reader: ParameterReader): Pick<MtaCredentials, 'mtaName' | 'incarnation'> {
  const identifier = reader.group(pi.connectionIdentifier);
  const reference = readReference(identifier.value(pi.calledReference), 'called reference');
  identifier.finish();
  const mta = mtaOf(reference);
  if (mta === null) throw new Unreadable(`${JSON.stringify(reference)} is no name and incarnation`);
  return mta;
}

/** @throws Unreadable */
export function readAccept(reader: ParameterReader): X400Frame {
  const { mtaName, incarnation } = readCalled(reader);
  const item = reader.group(pi.connectAcceptItem);
  item.fixed(pi.protocolOptions, 0);
  item.fixed(pi.versionNumber, protocolVersion);
  item.finish();
  reader.fixed(pi.sessionRequirements, ...functionalUnits);
  const storeUuid = readSelector(reader.value(pi.respondingSelector));
  const { apdu, from } = readAcceptData(userDataOf(reader));
  reader.finish();
  if (from.mtaName !== mtaName) throw new Unreadable('the RTOAC and the ACCEPT are not of the same MTA');
  return { type: 'accept', from: { mtaName, password: from.password, incarnation, storeUuid, settledBelow: 0 }, apdu };
}

/** @throws Unreadable */
export function readRefuse(reader: ParameterReader): X400Frame {
  const from = reader.next === pi.connectionIdentifier ? readCalled(reader) : null;
  reader.fixed(pi.transportDisconnect, released);
  const reason = reader.value(pi.reasonCode);
  reader.finish();
  if (reason[0] !== refusedByUser) throw new Unreadable(`REFUSE has the reason code ${reason[0]}`);
  return { type: 'refuse', from, apdu: { kind: 'rtorj', reason: readRefuseData(reason.subarray(1)) } };
}
