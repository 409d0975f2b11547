/** Which MTAs of a scenario are adjacent, by which link, and the way of mail between those that are not. */
import type { FaultLink } from './faults/fault-kinds.js';
import type { LabLink, Scenario } from './model.js';

/** What a scenario says of its MTAs and their links. */
export type ScenarioLab = Pick<Scenario, 'mtas' | 'link' | 'neighbours'>;

/** An adjacent MTA. */
export type Neighbour = { readonly name: string; readonly link: LabLink };

/** The MTAs adjacent to this one. */
export function neighboursOf({ mtas, link = 'lan', neighbours }: ScenarioLab, name: string): readonly Neighbour[] {
  if (neighbours === undefined) return mtas.filter((mta) => mta.name !== name).map((mta) => ({ name: mta.name, link }));
  return neighbours.flatMap(({ between: [one, other], link: own = link }) => {
    if (one === name) return [{ name: other, link: own }];
    return other === name ? [{ name: one, link: own }] : [];
  });
}

/** The links between the MTAs, as faults know them. */
export function faultLinksOf(lab: ScenarioLab): readonly FaultLink[] {
  const links = lab.mtas.flatMap(({ name }) => neighboursOf(lab, name).map(({ link }) => link));
  return [...new Set(links)].map((link) => (link === 'lan' ? 'rpc' : link));
}

/** For each MTA that mail from this one can reach: the adjacent MTA on a shortest way. */
export function firstHops(lab: ScenarioLab, name: string): ReadonlyMap<string, string> {
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
