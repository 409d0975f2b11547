/** The rules of the store, for any medium: queueing, group commit, failure, limits, and what belongs to what. */
import type { MeasuredContent, Recovered, StoredMessage, StoreEffect, StoreFailure } from '@mtalab/mta-core';
import type { Backend } from './backend.js';
import type { Held, HeldCopies } from './held-copies.js';
import { messageOf, messageRow } from './message-row.js';
import { contentsOf, lastOf, type Operation, octetsBehind } from './queued-operation.js';
import { keptBytes, recover } from './recover.js';
import type {
  LedgerEntry,
  LedgerRow,
  LedgerSummary,
  RecalledCopies,
  Store,
  StoreCounts,
  StoreOptions,
  StoreOutcome,
  StoreWork,
} from './store.js';
import { DamagedContent, defaultMaxSubmissionIds, minFreeBytes, StoreError, subjectHeadBytes } from './store.js';
import { mostReadAheadBytes, Refusal, StoreContents } from './store-contents.js';

const maxLedgerRows = 10_000;
const noOctets = new Uint8Array(0);

export class BatchStore implements Store {
  #recovered: Recovered;
  readonly #backend: Backend;
  readonly #options: StoreOptions;
  readonly #contents: StoreContents;
  readonly #copies: HeldCopies;
  readonly #submissions: Map<string, number>;
  #nextSubmission: number;
  /** Submission ids below this number are forgotten already, here; the next commit erases them. */
  #pruneBelow: number | null = null;
  #sizeBytes: number;
  #messages: number;
  #queue: Operation[] = [];
  /** How to take back what the transaction in progress has changed in memory, oldest first. */
  #undo: (() => void)[] = [];
  /** Free disk at the start of this commit, less what it has taken. */
  #freeBytes = Number.POSITIVE_INFINITY;
  /** Has there been a commit? What the start found is then no longer what there is. */
  #isWritten = false;
  #closed = false;

  constructor(backend: Backend, options: StoreOptions) {
    const found = recover(backend);
    this.#backend = backend;
    this.#options = options;
    this.#contents = new StoreContents(backend);
    this.#recovered = found.recovered;
    this.#copies = found.copies;
    this.#submissions = found.submissions;
    this.#sizeBytes = found.sizeBytes;
    this.#messages = found.messages;
    this.#nextSubmission = lastOf(found.submissions.values()) + 1;
    this.#prune();
  }

  get recovered(): Recovered {
    return this.#recovered;
  }

