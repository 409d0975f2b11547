/** Which MTAs of a lab are adjacent, and where each of them can be reached. */
import { type LinkName, maxConnectorNameLength } from '@mtalab/mta-core';
import { firstHops, type Neighbour, neighboursOf, type ScenarioNeighbours, type Topology } from '@mtalab/scenario';
import { HarnessError } from '../process/errors.js';

/** Where an MTA is reached on each link. Empty without that link, and while unknown. */
export type Reach = Readonly<Record<LinkName, readonly string[]>>;

export const noReach: Reach = { lan: [], x400: [] };

/** The part of a lab's plan that says who is adjacent. */
type Joined = {
  readonly names: readonly string[];
  readonly link: LinkName;
  readonly neighbours?: readonly ScenarioNeighbours[];
};

function topologyOf({ names, link, neighbours }: Joined): Topology {
  return { mtas: names.map((name) => ({ name })), link, neighbours };
}

/** The MTAs adjacent to this one. */
export function adjacentTo(lab: Joined, name: string): readonly Neighbour[] {
  return neighboursOf(topologyOf(lab), name);
}

/** The links of an MTA. One without neighbours has the link of its lab. */
export function linksAt(lab: Joined, name: string): readonly LinkName[] {
  const links = [...new Set(adjacentTo(lab, name).map(({ link }) => link))];
  return links.length === 0 ? [lab.link] : links;
}

/** For each other MTA: the adjacent MTA on a shortest way there. */
export function hopsFrom(lab: Joined, name: string): ReadonlyMap<string, string> {
  return firstHops(topologyOf(lab), name);
}

/** @throws HarnessError naming what is wrong with the neighbours, or with the name of an MTA that has a connector. */
export function checkNeighbours(lab: Joined): void {
  const { names, neighbours = [] } = lab;
  for (const [at, { between }] of neighbours.entries()) {
    const unknown = between.find((name) => !names.includes(name));
    if (unknown !== undefined) throw new HarnessError(`neighbours: unknown MTA '${unknown}'; the MTAs are ${names.join(', ')}`);
    const [one, other] = between;
    if (one === other) throw new HarnessError(`neighbours: '${one}' is no neighbour of itself`);
    const isSame = (earlier: ScenarioNeighbours): boolean => between.every((name) => earlier.between.includes(name));
    if (neighbours.slice(0, at).some(isSame)) throw new HarnessError(`neighbours: '${one}' and '${other}' occur twice`);
  }
  const long = names.find((name) => name.length > maxConnectorNameLength && linksAt(lab, name).includes('x400'));
  if (long === undefined) return;
  throw new HarnessError(
    `names: '${long}' has ${long.length} characters; with link x400 a name has at most ${maxConnectorNameLength}`,
  );
}
