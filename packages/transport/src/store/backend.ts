/**
 * What a medium must do for `BatchStore`: rows in, rows out, transactions. The rules of the store are in `batch-store.ts`, once
 * for all media. Every write throws when it fails; a transaction that threw is rolled back by the caller.
 */
import type { StoreFailure } from '@mtalab/mta-core';
import type { LedgerEntry, LedgerRow, LedgerSummary } from './store.js';

export type Piece = { readonly offset: number; readonly octets: Uint8Array };
export type SummedPiece = Piece & { readonly sum: number };

/** A message as it lies on the medium. A short content lies in the row itself, a longer one in pieces (`octets` null). */
export type MessageRow = {
  readonly content: number;
  readonly sizeBytes: number;
  /** CRC-32 of `octets`; 0 without them. */
  readonly sum: number;
  /** JSON of the envelope, and of the array of copies as they were accepted. */
  readonly envelope: string;
  readonly copies: string;
  readonly octets: Uint8Array | null;
};
/** What a start needs of each message. */
export type MessageHead = Omit<MessageRow, 'octets' | 'sum'> & { readonly inline: boolean };

/** What a start finds before anything is read. */
export type Birth = {
  readonly storeUuid: string;
  /** Of this start: counted up, durably. */
  readonly incarnation: number;
  /** Was the clean-shutdown mark there (or is the store new)? It is gone now, durably. */
  readonly clean: boolean;
};

export type Backend = {
  /** Where it is, for people. */
  readonly place: string;
  begin(): void;
  commit(): void;
  rollback(): void;
  /** Which failure an error thrown here means to the core. */
  failureOf(error: unknown): StoreFailure;
  freeBytes(): number;

  /** Count the incarnation up, take the clean mark away. One transaction of its own. */
  birth(): Birth;
  /** Structural check of the medium itself: complaints, none when sound. */
  examine(): string[];
  heads(): Iterable<MessageHead>;
  /** All messages with their octets, one after the other. Nothing may be written meanwhile. */
  rows(): Iterable<MessageRow>;
  pieces(content: number): Iterable<SummedPiece>;
  gone(): Iterable<{ readonly copy: number; readonly content: number }>;
  submissions(): Iterable<{ readonly seq: number; readonly id: string }>;
  received(): Iterable<{ readonly sender: string; readonly activity: number }>;
  /** Erase what belongs to no message: contents, notes of erased copies, senders without activities. */
  eraseOrphans(): void;
  /** Take a message out of the store and keep it, with its content, where a person can look at it. */
  moveAside(content: number, reason: string): void;
  /** Write the account of a check. Returns where. */
  writeDetails(incarnation: number, text: string): string;

  putMessage(row: MessageRow): void;
  deleteMessage(content: number): void;
  /** Octets of a message's row; null when its content is in pieces, undefined when there is no such message. */
  inlineOctets(content: number): Uint8Array | null | undefined;
  putPiece(content: number, piece: SummedPiece): void;
  /** The piece with the greatest offset not above this one. */
  pieceAt(content: number, offset: number): Piece | undefined;
  /** Delete the pieces that start at this offset or above. */
  deletePieces(content: number, fromOffset: number): void;
  /** Note that one of several copies of a message is erased. */
  putGone(copy: number, content: number): void;
  deleteGone(copy: number): void;
  putSubmission(seq: number, id: string, mtsId: string): void;
  mtsIdOf(seq: number): string;
  deleteSubmissionsBelow(seq: number): void;
  putReceived(sender: string, activity: number): void;
  deleteReceived(sender: string, activity: number): void;
  deleteReceivedBelow(sender: string, below: number): void;
  putLedger(entry: LedgerEntry): void;
  ledger(afterRow: number, limit: number): LedgerRow[];
  ledgerSummary(): LedgerSummary;

  /** Close the medium; `clean` leaves the clean mark. */
  close(clean: boolean): void;
};
