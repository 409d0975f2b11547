/** Runs with known losses, duplicates, damage and disorder, and an independent verdict on them. */
import { createHash } from 'node:crypto';
import type { FoundDelivery, SentMessage } from '@mtalab/harness/internal';
import { chance } from '@mtalab/scenario';
import type { Arithmetic } from './generator-with-fault.js';

export const sha256 = (text: string): Uint8Array => createHash('sha256').update(text).digest();

/** The fewest sequences in order of which this list can be made: the length of its longest falling part. */
export function fewestSequences(list: readonly number[]): number {
  const lengths: number[] = [];
  for (const value of list) lengths.push(1 + Math.max(0, ...lengths.filter((_, before) => (list[before] as number) > value)));
  return Math.max(0, ...lengths);
}

/** Compares the verdict on a run by chance with what was done to it. Returns where they differ. */
export function judgedWrongly(
  { reckonWay }: Pick<Arithmetic, 'reckonWay'>,
  seed: number,
  knowsPlaces: boolean,
): readonly string[] {
  const draw = chance(seed);
  const sent: SentMessage[] = [];
  const deliveries: FoundDelivery[] = [];
  const queued = new Set<number>();
  const submissions = new Map<number, number>();
  const done = { accepted: 0, delivered: 0, queued: 0, missing: 0, duplicated: 0, damaged: 0 };
  for (let number = 1; number <= 400; number += 1) {
    const text = `message ${number}`;
    const place = 2 ** 32 + number * 3;
    const isUnanswered = draw.below(20) === 0;
    sent.push({ number, way: 0, priority: 'normal', place: isUnanswered ? null : place, sha256: sha256(text) });
    // The answer was lost, and the message was too, or its submission is on disk.
    if (isUnanswered && draw.below(2) === 0) continue;
    if (isUnanswered) submissions.set(number, place);
    done.accepted += 1;
    const fate = draw.below(30);
    const here = (content: string): FoundDelivery => ({
      place: knowsPlaces ? place : null,
      sha256: sha256(content),
      sizeBytes: 10,
    });
    if (fate === 0) done.missing += 1;
    else if (fate === 1) {
      queued.add(place);
      done.queued += 1;
    } else if (fate === 2 && knowsPlaces) {
      deliveries.push(here(`${text} with another letter`));
      done.damaged += 1;
      done.delivered += 1;
    } else {
      deliveries.push(here(text));
      done.delivered += 1;
      if (fate === 3) {
        deliveries.push(here(text));
        done.duplicated += 1;
      }
      // It moved during the reading, and is seen at both places.
      if (fate === 4) queued.add(place);
    }
  }
  const reports = Math.min(2, done.missing);
  const found = reckonWay(sent, { deliveries, queued, submissions, reports, setAside: 1, sequences: 1 });
  const expected = {
    accepted: done.accepted,
    delivered: done.delivered,
    deliveredOctets: 10 * done.delivered,
    reported: reports,
    queued: done.queued,
    lost: done.missing - reports,
    duplicated: done.duplicated,
    damaged: done.damaged + 1,
    outOfOrder: 0,
  };
  return Object.entries(expected).flatMap(([name, value]) => {
    const is = found[name as keyof typeof expected];
    return is === value ? [] : [`${name}: ${is}, and not ${value}`];
  });
}
