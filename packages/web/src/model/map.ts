/** The map of a lab with more than two MTAs: its nodes, its links by kind, and what is wrong where. Plain data; pure. */
import type { LtabView } from '@mtalab/mta-core';
import type { LadderLine, NodeAt } from '@mtalab/trace';
import type { Card, Picture } from './picture.js';

/** What carries the associations of a link. */
export type LinkKind = LtabView['link'];

export type MapNode = {
  readonly name: string;
  /** Where its middle is drawn, in the units of the map. */
  readonly x: number;
  readonly y: number;
  /** Copies queued for adjacent MTAs. */
  readonly queued: number;
  /** One of its queues is as long as the threshold, or longer. */
  readonly isFull: boolean;
  readonly isUp: boolean;
  /** `runs`, or how it ended. */
  readonly process: string;
};

export type MapLink = {
  readonly left: string;
  readonly right: string;
  readonly kind: LinkKind;
  /** Associations that are open at a side that is known. */
  readonly open: number;
  /** Copies queued at the left for the right, and the other way. */
  readonly queued: readonly [number, number];
  /** What is wrong, the weightiest first: a short word and a sentence. */
  readonly troubles: readonly { readonly word: string; readonly says: string }[];
};

export type LabMap = { readonly nodes: readonly MapNode[]; readonly links: readonly MapLink[] };

export const mapSize = { width: 1000, height: 560, nodeWidth: 190, nodeHeight: 72 } as const;

export const kindWords: Readonly<Record<LinkKind, string>> = { rpc: 'RPC', x400: 'X.400 connector', memory: 'memory' };

/** The middles of the nodes: on an ellipse, in the order of their names, so that the same lab is always drawn the same. */
function placesOf(count: number): readonly { readonly x: number; readonly y: number }[] {
  const { width, height, nodeWidth, nodeHeight } = mapSize;
  const [rx, ry] = [(width - nodeWidth) / 2 - 8, (height - nodeHeight) / 2 - 8];
  // Four MTAs stand in the corners, three with one at the top.
  const first = -Math.PI / 2 - (count % 2 === 0 ? Math.PI / count : 0);
  return Array.from({ length: count }, (_, at) => {
    const angle = first + (2 * Math.PI * at) / count;
    return { x: Math.round(width / 2 + rx * Math.cos(angle)), y: Math.round(height / 2 + ry * Math.sin(angle)) };
  });
}

function heldText(lines: readonly LadderLine[], one: string, other: string): string | null {
  const held = lines.findLast(
    ({ fate, from, to }) => fate === 'held' && ((from === one && to === other) || (from === other && to === one)),
  );
  return held === undefined ? null : `the link holds "${held.text}"${held.fault === null ? '' : ` (fault: ${held.fault})`}`;
}

type Sources = {
  readonly picture: Picture;
  readonly nodes: readonly NodeAt[];
  readonly lines: readonly LadderLine[];
};

function troublesOf([one, other]: readonly [Card, Card], { picture, nodes, lines }: Sources): MapLink['troubles'] {
  const found: { word: string; says: string }[] = [];
  const sides = [
    [one, other],
    [other, one],
  ] as const;
  for (const [card] of sides) if (!card.isUp) found.push({ word: `${card.name} down`, says: `${card.name} ${card.process}` });
  const ours = picture.associations.filter(({ between }) => between.includes(one.name) && between.includes(other.name));
  for (const { turn, name, sides: views } of ours) {
    const isGiven = views.some(({ turn: own }) => own === 'given');
    if (turn === 'nobody' && !isGiven) found.push({ word: 'Turn lost', says: `nobody may send on ${name}` });
    if (turn === 'both') found.push({ word: 'two Turns', says: `both believe that they have the Turn of ${name}` });
  }
  const held = heldText(lines, one.name, other.name);
  if (held !== null) found.push({ word: 'held', says: held });
  for (const [card, peer] of sides) {
    const row = card.ltab.find((each) => each.peer === peer.name);
    if (row !== undefined && (row.associations.open ?? 0) === 0) {
      const { openFailures: failed } = row;
      const lost = row.associations.lost ?? 0;
      if (lost > 0)
        found.push({
          word: 'link down',
          says: `${card.name} has lost ${lost} association${lost === 1 ? '' : 's'} and none is open`,
        });
      else if (failed > 0)
        found.push({
          word: 'link down',
          says: `no association opens: ${failed} attempt${failed === 1 ? '' : 's'} of ${card.name} failed`,
        });
    }
    const threshold = thresholdOf(card.name, nodes);
    const queued = queuedAt(card, peer.name);
    if (queued >= threshold)
      found.push({ word: `${queued} wait`, says: `${queued} queued at ${card.name}, the threshold is ${threshold}` });
  }
  return found;
}

/** Queued copies at which an MTA opens a further association. */
function thresholdOf(name: string, nodes: readonly NodeAt[]): number {
  return nodes.find(({ node }) => node === name)?.mta?.settings.threshold ?? Number.POSITIVE_INFINITY;
}

function queuedAt(card: Card, peer: string): number {
  return card.queues.find(({ queue }) => queue === peer)?.queued ?? 0;
}

/**
 * @param picture of all MTAs. @param nodes all MTAs at the same instant. @param lines of the ladder up to it.
 * @param known links that were seen before, by `left right`: an MTA that is down does not name its own. New ones are added.
 */
export function mapOf(sources: Sources, known: Map<string, LinkKind>): LabMap {
  const { picture } = sources;
  const cards = [...picture.cards].sort((one, other) => (one.name < other.name ? -1 : 1));
  const places = placesOf(cards.length);
  for (const { name, ltab } of cards)
    for (const { peer, link } of ltab)
      if (cards.some((each) => each.name === peer)) known.set(name < peer ? `${name} ${peer}` : `${peer} ${name}`, link);
  const links = cards.flatMap((one, at) =>
    cards.slice(at + 1).flatMap((other): readonly MapLink[] => {
      const kind = known.get(`${one.name} ${other.name}`);
      if (kind === undefined) return [];
      const open = Math.max(
        one.ltab.find(({ peer }) => peer === other.name)?.associations.open ?? 0,
        other.ltab.find(({ peer }) => peer === one.name)?.associations.open ?? 0,
      );
      const queued = [queuedAt(one, other.name), queuedAt(other, one.name)] as const;
      return [{ left: one.name, right: other.name, kind, open, queued, troubles: troublesOf([one, other], sources) }];
    }),
  );
  const nodes = cards.map(({ name, queued, queues, isUp, process }, at) => {
    const threshold = thresholdOf(name, sources.nodes);
    const isFull = queues.some((each) => each.queue !== 'mailboxes' && each.queued >= threshold);
    return { name, queued, isFull, isUp, process, x: 0, y: 0, ...places[at] };
  });
  return { nodes, links };
}
