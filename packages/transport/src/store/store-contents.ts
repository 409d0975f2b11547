/** Contents in a store: puts them together in memory until their commit, and reads them wherever they are. */
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { StoreFailure } from '@mtalab/mta-core';
import type { Backend, InlineOctets, Piece, SummedPiece } from './backend.js';
import { sha256Of } from './sha256.js';
import { DamagedContent } from './store.js';

/** A content that comes whole in one commit and is not longer than this lies in its message's row. */
const inlineBytes = 32 * 1024;
/** A content whose first piece has so many octets is digested as it comes. */
const leastDigestedBytes = 4 * 1024;
/** Longer pieces are cut up, so that no read has to bring in more than this. */
const maxPieceBytes = 256 * 1024;
/** Rows kept in memory because they are read in parts. */
const cachedRows = 16;
/** Octets of short contents kept in memory because their messages have just been stored or read: they are delivered or sent on next. */
const mostFreshBytes = 4 * 2 ** 20;
/** A longer content is read when it is wanted: all that an MTA reads ahead for one queue must stay far below the limit above. */
export const mostReadAheadBytes = 8 * 1024;

/** A content without a message. Replaced, never changed, so that a failed commit can go back. */
export type Staged = {
  /** Octets so far. */
  readonly end: number;
  /** Octets on disk: pieces in `fresh` begin there. */
  readonly keptEnd: number;
  /** Pieces on disk from this offset on are void and go with the next write. */
  readonly cutFrom: number | null;
  readonly fresh: readonly Piece[];
  /** Why a piece of it was refused: it cannot become whole any more. */
  readonly failure: { readonly failure: StoreFailure; readonly detail: string } | null;
};
const nothing: Staged = { end: 0, keptEnd: 0, cutFrom: null, fresh: [], failure: null };

type RunningDigest = { readonly hash: Hash; end: number };

/** What is queued for a content, to be seen by readers before the commit. */
type Overlay = { hidden: boolean; readonly pieces: Piece[] };

/** An operation cannot be carried out; its transaction is undone. */
export class Refusal extends Error {
  readonly failure: StoreFailure;
  constructor(failure: StoreFailure, detail: string) {
    super(detail);
    this.failure = failure;
  }
}

