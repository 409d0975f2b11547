/** Renders the list of lessons, and the outcome of their checks. */
import type { Lesson } from '@mtalab/lesson';
import type { Progress } from '../learn/progress.js';
import type { Paint } from './colours.js';
import { table } from './table.js';

/** The lessons with what was done, and which one comes next. */
export function renderLessons(lessons: readonly Lesson[], progress: Progress, style: Paint): string {
  const rows = lessons.map(({ id, number, title, minutes }) => {
    const done = progress.get(id);
    return [String(number), id, title, `${minutes} min`, done === undefined ? '' : `done, ${done.right} of ${done.of} right`];
  });
  const columns = [
    { title: 'lesson', align: 'right' as const, key: true },
    { title: 'name', key: true },
    { title: 'about', wraps: true },
    { title: 'takes' },
    { title: 'progress', wraps: true },
  ];
  const next = lessons.find(({ id }) => !progress.has(id));
  const last = next === undefined ? 'You have done them all.' : `Next: mtalab learn ${next.number}`;
  return `${table(columns, rows, style)}\n\n${last}`;
}

/** The check of one story of a lesson. */
export type LessonCheck = {
  readonly number: number;
  readonly id: string;
  /** The answer of the story, if the lesson has several stories. */
  readonly answer: string | null;
  /** Is it the story without the bug? */
  readonly corrected: boolean;
  /** What the lesson claims and the processes did not do. */
  readonly falseClaims: readonly string[];
  /** Why the story could not run. Null if it ran. */
  readonly error: string | null;
};

export const isTrue = ({ falseClaims, error }: LessonCheck): boolean => falseClaims.length === 0 && error === null;

/** One line, and one more for each false claim. */
export function renderLessonCheck(check: LessonCheck, style: Paint): string {
  const { number, id, answer, corrected, falseClaims, error } = check;
  const name = `${number} ${id}${answer === null ? '' : ` (${answer})`}${corrected ? ', without the bug' : ''}`;
  if (isTrue(check)) return `${style.green('true ')}  ${name}`;
  const why = error === null ? falseClaims : [`cannot run: ${error}`];
  return [`${style.red('FALSE')}  ${name}`, ...why.map((each) => `       ${each.replaceAll('\n', '\n       ')}`)].join('\n');
}
