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
/** What a start needs of each message. `isSound`: the row but for its octets is as it was written. */
export type MessageHead = Omit<MessageRow, 'octets' | 'sum'> & { readonly inline: boolean; readonly isSound: boolean };

/** A row with its octets, whose sum has not been looked at. */
export type WholeRow = MessageRow & Pick<MessageHead, 'isSound'>;

/** A short content as its message's row has it. */
export type InlineOctets = Pick<MessageRow, 'sum' | 'octets'>;

/** What a start finds before anything is read. */
export type Birth = {
  readonly storeUuid: string;
  /** Of this start: counted up, durably. */
  readonly incarnation: number;
  /** Was the clean-shutdown mark there (or is the store new)? It is gone now, durably. */
  readonly clean: boolean;
};

/** What a backend had to leave behind when it made a new medium from a damaged one, in words; none when it had not. */
export type Losses = readonly string[];

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
  /** Structural check of the medium, and of all rows that are not messages: complaints, none when sound. */
  examine(): string[];
  /**
   * Make a new medium from what can be read, and keep the damaged one. @param complaints what `examine` found.
   * @returns what could not be read. @throws StoreError when more is damaged than messages: then nothing has been changed.
   */
  salvage(complaints: readonly string[]): Losses;
  heads(): Iterable<MessageHead>;
  /** The same of one message; undefined when there is none. */
  head(content: number): MessageHead | undefined;
  /** All messages with their octets, one after the other. Nothing may be written meanwhile. */
  rows(): Iterable<WholeRow>;
  /** What a start needs of one message, and its octets if they are at most so many; undefined when there is no such message. */
  headWithOctets(content: number, most: number): (MessageHead & InlineOctets) | undefined;
  pieces(content: number): Iterable<SummedPiece>;
  gone(): Iterable<{ readonly copy: number; readonly content: number }>;
  submissions(): Iterable<{ readonly seq: number; readonly id: string }>;
  received(): Iterable<{ readonly sender: string; readonly activity: number }>;
  /** Erase what belongs to no message: contents, notes of erased copies, senders without activities. */
  eraseOrphans(): void;
  /** Keep what can be read of a message, with its content, where a person can look at it. It stays in the store too. */
  keepAside(content: number, reason: string): void;
  /** Write the account of a check. Returns where. */
  writeDetails(incarnation: number, text: string): string;

  putMessage(row: MessageRow): void;
  /** @returns false if the medium is damaged there, and the row stays. */
  deleteMessage(content: number): boolean;
  /** Octets of a message's row, null when its content is in pieces; undefined when there is no such message. */
  inlineOctets(content: number): InlineOctets | undefined;
  putPiece(content: number, piece: SummedPiece): void;
  /** The piece with the greatest offset not above this one. */
  pieceAt(content: number, offset: number): SummedPiece | undefined;
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
  inLedger(copy: number): boolean;
  ledger(afterRow: number, limit: number): LedgerRow[];
  ledgerSummary(): LedgerSummary;

  /** A content is not what was stored: the next start must look at everything. */
  noteDamage(): void;
  /** Close the medium; `clean` leaves the clean mark, unless damage was met. */
  close(clean: boolean): void;
};
