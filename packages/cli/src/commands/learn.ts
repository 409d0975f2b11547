/** `mtalab learn`: lists the lessons, leads a reader through one, or checks what they claim on real processes. */
import { randomInt } from 'node:crypto';
import { runConcurrently } from '@mtalab/harness';
import type { Story } from '@mtalab/lesson';
import { ScenarioEnded } from '@mtalab/scenario';
import { type CommandIo, outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { exitCodes, messageOf, UsageError } from '../errors.js';
import { type Interrupt, onInterrupt } from '../interrupt.js';
import { typedAnswers } from '../learn/answers.js';
import { falseClaims, falseCorrections } from '../learn/judge.js';
import { type LessonFile, lessonNamed, loadLessons, wordsUpTo } from '../learn/lesson-files.js';
import { noteDone, progressFile, readProgress } from '../learn/progress.js';
import { recordStory } from '../learn/record.js';
import { hasCorrected, stagedStory } from '../learn/story.js';
import { teach } from '../learn/teach.js';
import { paint } from '../render/colours.js';
import { isTrue, type LessonCheck, renderLessonCheck, renderLessons } from '../render/lessons.js';

type Options = {
  readonly check?: boolean;
  readonly seed?: number;
  readonly lessons?: string;
  readonly json?: boolean;
  readonly jobs: number;
};

/** A seed that nobody chose is below this. */
const seeds = 10_000;

export const run: CommandRun = async ({ io, args, options }) => {
  const { check, seed, lessons: folder, json, jobs } = options as Options;
  const word = args[0] as string | undefined;
  const files = loadLessons(folder);
  const chosen = word === undefined ? null : lessonNamed(word, files);
  if (check === true) return checkAll(chosen === null ? files : [chosen], { io, jobs, json: json === true });
  if (chosen === null) {
    if (seed !== undefined) throw new UsageError('--seed needs a lesson, such as `mtalab learn find-the-bug --seed 7`');
    return list(files, io, json === true);
  }
  if (json === true) throw new UsageError('--json prints the list of lessons, or the outcome of --check; leave out the lesson');
  return lead(chosen, files, seed ?? randomInt(seeds), io);
};

function list(files: readonly LessonFile[], io: CommandIo, json: boolean): number {
  const { progress, remark } = readProgress(progressFile());
  if (remark !== null) io.err(`mtalab: ${remark}`);
  const lessons = files.map(({ lesson }) => lesson);
  if (json) {
    const row = ({ id, number, title, minutes, article, words, questions }: (typeof lessons)[number]) => {
      return {
        number,
        id,
        title,
        minutes,
        article,
        words: words.map(({ word }) => word),
        questions: questions.length,
        done: progress.get(id) ?? null,
      };
    };
    outJson(io, lessons.map(row));
  } else io.out(renderLessons(lessons, progress, paint(io.outColour, io.outColumns())));
  return exitCodes.ok;
}

async function lead(file: LessonFile, files: readonly LessonFile[], seed: number, io: CommandIo): Promise<number> {
  const { lesson } = file;
  const place = seed % lesson.stories.length;
  const staged = stagedStory(file, place);
  const interrupt = onInterrupt(io.readerGone);
  const recording = recordStory(staged, { signal: interrupt.signal });
  // Its failure shows where the lesson needs it.
  recording.catch(() => undefined);
  const answers = typedAnswers(interrupt.signal);
  try {
    const story = lesson.stories[place] as Story;
    const style = paint(io.outColour, io.outColumns());
    const words = wordsUpTo(lesson, files);
    const taught = await teach({
      lesson,
      story,
      count: files.length,
      words,
      recording,
      answers,
      out: io.out,
      prompt: io.errRaw,
      style,
    });
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    if (taught.ended === 'left') io.out('You left the lesson; it does not count as done.');
    if (taught.ended === 'no more input') io.err('\nmtalab: the input ended before the lesson did, so it does not count as done');
    if (taught.ended !== 'done') return exitCodes.ok;
    io.out(`\n${taught.right} of ${taught.of} predictions were right.`);
    if (lesson.stories.length > 1)
      io.out(
        `The seed was ${seed}: \`mtalab learn ${lesson.id} --seed ${seed}\` plays the same story, and another seed another one.`,
      );
    const remark = noteDone(progressFile(), lesson.id, { at: new Date().toISOString(), right: taught.right, of: taught.of });
    if (remark !== null) io.err(`mtalab: ${remark}`);
    if (lesson.number < files.length) io.out(`Next: mtalab learn ${lesson.number + 1}`);
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof ScenarioEnded) return exitCodes.interrupted;
    throw error;
  } finally {
    answers.close();
    // A reader who leaves does not wait for the end of the story.
    interrupt.trigger();
    await recording.catch(() => undefined);
    interrupt.dispose();
  }
}

/** A story to check: as it is written, or without its bug. */
type Checked = { readonly file: LessonFile; readonly story: Story; readonly place: number; readonly corrected: boolean };
type CheckOptions = { readonly io: CommandIo; readonly jobs: number; readonly json: boolean };

/** Runs every story of the lessons, and compares what they claim with what was seen. */
async function checkAll(files: readonly LessonFile[], { io, jobs, json }: CheckOptions): Promise<number> {
  const style = paint(io.outColour, io.outColumns());
  const stories = files.flatMap((file): readonly Checked[] => {
    const written = file.lesson.stories.map((story, place) => ({ file, story, place, corrected: false }));
    return hasCorrected(file.lesson) ? [...written, ...written.map((each) => ({ ...each, corrected: true }))] : written;
  });
  const interrupt = onInterrupt(io.readerGone);
  try {
    const checks = await runConcurrently(stories, jobs, async (each): Promise<LessonCheck> => {
      const check = await checkOne(each, interrupt);
      if (!json) io.out(renderLessonCheck(check, style));
      return check;
    });
    if (json) outJson(io, checks);
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    const wrong = checks.filter((each) => !isTrue(each)).length;
    if (!json) io.out(wrong === 0 ? `All ${checks.length} stories are true.` : `${wrong} of ${checks.length} stories are FALSE.`);
    return wrong === 0 ? exitCodes.ok : exitCodes.failed;
  } finally {
    interrupt.dispose();
  }
}

async function checkOne({ file, story, place, corrected }: Checked, interrupt: Interrupt): Promise<LessonCheck> {
  const { number, id } = file.lesson;
  const about = { number, id, answer: story.answer, corrected };
  try {
    const recording = await recordStory(stagedStory(file, place, corrected), { signal: interrupt.signal });
    const claims = corrected ? falseCorrections(file.lesson, recording) : falseClaims(file.lesson, story, recording);
    return { ...about, falseClaims: claims, error: null };
  } catch (error) {
    return { ...about, falseClaims: [], error: error instanceof ScenarioEnded ? 'it was interrupted' : messageOf(error) };
  }
}
