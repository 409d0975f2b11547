/** Leads a reader through a lesson. */
import type { Choice, Lesson, LessonWord, Question, Story } from '@mtalab/lesson';
import { termOf } from '@mtalab/mta-core';
import { explainTerm, suggestedTerm } from '../commands/explain-term.js';
import type { Paint } from '../render/colours.js';
import { renderExhibits } from '../render/exhibits.js';
import { renderExplanation } from '../render/explain.js';
import { proseColumns, renderMarkdown } from '../render/markdown.js';
import type { Answers } from './answers.js';
import type { Moment, Recording } from './record.js';
import { isRight } from './story.js';

/** How a lesson ended: at its end, by `q`, or because no more answers came. */
export type Taught =
  | { readonly ended: 'done'; readonly right: number; readonly of: number }
  | { readonly ended: 'left' | 'no more input' };

export type TeachParts = {
  readonly lesson: Lesson;
  readonly story: Story;
  /** Number of all lessons. */
  readonly count: number;
  /** Words that this lesson and the earlier ones explain; the first entry of a word counts. */
  readonly words: readonly LessonWord[];
  /** The run of the story, which may still be under way. */
  readonly recording: Promise<Recording>;
  readonly answers: Answers;
  /** Writes text of one or more lines. */
  readonly out: (text: string) => void;
  /** Writes a prompt, without a line end. */
  readonly prompt: (text: string) => void;
  readonly style: Paint;
};

const letterOf = (at: number): string => String.fromCharCode('a'.charCodeAt(0) + at);

/** Has the promise not been settled yet? */
function isUnderWay(promise: Promise<unknown>): Promise<boolean> {
  const over = promise.then(
    () => false,
    () => false,
  );
  return Promise.race([over, new Promise<boolean>((resolve) => setImmediate(resolve, true))]);
}

class Teacher {
  readonly #parts: TeachParts;
  /** Words of ladders that were explained. */
  readonly #known = new Set<string>();
  /** The choice made for each question. */
  readonly #chosen = new Map<string, number>();
  #right = 0;

  constructor(parts: TeachParts) {
    this.#parts = parts;
  }

  async teach(): Promise<Taught> {
    const { lesson, count, recording, out, style } = this.#parts;
    const about = lesson.article === null ? '' : `, article ${lesson.article}`;
    out(style.bold(`Lesson ${lesson.number} of ${count}: ${lesson.title}`));
    out(style.dim(`About ${lesson.minutes} minutes${about}. Two MTAs play it on this machine while you read.`));
    this.#section(lesson.intro);
    if (lesson.words.length > 0)
      this.#section(
        `Words of this lesson: ${lesson.words.map(({ word }) => word).join(', ')}. At a question, \`? WORD\` explains a word.`,
      );
    if (await isUnderWay(recording)) out(`\n${style.dim('The MTAs are playing the story. This takes some seconds.')}`);
    const { moments } = await recording;
    for (const moment of moments) {
      const ended = await this.#at(moment);
      if (ended !== null) return { ended };
    }
    out(`\n${style.bold('In short')}`);
    out(renderMarkdown(lesson.close, style));
    return { ended: 'done', right: this.#right, of: lesson.questions.length };
  }

  #section(markdown: string): void {
    this.#parts.out(`\n${renderMarkdown(markdown, this.#parts.style)}`);
  }

  async #at(moment: Moment): Promise<'left' | 'no more input' | null> {
    const { lesson, out, style } = this.#parts;
    if (moment.kind === 'look') {
      out(`\n${renderExhibits(moment.exhibits, this.#known, style)}`);
      return null;
    }
    const question = lesson.questions.find(({ id }) => id === moment.id);
    if (question === undefined) return null;
    if (moment.kind === 'ask') return this.#ask(question);
    this.#show(question, moment);
    return null;
  }

  async #ask(question: Question): Promise<'left' | 'no more input' | null> {
    const { id, ask, choices } = question;
    const { answers, out, prompt, style } = this.#parts;
    out(`\n${style.bold(`Predict (${this.#chosen.size + 1} of ${this.#parts.lesson.questions.length})`)}`);
    out(renderMarkdown(ask, style));
    out('');
    for (const at of choices.keys()) out(this.#choice(question, at));
    const last = letterOf(choices.length - 1);
    for (;;) {
      prompt(`\nYour prediction, a to ${last} ("? WORD" explains a word, q leaves): `);
      const line = await answers.next();
      if (line === null) return 'no more input';
      const answer = line.trim().toLowerCase();
      if (answer === 'q' || answer === 'quit') return 'left';
      const at = choices.findIndex((_, place) => [letterOf(place), `${letterOf(place)})`, String(place + 1)].includes(answer));
      if (at >= 0) {
        this.#chosen.set(id, at);
        return null;
      }
      out(
        answer.startsWith('?')
          ? this.#explained(line.trim().slice(1).trim())
          : `"${line.trim()}" is no answer here; type a letter from a to ${last}, or q.`,
      );
    }
  }

  #explained(word: string): string {
    if (word === '') return 'Type a word behind the question mark, such as: ? Turn';
    const term = termOf(word);
    const own = term === undefined ? undefined : this.#parts.words.find((each) => termOf(each.word) === term);
    if (own !== undefined)
      return renderMarkdown(
        `**${own.word}**: ${own.means} (\`mtalab explain ${own.word.toLowerCase()}\` says more.)`,
        this.#parts.style,
      );
    const found = explainTerm(word);
    if (found === undefined) return `The glossary has no word "${word}"${suggestedTerm(word)}`;
    const { style } = this.#parts;
    return renderExplanation(found, { ...style, columns: Math.min(style.columns, proseColumns) });
  }

  /** A choice behind its letter. */
  #choice({ choices }: Question, at: number): string {
    const { style } = this.#parts;
    const lead = `${letterOf(at)})  `;
    const columns = Math.min(style.columns, proseColumns) - lead.length;
    return lead + renderMarkdown(choices[at]?.says ?? '', { ...style, columns }).replaceAll('\n', `\n${' '.repeat(lead.length)}`);
  }

  #show(question: Question, moment: Moment & { readonly kind: 'show' }): void {
    const { story, out, style } = this.#parts;
    const chosen = this.#chosen.get(question.id) ?? 0;
    const choice = question.choices[chosen] as Choice;
    const truth = question.choices.findIndex((each) => isRight(each, story));
    const right = truth === chosen;
    if (right) this.#right += 1;
    out(`\n${style.bold('What happened')}`);
    out(this.#choice(question, truth));
    const outcome = moment.outcomes[truth];
    if (outcome !== null && outcome !== undefined) out(style.dim(`Measured on the running MTAs: ${outcome.seen}.`));
    if (moment.exhibits.length > 0) out(`\n${renderExhibits(moment.exhibits, this.#known, style)}`);
    const verdict = right ? style.green('You were right.') : style.yellow(`You predicted ${letterOf(chosen)}.`);
    out(`\n${verdict}`);
    out(renderMarkdown(choice.remark, style));
    this.#section(question.told);
    const corrected = question.choices.findIndex((each) => each.corrected);
    if (corrected >= 0)
      this.#section(
        `Without the bug it would have gone as **${letterOf(corrected)}** says: ${question.choices[corrected]?.says ?? ''}`,
      );
  }
}

/** Leads a reader through a lesson. Rejects as the recording does. */
export function teach(parts: TeachParts): Promise<Taught> {
  return new Teacher(parts).teach();
}
