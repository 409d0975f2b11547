/**
 * Compares the ladders of two pairs that have got the same: which PDUs are the same, and where the pairs part. Two sets of
 * processes never agree in time, so a PDU is known by its sender, its association and its fields, in the order of each sender.
 */
import { isNote, type LadderLine } from '../ladder/line.js';

/** Where two pairs part. Of a PDU that only one of them has, the other line is null. */
export type Divergence = {
  /** `fields`: they send different PDUs. `missing`: one sends none. `beliefs`: the same PDU leaves other beliefs about the Turn. */
  readonly kind: 'fields' | 'missing' | 'beliefs';
  readonly one: LadderLine | null;
  readonly other: LadderLine | null;
};

export type Comparison = {
  /** The same PDU in the ladder of the other pair, both ways. */
  readonly partners: ReadonlyMap<LadderLine, LadderLine>;
  readonly first: Divergence | null;
};

/** When each pair has been looked at, ms of lab time of each; a PDU is missing if the pair is past it by `patienceMs`. */
export type ComparedAt = {
  readonly oneMs: number;
  readonly otherMs: number;
  /** How far the clock of the other pair is behind that of the one, ms. */
  readonly shiftMs: number;
  readonly patienceMs: number;
};

/** PDUs of one sender by which two pairs may order theirs differently: a confirmation waits for the disk, its neighbour does not. */
const reach = 4;

type Keyed = { readonly line: LadderLine; readonly text: string };

/** What one MTA sends on one association, in order. Calls and answers apart: they go over connections of their own. */
type Series = { readonly key: string; readonly lines: Keyed[] };

/** Names of associations and numbers of messages depend on the moment at which each was taken in. */
class Names {
  readonly #known = new Map<string, number>();

  of(name: string | null): string {
    if (name === null) return '-';
    const initiator = name.split('/')[0] ?? name;
    const before = [...this.#known.keys()].filter((each) => each.startsWith(`${initiator}/`)).length;
    const rank = this.#known.get(name) ?? before + 1;
    this.#known.set(name, rank);
    return `${initiator}/${rank}`;
  }
}

function comparable(text: string, names: Names): string {
  return text
    .replace(/ settled=\S+/, '')
    .replace(/ activity=\S+/, '')
    .replace(/association=(\S+)/, (_, name: string) => `association=${names.of(name)}`)
    .replace(/ (length|upTo|offset)=\d+/g, '')
    .replace(/group=[1-9]\d*/, 'group=n')
    .replace(/^(request|response) \d+/, '$1');
}

function seriesOf(lines: readonly LadderLine[]): ReadonlyMap<string, Series> {
  const names = new Names();
  const found = new Map<string, Series>();
  for (const line of lines) {
    if (isNote(line)) continue;
    const association = names.of(line.association);
    const text = comparable(line.text, names);
    const side = /^(response|bind_ack|bind_nak)\b/.test(text) ? 'answers' : 'calls';
    const key = `${line.from} ${association} ${side}`;
    const series = found.get(key) ?? { key, lines: [] };
    found.set(key, series);
    series.lines.push({ line, text });
  }
  return found;
}

/** Matches two series in order. @returns the places that have no match, the first of each side; -1 if all have one. */
function matched(one: readonly Keyed[], other: readonly Keyed[], match: (a: Keyed, b: Keyed) => void): readonly [number, number] {
  const taken = new Set<number>();
  let lost = -1;
  let from = 0;
  for (const [at, each] of one.entries()) {
    while (taken.has(from)) from += 1;
    let found = -1;
    for (let place = from; place < Math.min(other.length, from + reach) && found < 0; place += 1)
      if (!taken.has(place) && other[place]?.text === each.text) found = place;
    if (found < 0) {
      if (lost < 0) lost = at;
      // From here on the two series are no longer comparable.
      if (at - lost > reach) break;
      continue;
    }
    taken.add(found);
    match(each, other[found] as Keyed);
  }
  const left = other.findIndex((_, place) => !taken.has(place));
  return [lost, left];
}

function agree(one: LadderLine, other: LadderLine): boolean {
  return Object.entries(one.believes).every(
    ([node, side]) => other.believes[node] === undefined || other.believes[node] === side,
  );
}

/** Compares two ladders that begin together. Repeated lines must not be folded, or must be folded alike. */
export function compareLadders(
  one: readonly LadderLine[],
  other: readonly LadderLine[],
  { oneMs, otherMs, shiftMs, patienceMs }: ComparedAt,
): Comparison {
  const [ours, theirs] = [seriesOf(one), seriesOf(other)];
  const partners = new Map<LadderLine, LadderLine>();
  const found: Divergence[] = [];
  const isPast = (line: LadderLine, nowMs: number, shift: number): boolean => nowMs - ((line.tMs ?? 0) + shift) > patienceMs;
  for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
    const [mine, his] = [ours.get(key)?.lines ?? [], theirs.get(key)?.lines ?? []];
    let differs: Divergence | null = null;
    const [lost, left] = matched(mine, his, ({ line: a }, { line: b }) => {
      partners.set(a, b);
      partners.set(b, a);
      if (differs === null && !agree(a, b)) differs = { kind: 'beliefs', one: a, other: b };
    });
    if (differs !== null) found.push(differs);
    const [a, b] = [mine[lost]?.line ?? null, his[left]?.line ?? null];
    if (a !== null && b !== null) found.push({ kind: 'fields', one: a, other: b });
    else if (a !== null && isPast(a, otherMs, -shiftMs)) found.push({ kind: 'missing', one: a, other: null });
    else if (b !== null && isPast(b, oneMs, shiftMs)) found.push({ kind: 'missing', one: null, other: b });
  }
  const when = ({ one: a, other: b }: Divergence): number =>
    Math.min(a?.tMs ?? Number.POSITIVE_INFINITY, (b?.tMs ?? Number.POSITIVE_INFINITY) + shiftMs);
  const [first = null] = found.sort((a, b) => when(a) - when(b));
  return { partners, first };
}

/** Where the pairs part, in words. */
export function divergenceText({ kind, one, other }: Divergence): string {
  const says = (line: LadderLine): string => `${line.from} sends ${line.text}`;
  if (kind === 'beliefs' && one !== null && other !== null) {
    const node = Object.keys(one.believes).find(
      (name) => other.believes[name] !== undefined && other.believes[name] !== one.believes[name],
    );
    const side = (line: LadderLine): string =>
      line.believes[node ?? ''] === 'mine' ? 'that it has the Turn' : 'that the other side has the Turn';
    return `After ${one.from}'s ${one.text}, ${node} believes ${side(one)} in the first pair, and ${side(other)} in the second`;
  }
  if (one !== null && other !== null) return `In the first pair ${says(one)}; in the second ${says(other)}`;
  if (one !== null) return `In the first pair ${says(one)}; the second does not`;
  return other === null ? '' : `In the second pair ${says(other)}; the first does not`;
}
