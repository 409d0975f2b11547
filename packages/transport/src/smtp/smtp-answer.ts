/** Answers of the SMTP listener: a reply code of RFC 5321, an enhanced status code of RFC 3463, and words. */
import type { SubmitRefusal } from '@mtalab/mta-core';

/** Longest text of an answer, in characters. A line of an answer has at most 512 octets (RFC 5321 4.5.3.1.5). */
const maxTextLength = 400;

/** A refusal as the SMTP server takes it: its message begins with the enhanced status code. */
export class SmtpAnswer extends Error {
  override readonly name = 'SmtpAnswer';
  readonly responseCode: number;

  /** @param status such as `5.1.3`. */
  constructor(responseCode: number, status: string, text: string) {
    // Without SMTPUTF8 a client reads ASCII only.
    super(`${status} ${text.replace(/[^\x20-\x7e]+/g, '?').slice(0, maxTextLength)}`);
    this.responseCode = responseCode;
  }
}

/** The answer to each refusal of the core. What may pass is 4xx, so that a client tries again. */
const refusals: Readonly<Record<SubmitRefusal, readonly [code: number, status: string]>> = {
  envelope: [553, '5.1.0'],
  'too-long': [552, '5.3.4'],
  'not-running': [451, '4.3.2'],
  full: [452, '4.3.1'],
  store: [451, '4.3.0'],
};

export function answerToRefusal(refusal: SubmitRefusal, reason: string): SmtpAnswer {
  const [code, status] = refusals[refusal];
  return new SmtpAnswer(code, status, reason);
}

export function tooLong(maxBytes: number): SmtpAnswer {
  return answerToRefusal('too-long', `the largest message has ${maxBytes} octets`);
}