  apply(effect: StoreWork): void {
    this.#mustBeOpen();
    if (effect.type === 'drop-content') this.#contents.hide(effect.content);
    if (effect.type !== 'store') {
      this.#queue.push(effect);
      return;
    }
    const octets = effect.segments.map(({ handle }) => octetsBehind(handle, this.#options.octetsOf));
    effect.segments.forEach(({ content, offset }, index) => {
      const found = octets[index];
      if (found instanceof Uint8Array) this.#contents.showPiece(content, { offset, octets: found });
    });
    this.#queue.push({ type: 'store', effect, octets });
  }

  putContent(content: number, offset: number, octets: Uint8Array): void {
    this.#mustBeOpen();
    this.#contents.showPiece(content, { offset, octets });
    this.#queue.push({ type: 'put', content, offset, octets });
  }

  record(entry: LedgerEntry): void {
    this.#mustBeOpen();
    this.#queue.push({ type: 'record', entry });
  }

  commit(): StoreOutcome[] {
    if (this.#queue.length === 0) return [];
    this.#mustBeOpen();
    const queue = this.#queue;
    this.#queue = [];
    this.#freeBytes = this.#askFreeBytes();
    const together = this.#attempt(queue);
    const outcomes = together instanceof Error ? this.#oneByOne(queue) : together;
    this.#contents.clearOverlay();
    this.#prune();
    this.#copies.compact();
    // The core has long read it, and it is as large as the backlog was.
    if (!this.#isWritten) this.#recovered = { ...this.#recovered, messages: [], received: [] };
    this.#isWritten = true;
    return outcomes;
  }

  readContent(content: number, offset: number, length: number): Uint8Array {
    this.#mustBeOpen();
    return this.#contents.read(content, offset, length);
  }

  recall(copies: Parameters<Store['recall']>[0]): RecalledCopies {
    this.#mustBeOpen();
    const found: RecalledCopies['found'][number][] = [];
    const missing: RecalledCopies['missing'][number][] = [];
    for (const { copy, content } of copies) {
      const message = this.#messageOf(content);
      if (typeof message !== 'string') {
        found.push({ copy, message: { ...message, copies: message.copies.filter(({ id }) => id === copy) } });
        continue;
      }
      // The next start looks at everything, and sets it aside.
      this.#backend.noteDamage();
      missing.push({ copy, detail: `content ${content}: ${message}` });
    }
    return { found, missing };
  }

  /** A message that is kept, or what is wrong with its row. */
  #messageOf(content: number): StoredMessage | string {
    try {
      const head = this.#backend.headWithOctets(content, mostReadAheadBytes);
      if (head === undefined) return 'its row is gone';
      // It is sent on next, and one look at a row costs less than two.
      if (head.octets !== null) this.#contents.keepRead(content, { sum: head.sum, octets: head.octets });
      return messageOf(head);
    } catch (error) {
      return `the store cannot read its row: ${(error as Error).message}`;
    }
  }

  sizeBytes(): number {
    return this.#sizeBytes;
  }

  full(): string | null {
    this.#freeBytes = this.#askFreeBytes();
    return this.#noRoomFor(0);
  }

  counts(): StoreCounts {
    return {
      messages: this.#messages,
      copies: this.#copies.size,
      staged: this.#contents.stagedCount,
      submissionIds: this.#submissions.size,
      queued: this.#queue.length,
    };
  }

  ledger(afterRow: number, limit: number): LedgerRow[] {
    this.#mustBeOpen();
    return this.#backend.ledger(afterRow, Math.max(0, Math.min(limit, maxLedgerRows)));
  }

  inLedger(copy: number): boolean {
    this.#mustBeOpen();
    return this.#backend.inLedger(copy);
  }

  ledgerSummary(): LedgerSummary {
    this.#mustBeOpen();
    return this.#backend.ledgerSummary();
  }

  close(clean: boolean): void {
    if (this.#closed) return;
    this.commit();
    // What could not be written is found undone at the next start, which must then look closely.
    const orderly = clean && this.#queue.length === 0;
    this.#closed = true;
    this.#backend.close(orderly);
  }

  /** One transaction over these operations; the error if it had to be undone. */
  #attempt(operations: readonly Operation[]): StoreOutcome[] | Error {
    const staged = this.#contents.snapshot();
    const sizeBytes = this.#sizeBytes;
    const messages = this.#messages;
    const nextSubmission = this.#nextSubmission;
    this.#undo = [];
    try {
      this.#backend.begin();
      const outcomes: StoreOutcome[] = [];
      for (const operation of operations) {
        const outcome = this.#execute(operation);
        if (outcome !== null) outcomes.push(outcome);
      }
      this.#contents.flush();
      if (this.#pruneBelow !== null) this.#backend.deleteSubmissionsBelow(this.#pruneBelow);
      this.#backend.commit();
      this.#pruneBelow = null;
      return outcomes;
    } catch (error) {
      this.#backend.rollback();
      for (let index = this.#undo.length - 1; index >= 0; index -= 1) this.#undo[index]?.();
      this.#contents.restore(staged);
      this.#sizeBytes = sizeBytes;
      this.#messages = messages;
      this.#nextSubmission = nextSubmission;
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      this.#undo = [];
    }
  }

  #oneByOne(queue: readonly Operation[]): StoreOutcome[] {
    const outcomes: StoreOutcome[] = [];
    const carried: Operation[] = [];
    for (const operation of queue) {
      const refusable = operation.type === 'store' || operation.type === 'put';
      // A ledger line and the erasure of its copy must not change places, so the first that fails holds up the rest.
      if (!refusable && carried.length > 0) {
        carried.push(operation);
        continue;
      }
      const result = this.#attempt([operation]);
      if (!(result instanceof Error)) {
        outcomes.push(...result);
      } else if (!refusable) {
        carried.push(operation);
      } else {
        const failure = this.#failureOf(result);
        if (operation.type === 'put') this.#contents.spoil(operation.content, failure, result.message);
        else outcomes.push({ type: 'store-failed', token: operation.effect.token, failure, detail: result.message });
        if (operation.type === 'store') this.#dropUpload(operation.effect);
      }
    }
    this.#queue = [...carried, ...this.#queue];
    return outcomes;
  }

  #failureOf(error: Error): StoreFailure {
    if (error instanceof Refusal) return error.failure;
    return error instanceof DamagedContent ? 'damaged' : this.#backend.failureOf(error);
  }

  /** The upload of a submission that failed is of no use any more. */
  #dropUpload(effect: StoreEffect): void {
    if (effect.submission === undefined) return;
    for (const content of contentsOf(effect)) this.#queue.push({ type: 'drop-content', content });
  }

  #execute(operation: Operation): StoreOutcome | null {
    switch (operation.type) {
      case 'store':
        return this.#store(operation.effect, operation.octets);
      case 'put': {
        const { content, offset, octets } = operation;
        const noRoom = this.#noRoomFor(octets.length);
        if (noRoom === null) this.#grow(this.#contents.put(content, { offset, octets }));
        else this.#contents.spoil(content, 'full', noRoom);
        return null;
      }
      case 'record':
        this.#backend.putLedger(operation.entry);
        return null;
      case 'forget':
        for (const copy of operation.copies) this.#forget(copy);
        return { type: 'forgotten', token: operation.token };
      case 'settle':
        for (const activity of operation.activities) this.#backend.deleteReceived(operation.sender, activity);
        if (operation.below !== undefined) this.#backend.deleteReceivedBelow(operation.sender, operation.below);
        return null;
      case 'drop-content':
        this.#sizeBytes -= this.#contents.drop(operation.content);
        return null;
    }
  }

  #store(effect: StoreEffect, octets: readonly (Uint8Array | string)[]): StoreOutcome {
    const { token, submission, received } = effect;
    const seq = submission === undefined ? undefined : this.#submissions.get(submission.submissionId);
    if (seq !== undefined) {
      for (const content of contentsOf(effect)) this.#sizeBytes -= this.#contents.drop(content);
      return { type: 'stored', token, known: this.#backend.mtsIdOf(seq) };
    }
    const refused = this.#refusalOf(effect, octets);
    if (refused !== null) {
      if (submission !== undefined) for (const content of contentsOf(effect)) this.#sizeBytes -= this.#contents.drop(content);
      return { type: 'store-failed', token, ...refused };
    }
    effect.segments.forEach(({ content, offset }, index) => {
      this.#grow(this.#contents.put(content, { offset, octets: octets[index] as Uint8Array }));
    });
    if (effect.setAside !== undefined) this.#backend.keepAside(effect.setAside.content, effect.setAside.detail);
    const report = effect.render === undefined ? null : this.#render(effect.render, effect.setAside?.content);
    const measured: MeasuredContent[] = [];
    for (const message of effect.accept) {
      const found = this.#accept(message, effect.render?.content === message.content ? report : null);
      if (found !== null) measured.push(found);
    }
    if (submission !== undefined) this.#remember(submission);
    if (received !== undefined) this.#backend.putReceived(received.sender, received.activity);
    for (const copy of effect.forget) this.#forget(copy);
    // A subject that became no message (it had no recipient with a route) has served its purpose.
    if (effect.render !== undefined) this.#sizeBytes -= this.#contents.drop(effect.render.facts.subjectContent);
    return measured.length === 0 ? { type: 'stored', token } : { type: 'stored', token, measured };
  }

  /** What can be seen to fail before anything is written: so a full store does not cost its neighbours their transaction. */
  #refusalOf(effect: StoreEffect, octets: readonly (Uint8Array | string)[]): { failure: StoreFailure; detail: string } | null {
    let newBytes = 0;
    for (const part of octets) {
      if (typeof part === 'string') return { failure: 'io', detail: part };
      newBytes += part.length;
    }
    for (const content of contentsOf(effect)) {
      const failure = this.#contents.staged(content)?.failure;
      if (failure) return failure;
    }
    // A report takes the place of what it reports on: refusing it would keep the store full.
    const takesIn = effect.submission !== undefined || effect.received !== undefined || effect.segments.length > 0;
    const noRoom = takesIn ? this.#noRoomFor(newBytes) : null;
    return noRoom === null ? null : { failure: 'full', detail: noRoom };
  }

