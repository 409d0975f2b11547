/** Deliveries under way, how long each message took, and the notices of those that are done. */

import type { DelaySummary } from '../control/status-schema.js';
import type { DeliveryNotice } from '../control/stream-schema.js';
import { mailboxOf } from '../delivery/delivery-sink.js';
import type { EffectOf, InputOf } from './driver-ports.js';

/** Mailboxes whose failures are remembered, and reasons of each; beyond it the oldest mailbox is forgotten. */
const maxFailing = 1000;
const maxReasons = 16;

export class Deliveries {
  readonly #node: string;
  readonly #warn: (text: string) => void;
  /** Reasons reported since the last delivery there, by mailbox. */
  readonly #failing = new Map<string, Set<string>>();
  readonly #underWay = new Map<number, DeliveryNotice>();
  #done: DeliveryNotice[] = [];
  #count = 0;
  #bytes = 0;
  #sumMs = 0;
  #maxMs = 0;

  /** @param warn takes the reason why a mailbox takes no mail: each reason once, until the mailbox takes some. */
  constructor(node: string, warn: (text: string) => void = () => undefined) {
    this.#node = node;
    this.#warn = warn;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  begun(effect: EffectOf<'deliver'>): void {
    const { envelope } = effect;
    this.#underWay.set(effect.copy, {
      t: 0,
      node: this.#node,
      copy: effect.copy,
      mtsId: envelope.mtsId,
      mailbox: mailboxOf(effect.destination),
      originator: envelope.originator,
      priority: envelope.priority,
      contentType: envelope.contentType,
      submittedAtMs: envelope.submittedAtMs,
      delayMs: 0,
      sizeBytes: envelope.sizeBytes,
    });
  }

  /** Octets delivered since the start of the process. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The copy is in its mailbox: counted, and reported after the next commit.
   * @returns how long it took since its submission, ms; null if no such delivery was under way.
   */
  delivered(copy: number, nowMs: number): number | null {
    const notice = this.#underWay.get(copy);
    if (notice === undefined) return null;
    this.#underWay.delete(copy);
    notice.t = nowMs;
    notice.delayMs = Math.max(0, nowMs - notice.submittedAtMs);
    this.#count += 1;
    this.#bytes += notice.sizeBytes;
    this.#sumMs += notice.delayMs;
    if (notice.delayMs > this.#maxMs) this.#maxMs = notice.delayMs;
    this.#done.push(notice);
    if (this.#failing.size > 0) this.#failing.delete(notice.mailbox);
    return notice.delayMs;
  }

  failed({ copy, detail, damaged = false, permanent = false }: InputOf<'deliver-failed'>): void {
    const mailbox = this.#underWay.get(copy)?.mailbox;
    this.#underWay.delete(copy);
    // Nothing is wrong with the mailbox of a damaged message; event 2171 tells of it.
    if (mailbox === undefined || damaged) return;
    const told = this.#failing.get(mailbox) ?? new Set();
    this.#failing.set(mailbox, told);
    if (this.#failing.size > maxFailing) this.#failing.delete(this.#failing.keys().next().value as string);
    // The same reason names another file, or another number, for each message.
    const reason = detail.replace(/'.*'|\d+/gs, '');
    if (told.has(reason) || told.size >= maxReasons) return;
    told.add(reason);
    const next = permanent ? 'It is reported on' : 'It is tried again, and reported on when that does not help';
    this.#warn(`Mail for ${mailbox} cannot be delivered: ${detail}. ${next}.`);
  }

  /**
   * Notices of what was delivered since the last call. Taken after a commit, because a ledger's rows are part of it: a
   * notice must never speak of what a crash can still undo.
   */
  take(): readonly DeliveryNotice[] {
    if (this.#done.length === 0) return this.#done;
    const done = this.#done;
    this.#done = [];
    return done;
  }

  delays(): DelaySummary {
    return { count: this.#count, meanMs: this.#count === 0 ? 0 : this.#sumMs / this.#count, maxMs: this.#maxMs };
  }
}
