/** A limited number of turns. Who finds none free waits, first come, first served. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  /** Resolves when a turn is free, and takes it. */
  take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives a turn to the first that waits. */
  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }

  /** Does something in a turn. */
  async do<T>(act: () => Promise<T>): Promise<T> {
    await this.take();
    try {
      return await act();
    } finally {
      this.give();
    }
  }
}
