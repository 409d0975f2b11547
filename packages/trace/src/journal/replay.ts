/** Runs a journal through the core again, node by node. */
import { type Effect, type Input, type Mta, start, step } from '@mtalab/mta-core';
import type { JournalStart, LocatedEntry } from './entry.js';
import { JournalError } from './read.js';

/** The core: two functions. A test can put others in their place, to see whether a replay finds the difference. */
export type ReplayCore = {
  readonly start: typeof start;
  readonly step: typeof step;
};

export const realCore: ReplayCore = { start, step };

/** One replayed step. */
export type Replayed = {
  /** The state before; null at a start. */
  readonly before: Mta | null;
  readonly mta: Mta;
  readonly effects: readonly Effect[];
};

type Life = { mta: Mta; n: number };

/** Keeps the state of every node of one journal. */
export class Replayer {
  readonly #file: string;
  readonly #core: ReplayCore;
  readonly #lives = new Map<string, Life>();
  #lastN = 0;

  /** @param file name of the journal, for messages. */
  constructor(file: string, core: ReplayCore = realCore) {
    this.#file = file;
    this.#core = core;
  }

  /**
   * @throws JournalError if the node has not started, or if steps before this one are missing. Errors of the core pass through
   *   unchanged.
   */
  take({ line, entry }: LocatedEntry): Replayed {
    const { node, n, t, input } = entry;
    const life = this.#lives.get(node);
    const before = input.type === 'start' ? null : this.#continued(line, entry.node, n, life);
    this.#lastN = n;
    const { mta, effects } = before === null ? this.#begin(input as JournalStart, t) : this.#core.step(before, input as Input, t);
    if (life === undefined) this.#lives.set(node, { mta, n });
    else {
      life.mta = mta;
      life.n = n;
    }
    return { before, mta, effects };
  }

  /** Skip a step without replaying it. */
  skip({ entry }: LocatedEntry): void {
    this.#lastN = entry.n;
  }

  #begin(input: JournalStart, nowMs: number): { readonly mta: Mta; readonly effects: readonly Effect[] } {
    return this.#core.start(input.config, input.recovered, nowMs);
  }

  /** Checks that the steps have no gap, within a life of the node or within the file. */
  #continued(line: number, node: string, n: number, life: Life | undefined): Mta {
    if (life === undefined) throw new JournalError(this.#file, line, `the journal of ${node} does not begin with a start`);
    if (n !== life.n + 1 && n !== this.#lastN + 1) {
      throw new JournalError(
        this.#file,
        line,
        `step ${n} of ${node} comes after its step ${life.n}: lines are missing or out of order`,
      );
    }
    return life.mta;
  }
}
