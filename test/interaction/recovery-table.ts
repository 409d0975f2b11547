/**
 * Each frame of a standard exchange, lost in turn: A opens and sends, B asks for the Turn and sends, A asks it back and sends,
 * then the association idles until it is closed. One line for each loss: how the MTAs came out of it.
 */
import { describeFrame, type LinkKind, ltabOf } from '@mtalab/mta-core';
import { PureLab, type Sent, withLink } from '../support/purelab.js';
import { associationNames, holderOf, sidesOf } from './printer.js';

const mails: readonly (readonly [from: string, id: string, to: string])[] = [
  ['A', 'm1', 'x@b.example'],
  ['B', 'm2', 'x@a.example'],
  ['A', 'm3', 'x@b.example'],
];

/** Losses: before the frame arrives; after, with the answer lost; after, and the one who sent it does not notice at first. */
const losses = ['before', 'after', 'unnoticed'] as const;
type Loss = (typeof losses)[number];

/** Every loss is noticed and recovered within this, well before Lifetime. */
const recoverMs = 30_000;
/** Everything has ended within this: call timeout, Disconnect, Lifetime, Open Interval. */
const restMs = 3 * 3_600_000;

/** One run of the exchange. `at` is the number of the frame that the loss belongs to, from 1. */
function exchange(
  link: LinkKind,
  legacy: readonly string[],
  at: number,
  loss: Loss,
): { readonly frames: readonly Sent[]; readonly outcome: string } {
  const lab = new PureLab(['A', 'B'], {}, Object.fromEntries(legacy.map((name) => [name, ['Q166594']])), withLink(link));
  const frames: Sent[] = [];
  let after = '';
  let lost = false;
  lab.hooks = {
    onFrame: (sent) => {
      frames.push(sent);
      if (frames.length !== at || loss !== 'before') return true;
      lost = true;
      lab.cutAll();
      return false;
    },
    onTaken: (sent) => {
      if (frames.length !== at || loss === 'before' || lost) return;
      lost = true;
      for (const wire of [...lab.wires]) lab.cutWire(wire, loss === 'unnoticed' ? sent.from : null);
    },
  };
  for (const [from, id, to] of mails) {
    lab.submit(from, id, [to]);
    lab.settle();
    if (lost && after === '') after = cameOut(lab);
  }
  lab.pass(restMs);
  if (after === '') after = cameOut(lab);
  return { frames, outcome: `${after}; ${inTheEnd(lab)}` };
}

/** How things stand half a minute after the loss. */
function cameOut(lab: PureLab): string {
  lab.pass(recoverMs);
  const names = associationNames(lab);
  if (names.length === 0) return [...lab.nodes.values()].some((node) => node.mta.queuedCopies > 0) ? 'Open Interval' : 'closed';
  return names
    .map((name) => {
      const open = sidesOf(lab, name).filter(({ association }) => association.state === 'open');
      if (open.length < 2) return 'one side waits';
      const recovered = (open[0]?.association.recovery ?? 0) > 0;
      const how = recovered ? 'recovered' : openedIn(lab) > 1 ? 'opened afresh' : 'open';
      return `${how}, Turn at ${holderOf(lab, name)}`;
    })
    .join(', ');
}

/** Associations that were agreed upon by whoever opened them. */
function openedIn(lab: PureLab): number {
  return [...lab.nodes.values()].reduce((sum, node) => sum + (ltabOf(node.mta)[0]?.counters.associationsOut ?? 0), 0);
}

function inTheEnd(lab: PureLab): string {
  const counts = mails.map(([, id]) => {
    const mtsId = lab.submitted.find((submitted) => submitted.submissionId === id)?.mtsId;
    return { id, count: lab.deliveries.filter((delivery) => delivery.mtsId === mtsId).length };
  });
  const twice = counts.filter(({ count }) => count > 1).map(({ id }) => `${id} TWICE`);
  const stuck = counts.filter(({ count }) => count === 0).map(({ id }) => `${id} stuck`);
  const wrong = [...twice, ...stuck];
  const mail = wrong.length === 0 ? 'all delivered once' : wrong.join(', ');
  const left = associationNames(lab);
  return `${mail}, ${openedIn(lab)} opened${left.length === 0 ? '' : `, ${left.join(' ')} still there`}`;
}

/** @param legacy the MTAs that have Q166594. */
export function recoveryTable(link: LinkKind, legacy: readonly string[]): string[] {
  const { frames, outcome } = exchange(link, legacy, 0, 'before');
  const lines = [`without a loss: ${outcome}`];
  for (const [index, sent] of frames.entries()) {
    lines.push(`${sent.from}>${sent.to} #${sent.wire.id} ${describeFrame(sent.frame)}`);
    for (const loss of losses) lines.push(`  lost ${loss.padEnd(9)} ${exchange(link, legacy, index + 1, loss).outcome}`);
  }
  return lines;
}
