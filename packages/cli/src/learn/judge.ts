/** Compares what a lesson claims with what its processes did. */
import type { Lesson, Story } from '@mtalab/lesson';
import type { Recording } from './record.js';
import { isRight } from './story.js';

/**
 * The claims of a lesson that are false. Empty if all are true: each right answer was seen, no other answer was, and so was each
 * sentence of the story.
 */
export function falseClaims(lesson: Lesson, story: Story, { moments, missed }: Recording): readonly string[] {
  const claims = missed.map(({ says, seen }) => `the story says "${says}", but what was seen is: ${seen}`);
  for (const moment of moments) {
    if (moment.kind !== 'show') continue;
    const question = lesson.questions.find(({ id }) => id === moment.id);
    for (const [at, choice] of (question?.choices ?? []).entries()) {
      const outcome = moment.outcomes[at];
      if (outcome === null || outcome === undefined) continue;
      const right = isRight(choice, story);
      const name = `${moment.id}: "${choice.says}"`;
      if (right && !outcome.ok) claims.push(`${name} is called right, but what was seen is: ${outcome.seen}`);
      if (!right && outcome.ok) claims.push(`${name} is called wrong, but it was seen: ${outcome.seen}`);
    }
  }
  return claims;
}

/** What a lesson claims of its story without the bug, and what did not happen then. Empty if all is true. */
export function falseCorrections(lesson: Lesson, { moments }: Recording): readonly string[] {
  return moments.flatMap((moment) => {
    if (moment.kind !== 'show') return [];
    const choices = lesson.questions.find(({ id }) => id === moment.id)?.choices ?? [];
    return choices.flatMap(({ says, corrected }, at) => {
      const outcome = moment.outcomes[at];
      if (!corrected || outcome === null || outcome === undefined || outcome.ok) return [];
      return [`${moment.id}: "${says}" should happen without the bug, but what was seen is: ${outcome.seen}`];
    });
  });
}
