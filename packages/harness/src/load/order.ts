/**
 * Whether messages arrived in an order that the protocol can give. One association carries one message at a time, and the oldest
 * of the most urgent first. So what one association carries of one priority is in order. Between associations there is no order.
 * What arrived is therefore right if it can be dealt out to as many sequences in order as there were associations.
 */

/** Counts the messages that fit into none of the sequences. */
export class OrderCheck {
  /** The last message of each sequence, the largest first. */
  readonly #tails: number[] = [];
  readonly #sequences: number;
  #outOfOrder = 0;

  /** @param sequences that there may be, at least 1. */
  constructor(sequences: number) {
    this.#sequences = Math.max(1, sequences);
  }

  get outOfOrder(): number {
    return this.#outOfOrder;
  }

  /**
   * The next arrival, by its place among the submitted messages. Each goes to the sequence whose last message is the nearest
   * before it: no other choice leaves more room for what follows.
   */
  arrived(place: number): void {
    const at = this.#tails.findIndex((tail) => tail < place);
    if (at >= 0) this.#tails[at] = place;
    else if (this.#tails.length < this.#sequences) this.#tails.push(place);
    else this.#outOfOrder += 1;
  }
}
