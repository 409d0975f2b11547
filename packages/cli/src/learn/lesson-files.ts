/** Finds and reads the lessons. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inOrder, type Lesson, type LessonWord, type ParsedLesson, parseLesson } from '@mtalab/lesson';
import { quirkOf, termOf } from '@mtalab/mta-core';
import { suggestedTerm } from '../commands/explain-term.js';
import { CliError, messageOf, UsageError } from '../errors.js';
import { suggestion } from '../render/suggestions.js';

/** Folder of the lessons that come with MTA Lab. */
const lessonFolder = fileURLToPath(new URL('../lessons/', import.meta.resolve('@mtalab/lesson')));
/** Limit of the files in a folder of lessons. */
const maxFiles = 99;

/** A lesson with its file, and the lines of its front matter. */
export type LessonFile = ParsedLesson & { readonly file: string };

function read(folder: string, name: string): LessonFile {
  const path = join(folder, name);
  const near = relative('.', path);
  const file = near.startsWith('..') ? path : near;
  const parsed = parseLesson(readFileSync(path, 'utf8'), file);
  checkNames(parsed, file);
  return { ...parsed, file };
}

/** The words and the article of a lesson must be known to `mtalab explain`. */
function checkNames({ lesson: { article, words }, lineOf }: ParsedLesson, file: string): void {
  if (article !== null && quirkOf(article) === undefined)
    throw new CliError(`${file}:${lineOf(['article'])}: unknown article ${article}; \`mtalab releases\` shows the articles`);
  for (const { word } of words)
    if (termOf(word) === undefined)
      throw new CliError(`${file}:${lineOf(['words', word])}: the glossary has no word ${word}${suggestedTerm(word)}`);
}

/** The words of a lesson and of those before it, the own ones first, then from the last lesson to the first. */
export function wordsUpTo({ number }: Lesson, files: readonly LessonFile[]): readonly LessonWord[] {
  const known = files.map(({ lesson }) => lesson).filter((lesson) => lesson.number <= number);
  return known.toReversed().flatMap(({ words }) => words);
}

/**
 * Reads all lessons, in their order.
 * @param folder default: the lessons that come with MTA Lab.
 * @throws LessonError or CliError naming file and line. UsageError if there is no lesson.
 */
export function loadLessons(folder: string = lessonFolder): readonly LessonFile[] {
  let names: readonly string[] = [];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.md'));
  } catch (error) {
    throw new UsageError(`cannot read the lessons in ${folder}: ${messageOf(error)}`);
  }
  if (names.length === 0) throw new UsageError(`${folder} has no lesson; a lesson is a file that ends in .md`);
  if (names.length > maxFiles) throw new UsageError(`${folder} has ${names.length} lessons; at most ${maxFiles} are allowed`);
  const files = names.map((name) => read(folder, name));
  const order = inOrder(files);
  return [...files].sort((one, other) => order.indexOf(one.lesson) - order.indexOf(other.lesson));
}

/**
 * The lesson with a number, an id, or an article.
 * @throws UsageError naming the lessons that may have been meant.
 */
export function lessonNamed(word: string, lessons: readonly LessonFile[]): LessonFile {
  const wanted = word.trim().toLowerCase();
  const has = ({ id, number, article }: Lesson) => [id, String(number), article?.toLowerCase()].includes(wanted);
  const found = lessons.find(({ lesson }) => has(lesson));
  if (found !== undefined) return found;
  if (/^\d+$/.test(wanted))
    throw new UsageError(`there is no lesson ${word}; the lessons have the numbers 1 to ${lessons.length}`);
  const ids = lessons.map(({ lesson }) => lesson.id);
  throw new UsageError(`unknown lesson ${word}${suggestion(wanted, ids)}; \`mtalab learn\` lists the lessons`);
}
