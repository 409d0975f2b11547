/** Makes the figures of `mtalab top` from samples: rates, restarts, and whether the two sides of an association agree about the Turn. */
import { type AnswerError, joinAnswers, type RawAssociation } from '@mtalab/harness';
import type { TopSample, TopSight } from './sample.js';
import type { TopSort } from './sorts.js';

export type TopQueue = {
  /** Name of the adjacent MTA, or `mailboxes`. */
  readonly queue: string;
  readonly queued: number;
  /** Length at which another association opens; null if none opens for that. */
  readonly threshold: number | null;
  readonly oldestSubmittedAtMs: number | null;
  /** The weightiest reason why its mail waits; null if none waits. */
  readonly why: string | null;
};

/** Per second of real time, over the last seconds. */
export type TopRates = {
  readonly submittedPerS: number;
  readonly deliveredPerS: number;
  readonly turnsGivenPerS: number;
  /** 100: one processor. */
  readonly cpuPercent: number;
};

/** What an MTA that answers shows. */
export type TopFigures = {
  readonly phase: string;
  readonly pid: number;
  readonly version: string;
  readonly incarnation: number;
  /** Is this another process than a few seconds ago? */
  readonly restarted: boolean;
  readonly nowMs: number;
  readonly timeScale: number;
  readonly rssBytes: number;
  readonly queued: number;
  /** Of all its queues; null if nothing is queued. */
  readonly oldestSubmittedAtMs: number | null;
  /** Null in the first look. */
  readonly rates: TopRates | null;
  readonly queues: readonly TopQueue[];
};

export type TopMta =
  | ({ readonly mta: string; readonly error: null } & TopFigures)
  | { readonly mta: string; readonly error: AnswerError };

export type TopAssociation = {
  readonly name: string;
  readonly between: readonly string[];
  /** As in `associations`, or `passing`: the Turn is on its way. `nobody` and `both` are those of two looks. */
  readonly turn: RawAssociation['turn'] | 'passing';
  /** The MTA that has the Turn, if both sides say the same. */
  readonly holder: string | null;
  readonly sides: readonly { readonly mta: string; readonly state: string; readonly holder: string; readonly asks: boolean }[];
  readonly unanswered: readonly string[];
  readonly moved: number;
  readonly movedPerS: number | null;
};

export type TopView = { readonly mtas: readonly TopMta[]; readonly associations: readonly TopAssociation[] };

/** Real time over which rates are taken, and for which a restart is shown, ms. */
const rateMs = 5000;
const restartShownMs = 10_000;
/** Limit of the samples in memory. */
const maxSamples = 50;

export class TopHistory {
  #samples: TopSample[] = [];
  readonly #lives = new Map<string, { readonly pid: number; readonly restartedAtMs: number | null }>();

  /** Takes a sample, and gives the view of it. */
  add(sample: TopSample): TopView {
    const { atMs } = sample;
    const recent = this.#samples.filter((each) => atMs - each.atMs <= rateMs).slice(1 - maxSamples);
    // After a pause there may be none in the window.
    const before = recent.length === 0 ? this.#samples.slice(-1) : recent;
    this.#samples = [...before, sample];
    return { mtas: sample.answers.map((answer) => this.#mta(answer, sample, before)), associations: joined(sample, before) };
  }

  #mta(answer: TopSample['answers'][number], { atMs }: TopSample, before: readonly TopSample[]): TopMta {
    const { mta } = answer;
    if (!answer.ok) return { mta, error: answer.error };
    const { status, queues } = answer.value;
    const oldest = queues.flatMap(({ oldestSubmittedAtMs }) => oldestSubmittedAtMs ?? []);
    return {
      mta,
      error: null,
      phase: status.phase,
      pid: status.pid,
      version: status.version,
      incarnation: status.incarnation,
      restarted: this.#isNew(mta, status.pid, atMs),
      nowMs: status.nowMs,
      timeScale: status.timeScale,
      rssBytes: status.memory.rssBytes,
      queued: queues.reduce((sum, { queued }) => sum + queued, 0),
      oldestSubmittedAtMs: oldest.length === 0 ? null : Math.min(...oldest),
      rates: ratesOf(answer.value, atMs, mta, before),
      queues: queues.map(({ queue, queued, nextAssociationThreshold, oldestSubmittedAtMs, waits }) => ({
        queue,
        queued,
        threshold: nextAssociationThreshold,
        oldestSubmittedAtMs,
        why: queued === 0 ? null : (waits[0]?.says ?? null),
      })),
    };
  }

  #isNew(mta: string, pid: number, atMs: number): boolean {
    const known = this.#lives.get(mta);
    const restartedAtMs = known === undefined || known.pid === pid ? (known?.restartedAtMs ?? null) : atMs;
    this.#lives.set(mta, { pid, restartedAtMs });
    return restartedAtMs !== null && atMs - restartedAtMs < restartShownMs;
  }
}

