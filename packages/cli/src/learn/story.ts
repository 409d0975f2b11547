/** Makes a scenario of a story. */
import { type Choice, type Evidence, type Lesson, LessonError, type Path, type Story } from '@mtalab/lesson';
import type { Mode, Scenario, Step } from '@mtalab/scenario';
import { checkScenario } from '../scenario/load.js';
import type { LessonFile } from './lesson-files.js';

/** What a lesson does after a step of its scenario. */
export type Mark =
  | { readonly kind: 'look'; readonly evidence: readonly Evidence[] }
  | { readonly kind: 'ask'; readonly id: string }
  /** `checks`: for each choice the step that checks it, or null. */
  | {
      readonly kind: 'show';
      readonly id: string;
      readonly evidence: readonly Evidence[];
      readonly checks: readonly (Step | null)[];
    };

export type StagedStory = {
  readonly scenario: Scenario;
  readonly mode: Mode;
  /** Before the first step. */
  readonly atStart: readonly Mark[];
  /** After each step that has any. */
  readonly after: ReadonlyMap<Step, readonly Mark[]>;
};

/** A step of the scenario, and where it stands in the front matter. */
type Placed = { readonly raw: unknown; readonly path: Path };
type RawMark = { readonly after: number; readonly mark: Mark; readonly checks: readonly (number | null)[] };

const standardMtas = [
  { name: 'MTA-A', domain: 'a.example' },
  { name: 'MTA-B', domain: 'b.example' },
];

/** The steps of the scenario, with a check for each choice that has one, and the marks between them. */
function laidOut(
  lesson: Lesson,
  story: Story,
  base: Path,
): { readonly steps: readonly Placed[]; readonly marks: readonly RawMark[] } {
  const steps: Placed[] = [];
  const marks: RawMark[] = [];
  for (const [at, each] of story.steps.entries()) {
    if ('step' in each) steps.push({ raw: each.step, path: [...base, 'steps', at] });
    else if ('look' in each) marks.push({ after: steps.length, mark: { kind: 'look', evidence: each.look }, checks: [] });
    else if ('ask' in each) marks.push({ after: steps.length, mark: { kind: 'ask', id: each.ask }, checks: [] });
    else {
      const place = lesson.questions.findIndex((question) => question.id === each.show);
      const { choices = [], evidence = [] } = lesson.questions[place] ?? {};
      const checks = choices.map(({ check, says }, choice) => {
        if (check === null) return null;
        return steps.push({ raw: { see: says, check }, path: ['questions', place, 'choices', choice] }) - 1;
      });
      marks.push({ after: steps.length, mark: { kind: 'show', id: each.show, evidence, checks: [] }, checks });
    }
  }
  return { steps, marks };
}

/** The steps of a story up to the last question that says what happens without the bug. */
function untilCorrected({ questions }: Lesson, { steps }: Story): Story['steps'] {
  const ids = questions.filter(({ choices }) => choices.some((choice) => choice.corrected)).map(({ id }) => id);
  const last = steps.findLastIndex((step) => 'show' in step && ids.includes(step.show));
  return steps.slice(0, last + 1);
}

/** Does the lesson say what happens without the bug? */
export function hasCorrected({ questions }: Lesson): boolean {
  return questions.some(({ choices }) => choices.some((choice) => choice.corrected));
}

/**
 * Makes a scenario of a story of a lesson.
 * @param corrected without the bug, and only as far as the lesson says what happens then.
 * @throws LessonError with every wrong step and check, and its line.
 */
export function stagedStory({ lesson, lineOf, file }: LessonFile, place: number, corrected = false): StagedStory {
  const written = lesson.stories[place] as Story;
  const { legacy, ...others } = written.scenario;
  const story: Story = corrected ? { ...written, scenario: others, steps: untilCorrected(lesson, written) } : written;
  const base: Path = lesson.stories.length > 1 ? ['scenarios', place] : ['scenario'];
  const { steps, marks } = laidOut(lesson, story, base);
  const mode: Mode = legacy === undefined || corrected ? 'fixed' : 'legacy';
  const root = {
    mtas: standardMtas,
    fault: 'none',
    ...story.scenario,
    name: lesson.id,
    title: lesson.title,
    modes: [mode],
    verdict: { [mode]: 'The lesson is right.' },
    steps: steps.map(({ raw }) => raw),
  };
  const placed = (path: Path): Path => {
    const [head, at, ...rest] = path;
    if (head !== 'steps' || typeof at !== 'number') return [...base, ...path];
    return [...(steps[at]?.path ?? base), ...rest];
  };
  const places = {
    ofValue: (path: Path) => ({ line: lineOf(placed(path)), column: 1 }),
    ofKey: (path: Path, key: string) => ({ line: lineOf([...placed(path), key]), column: 1 }),
  };
  const checked = checkScenario({ root, places });
  if ('problems' in checked) throw new LessonError(file, checked.problems);
  const { scenario } = checked;
  const after = new Map<Step, Mark[]>();
  const atStart: Mark[] = [];
  for (const { after: count, mark, checks } of marks) {
    const step = scenario.steps[count - 1];
    const full =
      mark.kind === 'show' ? { ...mark, checks: checks.map((at) => (at === null ? null : (scenario.steps[at] ?? null))) } : mark;
    if (step === undefined) atStart.push(full);
    else after.set(step, [...(after.get(step) ?? []), full]);
  }
  return { scenario, mode, atStart, after };
}

/** Is this choice of a question right in this story? */
export function isRight(choice: Choice, story: Story): boolean {
  return story.answer === null ? choice.right : choice.id === story.answer;
}
