/** Connections to the smart host, to which mail is delivered over SMTP. They are few, and used again. */
import type { Readable } from 'node:stream';
// The client is loaded when there is something to deliver with it: it takes 20 ms.
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import PQueue from 'p-queue';

/** Where mail is delivered to. */
export type SmartHostSettings = {
  /** Host name or IP address. */
  readonly host: string;
  readonly port: number;
  /** Connections at one time. Default 10. */
  readonly connections?: number;
};

export type SmartHostMail = {
  readonly from: string;
  readonly to: string;
  readonly sizeBytes: number;
  /** Has the content octets above 127? Asked for only if the host does not say that it takes them. */
  readonly isEightBit: () => boolean;
  /** The octets, from the start. `begun` is called when the first ones are wanted. */
  readonly content: (begun: () => void) => Readable;
};

/** The smart host has not taken a message. `permanent`: it would not take it another time either. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken';
  readonly permanent: boolean;
  constructor(permanent: boolean, message: string, options?: ErrorOptions) {
    super(message, options);
    this.permanent = permanent;
  }
}

const defaultConnections = 10;
/** Real time limits, in milliseconds. RFC 5321 4.5.3.2 asks for five minutes at most commands, and for ten after the last dot. */
const connectionTimeoutMs = 30_000;
const socketTimeoutMs = 600_000;
/** Real time that a connection without work stays open. */
const idleMs = 5000;
/** Longest answer that is read. */
const maxAnswerBytes = 65_536;
/** Longest answer that is told, in characters. */
const maxToldLength = 300;

type Failure = Error & { readonly code?: string; readonly response?: string; readonly responseCode?: number };

function told(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, maxToldLength);
}

/** One connection, past its greeting. */
class Session {
  readonly connection: SMTPConnection;
  /** The answer to EHLO. */
  readonly extensions: string;
  /** It can carry another message. */
  usable = true;
  idleTimer: NodeJS.Timeout | undefined;

  constructor(connection: SMTPConnection) {
    this.connection = connection;
    this.extensions = connection.lastServerResponse === false ? '' : connection.lastServerResponse;
    const over = (): void => {
      this.usable = false;
    };
    connection.on('error', over);
    connection.on('end', over);
  }

  offers(extension: string): boolean {
    return new RegExp(`^250[ -]${extension}\\b`, 'im').test(this.extensions);
  }

  end(): void {
    clearTimeout(this.idleTimer);
    if (this.usable) this.connection.quit();
    this.usable = false;
  }

  /** What is under way fails. */
  destroy(): void {
    clearTimeout(this.idleTimer);
    this.usable = false;
    this.connection.close();
  }
}

export class SmartHost {
  readonly #settings: SmartHostSettings;
  readonly #name: string | undefined;
  readonly #queue: PQueue;
  readonly #idle: Session[] = [];
  readonly #busy = new Set<Session>();
  readonly #dialling = new Set<SMTPConnection>();
  #closed = false;

  /** @param name what this side calls itself in EHLO; the name of the machine if undefined. */
  constructor(settings: SmartHostSettings, name: string | undefined) {
    this.#settings = settings;
    this.#name = name;
    this.#queue = new PQueue({ concurrency: settings.connections ?? defaultConnections });
  }

  /** `127.0.0.1[25]`. */
  get place(): string {
    return `${this.#settings.host}[${this.#settings.port}]`;
  }

  /** Resolves when the host has taken the message. @throws NotTaken, or what reading the content throws. */
  send(mail: SmartHostMail): Promise<void> {
    return this.#queue.add(() => this.#send(mail)) as Promise<void>;
  }

  onIdle(): Promise<void> {
    return this.#queue.onIdle();
  }

