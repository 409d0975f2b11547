/** Names of mailbox folders and of the files in them. */
import { createHash } from 'node:crypto';
import { type Destination, mailboxName } from '@mtalab/mta-core';
import { deadLetters, mailboxOf } from './delivery-sink.js';

/** Longest name of a folder, in octets: file systems take 255. */
const maxNameBytes = 240;
const keptNameBytes = 160;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const percent = (octet: number): string => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;

/**
 * One part of an address as the name of a folder. Letters, digits and `.-_+=@` stand for themselves, everything else for
 * itself as `%XX` of its UTF-8 octets, also a leading dot, so that no name leaves its folder or hides in it. An empty part
 * is `%`. A name that would be too long ends in `%~` and a digest instead: different from all others, but not to be read back.
 */
export function folderName(part: string): string {
  if (part === '') return '%';
  let name = '';
  for (const octet of Buffer.from(part, 'utf8')) {
    const sign = String.fromCharCode(octet);
    name += /[A-Za-z0-9_+=@-]/.test(sign) || (sign === '.' && name !== '') ? sign : percent(octet);
  }
  return name.length <= maxNameBytes ? name : `${name.slice(0, keptNameBytes)}%~${sha256(part).slice(0, 32)}`;
}

/** The part of the address that a folder's name stands for; null if the name was shortened or is none of ours. */
export function addressPart(name: string): string | null {
  if (name === '%') return '';
  if (name === '' || name.includes('%~') || /%(?![0-9A-F]{2})/.test(name)) return null;
  return Buffer.from(
    name.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
}

/** Folders from the root down to the Maildir of a destination. The domain's case does not matter, the mailbox's does. */
export function mailboxFolders(destination: Destination): string[] {
  const mailbox = mailboxOf(destination);
  if (destination.to === 'dead-letter') return [deadLetters];
  const at = mailbox.lastIndexOf('@');
  const domain = folderName(mailbox.slice(at + 1).toLowerCase());
  const local = folderName(mailboxName(mailbox));
  // A domain of that name must not share the dead letters' folder.
  return [domain === deadLetters ? `%64${deadLetters.slice(1)}` : domain, local];
}

/**
 * The file's name in the Maildir: the same for the same copy, mailbox and store, whenever it is made, so that a delivery
 * repeated after a crash finds itself. The time in front, from the envelope, is what mail readers sort by.
 */
export function fileName(copy: number, destination: Destination, submittedAtMs: number, storeUuid: string): string {
  const mailbox = sha256(mailboxOf(destination)).slice(0, 12);
  return `${Math.max(0, Math.floor(submittedAtMs / 1000))}.C${copy}M${mailbox}.${storeUuid}`;
}
