/** Reading the arguments of a control request: each reader says which argument is wrong, what was expected and what came. */
import type { BindingChange, Submission } from '@mtalab/mta-core';
import { priorities } from '@mtalab/mta-core';
import { controlLimits } from './protocol.js';

/** A request that cannot be carried out as it is. The message is meant for the client. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
  /** The upload it is about, where it answers a binary frame. */
  readonly upload: string | undefined;
  constructor(message: string, upload?: string) {
    super(message);
    this.upload = upload;
  }
}

export type Arguments = { readonly [name: string]: unknown };

const maxRecipients = 1000;
const maxAddressLength = 512;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? JSON.stringify(value) : Array.isArray(value) ? 'a list' : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function wrong(name: string, expected: string, value: unknown): BadRequest {
  return new BadRequest(`${name}: expected ${expected}, got ${shown(value)}`);
}

export function textOf(args: Arguments, name: string, maxLength: number): string {
  const value = args[name];
  if (typeof value !== 'string' || value.length === 0) throw wrong(name, 'a text that is not empty', value);
  if (value.length > maxLength) throw new BadRequest(`${name}: ${value.length} characters, at most ${maxLength} are allowed`);
  return value;
}

export function oneOf<T extends string>(args: Arguments, name: string, values: readonly T[]): T {
  const value = args[name];
  if (!values.includes(value as T)) throw wrong(name, `one of ${values.join(', ')}`, value);
  return value as T;
}

export function numberOf(args: Arguments, name: string, low: number, high: number): number {
  const value = args[name];
  if (typeof value !== 'number' || !(value >= low && value <= high)) throw wrong(name, `a number from ${low} to ${high}`, value);
  return value;
}

export function textsOf(args: Arguments, name: string, maxCount: number, maxLength: number): readonly string[] {
  const value = args[name];
  if (!Array.isArray(value) || value.length === 0) throw wrong(name, 'a list of texts that is not empty', value);
  if (value.length > maxCount) throw new BadRequest(`${name}: ${value.length} entries, at most ${maxCount} are allowed`);
  for (const text of value) {
    if (typeof text !== 'string' || text.length === 0 || text.length > maxLength) {
      throw wrong(name, `texts of 1 to ${maxLength} characters`, text);
    }
  }
  return value as string[];
}

/** Bindings a list of them may name. */
const maxBindings = 64;

export function bindingChangesOf(args: Arguments, name: string): readonly BindingChange[] {
  const value = args[name];
  if (!Array.isArray(value) || value.length > maxBindings) throw wrong(name, `a list of at most ${maxBindings} entries`, value);
  return value.map((row: unknown) => {
    const { id, enabled } = (typeof row === 'object' && row !== null ? row : {}) as { id?: unknown; enabled?: unknown };
    if (!Number.isInteger(id) || typeof enabled !== 'boolean') throw wrong(name, 'entries with an id and enabled', row);
    return { id: id as number, enabled };
  });
}

/** Octets given in base64, of which Node's own reader would silently skip what is wrong. */
export function octetsOf(args: Arguments, name: string): Uint8Array {
  const value = args[name];
  if (typeof value !== 'string') throw wrong(name, 'octets in base64', value);
  if (value.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw wrong(name, 'octets in base64', value);
  return Buffer.from(value, 'base64');
}

/** The address as it is, when it has a local part and a domain and nothing that could break a line or a path. */
function checkAddress(name: string, address: string): void {
  const at = address.lastIndexOf('@');
  if (at < 1 || at === address.length - 1) throw wrong(name, 'an address such as user@domain', address);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused.
  if (/[\u0000-\u0020\u007f]/.test(address)) throw wrong(name, 'an address without blanks and control characters', address);
}

export function envelopeOf(args: Arguments): Omit<Submission, 'content' | 'sizeBytes'> {
  const originator = textOf(args, 'originator', maxAddressLength);
  checkAddress('originator', originator);
  const recipients = textsOf(args, 'recipients', maxRecipients, maxAddressLength);
  for (const recipient of recipients) checkAddress('recipients', recipient);
  return {
    submissionId: textOf(args, 'submissionId', 128),
    originator,
    recipients,
    priority: args.priority === undefined ? 'normal' : oneOf(args, 'priority', priorities),
    contentType: args.contentType === undefined ? 'message/rfc822' : textOf(args, 'contentType', 128),
  };
}

export function uploadIdOf(args: Arguments): string {
  const id = textOf(args, 'upload', controlLimits.maxUploadIdLength);
  if (!/^[\x21-\x7e]+$/.test(id)) throw wrong('upload', 'printable ASCII without blanks', id);
  return id;
}