  /** Begin no more messages. */
  stop(): void {
    this.#closed = true;
    this.#queue.clear();
    for (const session of this.#idle.splice(0)) session.end();
  }

  /** End every connection. Messages under way fail, though the host may have taken them. */
  destroy(): void {
    this.stop();
    for (const connection of this.#dialling) connection.close();
    for (const session of this.#busy) session.destroy();
  }

  async #send(mail: SmartHostMail): Promise<void> {
    for (;;) {
      const old = this.#oldSession();
      const session = old ?? (await this.#connect());
      if (this.#closed) {
        session.end();
        throw new NotTaken(false, 'the MTA has ended');
      }
      this.#busy.add(session);
      let begun = false;
      try {
        await this.#sendOver(session, mail, () => {
          begun = true;
        });
        this.#rest(session);
        return;
      } catch (error) {
        session.destroy();
        // The host may have ended a connection that had no work. Nothing of the message has left then.
        if (old !== undefined && !begun && (error as { answered?: boolean }).answered === false && !this.#closed) continue;
        throw error;
      } finally {
        this.#busy.delete(session);
      }
    }
  }

  #oldSession(): Session | undefined {
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      clearTimeout(session.idleTimer);
      if (session.usable) return session;
    }
    return undefined;
  }

  #rest(session: Session): void {
    if (!session.usable) return;
    if (this.#closed) {
      session.end();
      return;
    }
    session.idleTimer = setTimeout(() => {
      this.#idle.splice(this.#idle.indexOf(session), 1);
      session.end();
    }, idleMs);
    this.#idle.push(session);
  }

  async #connect(): Promise<Session> {
    const { default: Connection } = await import('nodemailer/lib/smtp-connection');
    const connection = new Connection({
      host: this.#settings.host,
      port: this.#settings.port,
      secure: false,
      ignoreTLS: true,
      connectionTimeout: connectionTimeoutMs,
      greetingTimeout: connectionTimeoutMs,
      socketTimeout: socketTimeoutMs,
      maxResponseSize: maxAnswerBytes,
      socketCloseTimeout: 500,
      logger: false,
      ...(this.#name === undefined ? {} : { name: this.#name }),
    });
    this.#dialling.add(connection);
    try {
      return await new Promise<Session>((resolve, reject) => {
        connection.on('error', reject);
        connection.once('end', () => reject(new Error('the connection ended')));
        connection.connect((error) => (error === undefined ? resolve(new Session(connection)) : reject(error)));
      });
    } catch (error) {
      connection.close();
      const { message, response } = error as Failure;
      const what = response === undefined ? `cannot be reached: ${told(message)}` : `answered ${told(response)}`;
      throw new NotTaken(false, `the smart host ${this.place} ${what}`, { cause: error });
    } finally {
      this.#dialling.delete(connection);
    }
  }

  async #sendOver(session: Session, mail: SmartHostMail, begun: () => void): Promise<void> {
    const { from, to, sizeBytes } = mail;
    if (/[^\x20-\x7e]/.test(from + to) && !session.offers('SMTPUTF8')) throw this.#lacks('SMTPUTF8', 'an address needs it');
    const eightBit = session.offers('8BITMIME');
    if (!eightBit && mail.isEightBit()) throw this.#lacks('8BITMIME', 'the content has octets above 127');
    const content = mail.content(begun);
    let damage: unknown;
    content.once('error', (error) => {
      damage = error;
    });
    await new Promise<void>((resolve, reject) => {
      const lost = (): void => reject(Object.assign(new Error('the connection ended'), { answered: false }));
      session.connection.once('error', reject);
      session.connection.once('end', lost);
      session.connection.send({ from, to: [to], size: sizeBytes, use8BitMime: eightBit }, content, (error) => {
        session.connection.removeListener('error', reject);
        session.connection.removeListener('end', lost);
        if (error === null) resolve();
        else reject(error);
      });
    }).catch((error: Failure) => {
      content.destroy();
      throw damage ?? this.#notTaken(error);
    });
  }

  #lacks(extension: string, why: string): NotTaken {
    return new NotTaken(true, `the smart host ${this.place} does not offer ${extension}, and ${why}`);
  }

  #notTaken(error: Failure): NotTaken {
    const { code, responseCode, response, message } = error;
    if (responseCode !== undefined && response !== undefined) {
      // 503 speaks of the session, not of the message.
      const permanent = responseCode >= 500 && responseCode !== 503;
      return new NotTaken(permanent, `the smart host ${this.place} answered ${told(response)}`, { cause: error });
    }
    // The client itself has found that the host will not take such an address, or such a size.
    const permanent = code === 'EENVELOPE' || code === 'EMESSAGE';
    const made = new NotTaken(permanent, `the smart host ${this.place}: ${told(message)}`, { cause: error });
    return Object.assign(made, { answered: permanent });
  }
}