export class StoreContents {
  readonly #backend: Backend;
  #staged = new Map<number, Staged>();
  readonly #overlay = new Map<number, Overlay>();
  readonly #cache = new Map<number, Piece>();
  readonly #fresh = new Map<number, Piece>();
  #freshBytes = 0;
  /** Staged contents that have pieces to be written before the transaction ends. */
  readonly #unwritten = new Set<number>();
  /** Digests of long staged contents, as far as their pieces came one after the other. Without one the content is read back. */
  readonly #running = new Map<number, RunningDigest>();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  get stagedCount(): number {
    return this.#staged.size;
  }
  staged(content: number): Staged | undefined {
    return this.#staged.get(content);
  }

  // What readers see before the commit.
  showPiece(content: number, piece: Piece): void {
    const overlay = this.#overlay.get(content);
    if (overlay === undefined) this.#overlay.set(content, { hidden: false, pieces: [piece] });
    else overlay.pieces.push(piece);
  }
  hide(content: number): void {
    this.#overlay.set(content, { hidden: true, pieces: [] });
  }
  clearOverlay(): void {
    this.#overlay.clear();
  }

  // Transactions.
  snapshot(): Map<number, Staged> {
    return new Map(this.#staged);
  }
  restore(snapshot: Map<number, Staged>): void {
    this.#staged = snapshot;
    this.#unwritten.clear();
    this.#running.clear();
    this.#cache.clear();
    this.#fresh.clear();
    this.#freshBytes = 0;
  }
  /** Write the pieces that no message has taken into its row. */
  flush(): void {
    for (const content of this.#unwritten) {
      const staged = this.#staged.get(content);
      if (staged !== undefined) this.#staged.set(content, this.#written(content, staged));
    }
    this.#unwritten.clear();
  }

  /** Add octets to a staged content. Returns how much it has grown (or shrunk). @throws Refusal */
  put(content: number, piece: Piece): number {
    const old = this.#staged.get(content) ?? nothing;
    const { offset, octets } = piece;
    if (old.failure !== null) throw new Refusal(old.failure.failure, old.failure.detail);
    if (offset > old.end)
      throw new Refusal('io', `content ${content} has ${old.end} octets: a piece at ${offset} would leave a gap`);
    const end = offset + octets.length;
    if (offset === old.end) {
      this.#staged.set(content, { ...old, end, fresh: [...old.fresh, piece] });
    } else {
      const kept = old.fresh.filter((other) => other.offset < offset).map((other) => clipped(other, offset));
      const cut = offset < old.keptEnd ? { cutFrom: Math.min(offset, old.cutFrom ?? offset), keptEnd: offset } : {};
      this.#staged.set(content, { ...old, ...cut, end, fresh: [...kept, piece] });
    }
    this.#unwritten.add(content);
    this.#digestOn(content, piece);
    return end - old.end;
  }

  /** Remember that a piece was refused. */
  spoil(content: number, failure: StoreFailure, detail: string): void {
    this.#staged.set(content, { ...(this.#staged.get(content) ?? nothing), failure: { failure, detail } });
  }

  /** Erase a staged content. Returns how many octets went. */
  drop(content: number): number {
    const staged = this.#staged.get(content);
    if (staged === undefined) return 0;
    this.#running.delete(content);
    if (staged.keptEnd > 0 || staged.cutFrom !== null) this.#backend.deletePieces(content, 0);
    this.#staged.delete(content);
    this.#cache.delete(content);
    return staged.end;
  }

  /**
   * Hand a staged content of this length over to its message: its octets if they go into the row, else null (they are in
   * pieces). @throws Refusal if it is not whole.
   */
  take(content: number, sizeBytes: number): Uint8Array | null {
    const staged = this.#staged.get(content) ?? nothing;
    if (staged.failure !== null) throw new Refusal(staged.failure.failure, staged.failure.detail);
    if (staged.end !== sizeBytes)
      throw new Refusal('io', `content ${content} has ${staged.end} octets, its envelope says ${sizeBytes}`);
    const onDisk = staged.keptEnd > 0 || staged.cutFrom !== null;
    const inline = !onDisk && sizeBytes <= inlineBytes ? joined(staged.fresh) : null;
    if (inline === null) this.#written(content, staged);
    else this.#keepFresh(content, inline);
    this.#staged.delete(content);
    return inline;
  }

  /** A content with a message is erased. */
  erased(content: number): void {
    if (this.#cache.size > 0) this.#cache.delete(content);
    this.#dropFresh(content);
  }

  /** Octets of a short content were read with its row. What does not match its sum is left to the reader who wants it. */
  keepRead(content: number, { sum, octets }: InlineOctets & { readonly octets: Uint8Array }): void {
    if (!this.#fresh.has(content) && crc32(octets) === sum) this.#keepFresh(content, octets);
  }

  #keepFresh(content: number, octets: Uint8Array): void {
    this.#fresh.set(content, { offset: 0, octets });
    this.#freshBytes += octets.length;
    for (const oldest of this.#fresh.keys()) {
      if (this.#freshBytes <= mostFreshBytes) break;
      this.#dropFresh(oldest);
    }
  }

  #dropFresh(content: number): void {
    this.#freshBytes -= this.#fresh.get(content)?.octets.length ?? 0;
    this.#fresh.delete(content);
  }

  /** Octets of a content, queued, staged or stored. @throws DamagedContent */
  read(content: number, offset: number, length: number): Uint8Array {
    const end = offset + length;
    const parts: Uint8Array[] = [];
    for (let at = offset; at < end; ) {
      const piece = this.#pieceAt(content, at, length);
      const start = piece === undefined ? 0 : at - piece.offset;
      if (piece === undefined || start >= piece.octets.length) {
        throw new DamagedContent(content, `there are no octets at ${at}`);
      }
      const part = piece.octets.subarray(start, start + end - at);
      if (part.length === length) return part;
      parts.push(part);
      at += part.length;
    }
    return Buffer.concat(parts, length);
  }
  /** At most this many octets from the beginning of a content: fewer, or none, when it is shorter or not there. */
  head(content: number, most: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let at = 0;
    while (at < most) {
      const piece = this.#pieceAt(content, at, most);
      if (piece === undefined || at - piece.offset >= piece.octets.length) break;
      const part = piece.octets.subarray(at - piece.offset, at - piece.offset + most - at);
      parts.push(part);
      at += part.length;
    }
    return Buffer.concat(parts, at);
  }

  /** The piece that covers this octet, as readers see it. */
  #pieceAt(content: number, at: number, wanted: number): Piece | undefined {
    const overlay = this.#overlay.get(content);
    if (overlay === undefined) return this.#keptPieceAt(content, at, wanted);
    // The newest piece wins, and cuts off all older ones where it starts.
    let clipAt = Number.POSITIVE_INFINITY;
    for (let index = overlay.pieces.length - 1; index >= 0; index -= 1) {
      const piece = overlay.pieces[index] as Piece;
      if (at >= piece.offset) return clipped(piece, clipAt);
      clipAt = Math.min(clipAt, piece.offset);
    }
    const kept = overlay.hidden ? undefined : this.#keptPieceAt(content, at, wanted);
    return kept === undefined ? undefined : clipped(kept, clipAt);
  }
  #keptPieceAt(content: number, at: number, wanted: number): Piece | undefined {
    const cached = this.#fresh.get(content) ?? this.#cache.get(content);
    if (cached !== undefined && at >= cached.offset && at < cached.offset + cached.octets.length) return cached;
    const piece = this.#storedPieceAt(content, at);
    if (piece !== undefined && piece.octets.length > wanted) {
      // Read in parts: the next one will want the same row.
      this.#cache.delete(content);
      this.#cache.set(content, piece);
      if (this.#cache.size > cachedRows) this.#cache.delete(this.#cache.keys().next().value as number);
    }
    return piece;
  }

  /** What the medium has there. @throws DamagedContent when it cannot read that, or it is not what was stored. */
  #storedPieceAt(content: number, at: number): Piece | undefined {
    let piece: SummedPiece | undefined;
    try {
      const row = this.#backend.inlineOctets(content);
      piece =
        row === undefined || row.octets === null ? this.#backend.pieceAt(content, at) : { offset: 0, ...row, octets: row.octets };
    } catch (cause) {
      throw new DamagedContent(content, `the store cannot read octet ${at}: ${(cause as Error).message}`, { cause });
    }
    if (piece === undefined || crc32(piece.octets) === piece.sum) return piece;
    this.#backend.noteDamage();
    throw new DamagedContent(content, `the octets from ${piece.offset} on do not match their checksum`);
  }

  /** Takes the next piece of a content into its digest. A short first piece may well be the whole content, and is digested at one go. */
  #digestOn(content: number, { offset, octets }: Piece): void {
    const running = this.#running.get(content);
    if (running === undefined) {
      if (offset > 0 || octets.length < leastDigestedBytes) return;
      this.#running.set(content, { hash: createHash('sha256').update(octets), end: octets.length });
    } else if (offset === running.end) {
      running.hash.update(octets);
      running.end += octets.length;
    } else this.#running.delete(content);
  }

  /**
   * SHA-256 of a content of this length that has just been taken, in hexadecimal.
   * @param octets of the content, if they are in memory.
   * @throws DamagedContent
   */
  digest(content: number, sizeBytes: number, octets: Uint8Array | null): string {
    const running = this.#running.get(content);
    this.#running.delete(content);
    if (running?.end === sizeBytes) return running.hash.digest('hex');
    if (octets !== null) return sha256Of(octets);
    if (sizeBytes <= maxPieceBytes) return sha256Of(this.read(content, 0, sizeBytes));
    const hash = createHash('sha256');
    for (let at = 0; at < sizeBytes; at += maxPieceBytes) {
      hash.update(this.read(content, at, Math.min(maxPieceBytes, sizeBytes - at)));
    }
    return hash.digest('hex');
  }

  /** Write what is fresh. */
  #written(content: number, staged: Staged): Staged {
    if (staged.cutFrom !== null) this.#cut(content, staged.cutFrom);
    for (const { offset, octets } of staged.fresh) {
      for (let at = 0; at < octets.length; at += maxPieceBytes) {
        const part = octets.subarray(at, at + maxPieceBytes);
        this.#backend.putPiece(content, { offset: offset + at, octets: part, sum: crc32(part) });
      }
    }
    return { ...staged, keptEnd: staged.end, cutFrom: null, fresh: [] };
  }
  /** Erase what is on disk from an offset on, which may lie within a piece. */
  #cut(content: number, offset: number): void {
    this.#cache.delete(content);
    const straddling = offset === 0 ? undefined : this.#backend.pieceAt(content, offset - 1);
    this.#backend.deletePieces(content, straddling?.offset ?? offset);
    if (straddling === undefined) return;
    const { octets } = clipped(straddling, offset);
    this.#backend.putPiece(content, { offset: straddling.offset, octets, sum: crc32(octets) });
  }
}

/** A piece without what lies at `end` and beyond. */
function clipped(piece: Piece, end: number): Piece {
  if (piece.offset + piece.octets.length <= end) return piece;
  return { offset: piece.offset, octets: piece.octets.subarray(0, Math.max(0, end - piece.offset)) };
}

function joined(pieces: readonly Piece[]): Uint8Array {
  const only = pieces[0];
  if (only === undefined) return new Uint8Array(0);
  return pieces.length === 1 ? only.octets : Buffer.concat(pieces.map((piece) => piece.octets));
}
