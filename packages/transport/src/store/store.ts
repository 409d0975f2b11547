/**
 * The durable store of one MTA, as a contract: messages with their copies, contents, the activity ids that were received,
 * the submission ids that were used, and the ledger. `sqlite-store.ts` keeps it on disk, `memory-store.ts` in memory; one suite of
 * tests runs on both.
 *
 * Work is queued (`apply`, `putContent`, `record`) and becomes durable in one transaction at `commit`, in the order it was
 * queued. Nothing is on disk before `commit` returns, and then everything that its outcomes report is.
 */
import type { ContentHandle, Effect, Input, Recovered, ReportFacts } from '@mtalab/mta-core';

/** The effects of the core that are the store's business. */
export type StoreWork = Extract<Effect, { readonly type: 'store' | 'forget' | 'settle' | 'drop-content' }>;

/** The messages of copies that were asked for: the answer to the effect `recall`. */
export type RecalledCopies = Pick<Extract<Input, { readonly type: 'recalled' }>, 'found' | 'missing'>;

/** What became of the effects that carry a token. They are inputs of the core as they stand. */
export type StoreOutcome = Extract<Input, { readonly type: 'stored' | 'store-failed' | 'forgotten' }>;

export type StoreOptions = {
  /** Finds the octets behind a handle of a segment. Throws, or gives nothing, when they are gone: the effect then fails. */
  readonly octetsOf: (handle: ContentHandle) => Uint8Array | undefined;
  /** Writes the content of a report. `subjectHead` is the beginning of what it reports on, at most `subjectHeadBytes`. */
  readonly render: (facts: ReportFacts, subjectHead: Uint8Array) => Uint8Array;
  /** Largest `sizeBytes()` up to which mail is taken in. Default: no limit but the disk's. */
  readonly maxStoreBytes?: number;
  /** Submission ids remembered, the newest ones. Default 100,000. */
  readonly maxSubmissionIds?: number;
  /** Free octets where the store lies; read once in a commit. Default: the file system's own answer. */
  readonly freeBytes?: () => number;
};

/** Below this much free disk no mail is taken in: what is left is for the work that makes room. */
export const minFreeBytes = 10 * 1024 * 1024;
/** Octets of a message that a report on it may look at. */
export const subjectHeadBytes = 16 * 1024;
export const defaultMaxSubmissionIds = 100_000;

/** One delivery into the ledger. */
export type LedgerEntry = {
  /** Copy id; a second entry for the same copy is ignored. */
  readonly copy: number;
  readonly mtsId: string;
  /** The mailbox's address, or `dead-letters`. */
  readonly mailbox: string;
  readonly sizeBytes: number;
  readonly submittedAtMs: number;
  /** SHA-256 of the content, 32 octets. */
  readonly sha256: Uint8Array;
};
/** An entry as it is read back. `row` rises with each delivery. */
export type LedgerRow = LedgerEntry & { readonly row: number };
export type LedgerSummary = {
  /** Entries. */
  readonly count: number;
  /** Different pairs of MTS identifier and mailbox: equal to `count` when nothing was delivered twice. */
  readonly distinct: number;
};

export type StoreCounts = {
  readonly messages: number;
  readonly copies: number;
  /** Contents that are being put together: uploads and incoming transfers. */
  readonly staged: number;
  readonly submissionIds: number;
  /** Operations that wait for the next commit. */
  readonly queued: number;
};

export type Store = {
  /** What this start found, for the core to start from. After the first commit its lists are empty. */
  readonly recovered: Recovered;
  /**
   * Queue an effect for the next commit.
   *
   * `store` is all or nothing. A submission whose id is known stores nothing; its staged content is dropped, and so it is
   * when a submission fails. The content of a report may look at the head of its subject; a subject that is staged only
   * (it was never accepted) is dropped with that. Segments are put as `putContent` does.
   * `forget`, `settle` and `drop-content` are never refused. If the disk will not take them they stay queued, in order,
   * and each later commit tries again; `forgotten` is not reported before it is so.
   */
  apply(effect: StoreWork): void;
  /**
   * Queue octets of a content that no message has yet. Pieces come in order: one that starts above the end so far is
   * refused, one that starts below it replaces everything from there on. A refusal (`full`, `io`) shows when a message with
   * this content is stored. Not to be changed by the caller before the commit.
   */
  putContent(content: number, offset: number, octets: Uint8Array): void;
  /** Queue a line of the ledger. Kept queued like `forget` when the disk will not take it. */
  record(entry: LedgerEntry): void;
  /**
   * Make everything queued durable, in one transaction. If that fails it is undone and each operation is tried by itself,
   * so that each has its own outcome. Never throws; the store can be used after a failure.
   */
  commit(): StoreOutcome[];
  /**
   * Octets of a content, queued, staged or stored. Not to be changed by the caller.
   * @throws DamagedContent if they are not there, cannot be read, or do not match their checksum.
   */
  readContent(content: number, offset: number, length: number): Uint8Array;
  /**
   * Read the messages of copies back, each with this copy alone. Committed ones only. A copy whose message is gone or cannot be read
   * is `missing`. Never throws for damage.
   */
  recall(copies: Extract<Effect, { readonly type: 'recall' }>['copies']): RecalledCopies;
  /** Octets of contents, envelopes and copies that are kept, staged contents included. */
  sizeBytes(): number;
  /** Why mail is not taken in at present, in words; null when it is. */
  full(): string | null;
  counts(): StoreCounts;
  /** Ledger entries with a row above `afterRow`, in order, at most `limit` (and 10,000). Committed ones only. */
  ledger(afterRow: number, limit: number): LedgerRow[];
  /** Does the ledger have an entry for this copy? Committed ones only. */
  inLedger(copy: number): boolean;
  ledgerSummary(): LedgerSummary;
  /** Commit what is queued, and leave the clean-shutdown mark if `clean` and nothing is left undone. Harmless when closed. */
  close(clean: boolean): void;
};

/** The store cannot be opened or read. The message says what, where, and what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  /** Where the details of a failed check were written, if there was one. */
  readonly detailsPath: string | undefined;
  constructor(message: string, options: { readonly cause?: unknown; readonly detailsPath?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.detailsPath = options.detailsPath;
  }
}

/** Octets of a content cannot be read, or are not those that were stored. The message says which, and where. */
export class DamagedContent extends Error {
  override readonly name = 'DamagedContent';
  constructor(content: number, what: string, options?: { readonly cause?: unknown }) {
    super(`content ${content}: ${what}`, options);
  }
}

/** The medium itself is damaged: what to say of it, wherever that is found. */
export function damagedStore(
  place: string,
  found: string,
  options: { readonly cause?: unknown; readonly detailsPath?: string },
): StoreError {
  const advice = 'Keep a copy of the file, repair it by hand, or start with another data folder.';
  return new StoreError(`The store ${place} is damaged and was left as it is: ${found}. ${advice}`, options);
}
