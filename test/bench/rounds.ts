/** Runs what is compared in turn, so that a slow minute of the machine affects all alike, and compares the figures. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from './figures.js';

/** Does some work in a temporary folder, which is removed afterwards. `TMPDIR` says on which disk. */
export async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'mtalab-bench-'));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs each competitor once in every round. @returns the figures of each, one of every round. */
export async function interleaved<Name extends string, Figures>(
  rounds: number,
  competitors: Readonly<Record<Name, () => Promise<Figures>>>,
  say: (text: string) => void,
): Promise<Record<Name, Figures[]>> {
  const names = Object.keys(competitors) as Name[];
  const runs = Object.fromEntries(names.map((name) => [name, [] as Figures[]])) as Record<Name, Figures[]>;
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of names) {
      say(`round ${round} of ${rounds}: ${name}`);
      runs[name].push(await competitors[name]());
    }
  }
  return runs;
}

export type Ratio = {
  /** Ratio of the medians. */
  readonly ofMedians: number;
  /** The ratios of the rounds, whose runs are seconds apart. */
  readonly median: number;
  readonly least: number;
  readonly most: number;
};

/** Compares one figure of two competitors, one value of every round. Rounds that only one of them has are left out. */
export function ratioOf(these: readonly number[], those: readonly number[]): Ratio {
  const ratios = those.slice(0, these.length).map((value, round) => (these[round] as number) / value);
  return {
    ofMedians: median(these) / median(those),
    median: median(ratios),
    least: Math.min(...ratios),
    most: Math.max(...ratios),
  };
}

export function ratioText(what: string, { ofMedians, median: middle, least, most }: Ratio): string {
  const [one, two, three, four] = [ofMedians, middle, least, most].map((value) => value.toFixed(2));
  return `${what}: ratio of medians ${one}; of the rounds ${two} (${three} to ${four})`;
}
