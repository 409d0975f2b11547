/** Two pairs side by side: their rows on one clock, and where they part. Pure, but for what it keeps of the latest comparison. */
import { quirks } from '@mtalab/mta-core';
import { type Comparison, compareLadders, type Divergence, type KeptStep, type LadderLine, type LiveTrace } from '@mtalab/trace';
import type { LadderRow, Lifeline } from './rows.js';

/** Steps of each pair, from the first on, that are compared. */
const comparedSteps = 4000;
/** Beyond this two runs cannot have been on one clock: they are drawn as if they had begun together, ms. */
const otherRunMs = 60_000;

/** A line of the twin view: the rows of both pairs that stand beside each other. */
export type TwinRow = {
  readonly one: LadderRow | null;
  readonly other: LadderRow | null;
  /** What the lifelines of each pair say here, also where it has no row. */
  readonly lifelines: readonly [LadderRow['lifelines'], LadderRow['lifelines']];
  /** The pairs part here: in the first pair, in the second. */
  readonly parts: readonly [boolean, boolean];
};

/** How far the clock of the other pair is behind that of the one, ms. 0: they share it. */
export function shiftOf(one: LiveTrace, other: LiveTrace): number {
  const apartMs = (one.steps[0]?.entry.t ?? 0) - (other.steps[0]?.entry.t ?? 0);
  return Math.abs(apartMs) > otherRunMs ? apartMs : 0;
}

/** Articles that are on at an MTA of a pair. */
function articlesOf(trace: LiveTrace): readonly string[] {
  const on = new Set(trace.nodesAt().flatMap(({ mta }) => mta?.legacy ?? []));
  return quirks.map(({ article }) => article).filter((article) => on.has(article));
}

/** What distinguishes each pair, in words. */
export function pairTitles(one: LiveTrace, other: LiveTrace): readonly [string, string] {
  const [ours, theirs] = [articlesOf(one), articlesOf(other)];
  const differing = quirks.map(({ article }) => article).filter((each) => ours.includes(each) !== theirs.includes(each));
  const says = (on: readonly string[]): string =>
    differing.length === 0
      ? 'the same articles'
      : differing.map((article) => `${article} ${on.includes(article) ? 'legacy' : 'fixed'}`).join(', ');
  return [says(ours), says(theirs)];
}

/** The first steps of a trace, as lines. */
function beginning(trace: LiveTrace): readonly LadderLine[] {
  const last = trace.steps[Math.min(comparedSteps, trace.steps.length) - 1];
  return last === undefined ? [] : trace.ladder(last.at, comparedSteps, true);
}

function lastMs(trace: LiveTrace): number {
  return trace.steps.at(-1)?.entry.t ?? 0;
}

/** Follows two pairs until they part. */
export class TwinWatch {
  readonly #one: LiveTrace;
  readonly #other: LiveTrace;
  #seen = '';
  #found: Divergence | null = null;
  #isSure = false;
  #same = 0;
  /** The first step of each pair, once it has made one. */
  #begins: readonly (KeptStep | undefined)[] = [];

  constructor(one: LiveTrace, other: LiveTrace) {
    this.#one = one;
    this.#other = other;
  }

