/** What the SMTP listener reads in the header of a message: its priority, and how far it has come. It changes nothing there. */
import { type Priority, priorities } from '@mtalab/mta-core';

/** Octets of a message in which its header is looked for. */
export const maxHeadBytes = 64 * 1024;

type MessageHead = {
  /** The field `Priority` (RFC 2156 5.3.6): X.400's priority in Internet mail. */
  readonly priority: Priority;
  /** Number of `Received` fields. */
  readonly received: number;
};

function isPriority(text: string): text is Priority {
  return (priorities as readonly string[]).includes(text);
}

/** @param octets the beginning of the message, with lines that end in CRLF. */
export function readHead(octets: Uint8Array): MessageHead {
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');
  // A message may begin with its empty line.
  const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n');
  const fields = text.slice(0, end < 0 ? text.length : end).split(/\r\n(?![ \t])/);
  let priority: Priority | undefined;
  let received = 0;
  for (const field of fields) {
    const [, name = '', value = ''] = /^([\x21-\x39\x3b-\x7e]+)[ \t]*:(.*)$/s.exec(field) ?? [];
    if (name.toLowerCase() === 'received') received += 1;
    const word = value.trim().toLowerCase();
    if (priority === undefined && name.toLowerCase() === 'priority' && isPriority(word)) priority = word;
  }
  return { priority: priority ?? 'normal', received };
}
