/** The scenarios that `mtalab repro all` must reproduce, and its expected report. */
import { quirks } from '@mtalab/mta-core';
import type { ScenarioResult } from '@mtalab/scenario';

/** What `mtalab repro all --json` prints. */
export type ReproduceReport = {
  readonly asDocumented: boolean;
  readonly on: string;
  readonly results: readonly {
    readonly scenario: string;
    readonly companionTo: string | null;
    readonly asDocumented: boolean;
    readonly error: string | null;
    readonly result: ScenarioResult | null;
  }[];
};

/** The part of a report that must be equal in every run: each sentence, and whether it came true. */
export function verdictsOf({ results }: ReproduceReport) {
  return results.map(({ scenario, asDocumented: reproduced, error, result }) => {
    const cases = (result?.cases ?? []).map(({ mode, asDocumented, verdict, observations }) => {
      return { mode, asDocumented, verdict, observations: observations.map(({ says, ok }) => ({ says, ok })) };
    });
    return { scenario, reproduced, error, cases };
  });
}

/** The names with this verdict. */
export const namesOf = (stdout: string, verdict: string): readonly string[] =>
  stdout.split('\n').flatMap((line) => {
    const [, name] = new RegExp(`^(\\S+) +${verdict} `).exec(line) ?? [];
    return name === undefined ? [] : [name];
  });

export const articles = quirks.map((quirk) => quirk.article);
const companions = ['Q166594-neighbour', '9277', 'Q232602-interval', 'Q280449-cluster', 'Q285350-cluster'];
export const everything = [...articles, ...companions].sort();