/** What an MTA showed in a sample. */
function sightIn({ answers }: TopSample, mta: string): TopSight | null {
  const answer = answers.find((each) => each.mta === mta);
  return answer?.ok === true ? answer.value : null;
}

/** Since the oldest sample of the same process; counters begin anew with a process. */
function ratesOf({ status }: TopSight, atMs: number, mta: string, before: readonly TopSample[]): TopRates | null {
  for (const sample of before) {
    const then = sightIn(sample, mta)?.status;
    const seconds = (atMs - sample.atMs) / 1000;
    if (then?.pid !== status.pid || seconds <= 0) continue;
    const perS = (now: number, earlier: number): number => Math.max(0, now - earlier) / seconds;
    const cpuS = ({ userS, systemS }: typeof status.cpu): number => userS + systemS;
    return {
      submittedPerS: perS(status.counters.submitted, then.counters.submitted),
      deliveredPerS: perS(status.counters.delivered, then.counters.delivered),
      turnsGivenPerS: perS(status.turnsGiven, then.turnsGiven),
      cpuPercent: 100 * perS(cpuS(status.cpu), cpuS(then.cpu)),
    };
  }
  return null;
}

function rawAssociations({ answers }: TopSample): readonly RawAssociation[] {
  return joinAnswers(answers.map((answer) => (answer.ok ? { ...answer, value: answer.value.associations } : answer)));
}

function movedOf({ sides }: RawAssociation): number {
  return Math.max(0, ...sides.map(({ moved }) => moved));
}

function isSame(one: RawAssociation, other: RawAssociation): boolean {
  return one.name === other.name && one.between.join('\n') === other.between.join('\n');
}

function joined(sample: TopSample, before: readonly TopSample[]): readonly TopAssociation[] {
  const first = before[0];
  const last = before.at(-1);
  const [earliest, latest] = [first, last].map((each) => (each === undefined ? [] : rawAssociations(each)));
  return rawAssociations(sample).map((each) => {
    const { name, between, sides, unanswered } = each;
    const then = earliest?.find((one) => isSame(one, each));
    const seconds = (sample.atMs - (first?.atMs ?? sample.atMs)) / 1000;
    const moved = movedOf(each);
    return {
      name,
      between,
      turn: verdict(
        each,
        latest?.find((one) => isSame(one, each)),
      ),
      holder: each.turn === 'one' ? (sides[0]?.holder ?? null) : null,
      sides: sides.map(({ mta, state, holder, turn }) => ({ mta, state, holder, asks: turn === 'asking' })),
      unanswered,
      moved,
      movedPerS: then === undefined || seconds <= 0 ? null : Math.max(0, moved - movedOf(then)) / seconds,
    };
  });
}

/**
 * The two sides do not answer at the same instant, so a Turn that moves meanwhile may be at neither or at both. They disagree if two
 * looks say so, with nothing moved in between.
 */
function verdict(now: RawAssociation, before: RawAssociation | undefined): TopAssociation['turn'] {
  const { turn, sides } = now;
  if (turn !== 'nobody' && turn !== 'both') return turn;
  const given = sides.some((side) => side.turn === 'given');
  return !given && before?.turn === turn && movedOf(before) === movedOf(now) ? turn : 'passing';
}

/** The MTAs in another order: the longest queue, the oldest message, or the most deliveries first. `name`: as in the run. */
export function sortedTop({ mtas, associations }: TopView, sort: TopSort): TopView {
  const weight = (one: TopMta): number => {
    if (one.error !== null) return -1;
    if (sort === 'queue') return one.queued;
    if (sort === 'oldest') return one.oldestSubmittedAtMs === null ? 0 : one.nowMs - one.oldestSubmittedAtMs;
    return one.rates?.deliveredPerS ?? 0;
  };
  return sort === 'name'
    ? { mtas, associations }
    : { mtas: mtas.toSorted((one, other) => weight(other) - weight(one)), associations };
}
