/**
 * The store of one simulated MTA, with the rules of the real stores. One commit makes all waiting jobs durable, in order. An
 * effect `store` is all or nothing. A submission with a known id stores nothing. A job that frees space never fails, but may
 * have to wait for a later commit. The store keeps names of contents, not octets: a name suffices to compare contents.
 */
import type {
  ContentHandle,
  Effect,
  Input,
  MeasuredContent,
  Recovered,
  StoredMessage,
  StoreEffect,
  StoreFailure,
} from '@mtalab/mta-core';
import { byAge } from '@mtalab/mta-core';

/** The core sends or stores octets that do not fit the contents of this store: a bug of the core, never of the network. */
export class ContentMismatch extends Error {
  override readonly name = 'ContentMismatch';
}

/** A content of this store is damaged, so its octets cannot be sent. */
export class UnreadableContent extends Error {
  override readonly name = 'UnreadableContent';
}

type RecallEffect = Extract<Effect, { type: 'recall' }>;
type RecalledInput = Extract<Input, { type: 'recalled' }>;
export type StoreWork = Extract<Effect, { type: 'store' | 'forget' | 'settle' | 'drop-content' }>;
/** Jobs for the next commit: effects, and contents that clients have submitted. */
export type StoreJob =
  | StoreWork
  | { readonly type: 'put'; readonly content: number; readonly name: string; readonly sizeBytes: number };
export type StoreOutcome = Extract<Input, { type: 'stored' | 'store-failed' | 'forgotten' }>;

/** A content: its name, and how many of its octets are there, counted from its beginning. */
export type Content = { readonly name: string; readonly sizeBytes: number };

/** What a commit reports to the rules. */
export type StoreWatch = {
  /** A submission is durable. */
  readonly submitted: (submissionId: string, mtsId: string) => void;
  readonly accepted: (effect: StoreEffect) => void;
  /** The store is about to erase a copy, and no report replaces it. */
  readonly erased: (message: StoredMessage, copy: StoredMessage['copies'][number]) => void;
};

function damageOf(content: number): string {
  return `content ${content} does not match its checksum`;
}

/** Length of a rendered report, in octets: it grows with the recipients that it lists. */
function reportBytes(recipients: number): number {
  return 400 + 60 * recipients;
}

export class VirtualStore {
  readonly uuid: string;
  incarnation = 0;
  clean = true;
  readonly messages = new Map<number, StoredMessage>();
  readonly contents = new Map<number, Content>();
  /** Contents that cannot be read. */
  readonly damaged = new Set<number>();
  /** Activity ids that were received and are not settled yet, by the sender's store. */
  readonly received = new Map<string, Set<number>>();
  /** All activities ever received, as `store activity`. For the rules. */
  readonly everReceived = new Set<string>();
  readonly submissions = new Map<string, string>();
  /** Copies that are in mailboxes. */
  readonly delivered = new Set<number>();
  readonly #messageOfCopy = new Map<number, number>();
  readonly #watch: StoreWatch;

  constructor(uuid: string, watch: StoreWatch) {
    this.uuid = uuid;
    this.#watch = watch;
  }

  /** What a start finds, with a new incarnation number. Drops contents that belong to no message. */
  begin(): Recovered {
    this.incarnation += 1;
    const { clean } = this;
    this.clean = false;
    for (const content of [...this.contents.keys()]) if (!this.messages.has(content)) this.contents.delete(content);
    const received = [...this.received].filter(([, ids]) => ids.size > 0);
    return {
      incarnation: this.incarnation,
      storeUuid: this.uuid,
      clean,
      messages: byAge(this.messages.values()),
      damaged: [...this.damaged].map((content) => ({ content, detail: damageOf(content) })),
      received: received.map(([sender, ids]) => ({ sender, activities: [...ids] })),
      check: { queues: [], detailsPath: 'check.txt' },
    };
  }

  /** Makes one job durable. @param failure why the disk accepts no new data. @returns the answer to the core, if it waits for one. */
  commit(job: StoreJob, failure: StoreFailure | null): StoreOutcome | null {
    switch (job.type) {
      case 'store':
        if (failure !== null) return this.#failed(job, failure);
        return this.#store(job);
      case 'put':
        this.contents.set(job.content, { name: job.name, sizeBytes: job.sizeBytes });
        return null;
      case 'forget':
        for (const copy of job.copies) this.#forget(copy, true);
        return { type: 'forgotten', token: job.token };
      case 'settle':
        this.#settle(job);
        return null;
      case 'drop-content':
        this.#dropStaged(job.content);
        return null;
    }
  }

  /** Reads messages back, each with one copy alone. */
  recall(copies: RecallEffect['copies']): Pick<RecalledInput, 'found' | 'missing'> {
    const found = copies.flatMap(({ copy, content }) => {
      const message = this.messages.get(content);
      const own = message?.copies.filter(({ id }) => id === copy) ?? [];
      return message === undefined || own.length === 0 ? [] : [{ copy, message: { ...message, copies: own } }];
    });
    const lost = copies.filter(({ copy }) => !found.some((each) => each.copy === copy));
    return { found, missing: lost.map(({ copy, content }) => ({ copy, detail: `content ${content}: its row is gone` })) };
  }

  /** Why this content cannot be read; null if it can. */
  damageOf(content: number): string | null {
    return this.damaged.has(content) ? damageOf(content) : null;
  }

