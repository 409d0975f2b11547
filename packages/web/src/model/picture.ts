/** What the page draws at an instant: plain data, made from the states of both sides. Pure. */
import {
  type AssociationView,
  type LtabView,
  type Mta,
  type QueueView,
  viewAssociations,
  viewLtab,
  viewQueues,
  viewWaits,
} from '@mtalab/mta-core';
import { explainWaits, joinAssociations, type MtaSight, type RawAssociation, type WaitExplanation } from '@mtalab/scenario';
import type { NodeAt } from '@mtalab/trace';

export type Card = {
  readonly name: string;
  readonly version: string;
  /** `runs`, or how it ended. */
  readonly process: string;
  readonly isUp: boolean;
  readonly pid: number | null;
  /** Its steps are not followed now. */
  readonly isBusy: boolean;
  readonly legacy: readonly string[];
  readonly queued: number;
  /** Queued copies at which another association opens to the peer; null if unknown. */
  readonly nextThreshold: number | null;
  readonly delivered: number | null;
  readonly queues: readonly QueueView[];
  readonly ltab: readonly LtabView[];
  readonly associations: readonly AssociationView[];
  /** What this side believes about the Turn, of each association. */
  readonly turn: string;
};

export type Tone = 'calm' | 'moving' | 'trouble';

export type Picture = {
  readonly cards: readonly Card[];
  /** Who may send, according to each side. */
  readonly sentence: string;
  /** Why nothing moves. Empty if nothing waits. */
  readonly waits: readonly WaitExplanation[];
  readonly tone: Tone;
  readonly associations: readonly RawAssociation[];
};

/** Waits looked at of each MTA. */
const maxWaits = 20;

function turnText(name: string, associations: readonly AssociationView[]): string {
  if (associations.length === 0) return 'no association';
  if (associations.length === 1) {
    const [only] = associations as [AssociationView];
    if (only.turn === 'given') return 'Turn: given, not acknowledged';
    return only.believes === 'mine'
      ? `Turn: mine${only.askedPriority === null ? '' : ', asked for'}`
      : `Turn: ${only.peer}'s${only.pleaseOutstanding ? ', asked' : ''}`;
  }
  const mine = associations.filter((each) => each.believes === 'mine').length;
  return `${name} has the Turn on ${mine} of ${associations.length}`;
}

function cardOf({ node, mta, process, figures }: NodeAt, peers: readonly string[]): Card {
  const queues = mta === null ? [] : viewQueues(mta);
  // An MTA may have associations with others too, whose other side is not shown.
  const associations = mta === null ? [] : viewAssociations(mta).filter(({ peer }) => peers.includes(peer));
  const toPeers = queues.filter(({ queue }) => peers.includes(queue));
  const queuedOfFigures = Object.entries(figures?.queued ?? {}).reduce((sum, [, count]) => sum + count, 0);
  return {
    name: node,
    version: mta?.version ?? '',
    process: process?.says ?? (mta === null ? 'unknown' : 'runs'),
    isUp: process === null ? mta !== null : process.state === 'up',
    pid: process?.pid ?? null,
    isBusy: figures !== null,
    legacy: mta?.legacy ?? [],
    queued: mta === null ? queuedOfFigures : toPeers.reduce((sum, { queued }) => sum + queued, 0),
    nextThreshold: toPeers.find(({ nextAssociationThreshold: at }) => at !== null)?.nextAssociationThreshold ?? null,
    delivered: figures?.delivered ?? null,
    queues,
    ltab: mta === null ? [] : viewLtab(mta),
    associations,
    turn: mta === null ? 'unknown' : turnText(node, associations),
  };
}

function heldBy(each: RawAssociation): string {
  const [one, other] = each.between;
  switch (each.turn) {
    case 'one':
      return `${each.sides.find((side) => side.believes === 'mine')?.mta ?? '?'} may send on ${each.name}: both sides agree`;
    case 'nobody': {
      const given = each.sides.find(({ turn }) => turn === 'given')?.mta;
      if (given !== undefined) return `${given} has given the Turn of ${each.name} away and has no answer yet: nobody may send`;
      return `Nobody may send on ${each.name}: ${one} and ${other} each believe that the other has the Turn`;
    }
    case 'both':
      return `${one} and ${other} both believe that they have the Turn of ${each.name}`;
    case 'unknown':
      return `only one side knows ${each.name}`;
  }
}

function sentenceOf(associations: readonly RawAssociation[], cards: readonly Card[]): string {
  const down = cards.filter(({ isUp }) => !isUp);
  if (down.length > 0) return `${down.map(({ name, process }) => `${name} ${process}`).join(', ')}.`;
  if (cards.some(({ isBusy }) => isBusy)) return 'More steps than can be drawn: only figures are shown until it is calm.';
  if (associations.length === 0) return 'No association is open: a queued message opens one.';
  const groups = (['nobody', 'both', 'unknown', 'one'] as const).map((turn) => associations.filter((each) => each.turn === turn));
  const telling = groups.filter((group) => group.length > 0);
  return telling
    .map((group) => {
      const [first] = group as [RawAssociation];
      return group.length === 1 ? heldBy(first) : `${heldBy(first)}, and ${group.length - 1} more alike`;
    })
    .join('. ')
    .concat('.');
}

/** @param nodes the MTAs that are shown. */
export function pictureOf(nodes: readonly NodeAt[], nowMs: number): Picture {
  const names = nodes.map(({ node }) => node);
  const cards = nodes.map((node) => cardOf(node, names));
  const rows = new Map(cards.map(({ name, associations }) => [name, associations]));
  const associations = joinAssociations(rows);
  const known = nodes.flatMap(({ node, mta }) => (mta === null ? [] : [[node, mta] as const]));
  const mtas = known.map(([mta, state]): MtaSight => ({ mta, nowMs, waits: viewWaits(state, maxWaits) }));
  const down = cards.filter(({ isUp }) => !isUp).map(({ name }) => name);
  const isShown = ({ queue }: WaitExplanation): boolean => names.includes(queue) || queue === 'mailboxes';
  const waits = explainWaits({ mtas, associations, down }).filter(isShown);
  const trouble = associations.some(({ turn }) => turn === 'nobody' || turn === 'both') || down.length > 0;
  const tone = trouble ? 'trouble' : cards.some(({ queued }) => queued > 0) ? 'moving' : 'calm';
  return { cards, associations, sentence: sentenceOf(associations, cards), waits, tone };
}

/** Copies queued for adjacent MTAs. */
export function queuedOf(mta: Mta): number {
  return viewQueues(mta).reduce((sum, { queue, queued }) => (queue === 'mailboxes' ? sum : sum + queued), 0);
}
