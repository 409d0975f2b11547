/** Contents that one client hands in piece by piece. */
import { BadRequest } from './bad-request.js';
import { controlLimits } from './control-limits.js';

/** Where handed-in octets go: the driver. */
export type ContentSink = {
  newContent(): number;
  putContent(content: number, offset: number, octets: Uint8Array): void;
  dropContent(content: number): void;
};

export type HandedIn = { readonly content: number; readonly sizeBytes: number };

type Upload = { readonly content: number; receivedBytes: number };

/**
 * Put octets into the store as rows of one checkpoint each, wherever they fall in the content: a transfer reads the store
 * by checkpoints.
 */
function putInRows(sink: ContentSink, content: number, offset: number, octets: Uint8Array, rowBytes: number): void {
  let at = 0;
  while (at < octets.length) {
    const end = Math.min(octets.length, at + rowBytes - ((offset + at) % rowBytes));
    sink.putContent(content, offset + at, octets.subarray(at, end));
    at = end;
  }
}

export class Uploads {
  readonly #sink: ContentSink;
  readonly #maxContentBytes: number;
  readonly #rowBytes: number;
  readonly #open = new Map<string, Upload>();

  constructor(sink: ContentSink, maxContentBytes: number, rowBytes: number) {
    this.#sink = sink;
    this.#maxContentBytes = maxContentBytes;
    this.#rowBytes = rowBytes;
  }

  get open(): number {
    return this.#open.size;
  }

  begin(id: string): void {
    if (this.#open.has(id)) throw new BadRequest(`upload ${id}: is open already`);
    if (this.#open.size >= controlLimits.maxUploadsPerClient) {
      throw new BadRequest(`upload ${id}: ${controlLimits.maxUploadsPerClient} uploads are open already; submit one first`);
    }
    this.#open.set(id, { content: this.#sink.newContent(), receivedBytes: 0 });
  }

  /** One binary frame, `[u8 idLength][id][octets]`. */
  piece(frame: Uint8Array): { readonly upload: string; readonly receivedBytes: number } {
    const idLength = frame[0] ?? 0;
    if (idLength === 0 || frame.length < 1 + idLength)
      throw new BadRequest('binary frame: expected a length, an upload id and octets');
    const id = Buffer.from(frame.subarray(1, 1 + idLength)).toString('latin1');
    const octets = frame.subarray(1 + idLength);
    const upload = this.#find(id);
    if (octets.length > controlLimits.maxPieceBytes) {
      throw new BadRequest(
        `upload ${id}: a piece of ${octets.length} octets, at most ${controlLimits.maxPieceBytes} are allowed`,
        id,
      );
    }
    if (upload.receivedBytes + octets.length > this.#maxContentBytes) {
      this.drop(id);
      throw new BadRequest(
        `upload ${id}: larger than the largest message, ${this.#maxContentBytes} octets; it has been dropped`,
        id,
      );
    }
    // The frame's buffer belongs to the socket; what waits for the commit must be our own.
    putInRows(this.#sink, upload.content, upload.receivedBytes, Uint8Array.from(octets), this.#rowBytes);
    upload.receivedBytes += octets.length;
    return { upload: id, receivedBytes: upload.receivedBytes };
  }

  /** Take the finished upload over into a submission. */
  take(id: string): HandedIn {
    const upload = this.#find(id);
    this.#open.delete(id);
    return { content: upload.content, sizeBytes: upload.receivedBytes };
  }

  /** Content that came with the submit itself. */
  whole(octets: Uint8Array): HandedIn {
    if (octets.length > this.#maxContentBytes) {
      throw new BadRequest(`content: ${octets.length} octets, the largest message is ${this.#maxContentBytes}`);
    }
    const content = this.#sink.newContent();
    putInRows(this.#sink, content, 0, octets, this.#rowBytes);
    return { content, sizeBytes: octets.length };
  }

  drop(id: string): void {
    const upload = this.#find(id);
    this.#open.delete(id);
    this.#sink.dropContent(upload.content);
  }

  /** The client is gone: what it did not submit goes too. */
  dropAll(): void {
    for (const upload of this.#open.values()) this.#sink.dropContent(upload.content);
    this.#open.clear();
  }

  #find(id: string): Upload {
    const upload = this.#open.get(id);
    if (upload === undefined) throw new BadRequest(`upload ${id}: is not open; begin it with upload-begin`, id);
    return upload;
  }
}
