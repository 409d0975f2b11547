/**
 * The SMTP submission listener (RFC 5321): ordinary mail tools hand mail to the MTA. A message is accepted when the MTA has it on
 * disk, and is refused in words otherwise. The envelope and the octets of the content pass unchanged.
 */
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { mailAddressProblem, maxRecipients, type Settings } from '@mtalab/mta-core';
import type { SMTPServerAddress, SMTPServerDataStream, SMTPServerEnvelope, SMTPServerSession } from 'smtp-server';
import type { MtaStatus } from '../control/status-schema.js';
import type { Driver } from '../driver/driver.js';
import { SubmitRefused } from '../driver/submissions.js';
import { IncomingContent } from './incoming-content.js';
import { readHead } from './message-head.js';
import { answerToRefusal, SmtpAnswer, tooLong } from './smtp-answer.js';
import { SubmissionServer } from './submission-server.js';

/** Where the listener listens, and its limits. */
export type SmtpSettings = {
  /** IP address. Default 127.0.0.1. */
  readonly address?: string;
  /** TCP port; 0: the system chooses one, which is kept for later starts. */
  readonly port: number;
  /** Sessions at one time. One more is answered with 421. Default 100. */
  readonly sessions?: number;
  /** Real seconds after which a silent session is ended with 421. Default 300, as RFC 5321 4.5.3.2.7 asks for. */
  readonly idleTimeoutS?: number;
};

export type SmtpListenerOptions = Required<SmtpSettings> & {
  readonly driver: Pick<Driver, 'phase' | 'submit' | 'newContent' | 'putContent' | 'dropContent'>;
  /** Name of the MTA. */
  readonly mta: string;
  readonly localDomains: readonly string[];
  readonly limits: Pick<Settings, 'maxMessageBytes' | 'checkpointSizeK'>;
  readonly log: (text: string) => void;
};

export const smtpDefaults = { address: '127.0.0.1', sessions: 100, idleTimeoutS: 300 } as const;

/** Longest line of a command, in octets: addresses of RFC 6531 and parameters have room. */
const maxCommandBytes = 2048;
/** More `Received` fields than this mean a loop (RFC 5321 6.3). */
const maxReceived = 100;
/** Rows of a content if transfers have no checkpoints, in octets. */
const defaultRowBytes = 30 * 1024;
/** Real time that a client has to read the last answers when the listener closes. */
const closeGraceMs = 500;

/** The largest delay a Node timer takes, in milliseconds. */
const maxTimerMs = 2_147_483_647;

type Callback = (error?: Error | null, text?: string) => void;

/** Parameters that MAIL may have. RCPT may have none. */
const mailParameters = new Set(['SIZE', 'BODY', 'SMTPUTF8']);

function requireKnownParameters({ args }: SMTPServerAddress, known: ReadonlySet<string>): void {
  const unknown = Object.keys(args === false ? {} : args).find((key) => !known.has(key));
  if (unknown !== undefined) throw new SmtpAnswer(555, '5.5.4', `the parameter ${unknown} is not known here`);
}

/** @param status the enhanced status code for an address that is none. */
function requireAddress(address: string, status: string, smtpUtf8: boolean): void {
  const problem = mailAddressProblem(address);
  if (problem !== null) throw new SmtpAnswer(553, status, `no address: ${problem}`);
  if (!smtpUtf8 && /[^\x20-\x7e]/.test(address))
    throw new SmtpAnswer(553, '5.6.7', 'an address with characters beyond ASCII needs the parameter SMTPUTF8 of MAIL');
}

export class SmtpListener {
  readonly #options: SmtpListenerOptions;
  readonly #server: SubmissionServer;
  /** Recipients of each transaction. The library's own list merges addresses that differ only in case. */
  readonly #recipients = new WeakMap<SMTPServerEnvelope, string[]>();
  /** Sessions that wait until their message is on disk. */
  readonly #submitting = new Set<string>();
  #port = 0;
  #accepted = 0;
  #refused = 0;
  #stopped = false;

