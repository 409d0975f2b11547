/** Splits the Markdown of a lesson into its sections. */
import type { LessonProblem } from './problems.js';

export type Sections = {
  readonly intro: string;
  /** By id of the question. */
  readonly asks: ReadonlyMap<string, Section>;
  readonly tolds: ReadonlyMap<string, Section>;
  readonly close: string;
  readonly problems: readonly LessonProblem[];
};

export type Section = { readonly line: number; readonly text: string };

const headings = '`## Predict: <question>`, `## Explained: <question>` and `## In short`';

/** @param firstLine the line of the file that the text begins at. */
export function sectionsOf(text: string, firstLine: number): Sections {
  const asks = new Map<string, Section>();
  const tolds = new Map<string, Section>();
  const problems: LessonProblem[] = [];
  let intro = '';
  let close: string | null = null;
  for (const { heading, line, body } of split(text, firstLine)) {
    const [, kind, id = ''] = /^## (Predict|Explained): ([a-z0-9-]+)\s*$/.exec(heading) ?? [];
    const into = kind === 'Predict' ? asks : tolds;
    if (heading === '') intro = body;
    else if (/^## In short\s*$/.test(heading)) {
      if (close !== null) problems.push({ line, message: 'a second `## In short`; keep one' });
      close = body;
    } else if (kind === undefined) problems.push({ line, message: `unknown heading "${heading}"; a lesson has ${headings}` });
    else if (into.has(id)) problems.push({ line, message: `a second "${heading.trim()}"; keep one` });
    else into.set(id, { line, text: body });
    if (heading !== '' && body === '')
      problems.push({ line, message: `nothing stands under "${heading.trim()}"; write its text` });
  }
  if (intro === '')
    problems.push({ line: firstLine, message: 'the lesson has no text before its first heading; write an introduction' });
  if (close === null) problems.push({ line: firstLine, message: 'the lesson has no `## In short`; add one at the end' });
  return { intro, asks, tolds, close: close ?? '', problems };
}

type Part = { readonly heading: string; readonly line: number; readonly body: string };

/** The parts of a text at its headings of the second level. Those in fenced code do not count. */
function split(text: string, firstLine: number): readonly Part[] {
  const parts: { heading: string; line: number; lines: string[] }[] = [{ heading: '', line: firstLine, lines: [] }];
  let isCode = false;
  for (const [at, line] of text.split('\n').entries()) {
    if (line.startsWith('```')) isCode = !isCode;
    if (!isCode && line.startsWith('## ')) parts.push({ heading: line, line: firstLine + at, lines: [] });
    else parts.at(-1)?.lines.push(line);
  }
  return parts.map(({ heading, line, lines }) => ({ heading, line, body: lines.join('\n').trim() }));
}
