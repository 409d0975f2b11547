/** Prints what several MTAs answered, and which of them did not. */
import type { Answer, Unanswered } from '@mtalab/harness';
import { type CommandIo, outJson } from './command-io.js';
import { exitCodes } from './errors.js';

type Answered<T> = { readonly mta: string; readonly value: T };

/** The MTAs that did not answer, or refused. */
function failuresOf(answers: readonly Answer<unknown>[]): readonly Unanswered[] {
  return answers.flatMap((answer) => (answer.ok ? [] : [{ mta: answer.mta, error: answer.error }]));
}

/** A sentence that says why an MTA gave no answer. */
export function whyWords({ mta, error }: Unanswered): string {
  return error.code === 'refused' ? `${mta}: ${error.message}` : `${mta} ${error.message}`;
}

/** Prints each failure on stderr. Returns exit code 1 if any MTA failed. */
export function reportFailures(io: CommandIo, answers: readonly Answer<unknown>[]): number {
  const failed = failuresOf(answers);
  for (const one of failed) io.err(`mtalab: ${whyWords(one)}`);
  return failed.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/**
 * Prints the answers as JSON or as text (nothing if the text is empty), and the failures on stderr. In JSON an MTA that did not
 * answer has an `error`. Returns the exit code.
 */
export function printAnswers<T>(
  io: CommandIo,
  answers: readonly Answer<T>[],
  wantsJson: boolean,
  render: {
    readonly json: (answered: Answered<T>) => object;
    readonly text: (values: readonly Answered<T>[], failed: readonly Unanswered[]) => string;
  },
): number {
  const failed = failuresOf(answers);
  if (wantsJson) {
    outJson(
      io,
      answers.map((answer) => (answer.ok ? render.json(answer) : { mta: answer.mta, error: answer.error })),
    );
  } else {
    const text =
      failed.length === answers.length
        ? ''
        : render.text(
            answers.flatMap((answer) => (answer.ok ? [answer] : [])),
            failed,
          );
    if (text !== '') io.out(text);
  }
  return reportFailures(io, answers);
}