  private constructor(options: SmtpListenerOptions) {
    this.#options = options;
    const { mta, localDomains, limits, sessions, idleTimeoutS } = options;
    this.#server = new SubmissionServer({
      name: localDomains[0] ?? hostname(),
      banner: `MTA Lab ${mta}`,
      size: limits.maxMessageBytes,
      rejectOversized: true,
      maxClients: sessions,
      socketTimeout: idleTimeoutS * 1000,
      // This class ends the sessions itself.
      closeTimeout: maxTimerMs,
      maxCommandLength: maxCommandBytes,
      disabledCommands: ['AUTH', 'STARTTLS', 'WIZ', 'SHELL', 'KILL', 'XCLIENT', 'XFORWARD'],
      hideENHANCEDSTATUSCODES: false,
      disableReverseLookup: true,
      logger: false,
      onConnect: (_session, callback) => answered(callback, () => this.#requireRunning(421)),
      onMailFrom: (address, session, callback) => answered(callback, () => this.#mail(address, session)),
      onRcptTo: (address, session, callback) => answered(callback, () => this.#recipient(address, session)),
      onData: (stream, session, callback) => void this.#data(stream, session, callback),
    });
    // Refused sessions have a moment to read their answer, and need a limit as well.
    this.#server.server.maxConnections = 2 * sessions;
    this.#server.on('error', (error: Error) => options.log(`SMTP listener: ${error.message}`));
  }

  /** @throws the system's error if the port cannot be listened on. */
  static async start(options: SmtpListenerOptions): Promise<SmtpListener> {
    const listener = new SmtpListener(options);
    const { server } = listener.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, options.address, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    listener.#port = (server.address() as AddressInfo).port;
    return listener;
  }

  get port(): number {
    return this.#port;
  }

  /** `127.0.0.1[2525]`. */
  get endpoint(): string {
    return `${this.#options.address}[${this.#port}]`;
  }

  status(): NonNullable<MtaStatus['smtp']> {
    return {
      endpoint: this.endpoint,
      sessions: this.#server.connections.size,
      accepted: this.#accepted,
      refused: this.#refused,
    };
  }

  /** The MTA stops: no more sessions. Those that wait for the disk get their answer first. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#server.close();
    for (const session of this.#server.sessions) if (!this.#submitting.has(session)) this.#dismiss(session);
  }

  /** The MTA has ended. No client can make this last longer than half a second. */
  async close(): Promise<void> {
    this.stop();
    const { server } = this.#server;
    await new Promise<void>((resolve) => {
      const grace = setTimeout(() => this.#server.destroySockets(), closeGraceMs);
      const done = (): void => {
        clearTimeout(grace);
        resolve();
      };
      if (server.listening) server.close(done);
      else server.getConnections((_error, count) => (count === 0 ? done() : server.once('close', done)));
    });
  }

  #dismiss(session: string): void {
    this.#server.say(session, 421, `4.3.2 the MTA ${this.#options.mta} is stopping`);
  }

  #requireRunning(code: 421 | 451): void {
    const { mta, driver } = this.#options;
    const { phase } = driver;
    if (phase === 'running' && !this.#stopped) return;
    throw new SmtpAnswer(code, '4.3.2', `the MTA ${mta} is ${phase === 'running' ? 'stopping' : phase}`);
  }

  #mail(from: SMTPServerAddress, { envelope }: SMTPServerSession): void {
    this.#requireRunning(451);
    requireKnownParameters(from, mailParameters);
    // The empty path is that of a report, which nobody reports on.
    if (from.address !== '') requireAddress(from.address, '5.1.7', envelope.smtpUtf8 === true);
  }

  #recipient(to: SMTPServerAddress, { envelope }: SMTPServerSession): void {
    requireKnownParameters(to, new Set());
    const recipients = this.#recipients.get(envelope) ?? [];
    this.#recipients.set(envelope, recipients);
    if (recipients.length >= maxRecipients)
      throw new SmtpAnswer(452, '4.5.3', `a message has at most ${maxRecipients} recipients; send the others in another one`);
    const [domain] = this.#options.localDomains;
    // RFC 5321 4.5.1: the postmaster needs no domain.
    const isPostmaster = to.address.toLowerCase() === 'postmaster' && domain !== undefined;
    const address = isPostmaster ? `${to.address}@${domain}` : to.address;
    requireAddress(address, '5.1.3', envelope.smtpUtf8 === true);
    recipients.push(address);
  }

  async #data(stream: SMTPServerDataStream, session: SMTPServerSession, callback: Callback): Promise<void> {
    try {
      const mtsId = await this.#receive(stream, session);
      this.#accepted += 1;
      callback(null, `2.6.0 accepted as ${mtsId}`);
    } catch (error) {
      this.#refused += 1;
      if (error instanceof SmtpAnswer) callback(error);
      else if (error instanceof SubmitRefused) callback(answerToRefusal(error.refusal, error.message));
      else callback(new SmtpAnswer(451, '4.3.0', (error as Error).message));
    }
    if (this.#stopped) this.#dismiss(session.id);
  }

  /** @returns the MTS identifier. @throws SmtpAnswer, SubmitRefused, or an error if the client has left. */
  async #receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
    const { driver, limits } = this.#options;
    const { envelope } = session;
    const maxBytes = limits.maxMessageBytes;
    const incoming = new IncomingContent(driver, maxBytes, limits.checkpointSizeK * 1024 || defaultRowBytes);
    let handedIn = false;
    try {
      for await (const octets of stream) {
        incoming.write(octets as Buffer);
        // A client that sends without end is not listened to for ever.
        if (incoming.sizeBytes > 2 * maxBytes + defaultRowBytes) this.#hangUp(session.id, tooLong(maxBytes));
      }
      if (incoming.tooLong) throw tooLong(maxBytes);
      if (incoming.bareLineEnd)
        throw new SmtpAnswer(554, '5.6.0', 'a CR or an LF stands alone in the message; lines end in CRLF (RFC 5321 2.3.8)');
      const { priority, received } = readHead(incoming.head);
      if (received > maxReceived)
        throw new SmtpAnswer(554, '5.4.6', `the message has gone round in a loop: it has ${received} Received fields`);
      const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
      const content = incoming.end();
      handedIn = true;
      this.#submitting.add(session.id);
      const { mtsId } = await driver.submit({
        submissionId: `smtp ${session.id} ${session.transaction}`,
        originator: from,
        recipients: this.#recipients.get(envelope) ?? [],
        priority,
        contentType: 'message/rfc822',
        ...content,
      });
      return mtsId;
    } finally {
      this.#submitting.delete(session.id);
      // The driver drops what it refuses.
      if (!handedIn) incoming.drop();
    }
  }

  /** Answer in the middle of the message, and end the session. */
  #hangUp(session: string, { responseCode, message }: SmtpAnswer): void {
    this.#server.say(session, responseCode, message);
    this.#server.say(session, 421, '4.7.0 too many octets after the limit');
  }
}

/** Answers with what the check throws, or accepts. */
function answered(callback: Callback, check: () => void): void {
  try {
    check();
  } catch (error) {
    callback(error as Error);
    return;
  }
  callback();
}
