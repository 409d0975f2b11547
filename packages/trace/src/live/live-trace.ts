/**
 * Follows a lab item by item: runs every step through the core again, and keeps the latest with the states after them. So a
 * page can show any kept instant: the ladder up to it, and the whole state of both sides.
 */
import { type Effect, type Input, type Mta, start, step } from '@mtalab/mta-core';
import type { JournalEntry } from '../journal/entry.js';
import { folded } from '../ladder/fold.js';
import type { LadderLine } from '../ladder/line.js';
import type { LinkPdu } from '../ladder/link-pdu.js';
import { mergeTrails } from '../ladder/merge.js';
import { Trail } from '../ladder/trail.js';
import { withFates } from './fates.js';
import type { FeedItem, FiguresItem, ProcessItem } from './feed-item.js';

/** A step that is kept. */
export type KeptStep = {
  /** Counts all items of the lab. */
  readonly at: number;
  readonly entry: JournalEntry;
  /** The state before; null at the start of a process. */
  readonly before: Mta | null;
  readonly mta: Mta;
};

/** What one MTA is at an instant. */
export type NodeAt = {
  readonly node: string;
  /** Null while its state is not known: it has not started, or its steps are not followed. */
  readonly mta: Mta | null;
  readonly process: ProcessItem | null;
  /** The latest figures, if the steps are not followed. */
  readonly figures: FiguresItem | null;
};

export type LiveLimits = {
  /** Steps kept of all MTAs together. */
  readonly steps: number;
  readonly pdus: number;
};

export const defaultLiveLimits: LiveLimits = { steps: 20_000, pdus: 20_000 };

type Life = { mta: Mta; n: number } | null;
type KeptPdu = { readonly at: number; readonly t: number; readonly pdu: LinkPdu };
type KeptNote = { readonly at: number; readonly item: Exclude<FeedItem, { k: 'step' | 'pdu' }> };

/** Drops the older half when a list is full, so that an item costs the same however many there are. */
function keep<T>(list: T[], item: T, limit: number): void {
  list.push(item);
  if (list.length > limit) list.splice(0, list.length - Math.ceil(limit / 2));
}

export class LiveTrace {
  readonly steps: KeptStep[] = [];
  readonly #pdus: KeptPdu[] = [];
  readonly #notes: KeptNote[] = [];
  readonly #lives = new Map<string, Life>();
  readonly #nodes = new Set<string>();
  readonly #limits: LiveLimits;
  #taken = 0;
  #lastN = 0;
  /** Why the steps of an MTA cannot be followed, by name. */
  readonly troubles = new Map<string, string>();

  constructor(limits: LiveLimits = defaultLiveLimits) {
    this.#limits = limits;
  }

