/** The problems of a lesson file, with their lines. */

/** A path in the front matter, such as `['questions', 0, 'id']`. */
export type Path = readonly (string | number)[];

/** A problem at a line of the file, from 1. */
export type LessonProblem = { readonly line: number; readonly message: string };

/** More problems in one message help nobody. */
const maxShown = 30;

/** A lesson file with problems. The message has one line for each: file, line, what is wrong, what to do. */
export class LessonError extends Error {
  override readonly name = 'LessonError';
  readonly file: string;
  /** All of them, in the order of the file. */
  readonly problems: readonly LessonProblem[];

  constructor(file: string, problems: readonly LessonProblem[]) {
    const sorted = [...problems].sort((one, other) => one.line - other.line);
    const lines = sorted.slice(0, maxShown).map(({ line, message }) => `${file}:${line}: ${message}`);
    if (sorted.length > maxShown) lines.push(`${file}: and ${sorted.length - maxShown} more`);
    super(lines.join('\n'));
    this.file = file;
    this.problems = sorted;
  }
}

/** A path as text: `questions[0].id`. */
export function pathText(path: Path): string {
  return path.map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`)).join('');
}
