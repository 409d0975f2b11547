/** Names, times and numbers that the session protocol carries as parameters. */
import type { AssociationId } from '@mtalab/mta-core';
import { name, Unreadable } from '../rpc/field-checks.js';
import { BerReader } from './ber-reader.js';
import { ber, berTag, utf8Octets } from './ber-writer.js';

/** Longest reference of an SS-user (X.225 8.3.1). */
const maxReferenceBytes = 64;
/** The number of a recovery has four octets. */
const recoveryRange = 2 ** 32;

/** An SS-user reference: a T61String in BER (X.410), in UTF-8 (own). @throws RangeError */
export function reference(value: string): Uint8Array {
  const octets = ber((writer) => writer.text(berTag.t61String, value));
  if (octets.length > maxReferenceBytes)
    throw new RangeError(`${JSON.stringify(value)} has ${octets.length} octets; a reference has at most ${maxReferenceBytes}`);
  return octets;
}

/** @throws Unreadable */
export function readReference(octets: Uint8Array, what: string): string {
  if (octets.length > maxReferenceBytes) throw new Unreadable(`${what} is longer than ${maxReferenceBytes} octets`);
  const reader = new BerReader(octets);
  const value = name(reader.text(berTag.t61String, what), what);
  reader.finish(what);
  return value;
}

/** The MTA that opened an association, and its incarnation then. Null if it is no name of an association. */
export function initiatorOf(association: AssociationId): { mtaName: string; incarnation: number } | null {
  const last = association.lastIndexOf('/');
  return last < 0 || !isDecimal(association.slice(last + 1)) ? null : mtaOf(association.slice(0, last));
}

/** Reads `MTA-B/7`. */
export function mtaOf(value: string): { mtaName: string; incarnation: number } | null {
  const last = value.lastIndexOf('/');
  const digits = value.slice(last + 1);
  return last < 1 || !isDecimal(digits) ? null : { mtaName: value.slice(0, last), incarnation: Number(digits) };
}

function isDecimal(digits: string): boolean {
  return /^(0|[1-9][0-9]{0,15})$/.test(digits) && Number.isSafeInteger(Number(digits));
}

/** The last instant that a UTCTime can say. */
const lastUtcTimeMs = Date.UTC(2050, 0, 1) - 1;

/** YYMMDDHHMMSSZ, in whole seconds. A lab's clock may run fast, so a time after 2049 becomes the last that UTCTime can say. */
export function utcTimeText(atMs: number): string {
  const said = Math.min(Math.max(0, atMs), lastUtcTimeMs);
  return `${new Date(said).toISOString().slice(2, 19).replaceAll(/[-T:]/g, '')}Z`;
}

/** @throws Unreadable */
export function readUtcTime(value: string, what: string): number {
  const match = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(value);
  if (match === null) throw new Unreadable(`${what} is no UTCTime`);
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number];
  const atMs = Date.UTC((year < 50 ? 2000 : 1900) + year, month - 1, day, hour, minute, second);
  if (atMs < 0 || utcTimeText(atMs) !== value) throw new Unreadable(`${what} is no time from 1970 to 2049`);
  return atMs;
}

/** A common reference: a UTCTime in BER. */
export function commonReference(atMs: number): Uint8Array {
  return ber((writer) => writer.text(berTag.utcTime, utcTimeText(atMs)));
}

/** @throws Unreadable */
export function readCommonReference(octets: Uint8Array): number {
  const reader = new BerReader(octets);
  const atMs = readUtcTime(reader.text(berTag.utcTime, 'common reference'), 'common reference');
  reader.finish('common reference');
  return atMs;
}

/** The number of a recovery, in as few octets as possible, at most four. @throws RangeError */
export function recoveryOctets(recovery: number): Uint8Array {
  if (!(recovery > 0 && recovery < recoveryRange)) throw new RangeError(`a recovery cannot have the number ${recovery}`);
  const octets = [recovery >>> 24, recovery >>> 16, recovery >>> 8, recovery];
  return Uint8Array.from(octets).subarray(recovery > 0xffff ? (recovery > 0xff_ffff ? 0 : 1) : recovery > 0xff ? 2 : 3);
}

/** @throws Unreadable */
export function readRecovery(octets: Uint8Array): number {
  if (octets.length === 0 || octets.length > 4 || octets[0] === 0)
    throw new Unreadable('additional reference information is no number of one to four octets');
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

/** A session selector: a UUID in its 16 octets (own). @throws RangeError */
export function selector(uuid: string): Uint8Array {
  const digits = uuid.replaceAll('-', '');
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) throw new RangeError(`Not a UUID: ${JSON.stringify(uuid)}`);
  return Uint8Array.from({ length: 16 }, (_, index) => Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16));
}

/** @throws Unreadable */
export function readSelector(octets: Uint8Array): string {
  if (octets.length !== 16) throw new Unreadable(`a session selector of ${octets.length} octets is no UUID`);
  const digits = Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
}

/** Octets of an activity id. */
export const activityBytes = 6;
const maxActivity = 2 ** 48 - 1;

/** Writes an activity id, which is the copy's id (own), in six octets. @throws RangeError for an id of 2^48 or more. */
export function putActivity(octets: Uint8Array, at: number, activity: number): void {
  if (!(Number.isInteger(activity) && activity >= 0 && activity <= maxActivity))
    throw new RangeError(`an activity cannot have the id ${activity}`);
  for (let place = at + activityBytes - 1, rest = activity; place >= at; place -= 1, rest = Math.floor(rest / 256))
    octets[place] = rest % 256;
}

/** The activity id in the six octets at `at`. */
export function activityAt(octets: Uint8Array, at: number): number {
  let activity = 0;
  for (let place = at; place < at + activityBytes; place += 1) activity = activity * 256 + (octets[place] as number);
  return activity;
}

/** An activity identifier. @throws RangeError for an id of 2^48 or more. */
export function activityOctets(activity: number): Uint8Array {
  const octets = new Uint8Array(activityBytes);
  putActivity(octets, 0, activity);
  return octets;
}

/** @throws Unreadable */
export function readActivityIdentifier(octets: Uint8Array): number {
  if (octets.length !== activityBytes) throw new Unreadable(`the activity identifier has ${octets.length} octets`);
  return activityAt(octets, 0);
}

/** Longest serial number, in digits, and the highest (X.225 8.3.20). */
const maxSerialDigits = 6;
const maxSerial = 999_998;

/** @throws RangeError */
export function checkSerial(serial: number): void {
  if (!(Number.isInteger(serial) && serial >= 0 && serial <= maxSerial))
    throw new RangeError(`a checkpoint cannot have the number ${serial}`);
}

/** Digits of a serial number. */
export function serialDigits(serial: number): number {
  let digits = 1;
  for (let rest = serial; rest > 9; rest = Math.floor(rest / 10)) digits += 1;
  return digits;
}

export function serialOctets(serial: number): Uint8Array {
  checkSerial(serial);
  return utf8Octets(String(serial));
}

/** A serial number in the octets from `at` to `end`. @throws Unreadable */
export function readSerial(octets: Uint8Array, at: number, end: number): number {
  const digits = end - at;
  let serial = 0;
  for (let place = at; place < end; place += 1) {
    const digit = (octets[place] as number) - 0x30;
    if (digit < 0 || digit > 9) throw new Unreadable('a serial number is not decimal');
    serial = serial * 10 + digit;
  }
  if (digits === 0 || digits > maxSerialDigits || (digits > 1 && octets[at] === 0x30))
    throw new Unreadable(`a serial number of ${digits} digits`);
  return serial;
}