  /** Do both traces still begin with the first steps of their pairs? */
  #isWhole(): boolean {
    const present = [this.#one.steps[0], this.#other.steps[0]];
    if (this.#begins.some((step) => step === undefined) || this.#begins.length === 0) this.#begins = present;
    return this.#begins.every((step, at) => step !== undefined && step === present[at]);
  }

  /** Are these the pairs that it follows? */
  isOf(one: LiveTrace, other: LiveTrace): boolean {
    return this.#one === one && this.#other === other;
  }

  /** PDUs that both pairs have had before they parted. */
  get same(): number {
    return this.#same;
  }

  /**
   * Where the pairs part, as far as is known.
   * @param nowMs lab time of both pairs; null if they are recordings, which go no further.
   * @param patienceMs lab time after which a PDU is missing that the other pair has.
   */
  look(nowMs: number | null, patienceMs: number): Divergence | null {
    const seen = `${this.#one.latest} ${this.#other.latest} ${Math.floor((nowMs ?? 0) / Math.max(1, patienceMs))}`;
    if (this.#isSure || seen === this.#seen || !this.#isWhole()) return this.#found;
    this.#seen = seen;
    const shiftMs = shiftOf(this.#one, this.#other);
    const end = Number.MAX_SAFE_INTEGER;
    const { first, partners } = compareLadders(beginning(this.#one), beginning(this.#other), {
      oneMs: nowMs ?? end,
      otherMs: nowMs ?? end,
      shiftMs,
      patienceMs,
    });
    this.#found = first;
    this.#same = partners.size / 2;
    const times = [first?.one, first?.other].flatMap((line) => (line?.tMs === undefined ? [] : [line.tMs]));
    this.#isSure = first !== null && first.kind !== 'missing' && (nowMs ?? lastMs(this.#one)) > Math.max(...times) + patienceMs;
    return this.#found;
  }

  /** The same PDUs in two ladders that are shown; none once they do not begin together any more. */
  partners(one: readonly LadderRow[], other: readonly LadderRow[]): Comparison['partners'] {
    const isShort = [this.#one, this.#other].every(({ steps }) => steps.length <= comparedSteps);
    if (!isShort || !this.#isWhole()) return new Map();
    const lines = (rows: readonly LadderRow[]) => rows.map(({ line }) => line);
    const never = { oneMs: 0, otherMs: 0, shiftMs: 0, patienceMs: 0 };
    return compareLadders(lines(one), lines(other), never).partners;
  }
}

function isOf({ line }: LadderRow, wanted: LadderLine | null | undefined): boolean {
  if (wanted === null || wanted === undefined || line.from !== wanted.from || line.tMs === undefined) return false;
  const tMs = wanted.tMs ?? 0;
  return line.count === 1 ? line.tMs === tMs && line.text === wanted.text : line.tMs <= tMs && tMs <= (line.endMs ?? line.tMs);
}

/**
 * Puts the rows of two ladders beside each other: the same PDUs on one line, everything else in the order of time.
 * @param shiftMs added to the times of the other ladder.
 */
export function twinRows(
  one: readonly LadderRow[],
  other: readonly LadderRow[],
  partners: Comparison['partners'],
  shiftMs: number,
  divergence: Divergence | null,
): readonly TwinRow[] {
  const rows: TwinRow[] = [];
  const places = [placesOf(one), placesOf(other)] as const;
  let [i, j] = [0, 0];
  const none: readonly [Lifeline, Lifeline] = ['none', 'none'];
  let lifelines: TwinRow['lifelines'] = [none, none];
  const push = (a: LadderRow | null, b: LadderRow | null): void => {
    const here = [a !== null && isOf(a, divergence?.one), b !== null && isOf(b, divergence?.other)] as const;
    // Where one pair sends nothing, its empty place is marked.
    const isMissing = divergence?.kind === 'missing' && (here[0] || here[1]);
    lifelines = [a?.lifelines ?? lifelines[0], b?.lifelines ?? lifelines[1]];
    rows.push({ one: a, other: b, lifelines, parts: isMissing ? [true, true] : here });
    if (a !== null) i += 1;
    if (b !== null) j += 1;
  };
  while (i < one.length || j < other.length) {
    const [a, b] = [one[i] ?? null, other[j] ?? null];
    const [toB, toA] = [partnerPlace(a, partners, places[1]), partnerPlace(b, partners, places[0])];
    const [isAFree, isBFree] = [toB < j, toA < i];
    if (a !== null && toB === j) push(a, b);
    else if (a === null) push(null, b);
    else if (b === null) push(a, null);
    else if (isAFree && isBFree) timeOf(a) <= timeOf(b) + shiftMs ? push(a, null) : push(null, b);
    else if (isBFree) push(null, b);
    // Of two pairs of PDUs that cross, one stands alone.
    else push(a, null);
  }
  return rows;
}

function placesOf(rows: readonly LadderRow[]): ReadonlyMap<LadderLine, number> {
  return new Map(rows.map(({ line }, at) => [line, at]));
}

/** The place of the same PDU in the other ladder; -1 if there is none. */
function partnerPlace(row: LadderRow | null, partners: Comparison['partners'], places: ReadonlyMap<LadderLine, number>): number {
  const partner = row === null ? undefined : partners.get(row.line);
  return (partner === undefined ? undefined : places.get(partner)) ?? -1;
}

/** A mark has no time of its own: it stays with what is before it. */
function timeOf({ line }: LadderRow): number {
  return line.tMs ?? 0;
}
