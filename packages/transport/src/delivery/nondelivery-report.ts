/** Non-delivery reports as mail: multipart/report (RFC 6522) with a delivery status (RFC 3464). */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { NonDeliveryDiagnostic, ReportFacts } from '@mtalab/mta-core';
import type MimeNode from 'nodemailer/lib/mime-node';
import type * as QuotedPrintable from 'nodemailer/lib/qp';

/** Loaded at the first report: most MTAs never write one, and its MIME library has a few megabytes. A commit cannot wait for `import`. */
const require = createRequire(import.meta.url);
const newReport = (type: string, options: ConstructorParameters<typeof MimeNode>[1]): MimeNode => {
  const Node = require('nodemailer/lib/mime-node') as typeof MimeNode;
  return new Node(type, options);
};
const quotedPrintable = (): typeof QuotedPrintable => require('nodemailer/lib/qp') as typeof QuotedPrintable;

/** Enhanced status codes (RFC 3463) of X.411's diagnostics. */
const statusOf: Readonly<Record<NonDeliveryDiagnostic, string>> = {
  'unrecognised-OR-name': '5.1.1',
  'mts-congestion': '5.4.5',
  'loop-detected': '5.4.6',
  'recipient-unavailable': '5.2.1',
  'maximum-time-expired': '5.4.7',
  'content-too-long': '5.3.4',
  'content-syntax-error': '5.6.0',
};
const inWords: Readonly<Record<NonDeliveryDiagnostic, string>> = {
  'unrecognised-OR-name': 'no mailbox or route is known for it',
  'mts-congestion': 'the mail system is congested',
  'loop-detected': 'the message went round in a loop',
  'recipient-unavailable': 'the mailbox could not take the message',
  'maximum-time-expired': 'the message could not be passed on in the time allowed',
  'content-too-long': 'the message is too long',
  'content-syntax-error': 'the message is damaged',
};
const unknownOutcome =
  'The whole message was sent once and no confirmation came back. It may have been delivered all the same, so ask before you send it again.';

/** Longest line that is written here, longest line that every relay passes, and the octets of the original's header that are quoted. */
const lineLength = 76;
const maxLineLength = 998;
const maxQuotedHeaderBytes = 8 * 1024;
const maxListedRecipients = 1000;

const isPlain = (text: string): boolean => /^[\t\x20-\x7e]*$/.test(text);
/** A text for a header: one line, printable ASCII. */
const headerText = (text: string): string => text.replace(/[^\x20-\x7e]+/g, '?').slice(0, 400);

/** `date-time` of RFC 5322, in UTC. */
function mailDate(atMs: number): string {
  const date = new Date(Number.isFinite(atMs) && Math.abs(atMs) < 8.64e15 ? atMs : 0);
  return date.toUTCString().replace(/GMT$/, '+0000');
}

/** A name of an MTA as a domain. */
function domainOf(mta: string): string {
  const labels = mta
    .toLowerCase()
    .split('.')
    .map((label) =>
      label
        .replace(/[^a-z0-9-]+/g, '-')
        .replace(/^-+|-+$/g, '')
        .slice(0, 63),
    );
  return labels.filter((label) => label !== '').join('.') || 'mta';
}

/** An address with its type: RFC 6533's form where it is not plain ASCII. */
function typedAddress(address: string): string {
  if (/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(address)) return `rfc822; ${address}`;
  const escaped = [...address].map((sign) =>
    /[\x21-\x5b\x5d-\x7e]/.test(sign) ? sign : `\\x{${(sign.codePointAt(0) as number).toString(16).toUpperCase()}}`,
  );
  return `utf-8; ${escaped.join('')}`;
}

/** Break a text at its spaces. */
function wrapped(text: string): string[] {
  return text.split(/\r\n|\r|\n/).flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + word.length + 1 > lineLength) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    return [...lines, line];
  });
}

type Part = { readonly node: MimeNode; readonly body: string };

/** A text; its lines as they are if every relay will pass them, else quoted-printable. */
function textPart(report: MimeNode, type: string, lines: readonly Uint8Array[]): Part {
  const crlf = Buffer.from('\r\n');
  const octets = Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [crlf, line])));
  const isSafe = lines.every((line) => line.length <= maxLineLength && isPlain(Buffer.from(line).toString('latin1')));
  const node = report.createChild(type);
  node.setHeader('Content-Transfer-Encoding', isSafe ? '7bit' : 'quoted-printable');
  return { node, body: isSafe ? octets.toString('latin1') : quotedPrintable().wrap(quotedPrintable().encode(octets)) };
}

/** The octets of a message. Nodemailer itself writes to streams only, one part in each turn of the loop. */
function written(report: MimeNode, parts: readonly Part[]): Buffer {
  const head = report.buildHeaders();
  const pieces = parts.map(({ node, body }) => `--${report.boundary}\r\n${node.buildHeaders()}\r\n\r\n${body}\r\n`);
  return Buffer.from(`${head}\r\n\r\n${pieces.join('')}--${report.boundary}--\r\n`, 'latin1');
}

