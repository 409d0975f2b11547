/**
 * Joins the answers to submissions and the notices of deliveries, which come in any order. It keeps what is outstanding and
 * nothing else, so that memory does not grow with the number of messages.
 */
/** Limit of deliveries that wait for the answer to their submission: more than submissions can wait for theirs. */
const maxEarly = 20_000;

export class Correlation<Message> {
  readonly #delivered: (message: Message, atMs: number) => void;
  /** Accepted and not delivered, by MTS identifier. */
  readonly #outstanding = new Map<string, Message>();
  /** Delivered before the answer, by MTS identifier: when. */
  readonly #early = new Map<string, number>();
  #unanswered = 0;
  #reports = 0;

  /** @param delivered called once for each message that is accepted and delivered. */
  constructor(delivered: (message: Message, atMs: number) => void) {
    this.#delivered = delivered;
  }

  /** Submissions without an answer yet. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Messages that are submitted, and neither delivered nor reported on nor refused. */
  get inFlight(): number {
    return Math.max(0, this.#unanswered + this.#outstanding.size - this.#reports);
  }

  submitted(): void {
    this.#unanswered += 1;
  }

  accepted(mtsId: string, message: Message): void {
    const atMs = this.#early.get(mtsId);
    if (atMs === undefined) this.#outstanding.set(mtsId, message);
    else this.#delivered(message, atMs);
    this.#early.delete(mtsId);
    this.#answered();
  }

  /** There is no answer, or a refusal. */
  notAccepted(): void {
    this.#answered();
  }

  /** The notice of a delivery. A second one of the same message changes nothing. */
  delivery(mtsId: string, atMs: number): void {
    const message = this.#outstanding.get(mtsId);
    if (message !== undefined) {
      this.#outstanding.delete(mtsId);
      this.#delivered(message, atMs);
      return;
    }
    if (this.#unanswered === 0 || this.#early.has(mtsId)) return;
    this.#early.set(mtsId, atMs);
    // The oldest are second notices, which wait for no answer.
    if (this.#early.size > maxEarly) for (const oldest of this.#early.keys()) return void this.#early.delete(oldest);
  }

  /** A message came back as a report. Which one is not known, but one less is in flight. */
  report(): void {
    this.#reports += 1;
  }

  #answered(): void {
    this.#unanswered -= 1;
    if (this.#unanswered === 0) this.#early.clear();
  }
}
