/** Reads the questions of a lesson. */
import { type Choice, type Evidence, evidenceKinds, type Question } from './model.js';
import type { Path } from './problems.js';
import type { Reader } from './reader.js';
import type { Sections } from './sections.js';

const maxQuestions = 6;
const leastChoices = 3;
const maxChoices = 4;

/** A list of kinds of evidence. */
export function evidenceIn(reader: Reader, value: unknown, path: Path): readonly Evidence[] {
  const list = reader.list(value, path, 1, evidenceKinds.length);
  return list.flatMap((each, at) => reader.oneOf(each, [...path, at], evidenceKinds) ?? []);
}

function choiceIn(reader: Reader, value: unknown, path: Path): Choice {
  const choice = reader.mapping(value, path, ['id', 'says', 'remark', 'right', 'corrected', 'check']);
  const { id, right, corrected, check } = choice;
  if (right !== undefined && right !== true)
    reader.note([...path, 'right'], 'right can only be true; leave it out of a wrong choice');
  if (corrected !== undefined && corrected !== true)
    reader.note([...path, 'corrected'], 'corrected can only be true; leave it out of other choices');
  if (corrected === true && right === true)
    reader.note([...path, 'corrected'], 'the right choice is what happens with the bug; put corrected: true on another choice');
  if (check !== undefined) reader.mapping(check, [...path, 'check'], null);
  return {
    id: id === undefined ? null : reader.id(id, [...path, 'id']),
    says: reader.text(choice['says'], [...path, 'says']),
    remark: reader.text(choice['remark'], [...path, 'remark']),
    right: right === true,
    corrected: corrected === true,
    check: check ?? null,
  };
}

/**
 * Reads the questions.
 * @param answered do the stories have answers of their own, so that no choice is right by itself?
 */
export function questionsIn(reader: Reader, value: unknown, sections: Sections, answered: boolean): readonly Question[] {
  const ids = new Set<string>();
  return reader.list(value, ['questions'], 1, maxQuestions).map((each, at): Question => {
    const path: Path = ['questions', at];
    const question = reader.mapping(each, path, ['id', 'evidence', 'choices']);
    const id = reader.id(question['id'], [...path, 'id']);
    if (ids.has(id)) reader.note([...path, 'id'], `a second question ${id}; choose another id`);
    ids.add(id);
    const list = reader.list(question['choices'], [...path, 'choices'], leastChoices, maxChoices);
    const choices = list.map((choice, place) => choiceIn(reader, choice, [...path, 'choices', place]));
    const right = choices.filter((choice) => choice.right);
    if (choices.filter((choice) => choice.corrected).length > 1)
      reader.note([...path, 'choices'], `several choices of ${id} say corrected: true; at most one may`);
    if (answered && right.length > 0)
      reader.note([...path, 'choices'], 'each story has its own answer, so no choice may say right: true; remove it');
    if (!answered && right.length !== 1)
      reader.note([...path, 'choices'], `${right.length} choices of ${id} say right: true; exactly one must`);
    for (const [place, choice] of choices.entries()) {
      if (choice.check === null && (answered || choice.right || choice.corrected))
        reader.note([...path, 'choices', place], 'nothing proves this answer; add a check');
      if (answered && choice.id === null)
        reader.note([...path, 'choices', place], 'this choice needs an id, because the stories name their answers; add one');
    }
    const text = (of: Sections['asks'], heading: string): string => {
      if (id !== '' && !of.has(id)) reader.note([...path, 'id'], `the text has no section "## ${heading}: ${id}"; add it`);
      return of.get(id)?.text ?? '';
    };
    const evidence = question['evidence'] === undefined ? [] : evidenceIn(reader, question['evidence'], [...path, 'evidence']);
    return { id, evidence, choices, ask: text(sections.asks, 'Predict'), told: text(sections.tolds, 'Explained') };
  });
}
