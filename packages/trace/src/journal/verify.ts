/** Checks that the core, given a journal's inputs again, does what the journal says it did. */
import type { Effect } from '@mtalab/mta-core';
import { describeEffect, describeInput } from './describe.js';
import type { JournalEntry, LocatedEntry } from './entry.js';
import { asJson, firstDifference } from './json-difference.js';
import { type ReplayCore, Replayer, realCore } from './replay.js';

/** A step whose replay differs from the journal. */
export type Difference = {
  /** Line of the journal, from 1. */
  readonly line: number;
  readonly node: string;
  readonly n: number;
  readonly t: number;
  /** The input, in words. */
  readonly input: string;
  /** Which effect of the step differs, counted from 0; null if the core failed. */
  readonly effect: number | null;
  /** Where in that effect, such as `.pdu.body.apdu`. */
  readonly path: string;
  /** The effect as the journal has it, in words; `nothing` if the core did more. */
  readonly expected: string;
  /** The effect of the core, in words; `nothing` if it did less. */
  readonly got: string;
};

export type Verification = {
  /** Steps replayed. */
  readonly steps: number;
  /** Effects compared. */
  readonly effects: number;
  /** Lives of nodes: each start begins one. */
  readonly lives: number;
  /** At most one for each life, because after the first the states differ. */
  readonly differences: readonly Difference[];
};

/** Limit of the differences kept. */
const maxDifferences = 100;

/** Verifies one journal, entry by entry. */
export class JournalVerifier {
  readonly #replayer: Replayer;
  /** Nodes whose present life already differs from the journal. */
  readonly #parted = new Set<string>();
  readonly #differences: Difference[] = [];
  #steps = 0;
  #effects = 0;
  #lives = 0;

  /** @param file name of the journal, for messages. */
  constructor(file = 'journal', core: ReplayCore = realCore) {
    this.#replayer = new Replayer(file, core);
  }

  /**
   * @returns the difference found in this step, or null.
   * @throws JournalError if a node does not begin with a start, or lines are missing.
   */
  take(located: LocatedEntry): Difference | null {
    const { entry } = located;
    if (entry.input.type === 'start') {
      this.#parted.delete(entry.node);
      this.#lives += 1;
    } else if (this.#parted.has(entry.node)) {
      this.#replayer.skip(located);
      return null;
    }
    const difference = this.#compare(located);
    this.#steps += 1;
    if (difference === null) return null;
    this.#parted.add(entry.node);
    if (this.#differences.length < maxDifferences) this.#differences.push(difference);
    return difference;
  }

  get result(): Verification {
    return { steps: this.#steps, effects: this.#effects, lives: this.#lives, differences: this.#differences };
  }

  #compare(located: LocatedEntry): Difference | null {
    const { line, entry } = located;
    const about = { line, node: entry.node, n: entry.n, t: entry.t, input: describeInput(entry.input) };
    let effects: readonly Effect[];
    try {
      effects = this.#replayer.take(located).effects;
    } catch (error) {
      if (error instanceof Error && error.name === 'JournalError') throw error;
      const got = `the core fails: ${error instanceof Error ? error.message : String(error)}`;
      return { ...about, effect: null, path: '', expected: `${entry.effects.length} effects`, got };
    }
    this.#effects += entry.effects.length;
    const recorded = JSON.stringify(entry.effects);
    const now = JSON.stringify(effects);
    return recorded === now ? null : differenceOf(about, entry.effects, asJson(effects));
  }
}

function differenceOf(
  about: Pick<Difference, 'line' | 'node' | 'n' | 't' | 'input'>,
  expected: readonly Effect[],
  got: readonly Effect[],
): Difference | null {
  for (let at = 0; at < Math.max(expected.length, got.length); at += 1) {
    const [then, now] = [expected[at], got[at]];
    const path = firstDifference(then, now);
    if (path === null) continue;
    return { ...about, effect: at, path, ...inWords(then, now) };
  }
  return null;
}

/** If the short words of both are equal, JSON shows the difference. */
function inWords(expected: Effect | undefined, got: Effect | undefined): Pick<Difference, 'expected' | 'got'> {
  const words = { expected: describeEffect(expected), got: describeEffect(got) };
  return words.expected === words.got ? { expected: JSON.stringify(expected), got: JSON.stringify(got) } : words;
}

/**
 * Run a whole journal through the core and compare every effect. `line` of a difference is the place in `entries`, from 1.
 * @throws JournalError if a node does not begin with a start, or entries are missing.
 */
export function verifyJournal(entries: Iterable<JournalEntry>, core: ReplayCore = realCore): Verification {
  const verifier = new JournalVerifier('journal', core);
  let line = 0;
  for (const entry of entries) {
    line += 1;
    verifier.take({ line, entry });
  }
  return verifier.result;
}
