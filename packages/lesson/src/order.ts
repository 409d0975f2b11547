/** Puts lessons in order. */
import type { Lesson } from './model.js';
import { LessonError } from './problems.js';

/**
 * The lessons by their numbers.
 * @param lessons each with the file that it comes from.
 * @throws LessonError if two have one number or one id, or if a number is missing.
 */
export function inOrder(lessons: readonly { readonly file: string; readonly lesson: Lesson }[]): readonly Lesson[] {
  const sorted = [...lessons].sort((one, other) => one.lesson.number - other.lesson.number);
  for (const [at, { file, lesson }] of sorted.entries()) {
    const wrong = (message: string): never => {
      throw new LessonError(file, [{ line: 1, message }]);
    };
    const same = sorted.slice(0, at).find((each) => each.lesson.id === lesson.id);
    if (same !== undefined) wrong(`the id ${lesson.id} is also in ${same.file}; choose another one`);
    const before = sorted[at - 1];
    if (before?.lesson.number === lesson.number) wrong(`number ${lesson.number} is also in ${before.file}; choose another one`);
    if (lesson.number !== at + 1) wrong(`no lesson has number ${at + 1}; number the lessons from 1 without a gap`);
  }
  return sorted.map(({ lesson }) => lesson);
}
