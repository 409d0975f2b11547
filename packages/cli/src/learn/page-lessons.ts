/** The lessons for the page of a pair: the same files and the same runs as `mtalab learn`. */
import { randomInt } from 'node:crypto';
import type { PageLessons } from '@mtalab/harness';
import { type LessonFile, lessonNamed, loadLessons } from './lesson-files.js';
import { noteDone, progressFile, readProgress } from './progress.js';
import { recordStory } from './record.js';
import { isRight, stagedStory } from './story.js';

/** A seed that nobody chose is below this. */
const seeds = 10_000;

async function played(file: LessonFile, signal: AbortSignal) {
  const { lesson } = file;
  const place = randomInt(seeds) % lesson.stories.length;
  const story = lesson.stories[place];
  const { moments } = await recordStory(stagedStory(file, place), { signal });
  const questions = lesson.questions.map(({ id, ask, told, choices }) => ({
    id,
    ask,
    told,
    choices: choices.map((choice) => ({
      says: choice.says,
      remark: choice.remark,
      corrected: choice.corrected,
      right: story !== undefined && isRight(choice, story),
    })),
  }));
  const { id, number, title, minutes, article, intro, words, close } = lesson;
  return { id, number, title, minutes, article, intro, words, close, questions, moments };
}

/** @throws LessonError, CliError if a lesson cannot be read. */
export function pageLessons(): PageLessons {
  return {
    list: () => {
      const { progress } = readProgress(progressFile());
      return loadLessons().map(({ lesson: { id, number, title, minutes, article } }) => {
        return { id, number, title, minutes, article, done: progress.has(id) };
      });
    },
    play: (id, signal) => played(lessonNamed(id, loadLessons()), signal),
    done: (id, right, of) => {
      const { lesson } = lessonNamed(id, loadLessons());
      noteDone(progressFile(), lesson.id, { at: new Date().toISOString(), right, of });
    },
  };
}