/** The original's header lines, if its head can be read as such; a field that does not end within the head is left out. */
function headerLines(head: Uint8Array): Uint8Array[] | null {
  const fields: Uint8Array[][] = [];
  let at = 0;
  while (at < head.length && at < maxQuotedHeaderBytes) {
    const newline = head.indexOf(10, at);
    if (newline < 0) {
      // The last field is cut off, or was so in the message itself.
      fields.pop();
      break;
    }
    const line = head.subarray(at, head[newline - 1] === 13 && newline > at ? newline - 1 : newline);
    at = newline + 1;
    if (line.length === 0) return fields.length === 0 ? null : fields.flat();
    const text = Buffer.from(line).toString('latin1');
    if (text.includes('\r') || text.includes('\0')) return null;
    if (/^[ \t]/.test(text)) {
      const last = fields.at(-1);
      if (last === undefined) return null;
      last.push(line);
    } else if (/^[\x21-\x39\x3b-\x7e]+[ \t]*:/.test(text)) {
      fields.push([line]);
    } else {
      return null;
    }
  }
  return fields.length === 0 ? null : fields.flat();
}

function humanText(facts: ReportFacts): string[] {
  const { recipients, subject } = facts;
  const shown = recipients.slice(0, maxListedRecipients);
  const more = recipients.length - shown.length;
  return [
    ...wrapped(`This is the mail system ${facts.reportingMta}.`),
    '',
    ...wrapped(`Your message of ${mailDate(subject.submittedAtMs)} was not delivered to:`),
    '',
    ...shown.map((recipient) => `    ${recipient.replace(/[\r\n]+/g, ' ')}`),
    ...(more > 0 ? [`    and ${more} more`] : []),
    '',
    ...wrapped(`Reason: ${inWords[facts.diagnostic]}.`),
    ...(facts.explanation === '' ? [] : wrapped(facts.explanation)),
    ...(facts.outcomeUnknown ? ['', ...wrapped(unknownOutcome)] : []),
    '',
    ...wrapped(`Message identifier: ${subject.mtsId}`),
  ];
}

function statusText(facts: ReportFacts): string[] {
  const perMessage = [
    `Original-Envelope-Id: ${headerText(facts.subject.mtsId)}`,
    `Reporting-MTA: x-mta-name; ${headerText(facts.reportingMta)}`,
    `Arrival-Date: ${mailDate(facts.subject.submittedAtMs)}`,
  ];
  const diagnostic = `x-x411; ${facts.reason} (${facts.diagnostic})`;
  const perRecipient = facts.recipients.flatMap((recipient) => [
    '',
    `Final-Recipient: ${typedAddress(recipient)}`,
    'Action: failed',
    `Status: ${statusOf[facts.diagnostic]}`,
    `Diagnostic-Code: ${diagnostic}`,
    `Last-Attempt-Date: ${mailDate(facts.atMs)}`,
  ]);
  return [...perMessage, ...perRecipient];
}

/**
 * Write a non-delivery report: what happened in plain words, the same for programs, and the header of the original if its
 * head has one. Lines end in CRLF, all octets are ASCII, and the same facts give the same octets.
 * @param subjectHead the beginning of the message reported on; it may be empty, cut off, or no mail at all.
 */
export function renderReport(facts: ReportFacts, subjectHead: Uint8Array): Uint8Array {
  const digest = createHash('sha256').update(JSON.stringify(facts)).update(subjectHead).digest('hex');
  const domain = domainOf(facts.reportingMta);
  // A digest of all that the parts are made of does not occur in them.
  const boundary = { boundaryPrefix: '=_report', baseBoundary: digest.slice(0, 32) };
  const report = newReport('multipart/report; report-type=delivery-status', boundary);
  report.setHeader({
    Date: mailDate(facts.atMs),
    From: { name: `Mail system ${headerText(facts.reportingMta)}`, address: `postmaster@${domain}` },
    To: { name: '', address: headerText(facts.subject.originator) },
    'Message-ID': `<report.${digest.slice(32)}@${domain}>`,
    Subject: 'Undelivered mail: your message did not reach a recipient',
    'Auto-Submitted': 'auto-replied',
  });
  const octets = (lines: readonly string[]): Uint8Array[] => lines.map((line) => Buffer.from(line, 'utf8'));
  const parts = [
    textPart(report, 'text/plain; charset=utf-8', octets(humanText(facts))),
    { node: report.createChild('message/delivery-status'), body: [...statusText(facts), ''].join('\r\n') },
  ];
  const quoted = headerLines(subjectHead);
  if (quoted !== null) parts.push(textPart(report, 'text/rfc822-headers', [...quoted, new Uint8Array(0)]));
  return written(report, parts);
}