  /** A report quotes nothing of a damaged subject. @param setAside the content that is set aside already. */
  #render({ facts }: NonNullable<StoreEffect['render']>, setAside: number | undefined): Uint8Array {
    return this.#options.render(facts, setAside === facts.subjectContent ? noOctets : this.#headOf(facts.subjectContent));
  }

  #headOf(content: number): Uint8Array {
    try {
      return this.#contents.head(content, subjectHeadBytes);
    } catch (error) {
      if (!(error instanceof DamagedContent)) throw error;
      // The message ends for another reason. What can be read of it is kept all the same.
      this.#backend.keepAside(content, error.message);
      return noOctets;
    }
  }

  /** Keep a message. @returns its length and digest, if the envelope had no digest. @throws Refusal, DamagedContent */
  #accept(message: StoredMessage, report: Uint8Array | null): MeasuredContent | null {
    const { content, copies } = message;
    if (report !== null) this.#grow(this.#contents.put(content, { offset: 0, octets: report }));
    const { row, measured } = messageRow(this.#contents, message, report?.length ?? null);
    this.#backend.putMessage(row);
    const bytes = keptBytes(row);
    const held: Held = { content, bytes, pieces: row.octets === null, left: copies.length, gone: [] };
    this.#grow(bytes - row.sizeBytes);
    this.#messages += 1;
    for (const { id } of copies) {
      if (this.#copies.has(id)) throw new Refusal('io', `copy ${id} is stored already`);
      this.#copies.set(id, held);
      this.#undo.push(() => this.#copies.delete(id));
    }
    return measured;
  }

  #forget(copy: number): void {
    const held = this.#copies.get(copy);
    if (held === undefined) return;
    const { content, gone } = held;
    this.#copies.delete(copy);
    held.left -= 1;
    this.#undo.push(() => {
      this.#copies.set(copy, held);
      held.left += 1;
      held.gone = gone;
    });
    // A row on a damaged page cannot be erased: then it stays, as a message without copies.
    if (held.left > 0 || !this.#backend.deleteMessage(content)) {
      this.#backend.putGone(copy, content);
      held.gone = [...gone, copy];
      if (held.left > 0) return;
    } else for (const other of gone) this.#backend.deleteGone(other);
    if (held.pieces) this.#backend.deletePieces(content, 0);
    this.#contents.erased(content);
    this.#sizeBytes -= held.bytes;
    this.#messages -= 1;
  }

  #remember(submission: NonNullable<StoreEffect['submission']>): void {
    const { submissionId, mtsId } = submission;
    const seq = this.#nextSubmission;
    this.#nextSubmission += 1;
    this.#backend.putSubmission(seq, submissionId, mtsId);
    this.#submissions.set(submissionId, seq);
    this.#undo.push(() => this.#submissions.delete(submissionId));
  }

  /** Forget the oldest submission ids above the limit. They leave the disk with the next commit. */
  #prune(): void {
    const most = this.#options.maxSubmissionIds ?? defaultMaxSubmissionIds;
    if (this.#submissions.size <= most) return;
    for (const [id, seq] of this.#submissions) {
      if (this.#submissions.size <= most) break;
      this.#submissions.delete(id);
      this.#pruneBelow = seq + 1;
    }
  }

  #grow(bytes: number): void {
    this.#sizeBytes += bytes;
    this.#freeBytes -= bytes;
  }

  #noRoomFor(bytes: number): string | null {
    const most = this.#options.maxStoreBytes ?? Number.POSITIVE_INFINITY;
    if (this.#sizeBytes + bytes > most || (bytes === 0 && this.#sizeBytes >= most)) {
      return `the store holds ${this.#sizeBytes} octets and may hold ${most}`;
    }
    if (this.#freeBytes - bytes < minFreeBytes) return 'less than 10 MB of disk would be left free';
    return null;
  }

  #askFreeBytes(): number {
    try {
      return this.#options.freeBytes?.() ?? this.#backend.freeBytes();
    } catch {
      // Not knowing is no reason to refuse mail: the disk itself will say when it is full.
      return Number.POSITIVE_INFINITY;
    }
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new StoreError(`The store ${this.#backend.place} is closed`);
  }
}
