/** How many sequences in order the deliveries of a run may consist of, from the counters of the locality tables. See order.ts. */
import type { LtabView } from '@mtalab/mta-core';
import type { Answer } from '../process/answers.js';

/** What each MTA of the load knows of its associations with the other one. */
export type AssociationCounts = ReadonlyMap<
  string,
  { readonly open: number; readonly opened: number; readonly recoveries: number }
>;

/** Reads the counts for the two MTAs from their locality tables. An MTA without an answer is missing. */
export function associationCounts(
  answers: readonly Answer<readonly LtabView[]>[],
  between: readonly string[],
): AssociationCounts {
  const rows = answers.flatMap((answer) => {
    if (!answer.ok || !between.includes(answer.mta)) return [];
    const row = answer.value.find(({ peer }) => between.includes(peer));
    return row === undefined ? [] : [[answer.mta, row] as const];
  });
  return new Map(
    rows.map(([mta, { counters, associations }]) => [
      mta,
      {
        open: Object.values(associations).reduce((sum, each) => sum + each, 0),
        opened: counters.associationsOut + counters.associationsIn,
        recoveries: counters.recoveries,
      },
    ]),
  );
}

/**
 * The associations that there were, and one more sequence for each recovery: what was interrupted may be overtaken, also on the
 * same association. Each end counts the associations, and its own recoveries.
 * @returns infinite if the counters say nothing, so that the order cannot be judged.
 */
export function sequencesBetween(before: AssociationCounts, after: AssociationCounts): number {
  let associations = 1;
  let recoveries = 0;
  for (const [mta, first] of before) {
    const last = after.get(mta);
    if (last === undefined || last.opened < first.opened) return Number.POSITIVE_INFINITY;
    associations = Math.max(associations, first.open + last.opened - first.opened);
    recoveries += last.recoveries - first.recoveries;
  }
  return before.size === 0 ? Number.POSITIVE_INFINITY : associations + recoveries;
}
