/** The scenarios that `mtalab repro all` must reproduce, and its expected report. */
import { quirks } from '@mtalab/mta-core';

/** The names with this verdict. */
export const namesOf = (stdout: string, verdict: string): readonly string[] =>
  stdout.split('\n').flatMap((line) => {
    const [, name] = new RegExp(`^(\\S+) +${verdict} `).exec(line) ?? [];
    return name === undefined ? [] : [name];
  });

export const articles = quirks.map((quirk) => quirk.article);
const companions = ['Q166594-neighbour', '9277', 'Q232602-interval', 'Q280449-cluster', 'Q285350-cluster'];
export const everything = [...articles, ...companions].sort();
