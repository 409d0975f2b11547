/** Ends the processes of a run from outside: first in order, and with SIGKILL what does not end in time. */
import { endOf, killProcess, type ProcessIdentity, type RunMta } from '@mtalab/harness';
import { CliError } from './errors.js';
import { pairCommands } from './pair/control-schema.js';
import { answerLimitMs, askMta, type RunChoice, type SupervisedRun, supervisorAnswer } from './running-mtas.js';

/** The end of an MTA. `killed` says why it was killed; null after an orderly stop. */
export type MtaOutcome = { readonly mta: string; readonly killed: string | null };

/** Real time for a process that does not answer to obey SIGTERM, ms. */
const signalLimitMs = 10_000;
/** Real time that an MTA may take beyond the limit that it gives itself, ms. */
const spareMs = 30_000;
/** Real time that the supervisor may take for its own end, ms. */
const exitLimitMs = 10_000;

/** Sends SIGTERM, and kills the process if that does not end it in time. @returns true if it was killed. */
async function terminate(identity: ProcessIdentity): Promise<boolean> {
  try {
    process.kill(identity.pid, 'SIGTERM');
  } catch {
    return false;
  }
  if ((await endOf(identity, signalLimitMs)) === 'ended') return false;
  return killProcess(identity);
}

/** Ends an MTA. */
export async function endMta(one: RunMta, where: RunChoice): Promise<MtaOutcome> {
  const { mta, process: identity } = one;
  if (identity === null) return { mta, killed: null };
  const answer = await askMta(one, answerLimitMs(where), (client, limit) => client.command('stop', {}, limit));
  if (answer.ok) {
    const end = await endOf(identity, answer.value.limitMs + spareMs);
    if (end === 'ended') return { mta, killed: null };
    await killProcess(identity);
    return { mta, killed: `${mta} ${end === 'late' ? 'did not end in time' : 'was suspended'} and was killed` };
  }
  if (answer.error.code === 'down') return { mta, killed: null };
  return { mta, killed: (await terminate(identity)) ? `${mta} ${answer.error.message}; it was killed` : null };
}

/**
 * Ends a run through its supervisor. If the supervisor does not answer, ends it and its MTAs.
 * @throws CliError if the supervisor refuses.
 */
export async function endRun(run: SupervisedRun, where: RunChoice): Promise<readonly MtaOutcome[]> {
  const outcomes = await endInOrder(run, where);
  if (outcomes !== undefined && (await endOf(run, exitLimitMs)) === 'ended') return outcomes;
  const supervisor = `its supervisor (pid ${run.pid}), which did not ${outcomes === undefined ? 'answer' : 'end'} in time`;
  const wasKilled = await terminate(run);
  return Promise.all(
    run.mtas.map(async ({ mta, process: one }): Promise<MtaOutcome> => {
      // An MTA ends with its supervisor, unless it is suspended.
      const left = one !== null && (await killProcess(one));
      const known = outcomes?.find((each) => each.mta === mta)?.killed;
      if (known !== undefined && !left) return { mta, killed: known };
      if (one !== null && wasKilled) return { mta, killed: `${mta} was killed with ${supervisor}` };
      return { mta, killed: left ? `${mta} was left behind and was killed` : null };
    }),
  );
}

/** @returns undefined if the supervisor does not answer, or does not end its MTAs in time. */
async function endInOrder(run: SupervisedRun, where: RunChoice): Promise<readonly MtaOutcome[] | undefined> {
  const answer = await supervisorAnswer(run, where, async (client, limit) => {
    const { limitMs } = await client.commandOf(pairCommands, 'stop', {}, limit);
    const ended = client.commandOf(pairCommands, 'ended', {}, { timeoutMs: limitMs }).catch(() => undefined);
    const first = await Promise.race([ended, endOf(run, limitMs)]);
    return first === 'suspended' || first === 'late' ? undefined : await ended;
  });
  if (answer.ok) return answer.value?.map(({ mta, killed }) => ({ mta, killed }));
  if (answer.error.code === 'refused') throw new CliError(answer.error.message);
  return undefined;
}
