/** What survives the end of an MTA on virtual time: the store, as far as the core can tell it from a real one. */
import { type Effect, type Mta, type Recovered, receivedOf, type StoredMessage, type StoreEffect } from '@mtalab/mta-core';

/** `store` and `forget` effects wait for the disk. */
export type PendingEffect = Extract<Effect, { type: 'store' | 'forget' }>;

export class PureStore {
  readonly uuid: string;
  incarnation = 0;
  clean = true;
  /** By content key. */
  readonly messages = new Map<number, StoredMessage>();
  /** Activity ids received and not yet settled, by the sender's store. */
  readonly received = new Map<string, Set<number>>();
  readonly #submissions = new Map<string, string>();

  constructor(name: string) {
    this.uuid = `store-of-${name}`;
  }

  /** What a start finds, and a new incarnation. The mark of a clean stop goes. */
  begin(): Recovered {
    this.incarnation += 1;
    const { clean } = this;
    this.clean = false;
    return {
      incarnation: this.incarnation,
      storeUuid: this.uuid,
      clean,
      messages: [...this.messages.values()],
      received: [...this.received].map(([sender, activities]) => ({ sender, activities: [...activities] })),
      check: { queues: this.#queues(), detailsPath: 'check.txt' },
    };
  }

  /** Those with something in them, and the mailboxes' own. */
  #queues(): { readonly queue: string; readonly file: string }[] {
    const copies = [...this.messages.values()].flatMap((message) => message.copies);
    const names = copies.map(({ destination }) => (destination.to === 'mta' ? destination.mta : 'mailboxes'));
    return [...new Set(['mailboxes', ...names])].map((queue) => ({ queue, file: this.uuid }));
  }

  /** @returns the MTS identifier under which this submission is known already. */
  commit(effect: StoreEffect): string | undefined {
    const { submission, received, render } = effect;
    if (submission !== undefined) {
      const known = this.#submissions.get(submission.submissionId);
      if (known !== undefined) return known;
      this.#submissions.set(submission.submissionId, submission.mtsId);
    }
    for (const message of effect.accept) {
      const isReport = message.content === render?.content;
      this.messages.set(
        message.content,
        isReport ? { ...message, envelope: { ...message.envelope, sizeBytes: renderedBytes } } : message,
      );
    }
    if (received !== undefined) {
      this.received.set(received.sender, (this.received.get(received.sender) ?? new Set()).add(received.activity));
    }
    this.forget(effect.forget);
    return undefined;
  }

  forget(copies: readonly number[]): void {
    for (const [key, message] of this.messages) {
      const left = message.copies.filter((copy) => !copies.includes(copy.id));
      if (left.length === 0) this.messages.delete(key);
      else if (left.length < message.copies.length) this.messages.set(key, { ...message, copies: left });
    }
  }

  settle(effect: Extract<Effect, { type: 'settle' }>): void {
    const received = this.received.get(effect.sender);
    for (const activity of [...(received ?? [])]) {
      const below = effect.below !== undefined && activity < effect.below;
      if (below || effect.activities.includes(activity)) received?.delete(activity);
    }
  }

  /** Does the MTA remember the same received activities as the store? */
  agreesWith(mta: Mta): boolean {
    const senders = new Set([...this.received.keys(), ...Object.keys(mta.senders)]);
    return [...senders].every((sender) => {
      const known = [...(this.received.get(sender) ?? [])];
      const intervals = receivedOf(mta, sender);
      const count = intervals.reduce((sum, [low, high]) => sum + high - low + 1, 0);
      return count === known.length && known.every((id) => intervals.some(([low, high]) => low <= id && id <= high));
    });
  }
}

/** Length of every report: this store renders nothing. */
export const renderedBytes = 500;