  /**
   * The source of an outgoing piece of content: name and offset, as the receiver gets them.
   * @throws UnreadableContent; ContentMismatch.
   */
  handleFor(handle: ContentHandle): ContentHandle {
    const content = handle.content === undefined ? undefined : this.contents.get(handle.content);
    const offset = handle.offset ?? 0;
    const damage = this.damageOf(handle.content ?? 0);
    if (damage !== null) throw new UnreadableContent(damage);
    if (content === undefined || offset + handle.length > content.sizeBytes) {
      throw new ContentMismatch(
        `Octets ${offset} to ${offset + handle.length} of content ${handle.content} are sent, but not there.`,
      );
    }
    return { length: handle.length, ref: `${content.name}:${offset}` };
  }

  #failed(effect: StoreEffect, failure: StoreFailure): StoreOutcome {
    if (effect.submission !== undefined) for (const { content } of effect.accept) this.#dropStaged(content);
    return { type: 'store-failed', token: effect.token, failure, detail: failure === 'full' ? 'ENOSPC' : 'EIO' };
  }

  #store(effect: StoreEffect): StoreOutcome {
    const { token, submission, received, render } = effect;
    if (submission !== undefined) {
      const known = this.submissions.get(submission.submissionId);
      if (known !== undefined) {
        for (const { content } of effect.accept) this.#dropStaged(content);
        if (render !== undefined) this.#dropStaged(render.facts.subjectContent);
        return { type: 'stored', token, known };
      }
      this.submissions.set(submission.submissionId, submission.mtsId);
      this.#watch.submitted(submission.submissionId, submission.mtsId);
    }
    for (const { content, offset, handle } of effect.segments) this.#piece(content, offset, handle);
    const renderedBytes = render === undefined ? 0 : reportBytes(render.facts.recipients.length);
    const measured: MeasuredContent[] = [];
    for (const message of effect.accept) {
      const isReport = message.content === render?.content;
      measured.push(...this.#accept(message, isReport ? renderedBytes : null));
    }
    if (received !== undefined) {
      this.everReceived.add(`${received.sender} ${received.activity}`);
      const ids = this.received.get(received.sender);
      if (ids === undefined) this.received.set(received.sender, new Set([received.activity]));
      else ids.add(received.activity);
    }
    this.#watch.accepted(effect);
    for (const copy of effect.forget) this.#forget(copy, false);
    if (render !== undefined) this.#dropStaged(render.facts.subjectContent);
    return measured.length === 0 ? { type: 'stored', token } : { type: 'stored', token, measured };
  }

  /** Keeps a message. @returns what the store has measured, if the envelope had no digest: here the name of the content. */
  #accept(message: StoredMessage, renderedBytes: number | null): MeasuredContent[] {
    const { content, envelope, copies } = message;
    if (renderedBytes !== null) this.contents.set(content, { name: `report ${envelope.mtsId}`, sizeBytes: renderedBytes });
    for (const { id } of copies) this.#messageOfCopy.set(id, content);
    const { name, sizeBytes } = this.contents.get(content) ?? { name: '', sizeBytes: envelope.sizeBytes };
    if (envelope.digest !== '') {
      if (envelope.digest !== name)
        throw new ContentMismatch(`The digest of content ${content} names ${envelope.digest}, not ${name}.`);
      this.messages.set(content, message);
      return [];
    }
    this.messages.set(content, { ...message, envelope: { ...envelope, sizeBytes, digest: name } });
    return [{ content, sizeBytes, digest: name }];
  }

  /** Pieces come in order; a piece that starts below the present end replaces everything from its offset on. */
  #piece(content: number, offset: number, handle: ContentHandle): void {
    const at = handle.ref?.lastIndexOf(':') ?? -1;
    const name = handle.ref?.slice(0, at) ?? '';
    const there = this.contents.get(content);
    const fits =
      Number(handle.ref?.slice(at + 1)) === offset && (offset === 0 || (there?.name === name && offset <= there.sizeBytes));
    if (!fits) {
      const found = there === undefined ? 'nothing' : `${there.sizeBytes} octets of ${there.name}`;
      throw new ContentMismatch(`${handle.ref} is stored at octet ${offset} of content ${content}, which has ${found}.`);
    }
    this.contents.set(content, { name, sizeBytes: offset + handle.length });
  }

  #forget(id: number, watched: boolean): void {
    const key = this.#messageOfCopy.get(id);
    const message = key === undefined ? undefined : this.messages.get(key);
    if (message === undefined) return;
    const copy = message.copies.find((each) => each.id === id);
    if (copy === undefined) return;
    if (watched) this.#watch.erased(message, copy);
    this.#messageOfCopy.delete(id);
    const copies = message.copies.filter((each) => each !== copy);
    if (copies.length > 0) {
      this.messages.set(message.content, { ...message, copies });
      return;
    }
    this.messages.delete(message.content);
    this.contents.delete(message.content);
    this.damaged.delete(message.content);
  }

  #settle({ sender, activities, below }: Extract<Effect, { type: 'settle' }>): void {
    const ids = this.received.get(sender);
    if (ids === undefined) return;
    for (const activity of activities) ids.delete(activity);
    if (below !== undefined) for (const id of ids) if (id < below) ids.delete(id);
  }

  #dropStaged(content: number): void {
    if (!this.messages.has(content)) this.contents.delete(content);
  }
}
