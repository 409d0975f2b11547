/** The store in memory: the same rules, for tests and trials. What is committed outlives the handle, not the process. */
import { randomUUID } from 'node:crypto';
import type { StoreFailure } from '@mtalab/mta-core';
import type { Backend, Birth, InlineOctets, MessageHead, MessageRow, SummedPiece, WholeRow } from './backend.js';
import { BatchStore } from './batch-store.js';
import { type LedgerEntry, type LedgerRow, type LedgerSummary, StoreError, type StoreOptions } from './store.js';

export type MemoryStoreOptions = StoreOptions & {
  /** Called before each write and each commit. What it returns is thrown there, as a disk would fail. */
  readonly fail?: (operation: 'write' | 'commit') => Error | null;
};

/** An error that the memory store takes for a full disk, when `fail` returns it. */
export class DiskFull extends Error {}

/** What is committed. */
class Disk {
  readonly storeUuid = randomUUID();
  incarnation = 0;
  clean = true;
  readonly messages = new Map<number, MessageRow>();
  readonly pieces = new Map<number, SummedPiece[]>();
  readonly gone = new Map<number, number>();
  readonly submissions = new Map<number, { readonly id: string; readonly mtsId: string }>();
  readonly received = new Map<string, Set<number>>();
  readonly ledger: LedgerRow[] = [];
  readonly ledgerCopies = new Set<number>();
  readonly damaged: { readonly row: MessageRow; readonly pieces: readonly SummedPiece[]; readonly reason: string }[] = [];
  readonly details: string[] = [];
}

export class MemoryStore extends BatchStore {
  readonly #disk: Disk;
  readonly #backend: MemoryBackend;
  readonly #options: MemoryStoreOptions;

  constructor(options: MemoryStoreOptions, disk: Disk = new Disk()) {
    const backend = new MemoryBackend(disk, options.fail ?? (() => null));
    super(backend, options);
    this.#backend = backend;
    this.#disk = disk;
    this.#options = options;
  }

