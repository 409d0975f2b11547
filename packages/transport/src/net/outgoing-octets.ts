/** Octets on their way to one socket: frames are written one behind the other into shared blocks and leave together. */
import protobuf from 'protobufjs';

const smallBlockBytes = 4096;
const largeBlockBytes = 65_536;

const noOctets = Buffer.alloc(0);

export class OutgoingOctets {
  /** Writes at `pos` of `buf`, which may be replaced by a larger one with the same beginning. */
  readonly writer: protobuf.BufferWriter = new protobuf.BufferWriter();
  /** Octets of the block before this one have been taken already. */
  #taken = 0;
  /** Full blocks, or what is not taken of them. */
  #blocks: Buffer[] = [];
  #blockedBytes = 0;
  #blockBytes = smallBlockBytes;

  /** Octets written and not taken. */
  get sizeBytes(): number {
    return this.#blockedBytes + this.writer.pos - this.#taken;
  }

  /**
   * Make room for a frame of about `estimateBytes`; a longer one only costs a copy.
   * @returns where it starts in `writer.buf`.
   */
  begin(estimateBytes: number): number {
    const { writer } = this;
    if (writer.buf.length - writer.pos < estimateBytes) {
      if (writer.pos > this.#taken) {
        this.#seal();
        this.#blockBytes = Math.min(this.#blockBytes * 4, largeBlockBytes);
      }
      writer.buf = Buffer.allocUnsafeSlow(Math.max(this.#blockBytes, estimateBytes));
      writer.view = null;
      writer.pos = 0;
      this.#taken = 0;
    }
    return writer.pos;
  }

  /** Room for more octets behind the writer's position, in the middle of a frame. */
  reserve(bytes: number): void {
    const { writer } = this;
    if (writer.buf.length - writer.pos >= bytes) return;
    const larger = Buffer.allocUnsafeSlow(writer.pos + bytes);
    larger.set(writer.buf.subarray(0, writer.pos));
    writer.buf = larger;
    writer.view = null;
  }

  /** Forget the frame begun at `start`. */
  abandon(start: number): void {
    this.writer.pos = start;
    this.writer.states = null;
  }

  /** All that was written since the last time, in order. Nothing writes to these octets any more. */
  take(): Buffer[] {
    if (this.writer.pos > this.#taken) this.#seal();
    // A quiet connection goes back to small blocks.
    if (this.#blockedBytes < smallBlockBytes) this.#blockBytes = smallBlockBytes;
    // A block that grew for one very large frame is not kept for the sake of its end.
    if (this.writer.buf.length > 2 * largeBlockBytes) {
      this.writer.buf = noOctets;
      this.writer.view = null;
      this.writer.pos = 0;
      this.#taken = 0;
    }
    const blocks = this.#blocks;
    this.#blocks = [];
    this.#blockedBytes = 0;
    return blocks;
  }

  #seal(): void {
    const { buf, pos } = this.writer;
    const block = Buffer.from(buf.buffer, buf.byteOffset + this.#taken, pos - this.#taken);
    this.#blocks.push(block);
    this.#blockedBytes += block.length;
    this.#taken = pos;
  }
}
