/** The live display of a load: one line for each MTA, and a line that sums up. */
import type { LoadProgress, LoadSample } from '@mtalab/harness';
import { printable } from '@mtalab/mta-core';
import { counted } from '@mtalab/scenario';
import { padded, widest } from './table.js';
import { span } from './units.js';

/** Columns of the bar of a queue, and of its part below the threshold. */
const barColumns = 18;
const belowThreshold = 12;

/** `#####.......|.....`: a queue for each association, with the threshold marked. */
export function queueBar(queuedPerAssociation: number, threshold: number): string {
  const filled = Math.min(barColumns, Math.round((queuedPerAssociation / threshold) * belowThreshold));
  const signs = Array.from({ length: barColumns }, (_, at) => (at < filled ? '#' : '.'));
  return `${signs.slice(0, belowThreshold).join('')}|${signs.slice(belowThreshold).join('')}`;
}

function perSecond(count: number, seconds: number): string {
  const rate = seconds > 0 ? count / seconds : 0;
  return `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`;
}

/** Shows the progress of a load, and remembers the interval before for what changes with time. */
export class LoadDisplay {
  readonly #thresholds: ReadonlyMap<string, number>;
  #before: LoadSample | null = null;
  #shown: LoadSample | null = null;
  #turnsPerSecond = 0;

  /** @param thresholds of the queues, by name of the MTA. */
  constructor(thresholds: ReadonlyMap<string, number>) {
    this.#thresholds = thresholds;
  }

  /** The lines. The last sums up the others. */
  lines(progress: LoadProgress): readonly string[] {
    const { sample } = progress;
    if (sample !== this.#shown) {
      this.#before = this.#shown;
      this.#shown = sample;
      this.#turnsPerSecond = turnRate(this.#before, sample);
    }
    const names = (sample?.mtas ?? []).map(({ mta }) => printable(mta));
    const width = widest(names);
    const lines = (sample?.mtas ?? []).map((one, at) => {
      const threshold = this.#thresholds.get(one.mta) ?? 50;
      const figures = one.answers
        ? `${one.queued} queued, ${counted(one.associations, 'association')}${one.oldestS > 0 ? `, oldest ${span(one.oldestS * 1000)}` : ''}`
        : 'does not answer';
      return `${padded(names[at] ?? '', width)}  ${queueBar(one.queuedPerAssociation, threshold)}  ${figures}`;
    });
    return [...lines, ...turnLines(sample), this.#sum(progress)];
  }

  #sum(progress: LoadProgress): string {
    const { phase, atS, lengthS, planned, started, delivered, late, dropped, sample, latencies } = progress;
    if (phase === 'warm-up') return 'warming up';
    if (phase === 'prefill') return `filling the queues behind the held link: ${counted(progress.accepted, 'message')}`;
    const whole = planned !== null ? ` of ${planned}` : '';
    const time =
      Number.isFinite(lengthS) && phase === 'load' ? `${atS.toFixed(0)} of ${lengthS} s` : `${Math.max(0, atS).toFixed(0)} s`;
    const words = { load: time, drain: `draining, ${time}`, verdict: 'reading the disks' }[phase];
    return [
      `${words}: ${started}${whole} started, ${delivered} delivered`,
      ...(sample === null ? [] : [perSecond(sample.delivered, sample.lengthS)]),
      ...(latencies.corrected.count === 0
        ? []
        : [`p50 ${span(latencies.corrected.p50Ms)}`, `p99 ${span(latencies.corrected.p99Ms)}`]),
      ...(this.#turnsPerSecond > 0 ? [`${this.#turnsPerSecond.toFixed(1)} Turns/s`] : []),
      ...(late > 0 ? [`${late} late`] : []),
      ...(dropped > 0 ? [`${dropped} dropped`] : []),
    ].join(', ');
  }
}

function turnRate(before: LoadSample | null, now: LoadSample | null): number {
  if (now === null || now.lengthS <= 0) return 0;
  const given = (sample: LoadSample | null): number => (sample?.mtas ?? []).reduce((sum, { turnsGiven }) => sum + turnsGiven, 0);
  return Math.max(0, given(now) - given(before)) / now.lengthS;
}

function turnLines(sample: LoadSample | null): readonly string[] {
  const nobody = sample?.turn.nobody ?? 0;
  return nobody === 0 ? [] : [`nobody has the Turn of ${counted(nobody, 'association')}`];
}
