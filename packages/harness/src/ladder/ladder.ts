/**
 * The ladder of a run: every PDU that passed between two MTAs, in the order the proxy saw them, with what its sender believed
 * of the Turn after sending it and its receiver after reading it.
 */
import { describePdu, type TurnSide } from '@mtalab/mta-core';
import type { ProxiedPdu } from '../proxy/fault-proxy.js';
import type { PduMoment } from './replay.js';

export type LadderLine = {
  readonly from: string;
  readonly to: string;
  /** One line of text for the PDU, the same as in logs and tests. */
  readonly text: string;
  readonly association: string | null;
  /** Whose Turn each side believes it to be, by name of the MTA; missing where no association is concerned yet. */
  readonly believes: Readonly<Record<string, TurnSide>>;
  /** Did it reach the other side? */
  readonly fate: 'passed' | 'held' | 'swallowed' | 'cut';
  /** The fault that acted on it. */
  readonly fault: string | null;
  /** Lines of the same kind that this one stands for (1 for itself alone). */
  readonly count: number;
};

/** Finds, for each PDU the proxy saw, the moment at which an end sent or received it. */
class Moments {
  readonly #left: Map<string, PduMoment[]>;

  constructor(moments: readonly PduMoment[]) {
    this.#left = grouped(moments);
  }

  take(direction: PduMoment['direction'], text: string): PduMoment | undefined {
    return this.#left.get(`${direction} ${text}`)?.shift();
  }
}

function keyOf(moment: PduMoment): string {
  return `${moment.direction} ${moment.text}`;
}

function grouped(moments: readonly PduMoment[]): Map<string, PduMoment[]> {
  const groups = new Map<string, PduMoment[]>();
  for (const moment of moments) {
    const group = groups.get(keyOf(moment));
    if (group === undefined) groups.set(keyOf(moment), [moment]);
    else group.push(moment);
  }
  return groups;
}

/** @param moments of each MTA, by name, as `momentsOf` gives them. */
export function ladderOf(pdus: readonly ProxiedPdu[], moments: ReadonlyMap<string, readonly PduMoment[]>): LadderLine[] {
  const ends = new Map([...moments].map(([name, list]) => [name, new Moments(list)]));
  const lines: LadderLine[] = [];
  for (const { from, to, pdu, fate, fault, association } of pdus) {
    // A held PDU is told again when it leaves.
    if (fate === 'held') continue;
    const text = describePdu(pdu);
    const sent = ends.get(from)?.take('sent', text);
    const received = fate === 'passed' ? ends.get(to)?.take('received', text) : undefined;
    const believes: Record<string, TurnSide> = {};
    if (sent?.believes != null) believes[from] = sent.believes;
    if (received?.believes != null) believes[to] = received.believes;
    lines.push({ from, to, text, association: sent?.association ?? association, believes, fate, fault, count: 1 });
  }
  return lines;
}

const transfer = /^request \d+ MtaSend rttr .* last/;
const confirmation = /^response \d+ confirm .* stored$/;

/** Long stretches of transfers, each confirmed, become one line: nobody wants to read forty-nine of them. */
export function folded(lines: readonly LadderLine[]): LadderLine[] {
  const result: LadderLine[] = [];
  for (let at = 0; at < lines.length; ) {
    const first = lines[at] as LadderLine;
    let pairs = 0;
    while (isPair(lines, at + 2 * pairs, first)) pairs += 1;
    if (pairs < 3) {
      result.push(first);
      at += 1;
      continue;
    }
    const last = lines[at + 2 * pairs - 1] as LadderLine;
    const text = `${pairs} transfers, each an rttr and its confirm`;
    result.push({ ...first, text, believes: { ...first.believes, ...last.believes }, count: 2 * pairs });
    at += 2 * pairs;
  }
  return result;
}

function isPair(lines: readonly LadderLine[], at: number, like: LadderLine): boolean {
  const there = lines[at];
  const back = lines[at + 1];
  if (there === undefined || back === undefined || there.from !== like.from || there.association !== like.association) return false;
  const passed = there.fate === 'passed' && back.fate === 'passed' && there.fault === null;
  return passed && transfer.test(there.text) && back.from === like.to && confirmation.test(back.text);
}

const side: Readonly<Record<TurnSide, string>> = { mine: 'mine', theirs: 'theirs' };

/**
 * The ladder as text, about 100 columns: one MTA on each edge with its belief (`mine`, `theirs`), the PDU on its arrow.
 * A cross ends an arrow that did not arrive.
 */
export function ladderText(lines: readonly LadderLine[], left: string, right: string): string {
  const widest = Math.max(60, ...lines.map((line) => line.text.length + 2));
  const width = Math.min(widest, 110) + 4;
  const edge = Math.max(6, left.length);
  const rows = [`${left.padEnd(edge)}  ${' '.repeat(width)}  ${right}`, `${'Turn:'.padEnd(edge)}  ${' '.repeat(width)}  Turn:`];
  let shown = { left: '', right: '' };
  for (const line of lines) {
    const lost = line.fate !== 'passed';
    const body = ` ${line.text.length > 110 ? `${line.text.slice(0, 109)}…` : line.text} `;
    const dashes = '-'.repeat(Math.max(1, width - body.length - 3));
    const arrow = line.from === left ? `--${body}${dashes}${lost ? 'x' : '>'}` : `${lost ? 'x' : '<'}${dashes}${body}--`;
    const now = {
      left: beliefOf(line, left) ?? shown.left,
      right: beliefOf(line, right) ?? shown.right,
    };
    const mark = line.fault === null ? '' : `   [${line.fault}]`;
    rows.push(`${now.left.padEnd(edge)}  ${arrow.padEnd(width)}  ${now.right}${mark}`.trimEnd());
    shown = now;
  }
  return rows.join('\n');
}

function beliefOf(line: LadderLine, name: string): string | undefined {
  const belief = line.believes[name];
  return belief === undefined ? undefined : side[belief];
}
