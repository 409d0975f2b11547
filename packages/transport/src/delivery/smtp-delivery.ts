/**
 * Delivers over SMTP to a smart host. The content leaves as it is, and line ends that are none in SMTP become CRLF. SMTP knows no
 * exactly once: a crash between the host's answer and this side's commit repeats the message.
 */
import { Readable } from 'node:stream';
import type { LedgerEntry } from '../store/store.js';
import type { DeliverEffect, Delivery, DeliveryInput } from './delivery-sink.js';
import { mailboxOf } from './delivery-sink.js';
import { DigestCheck, deliveryFailure } from './digest-check.js';
import { SmartHost, type SmartHostSettings } from './smart-host.js';

/** Content is read in pieces of this length. */
const pieceBytes = 64 * 1024;
/** Real time that a close gives deliveries under way to hear their answer. */
const closeGraceMs = 1000;

export type SmtpDeliveryOptions = {
  readonly smartHost: SmartHostSettings;
  /** What this side calls itself in EHLO. Default: the name of the machine. */
  readonly name?: string | undefined;
  readonly store: {
    readContent(content: number, offset: number, length: number): Uint8Array;
    record(entry: LedgerEntry): void;
    inLedger(copy: number): boolean;
  };
  /** Where dead letters go: they have no address. */
  readonly deadLetters: Delivery;
  readonly input: (input: DeliveryInput) => void;
};

export class SmtpDelivery implements Delivery {
  readonly #options: SmtpDeliveryOptions;
  readonly #host: SmartHost;
  /** Copies whose delivery is not reported yet. */
  readonly #underWay = new Set<number>();
  #closed = false;

  constructor(options: SmtpDeliveryOptions) {
    this.#options = options;
    this.#host = new SmartHost(options.smartHost, options.name);
  }

  get pending(): number {
    return this.#underWay.size + this.#options.deadLetters.pending;
  }

  deliver(effect: DeliverEffect): void {
    if (this.#closed || this.#underWay.has(effect.copy)) return;
    if (effect.destination.to === 'dead-letter') {
      this.#options.deadLetters.deliver(effect);
      return;
    }
    // The host had taken it when the MTA ended, before the copy was forgotten.
    if (this.#options.store.inLedger(effect.copy)) {
      this.#options.input({ type: 'delivered', copy: effect.copy });
      return;
    }
    this.#underWay.add(effect.copy);
    void this.#carryOut(effect);
  }

  async idle(): Promise<void> {
    await this.#host.onIdle();
    await this.#options.deadLetters.idle();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#host.stop();
    const grace = setTimeout(() => this.#host.destroy(), closeGraceMs);
    await Promise.all([this.#host.onIdle(), this.#options.deadLetters.close()]);
    clearTimeout(grace);
    this.#host.destroy();
    this.#underWay.clear();
  }

  async #carryOut(effect: DeliverEffect): Promise<void> {
    const { copy } = effect;
    let outcome: DeliveryInput;
    try {
      await this.#send(effect);
      outcome = { type: 'delivered', copy };
    } catch (error) {
      outcome = deliveryFailure(copy, error);
    }
    this.#underWay.delete(copy);
    if (!this.#closed) this.#options.input(outcome);
  }

  async #send({ copy, content, destination, envelope }: DeliverEffect): Promise<void> {
    const { mtsId, originator, sizeBytes, submittedAtMs } = envelope;
    const mailbox = mailboxOf(destination);
    let sha256: Uint8Array = new Uint8Array(32);
    const octets = (): Generator<Uint8Array> => this.#pieces(content, sizeBytes);
    const checked = function* (begun: () => void): Generator<Uint8Array> {
      begun();
      const check = new DigestCheck(content, envelope);
      for (const piece of octets()) {
        check.update(piece);
        yield piece;
      }
      // A content that is not what its digest says ends in an error, so that the host never gets the last dot.
      sha256 = check.end();
    };
    const isEightBit = (): boolean => {
      for (const piece of octets()) if (piece.some((octet) => octet > 127)) return true;
      return false;
    };
    await this.#host.send({ from: originator, to: mailbox, sizeBytes, isEightBit, content: (begun) => readable(checked(begun)) });
    // It joins the commit that forgets the copy, or an earlier one. After a close it is all that tells of the delivery.
    this.#options.store.record({ copy, mtsId, mailbox, sizeBytes, submittedAtMs, sha256 });
  }

  *#pieces(content: number, sizeBytes: number): Generator<Uint8Array> {
    const { store } = this.#options;
    for (let at = 0; at < sizeBytes; at += pieceBytes) yield store.readContent(content, at, Math.min(pieceBytes, sizeBytes - at));
  }
}

function readable(pieces: Iterable<Uint8Array>): Readable {
  return Readable.from(pieces, { objectMode: false });
}
