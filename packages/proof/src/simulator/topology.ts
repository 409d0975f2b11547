/** Which MTAs are adjacent, and through which neighbour each MTA sends mail to each other MTA. */
import type { Topology } from './options.js';
import type { Random } from './seeded-random.js';

/** In a mesh of at most this many MTAs, all are adjacent to each other. */
const maxInFullMesh = 8;

function pairsOf(topology: Topology, count: number, random: Random): (readonly [number, number])[] {
  const chain = Array.from({ length: count - 1 }, (_, index) => [index, index + 1] as const);
  switch (topology) {
    case 'pair':
    case 'chain':
      return chain;
    case 'star':
      return chain.map(([, index]) => [0, index] as const);
    case 'ring':
      return count > 2 ? [...chain, [count - 1, 0]] : chain;
    case 'mesh': {
      if (count <= maxInFullMesh)
        return chain.flatMap(([, one]) => Array.from({ length: one }, (_, other) => [other, one] as const));
      const chords = Array.from({ length: count }, (_, index) => [index, random.below(count)] as const);
      return [...chain, [count - 1, 0], ...chords];
    }
  }
}

/** Neighbours by index, ascending. In a large mesh an MTA has at most six. */
export function neighboursOf(topology: Topology, count: number, random: Random): readonly (readonly number[])[] {
  const neighbours = Array.from({ length: count }, () => new Set<number>());
  for (const [one, other] of pairsOf(topology, count, random)) {
    const [mine, theirs] = [neighbours[one], neighbours[other]];
    if (one === other || mine === undefined || theirs === undefined) continue;
    if (topology === 'mesh' && count > maxInFullMesh && (mine.size >= 6 || theirs.size >= 6)) continue;
    mine.add(other);
    theirs.add(one);
  }
  return neighbours.map((set) => [...set].sort((a, b) => a - b));
}

/** For one destination: the next neighbour of each MTA, and the distance in hops. -1 if there is no path. */
export function waysTo(
  target: number,
  neighbours: readonly (readonly number[])[],
): { readonly next: Int32Array; readonly hops: Int32Array } {
  const next = new Int32Array(neighbours.length).fill(-1);
  const hops = new Int32Array(neighbours.length).fill(-1);
  hops[target] = 0;
  const reached = [target];
  for (const from of reached) {
    for (const neighbour of neighbours[from] ?? []) {
      if (hops[neighbour] !== -1) continue;
      hops[neighbour] = (hops[from] as number) + 1;
      next[neighbour] = from;
      reached.push(neighbour);
    }
  }
  return { next, hops };
}