  /** Names of the MTAs, sorted. */
  get nodes(): readonly string[] {
    return [...this.#nodes].sort();
  }

  /** Number of the latest item. */
  get latest(): number {
    return this.#taken;
  }

  /** The first item from which on everything is kept. */
  get oldest(): number {
    return this.steps[0]?.at ?? this.#taken;
  }

  take(item: FeedItem): void {
    this.#taken += 1;
    if (item.k === 'pdu') {
      keep(this.#pdus, { at: this.#taken, t: item.t, pdu: item.pdu }, this.#limits.pdus);
      return;
    }
    const node = item.k === 'step' ? item.entry.node : item.node;
    this.#nodes.add(node);
    if (item.k === 'step') {
      this.#step(item.entry);
      return;
    }
    keep(this.#notes, { at: this.#taken, item }, this.#limits.pdus);
    if (item.k === 'state') {
      this.#lives.set(node, { mta: item.mta, n: item.n });
      this.troubles.delete(node);
    } else if (item.k === 'gap' || (item.k === 'process' && item.state === 'down')) this.#lives.set(node, null);
  }

  #step(entry: JournalEntry): void {
    const { node, n, t, input } = entry;
    const life = this.#lives.get(node) ?? null;
    if (input.type === 'start') {
      const { mta } = start(input.config, input.recovered, t);
      this.#lastN = n;
      this.#keepStep(entry, null, mta);
      return;
    }
    // The state that came says which steps it has already.
    if (life === null || n <= life.n) return;
    // One journal of a whole lab counts the steps of all its MTAs.
    const isNext = n === life.n + 1 || n === this.#lastN + 1;
    this.#lastN = n;
    if (!isNext) {
      this.#lives.set(node, null);
      this.troubles.set(node, `steps ${life.n + 1} to ${n - 1} of ${node} are missing`);
      return;
    }
    let after: { readonly mta: Mta; readonly effects: readonly Effect[] };
    try {
      after = step(life.mta, input as Input, t);
    } catch (error) {
      this.#lives.set(node, null);
      this.troubles.set(node, `step ${n} of ${node} cannot be repeated: ${(error as Error).message}`);
      return;
    }
    this.#keepStep(entry, life.mta, after.mta);
  }

  #keepStep(entry: JournalEntry, before: Mta | null, mta: Mta): void {
    this.#lives.set(entry.node, { mta, n: entry.n });
    keep(this.steps, { at: this.#taken, entry, before, mta }, this.#limits.steps);
  }

  /**
   * A trace of its own that knows what this one knew after an item. What it takes from then on stays in it.
   * @param limits default: as of this trace.
   */
  copyAt(at: number, limits: LiveLimits = this.#limits): LiveTrace {
    const copy = new LiveTrace(limits);
    copy.steps.push(...this.steps.slice(0, upTo(this.steps, at)).slice(-limits.steps));
    copy.#pdus.push(...this.#pdus.slice(0, upTo(this.#pdus, at)).slice(-limits.pdus));
    copy.#notes.push(...this.#notes.slice(0, upTo(this.#notes, at)).slice(-limits.pdus));
    for (const { node, mta } of this.nodesAt(at)) {
      copy.#nodes.add(node);
      copy.#lives.set(node, mta === null ? null : { mta, n: this.countAt(node, at) });
    }
    copy.#taken = at;
    return copy;
  }

  /** The number of the last step of an MTA up to an item, in the present life of the MTA. 0 before the first. */
  countAt(node: string, at: number): number {
    const step = this.steps.findLast((each) => each.at <= at && each.entry.node === node);
    const note = this.#notes.findLast((each) => each.at <= at && each.item.k === 'state' && each.item.node === node);
    const state = note?.item.k === 'state' && note.at > (step?.at ?? 0) ? note.item : undefined;
    return state?.n ?? step?.entry.n ?? 0;
  }

  /** The last item whose step is not later than this instant, ms of lab time. */
  itemAt(tMs: number): number {
    return this.steps.findLast(({ entry }) => entry.t <= tMs)?.at ?? this.oldest;
  }

  /** Every MTA as it was after an item. @param at default: now. */
  nodesAt(at: number = this.#taken): readonly NodeAt[] {
    return this.nodes.map((node) => this.#nodeAt(node, at));
  }

  #nodeAt(node: string, at: number): NodeAt {
    const step = this.steps.findLast((each) => each.at <= at && each.entry.node === node);
    const noteOf = (kind: FeedItem['k']) =>
      this.#notes.findLast((each) => each.at <= at && each.item.k === kind && each.item.node === node);
    const state = noteOf('state');
    const process = noteOf('process');
    const gap = noteOf('gap');
    const figures = noteOf('figures');
    const known = Math.max(step?.at ?? 0, state?.at ?? 0);
    const ended = process !== undefined && (process.item as ProcessItem).state === 'down' ? process.at : 0;
    const isKnown = known > Math.max(gap?.at ?? 0, ended);
    const fromState = state !== undefined && state.at > (step?.at ?? 0) && state.item.k === 'state' ? state.item.mta : null;
    return {
      node,
      mta: isKnown ? (fromState ?? step?.mta ?? null) : null,
      process: (process?.item as ProcessItem | undefined) ?? null,
      figures: !isKnown && figures !== undefined ? (figures.item as FiguresItem) : null,
    };
  }

  /**
   * The ladder of the steps up to an item.
   * @param most steps that it looks at: the time it takes grows with them.
   * @param whole leave repeated lines as they are. Default: they are folded.
   */
  ladder(at: number = this.#taken, most = 1500, whole = false): readonly LadderLine[] {
    const end = upTo(this.steps, at);
    const trails = new Map<string, Trail>();
    for (const { entry, before, mta } of this.steps.slice(Math.max(0, end - most), end)) {
      const trail = trails.get(entry.node) ?? new Trail(entry.node);
      trails.set(entry.node, trail);
      trail.take({ line: 0, entry }, { before, mta, effects: entry.effects });
    }
    const endOfPdus = upTo(this.#pdus, at);
    const pdus = this.#pdus.slice(Math.max(0, endOfPdus - most), endOfPdus).map(({ pdu }) => pdu);
    const lines = withFates(mergeTrails(trails.values()), pdus);
    return whole ? lines : folded(lines);
  }
}

/** How many entries of a list that is sorted by `at` are not later than this. */
function upTo(list: readonly { readonly at: number }[], at: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle]?.at ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
