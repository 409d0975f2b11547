/** SPDUs of the session protocol (X.225 chapter 8) and their parameters: codes, lengths, values. */
import { Unreadable } from '../rpc/field-checks.js';

/** Session identifiers. Two names share a number where only the token SPDU in front tells them apart. */
export const si = {
  giveTokens: 1,
  pleaseTokens: 2,
  finish: 9,
  disconnect: 10,
  refuse: 12,
  connect: 13,
  accept: 14,
  giveTokensConfirm: 21,
  giveTokensAck: 22,
  abort: 25,
  abortAccept: 26,
  // Behind GIVE TOKENS:
  dataTransfer: 1,
  activityInterrupt: 25,
  activityInterruptAck: 26,
  activityResume: 29,
  activityEnd: 41,
  activityEndAck: 42,
  activityStart: 45,
  exceptionData: 48,
  minorSync: 49,
  minorSyncAck: 50,
  activityDiscard: 57,
  activityDiscardAck: 58,
} as const;

/** Codes of parameter groups and parameters. */
export const pi = {
  connectionIdentifier: 1,
  connectAcceptItem: 5,
  calledReference: 9,
  callingReference: 10,
  commonReference: 11,
  additionalReference: 12,
  tokenItem: 16,
  transportDisconnect: 17,
  protocolOptions: 19,
  sessionRequirements: 20,
  versionNumber: 22,
  tokenSetting: 26,
  linkingInformation: 33,
  activityIdentifier: 41,
  serialNumber: 42,
  reasonCode: 50,
  callingSelector: 51,
  respondingSelector: 52,
  userData: 193,
  extendedUserData: 194,
} as const;

/** A length of this many octets or more takes three octets, the first of them 255. */
const longLength = 255;

/** One parameter, group or SPDU: code, length, and the parts of its value. */
export function unit(code: number, parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  if (length > 0xffff) throw new RangeError(`parameter ${code} would have ${length} octets`);
  let at = length < longLength ? 2 : 4;
  const octets = new Uint8Array(at + length);
  octets[0] = code;
  if (length < longLength) octets[1] = length;
  else {
    octets[1] = longLength;
    octets[2] = length >>> 8;
    octets[3] = length;
  }
  for (const part of parts) {
    octets.set(part, at);
    at += part.length;
  }
  return octets;
}

/** A parameter of these few octets. */
export function parameter(code: number, ...value: number[]): Uint8Array {
  return unit(code, [Uint8Array.from(value)]);
}

/** Reads parameters in the order in which X.225 8.2 has them: by rising code. */
export class ParameterReader {
  readonly octets: Uint8Array;
  readonly #what: string;
  #at: number;
  readonly #end: number;
  /** The value of the parameter taken last. */
  start = 0;
  end = 0;

  constructor(octets: Uint8Array, at: number, end: number, what: string) {
    this.octets = octets;
    this.#at = at;
    this.#end = end;
    this.#what = what;
  }

  /** The code of the next parameter; -1 at the end. */
  get next(): number {
    return this.#at < this.#end ? (this.octets[this.#at] as number) : -1;
  }

  /** Goes past the next parameter if it has this code. @throws Unreadable */
  has(code: number): boolean {
    const { octets } = this;
    if (this.next !== code) return false;
    let at = this.#at + 1;
    let length = at < this.#end ? (octets[at] as number) : this.#end;
    at += 1;
    if (length === longLength && at + 2 <= this.#end) {
      length = ((octets[at] as number) << 8) | (octets[at + 1] as number);
      at += 2;
    }
    if (length > this.#end - at) throw new Unreadable(`parameter ${code} of ${this.#what} is cut off`);
    this.start = at;
    this.end = at + length;
    this.#at = this.end;
    return true;
  }

  /** The octets of a parameter that must be next: a stretch of the whole. @throws Unreadable */
  value(code: number): Uint8Array {
    if (!this.has(code)) throw new Unreadable(`${this.#what} has no parameter ${code} where it belongs`);
    return this.octets.subarray(this.start, this.end);
  }

  /** A parameter that must be next and have the value of these octets. @throws Unreadable */
  fixed(code: number, ...value: number[]): void {
    const found = this.value(code);
    if (found.length !== value.length || value.some((octet, index) => found[index] !== octet))
      throw new Unreadable(`parameter ${code} of ${this.#what} is not ${value.join(' ')}`);
  }

  /** A parameter of one octet that must be next. @throws Unreadable */
  octet(code: number): number {
    const value = this.value(code);
    if (value.length !== 1) throw new Unreadable(`parameter ${code} of ${this.#what} has ${value.length} octets`);
    return value[0] as number;
  }

  /** Enters a group that must be next. @throws Unreadable */
  group(code: number): ParameterReader {
    this.value(code);
    return new ParameterReader(this.octets, this.start, this.end, this.#what);
  }

  /** Nothing may be left. @throws Unreadable */
  finish(): void {
    if (this.#at < this.#end)
      throw new Unreadable(`${this.#what} has the parameter ${this.octets[this.#at]} where it does not belong`);
  }
}
