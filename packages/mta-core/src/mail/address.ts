/**
 * Mail addresses: the mailbox of RFC 5321 (4.1.2, with the lengths of 4.5.3.1) and the characters that RFC 6531 adds. This is the only
 * place that decides what an address is. Core, control channel, configuration, command and library ask it.
 */

/** Most recipients of one submission. RFC 5321 4.5.3.1.8 asks for at least 100. */
export const maxRecipients = 1000;
/** Longest local part and longest address, in octets of UTF-8. A domain is limited by its pattern. */
export const maxLocalBytes = 64;
export const maxAddressBytes = 254;

const label = '[\\p{L}\\p{N}]([\\p{L}\\p{M}\\p{N}-]{0,61}[\\p{L}\\p{M}\\p{N}])?';
const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const literal = `\\[(${octet}(\\.${octet}){3}|[A-Za-z0-9-]*[A-Za-z0-9]:[!-Z^-~]+)\\]`;
/** A mail domain: a host name such as `b.example`, or an address literal such as `[192.0.2.1]`. */
export const mailDomainPattern = new RegExp(`^(?=.{1,253}$)(${label}(\\.${label})*|${literal})$`, 'u');

/** A character of an atom: no blank, no control character, none that has a meaning in an address. */
const atomChar = '[^\\p{Z}\\p{Cc}\\p{Cs}()<>\\[\\]:;@\\\\,."]';
const dotStringPattern = new RegExp(`^${atomChar}+(\\.${atomChar}+)*$`, 'u');
const quotedStringPattern = /^"([^\p{Cc}\p{Cs}\p{Zl}\p{Zp}"\\]|\\[ -~])*"$/u;

type Parts = { readonly local: string; readonly domain: string };

/** Splits at the last @, because a quoted local part may have others. Null without a text on both sides. */
function partsOf(address: string): Parts | null {
  const at = address.lastIndexOf('@');
  if (at <= 0 || at === address.length - 1) return null;
  return { local: address.slice(0, at), domain: address.slice(at + 1) };
}

/** Is a text longer than this in UTF-8? */
function isLonger(text: string, maxBytes: number): boolean {
  // A unit of UTF-16 takes at most three octets, so most addresses need no count.
  if (text.length * 3 <= maxBytes) return false;
  let count = 0;
  for (const sign of text) {
    const code = sign.codePointAt(0) ?? 0;
    count += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return count > maxBytes;
}

function localProblem(local: string): string | null {
  if (isLonger(local, maxLocalBytes)) return `its local part is longer than ${maxLocalBytes} octets`;
  if (dotStringPattern.test(local) || quotedStringPattern.test(local)) return null;
  if (/^"|"$/.test(local)) return 'the quotes must enclose the whole local part, and \\ must precede a " or \\ inside';
  if (local.startsWith('.') || local.endsWith('.')) return 'its local part must not begin or end with a dot';
  if (local.includes('..')) return 'its local part must not have two dots in a row';
  if (/\p{Cc}|\p{Cs}/u.test(local)) return 'its local part has a control character';
  // Somebody who writes a list reads about its comma first.
  const wrong = local.includes(',') ? ',' : (/[\p{Z}()<>[\]:;@\\"]/u.exec(local)?.[0] ?? '');
  const named = wrong === ',' ? 'a comma' : /^\p{Z}$/u.test(wrong) ? 'a blank' : wrong;
  return `${named} is possible only in a quoted local part, such as "ben smith"@b.example`;
}

/**
 * Why a text is no address, in words that go on after "no address:". Null if it is one.
 * `"ben smith"@b.example` is one; `.ben@b.example` and `ben..smith@b.example` are none.
 */
export function mailAddressProblem(address: string): string | null {
  const parts = partsOf(address);
  if (parts === null) return 'it needs a local part, an @ and a domain';
  // A long text must not keep the patterns busy.
  if (isLonger(address, maxAddressBytes)) return `it is longer than ${maxAddressBytes} octets`;
  if (!mailDomainPattern.test(parts.domain)) return `${shortened(parts.domain)} is no mail domain`;
  return localProblem(parts.local);
}

function shortened(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text);
}

/** The domain of an address in lower case, or null if the text is not an address. */
export function domainOf(address: string): string | null {
  return mailAddressProblem(address) === null ? (partsOf(address)?.domain.toLowerCase() ?? null) : null;
}

/** The name of a mailbox at its domain, without the quotes of a quoted local part: `"ben"@b.example` is the mailbox of `ben@b.example`. */
export function mailboxName(address: string): string {
  const local = address.slice(0, Math.max(0, address.lastIndexOf('@')));
  return quotedStringPattern.test(local) ? local.slice(1, -1).replace(/\\(.)/gu, '$1') : local;
}

/**
 * Why an envelope is refused. Null if it is in order. A report has no originator: its originator is an empty text.
 */
export function envelopeProblem(envelope: {
  readonly originator: string;
  readonly recipients: readonly string[];
}): string | null {
  const { originator, recipients } = envelope;
  if (recipients.length === 0) return 'there is no recipient';
  if (recipients.length > maxRecipients)
    return `there are ${recipients.length} recipients, at most ${maxRecipients} are possible`;
  for (const recipient of recipients) {
    const problem = mailAddressProblem(recipient);
    if (problem !== null) return `the recipient ${shortened(recipient)} is no address: ${problem}`;
  }
  const problem = originator === '' ? null : mailAddressProblem(originator);
  return problem === null ? null : `the originator ${shortened(originator)} is no address: ${problem}`;
}
