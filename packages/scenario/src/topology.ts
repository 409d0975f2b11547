/** Which MTAs of a scenario are adjacent, by which link, and the way of mail between those that are not. */
import type { LinkName } from '@mtalab/mta-core';
import type { Scenario, ScenarioMta } from './model.js';

/** What a scenario says of its MTAs and their links. */
export type ScenarioLab = Pick<Scenario, 'mtas' | 'link' | 'neighbours'>;

/** The same without what the MTAs are. */
export type Topology = Omit<ScenarioLab, 'mtas'> & { readonly mtas: readonly Pick<ScenarioMta, 'name'>[] };

/** An adjacent MTA. */
export type Neighbour = { readonly name: string; readonly link: LinkName };

/** The MTAs adjacent to this one. */
export function neighboursOf({ mtas, link = 'lan', neighbours }: Topology, name: string): readonly Neighbour[] {
  if (neighbours === undefined) return mtas.filter((mta) => mta.name !== name).map((mta) => ({ name: mta.name, link }));
  return neighbours.flatMap(({ between: [one, other], link: own = link }) => {
    if (one === name) return [{ name: other, link: own }];
    return other === name ? [{ name: one, link: own }] : [];
  });
}

/** The links between the MTAs. */
export function linksOf(lab: Topology): readonly LinkName[] {
  return [...new Set(lab.mtas.flatMap(({ name }) => neighboursOf(lab, name).map(({ link }) => link)))];
}

/** For each MTA that mail from this one can reach: the adjacent MTA on a shortest way. */
export function firstHops(lab: Topology, name: string): ReadonlyMap<string, string> {
  const hops = new Map<string, string>();
  const next = [name];
  for (let from = next.shift(); from !== undefined; from = next.shift()) {
    for (const { name: to } of neighboursOf(lab, from)) {
      if (to === name || hops.has(to)) continue;
      hops.set(to, hops.get(from) ?? to);
      next.push(to);
    }
  }
  return hops;
}
