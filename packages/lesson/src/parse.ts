/**
 * Parses a lesson file: YAML front matter between two lines of three hyphens, then Markdown. It knows nothing of scenarios: whoever
 * runs a lesson checks their steps and checks.
 */
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Lesson, LessonWord } from './model.js';
import { LessonError, type LessonProblem, type Path } from './problems.js';
import { questionsIn } from './questions.js';
import { type Mapping, Reader } from './reader.js';
import { sectionsOf } from './sections.js';
import { storiesIn } from './stories.js';

export type ParsedLesson = {
  readonly lesson: Lesson;
  /** The line, from 1, of a value of the front matter, or of the nearest value around it. */
  readonly lineOf: (path: Path) => number;
};

const keys = ['id', 'number', 'title', 'minutes', 'article', 'words', 'questions', 'scenario', 'scenarios'];
/** Limit of a file, in characters. */
const maxLength = 200_000;
const maxLessons = 99;
const maxMinutes = 60;
const maxWords = 12;

/** Splits a file. @throws LessonError if it has no front matter. */
function partsOf(text: string, file: string): { readonly front: string; readonly body: string; readonly bodyLine: number } {
  const fail = (line: number, message: string): never => {
    throw new LessonError(file, [{ line, message }]);
  };
  if (text.length > maxLength) fail(1, `the file has ${text.length} characters; a lesson has at most ${maxLength}`);
  const lines = text
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n')
    .split('\n');
  if (lines[0]?.trimEnd() !== '---')
    fail(1, 'a lesson begins with front matter; put --- on the first line, and behind its last line');
  const end = lines.findIndex((line, at) => at > 0 && line.trimEnd() === '---');
  if (end < 0) fail(1, 'the front matter never ends; put a line with --- behind it');
  // The first line stays, so that the lines of the YAML are those of the file.
  return { front: ['', ...lines.slice(1, end)].join('\n'), body: lines.slice(end + 1).join('\n'), bodyLine: end + 2 };
}

/** The line of a value, or of the key if that is what the path names last. */
function lineIn(document: Document, counter: LineCounter, path: Path): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const at = path.slice(0, length);
    const holder = length === 0 ? document.contents : document.getIn(at.slice(0, -1), true);
    const around = at.length === 1 ? document.contents : holder;
    const pair = isMap(around)
      ? around.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === at.at(-1))
      : undefined;
    const node = pair?.key ?? (length === 0 ? document.contents : document.getIn(at, true));
    const offset = isNode(node) ? node.range?.[0] : undefined;
    if (offset !== undefined) return Math.max(1, counter.linePos(offset).line);
  }
  return 1;
}

function frontValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new LessonError(file, [{ line: 1, message: `the front matter is not usable as YAML: ${(error as Error).message}` }]);
  }
}

/**
 * Parses a lesson.
 * @param file its name, for errors.
 * @throws LessonError with every problem, one line each.
 */
export function parseLesson(text: string, file: string): ParsedLesson {
  const { front, body, bodyLine } = partsOf(text, file);
  const counter = new LineCounter();
  const document = parseDocument(front, { lineCounter: counter, prettyErrors: false, logLevel: 'error' });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => ({
      line: Math.max(1, counter.linePos(pos[0]).line),
      message: `the front matter is not YAML: ${message}`,
    }));
    throw new LessonError(file, problems);
  }
  const lineOf = (path: Path): number => lineIn(document, counter, path);
  const reader = new Reader();
  const sections = sectionsOf(body, bodyLine);
  const root = reader.mapping(frontValue(document, file), [], keys);
  const lesson = lessonIn(reader, root, sections);
  const problems: LessonProblem[] = reader.findings.map(({ path, message }) => ({ line: lineOf(path), message }));
  const ids = lesson.questions.map((question) => question.id);
  for (const of of [sections.asks, sections.tolds]) {
    for (const [id, { line }] of of)
      if (!ids.includes(id))
        problems.push({ line, message: `no question has the id ${id}; the questions are ${ids.join(', ')}` });
  }
  problems.push(...sections.problems);
  if (problems.length > 0) throw new LessonError(file, problems);
  return { lesson, lineOf };
}

function wordsIn(reader: Reader, value: unknown): readonly LessonWord[] {
  const words = Object.entries(reader.mapping(value, ['words'], null));
  if (words.length > maxWords) reader.note(['words'], `words has ${words.length} entries; it may have ${maxWords}`);
  return words.map(([word, means]) => ({ word, means: reader.text(means, ['words', word]) }));
}

function lessonIn(reader: Reader, root: Mapping, sections: ReturnType<typeof sectionsOf>): Lesson {
  const { article, words } = root;
  const questions = questionsIn(reader, root['questions'], sections, root['scenarios'] !== undefined);
  return {
    id: reader.id(root['id'], ['id']),
    number: reader.whole(root['number'], ['number'], 1, maxLessons),
    title: reader.text(root['title'], ['title']),
    minutes: reader.whole(root['minutes'], ['minutes'], 1, maxMinutes),
    article: article === undefined ? null : reader.text(article, ['article']),
    words: words === undefined ? [] : wordsIn(reader, words),
    intro: sections.intro,
    questions,
    stories: storiesIn(reader, root, questions),
    close: sections.close,
  };
}
