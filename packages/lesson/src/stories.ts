/** Reads the stories of a lesson. */
import type { Question, Story, StoryStep } from './model.js';
import type { Path } from './problems.js';
import { evidenceIn } from './questions.js';
import type { Mapping, Reader } from './reader.js';

const maxStories = 8;
const maxSteps = 200;

function stepIn(reader: Reader, value: unknown, path: Path): StoryStep {
  const step = reader.mapping(value, path, null);
  const moments = (['ask', 'show', 'look'] as const).filter((key) => step[key] !== undefined);
  const [moment] = moments;
  if (moment === undefined) return { step: value };
  if (Object.keys(step).length > 1) reader.note(path, `a step with ${moment} has no other key; make two steps of it`);
  if (moment === 'look') return { look: evidenceIn(reader, step[moment], [...path, moment]) };
  const id = reader.id(step[moment], [...path, moment]);
  return moment === 'ask' ? { ask: id } : { show: id };
}

/** Each question must be asked, and then resolved, once in each story. */
function checkMoments(reader: Reader, steps: readonly StoryStep[], path: Path, questions: readonly Question[]): void {
  const ids = questions.map((question) => question.id);
  let open: string | null = null;
  const done = new Set<string>();
  for (const [at, step] of steps.entries()) {
    const key = 'ask' in step ? 'ask' : 'show';
    const id = 'ask' in step ? step.ask : 'show' in step ? step.show : '';
    if (id === '') continue;
    const place = [...path, at, key];
    if (!ids.includes(id)) reader.note(place, `no question has the id ${id}; the questions are ${ids.join(', ')}`);
    else if (key === 'ask' && open !== null) reader.note(place, `${open} is still open here; add show: ${open} before`);
    else if (key === 'ask' && done.has(id)) reader.note(place, `${id} is asked twice; remove one`);
    else if (key === 'show' && open !== id) reader.note(place, `${id} is not open here; add ask: ${id} before`);
    if (key === 'ask') open = id;
    else {
      open = null;
      done.add(id);
    }
  }
  if (open !== null) reader.note(path, `${open} is never resolved; add show: ${open} behind its ask`);
  for (const id of ids)
    if (id !== '' && id !== open && !done.has(id)) reader.note(path, `${id} is never asked; add ask: ${id} and show: ${id}`);
}

function storyIn(reader: Reader, value: unknown, path: Path, questions: readonly Question[]): Story {
  const {
    answer,
    steps: raw,
    ...scenario
  } = reader.mapping(value, path, null) as Mapping & { answer?: unknown; steps?: unknown };
  const list = reader.list(raw, [...path, 'steps'], 1, maxSteps);
  const steps = list.map((each, at) => stepIn(reader, each, [...path, 'steps', at]));
  const [first] = steps;
  if (first !== undefined && 'look' in first)
    reader.note([...path, 'steps', 0], 'nothing has happened before the first step; move this look down');
  checkMoments(reader, steps, [...path, 'steps'], questions);
  if (answer === undefined) return { answer: null, scenario, steps };
  const id = reader.id(answer, [...path, 'answer']);
  const known = questions.flatMap((question) => question.choices.flatMap((choice) => choice.id ?? []));
  if (id !== '' && !known.includes(id))
    reader.note([...path, 'answer'], `no choice has the id ${id}; the ids are ${known.join(', ')}`);
  return { answer: id, scenario, steps };
}

/** Reads `scenario`, or the list `scenarios`, of which each has an answer. */
export function storiesIn(reader: Reader, root: Mapping, questions: readonly Question[]): readonly Story[] {
  const { scenario, scenarios } = root;
  if (scenarios === undefined) {
    const story = storyIn(reader, scenario, ['scenario'], questions);
    const corrected = questions.some((question) => question.choices.some((choice) => choice.corrected));
    if (corrected && story.scenario['legacy'] === undefined)
      reader.note(['scenario'], 'the story has no bug to correct; add legacy, or remove corrected: true from the choices');
    if (story.answer !== null)
      reader.note(['scenario', 'answer'], 'only a story of a list has an answer; use right: true on a choice');
    return [story];
  }
  if (scenario !== undefined) reader.note(['scenario'], 'give scenario or scenarios, not both');
  return reader.list(scenarios, ['scenarios'], 2, maxStories).map((each, at) => {
    const story = storyIn(reader, each, ['scenarios', at], questions);
    if (story.answer === null) reader.note(['scenarios', at], 'this story has no answer; add the id of a choice');
    return story;
  });
}
