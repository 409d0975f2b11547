/**
 * Asks MTAs. Each is asked by itself and with a short limit, so that one that stands still does not keep the answers of the
 * others.
 */
import { ControlError } from '@mtalab/transport';
import { durationText, within } from './deadline.js';
import { HarnessError, HarnessTimeout, messageOf } from './errors.js';
import { endOf, isRunning, isSuspended, type ProcessIdentity } from './process-facts.js';

/** Why there is no answer. */
export type AnswerError = {
  /**
   * `silent`: the process does not answer now, and nobody knows whether it still carries out what it was asked. `down`: there is
   * no process, so it does nothing. `refused`: the MTA answered with a reason.
   */
  readonly code: 'silent' | 'down' | 'refused';
  /** Continues a sentence about the MTA; of `refused`, the MTA's own reason. */
  readonly message: string;
};

/** An MTA without an answer. */
export type Unanswered = {
  /** Name of the MTA. */
  readonly mta: string;
  /** Why there is no answer. */
  readonly error: AnswerError;
};

/** The answer of one MTA, or why there is none. */
export type Answer<T> =
  | { readonly mta: string; readonly ok: true; readonly value: T }
  | ({ readonly mta: string; readonly ok: false } & Unanswered);

export function unanswered(mta: string, code: AnswerError['code'], message: string): Answer<never> {
  return { mta, ok: false, error: { code, message } };
}

/**
 * The answer of an MTA, or why there is none.
 * @param limitMs limit in real time, also if `ask` has none.
 * @param ask asks the MTA. A suspended process is not asked: it could not answer, and would act on its own much later.
 */
export async function answerOf<T>(
  mta: string,
  identity: ProcessIdentity,
  limitMs: number,
  ask: () => Promise<T>,
): Promise<Answer<T>> {
  const suspended = await suspension(identity.pid);
  if (suspended !== undefined) return unanswered(mta, 'silent', suspended);
  try {
    // The request may also wait for its turn before its own limit begins.
    return { mta, ok: true, value: await within(ask(), limitMs, () => 'no answer') };
  } catch (error) {
    return { mta, ok: false, error: await whyUnanswered(identity, limitMs, error) };
  }
}

/** The values. @throws HarnessError that names the MTAs without an answer. */
export function required<T>(answers: readonly Answer<T>[]): readonly { readonly mta: string; readonly value: T }[] {
  const failed = answers.flatMap((answer) => (answer.ok ? [] : [`${answer.mta}: ${answer.error.message}`]));
  if (failed.length > 0) throw new HarnessError(failed.join('\n'));
  return answers.flatMap((answer) => (answer.ok ? [answer] : []));
}

/** Real time between the loss of a connection and the end of its process, ms. */
const endNoticeMs = 500;

/** Says that the process is suspended. Undefined if it is not. */
async function suspension(pid: number): Promise<string | undefined> {
  if (!(await isSuspended(pid))) return undefined;
  return `does not answer: its process ${pid} is suspended; \`kill -CONT ${pid}\` resumes it`;
}

async function whyUnanswered(identity: ProcessIdentity, limitMs: number, error: unknown): Promise<AnswerError> {
  if (error instanceof ControlError && (error.code === 'refused' || error.code === 'unreadable'))
    return { code: 'refused', message: error.message };
  // A connection is lost a moment before its process has ended.
  const lost = error instanceof ControlError && error.code === 'gone';
  const ended = lost ? (await endOf(identity, endNoticeMs)) === 'ended' : !(await isRunning(identity));
  if (ended) return { code: 'down', message: `does not answer: its process ${identity.pid} has ended; it may be restarting` };
  const suspended = await suspension(identity.pid);
  if (suspended !== undefined) return { code: 'silent', message: suspended };
  if (error instanceof HarnessTimeout || (error instanceof ControlError && error.code === 'timeout'))
    return { code: 'silent', message: `does not answer within ${durationText(limitMs)}` };
  return { code: 'silent', message: `does not answer: ${messageOf(error)}` };
}
