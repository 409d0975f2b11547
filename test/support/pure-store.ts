/** The store of an MTA on virtual time. It survives the MTA's end, and the core cannot tell it from a real store. */
import {
  byAge,
  type Effect,
  type Input,
  type MeasuredContent,
  type Mta,
  type Recovered,
  receivedOf,
  type StoredMessage,
  type StoreEffect,
} from '@mtalab/mta-core';

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
  /** Contents that were set aside, by key. */
  readonly setAside: number[] = [];
  /** Contents that cannot be read, by key. */
  readonly damaged = new Set<number>();
  readonly #submissions = new Map<string, string>();

  constructor(name: string) {
    this.uuid = `store-of-${name}`;
  }

  /** Starts a new incarnation, removes the mark of a clean stop, and returns the recovered state. */
  begin(): Recovered {
    this.incarnation += 1;
    const { clean } = this;
    this.clean = false;
    return {
      incarnation: this.incarnation,
      storeUuid: this.uuid,
      clean,
      messages: byAge(this.messages.values()),
      ...(this.damaged.size === 0 ? {} : { damaged: [...this.damaged].map((content) => ({ content, detail: 'bad sector' })) }),
      received: [...this.received].map(([sender, activities]) => ({ sender, activities: [...activities] })),
      check: { queues: this.#queues(), detailsPath: 'check.txt' },
    };
  }

  /** The queues that are not empty, and always that of the mailboxes. */
  #queues(): { readonly queue: string; readonly file: string }[] {
    const copies = [...this.messages.values()].flatMap((message) => message.copies);
    const names = copies.map(({ destination }) => (destination.to === 'mta' ? destination.mta : 'mailboxes'));
    return [...new Set(['mailboxes', ...names])].map((queue) => ({ queue, file: this.uuid }));
  }

  /** Reads messages back, each with one copy alone. */
  recall(copies: Extract<Effect, { type: 'recall' }>['copies']): Pick<Extract<Input, { type: 'recalled' }>, 'found' | 'missing'> {
    const found = copies.flatMap(({ copy, content }) => {
      const message = this.messages.get(content);
      return message === undefined
        ? []
        : [{ copy, message: { ...message, copies: message.copies.filter(({ id }) => id === copy) } }];
    });
    return { found, missing: [] };
  }

  /** @returns the MTS identifier of an earlier message with the same submission id, or what the store has measured. */
  commit(effect: StoreEffect): { readonly known: string } | { readonly measured?: readonly MeasuredContent[] } {
    const { submission, received, render } = effect;
    if (submission !== undefined) {
      const known = this.#submissions.get(submission.submissionId);
      if (known !== undefined) return { known };
      this.#submissions.set(submission.submissionId, submission.mtsId);
    }
    const measured: MeasuredContent[] = [];
    for (const message of effect.accept) {
      const { content, envelope } = message;
      const found = this.#measure(message, render?.content === content);
      this.messages.set(content, found === null ? message : { ...message, envelope: { ...envelope, ...found } });
      if (found !== null) measured.push({ content, ...found });
    }
    if (received !== undefined) {
      this.received.set(received.sender, (this.received.get(received.sender) ?? new Set()).add(received.activity));
    }
    if (effect.setAside !== undefined) this.setAside.push(effect.setAside.content);
    this.forget(effect.forget);
    return measured.length === 0 ? {} : { measured };
  }

  /** Length and digest of a content whose envelope has no digest. The digest is the name of the message: there are no octets. */
  #measure({ envelope }: StoredMessage, isReport: boolean): { readonly sizeBytes: number; readonly digest: string } | null {
    if (envelope.digest !== '') return null;
    return { sizeBytes: isReport ? renderedBytes : envelope.sizeBytes, digest: `digest of ${envelope.mtsId}` };
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
const renderedBytes = 500;