  /** Stop as `kill -9` does: what was not committed is lost, this handle is dead, and a new one is returned. */
  crash(options: MemoryStoreOptions = this.#options): MemoryStore {
    this.#backend.kill();
    return new MemoryStore(options, this.#disk);
  }
  /** Start again after `close`. */
  reopen(options: MemoryStoreOptions = this.#options): MemoryStore {
    return new MemoryStore(options, this.#disk);
  }
  /** Spoil what is kept of a message, as a bad disk would. For tests of the check. */
  damage(content: number, what: 'envelope' | 'octets' | 'piece'): void {
    const row = this.#disk.messages.get(content);
    if (row === undefined) throw new StoreError(`There is no message ${content}`);
    if (what === 'envelope') this.#disk.messages.set(content, { ...row, envelope: row.envelope.slice(0, 9) });
    else if (what === 'octets') this.#disk.messages.set(content, { ...row, octets: Buffer.alloc(row.sizeBytes, '?') });
    else this.#disk.pieces.set(content, this.#disk.pieces.get(content)?.slice(1) ?? []);
  }
  /** The account of a check. */
  details(path: string): string {
    return this.#disk.details[Number(path.replace('memory:check-', '')) - 1] ?? '';
  }
  /** Keys of the messages that were set aside. */
  setAside(): number[] {
    return this.#disk.damaged.map(({ row }) => row.content);
  }
}

function headOf(row: MessageRow): MessageHead & Pick<MessageRow, 'sum'> {
  return { ...row, inline: row.octets !== null, isSound: true };
}

class MemoryBackend implements Backend {
  readonly place = 'memory';
  readonly #disk: Disk;
  readonly #fail: (operation: 'write' | 'commit') => Error | null;
  /** How to take back what the transaction in progress has written, oldest first. */
  #undo: (() => void)[] = [];
  #alive = true;
  #metDamage = false;

  constructor(disk: Disk, fail: (operation: 'write' | 'commit') => Error | null) {
    this.#disk = disk;
    this.#fail = fail;
  }
  kill(): void {
    this.#alive = false;
  }

  begin(): void {
    if (!this.#alive) throw new StoreError('This store has crashed: use the handle that crash() returned');
    this.#undo = [];
  }
  commit(): void {
    const failure = this.#fail('commit');
    if (failure !== null) throw failure;
    this.#undo = [];
  }
  rollback(): void {
    for (let index = this.#undo.length - 1; index >= 0; index -= 1) this.#undo[index]?.();
    this.#undo = [];
  }
  failureOf(error: unknown): StoreFailure {
    return error instanceof DiskFull ? 'full' : 'io';
  }
  freeBytes(): number {
    return Number.POSITIVE_INFINITY;
  }
  /** Do a write that can be taken back. */
  #write(change: () => void, back: () => void): void {
    const failure = this.#fail('write');
    if (failure !== null) throw failure;
    change();
    this.#undo.push(back);
  }
  #set<K, V>(map: Map<K, V>, key: K, value: V): void {
    const old = map.get(key);
    this.#write(
      () => map.set(key, value),
      () => (old === undefined ? map.delete(key) : map.set(key, old)),
    );
  }
  #delete<K, V>(map: Map<K, V>, key: K): void {
    const old = map.get(key);
    if (old === undefined) return;
    this.#write(
      () => map.delete(key),
      () => map.set(key, old),
    );
  }

  birth(): Birth {
    const disk = this.#disk;
    const clean = disk.clean;
    disk.incarnation += 1;
    disk.clean = false;
    return { storeUuid: disk.storeUuid, incarnation: disk.incarnation, clean };
  }
  examine(): string[] {
    return [];
  }
  salvage(): string[] {
    return [];
  }
  *heads(): Iterable<MessageHead> {
    for (const row of this.#disk.messages.values()) yield headOf(row);
  }
  head(content: number): MessageHead | undefined {
    const row = this.#disk.messages.get(content);
    return row === undefined ? undefined : headOf(row);
  }
  *rows(): Iterable<WholeRow> {
    for (const row of this.#disk.messages.values()) yield { ...row, isSound: true };
  }
  headWithOctets(content: number, most: number): (MessageHead & InlineOctets) | undefined {
    const row = this.#disk.messages.get(content);
    return row === undefined ? undefined : { ...headOf(row), octets: row.sizeBytes <= most ? row.octets : null };
  }
  pieces(content: number): Iterable<SummedPiece> {
    return this.#disk.pieces.get(content) ?? [];
  }
  *gone(): Iterable<{ copy: number; content: number }> {
    for (const [copy, content] of this.#disk.gone) yield { copy, content };
  }
  *submissions(): Iterable<{ seq: number; id: string }> {
    for (const [seq, { id }] of this.#disk.submissions) yield { seq, id };
  }
  *received(): Iterable<{ sender: string; activity: number }> {
    for (const [sender, activities] of this.#disk.received) {
      for (const activity of [...activities].sort((a, b) => a - b)) yield { sender, activity };
    }
  }
  eraseOrphans(): void {
    const { messages, pieces, gone, received } = this.#disk;
    for (const content of [...pieces.keys()]) if (!messages.has(content)) this.#delete(pieces, content);
    for (const [copy, content] of [...gone]) if (!messages.has(content)) this.#delete(gone, copy);
    for (const [sender, activities] of [...received]) if (activities.size === 0) this.#delete(received, sender);
  }
  keepAside(content: number, reason: string): void {
    const row = this.#disk.messages.get(content);
    if (row === undefined) return;
    const { damaged } = this.#disk;
    const pieces = [...this.pieces(content)];
    this.#write(
      () => damaged.push({ row, pieces, reason }),
      () => damaged.pop(),
    );
  }
  writeDetails(_incarnation: number, text: string): string {
    this.#disk.details.push(text);
    return `memory:check-${this.#disk.details.length}`;
  }

  putMessage(row: MessageRow): void {
    if (this.#disk.messages.has(row.content)) throw new Error(`message ${row.content} is stored already`);
    this.#set(this.#disk.messages, row.content, { ...row, octets: row.octets === null ? null : row.octets.slice() });
  }
  deleteMessage(content: number): boolean {
    this.#delete(this.#disk.messages, content);
    return true;
  }
  inlineOctets(content: number): InlineOctets | undefined {
    return this.#disk.messages.get(content);
  }
  putPiece(content: number, piece: SummedPiece): void {
    const old = this.#disk.pieces.get(content) ?? [];
    if (old.some(({ offset }) => offset === piece.offset))
      throw new Error(`content ${content} has a piece at ${piece.offset} already`);
    const pieces = [...old, { ...piece, octets: piece.octets.slice() }].sort((a, b) => a.offset - b.offset);
    this.#set(this.#disk.pieces, content, pieces);
  }
  pieceAt(content: number, offset: number): SummedPiece | undefined {
    return this.#disk.pieces.get(content)?.findLast((piece) => piece.offset <= offset);
  }
  deletePieces(content: number, fromOffset: number): void {
    const old = this.#disk.pieces.get(content);
    if (old === undefined) return;
    const left = old.filter(({ offset }) => offset < fromOffset);
    if (left.length === 0) this.#delete(this.#disk.pieces, content);
    else this.#set(this.#disk.pieces, content, left);
  }
  putGone(copy: number, content: number): void {
    this.#set(this.#disk.gone, copy, content);
  }
  deleteGone(copy: number): void {
    this.#delete(this.#disk.gone, copy);
  }
  putSubmission(seq: number, id: string, mtsId: string): void {
    this.#set(this.#disk.submissions, seq, { id, mtsId });
  }
  mtsIdOf(seq: number): string {
    return (this.#disk.submissions.get(seq) as { mtsId: string }).mtsId;
  }
  deleteSubmissionsBelow(seq: number): void {
    for (const old of [...this.#disk.submissions.keys()]) if (old < seq) this.#delete(this.#disk.submissions, old);
  }
  putReceived(sender: string, activity: number): void {
    const activities = this.#disk.received.get(sender) ?? new Set<number>();
    if (!this.#disk.received.has(sender)) this.#set(this.#disk.received, sender, activities);
    if (activities.has(activity)) return;
    this.#write(
      () => activities.add(activity),
      () => activities.delete(activity),
    );
  }
  deleteReceived(sender: string, activity: number): void {
    const activities = this.#disk.received.get(sender);
    if (!activities?.has(activity)) return;
    this.#write(
      () => activities.delete(activity),
      () => activities.add(activity),
    );
  }
  deleteReceivedBelow(sender: string, below: number): void {
    for (const activity of [...(this.#disk.received.get(sender) ?? [])])
      if (activity < below) this.deleteReceived(sender, activity);
  }
  putLedger(entry: LedgerEntry): void {
    const { ledger, ledgerCopies } = this.#disk;
    if (ledgerCopies.has(entry.copy)) return;
    const row = (ledger.at(-1)?.row ?? 0) + 1;
    this.#write(
      () => {
        ledger.push({ ...entry, row });
        ledgerCopies.add(entry.copy);
      },
      () => {
        ledger.pop();
        ledgerCopies.delete(entry.copy);
      },
    );
  }
  inLedger(copy: number): boolean {
    return this.#disk.ledgerCopies.has(copy);
  }
  ledger(afterRow: number, limit: number): LedgerRow[] {
    return this.#disk.ledger.filter(({ row }) => row > afterRow).slice(0, limit);
  }
  ledgerSummary(): LedgerSummary {
    const pairs = this.#disk.ledger.map(({ mtsId, mailbox }) => JSON.stringify([mtsId, mailbox]));
    return { count: pairs.length, distinct: new Set(pairs).size };
  }
  noteDamage(): void {
    this.#metDamage = true;
  }
  close(clean: boolean): void {
    this.#disk.clean = clean && !this.#metDamage;
    this.#alive = false;
  }
}
