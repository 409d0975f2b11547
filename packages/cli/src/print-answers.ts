/** Prints what several MTAs answered, and which of them failed. */
import { type CommandIo, outJson } from './command-io.js';
import { exitCodes } from './errors.js';
import type { Answer } from './running-mtas.js';

type Answered<T> = { readonly mta: string; readonly value: T };

function answered<T>(answers: readonly Answer<T>[]): readonly Answered<T>[] {
  return answers.flatMap((answer) => (answer.ok ? [{ mta: answer.mta, value: answer.value }] : []));
}

/** Prints each failure on stderr. Returns exit code 1 if any MTA failed. */
export function reportFailures(io: CommandIo, answers: readonly Answer<unknown>[]): number {
  const failed = answers.filter((answer) => !answer.ok);
  for (const answer of failed) io.err(`mtalab: ${answer.mta}: ${answer.error}`);
  return failed.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/** Prints the values as `json` or as `text` (nothing if the text is empty), and the failures on stderr. Returns the exit code. */
export function printAnswers<T>(
  io: CommandIo,
  answers: readonly Answer<T>[],
  wantsJson: boolean,
  render: {
    readonly json: (values: readonly Answered<T>[]) => unknown;
    readonly text: (values: readonly Answered<T>[]) => string;
  },
): number {
  const values = answered(answers);
  if (wantsJson) outJson(io, render.json(values));
  else if (values.length > 0) {
    const text = render.text(values);
    if (text !== '') io.out(text);
  }
  return reportFailures(io, answers);
}
