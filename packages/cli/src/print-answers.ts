/** Printing what several processes answered. */

import { type CommandIo, outJson } from './command-io.js';
import { exitCodes } from './errors.js';
import type { Answer } from './running-mtas.js';

/** Those that answered, as pairs of name and value. */
function given<T>(answers: readonly Answer<T>[]): readonly { readonly mta: string; readonly value: T }[] {
  return answers.flatMap((answer) => (answer.ok ? [{ mta: answer.mta, value: answer.value }] : []));
}

/** Tells on stderr who did not answer. Exit code 1 if anyone did not. */
export function reportFailures(io: CommandIo, answers: readonly Answer<unknown>[]): number {
  const failed = answers.filter((answer) => !answer.ok);
  for (const answer of failed) if (!answer.ok) io.err(`mtalab: ${answer.mta}: ${answer.error}`);
  return failed.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/** `--json`: `json` of what was answered; else `text` of it, unless that is empty. Complaints go to stderr either way. */
export function printAnswers<T>(
  io: CommandIo,
  answers: readonly Answer<T>[],
  wantsJson: boolean,
  how: {
    readonly json: (values: readonly { readonly mta: string; readonly value: T }[]) => unknown;
    readonly text: (values: readonly { readonly mta: string; readonly value: T }[]) => string;
  },
): number {
  const values = given(answers);
  if (wantsJson) outJson(io, how.json(values));
  else if (values.length > 0) {
    const text = how.text(values);
    if (text !== '') io.out(text);
  }
  return reportFailures(io, answers);
}
