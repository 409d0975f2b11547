/** Ends the processes of a run from outside: first in order, and with SIGKILL what does not end in time. */
import { endOf, killProcess, type ProcessIdentity, type RunMta } from '@mtalab/harness';
import { CliError } from './errors.js';
import { pairCommands } from './pair/control-schema.js';
import { answerLimitMs, askMta, heldChannel, type RunChoice, type SupervisedRun } from './running-mtas.js';

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
  const { outcomes, isEnding } = await endInOrder(run, where);
  const hasEnded = isEnding && (await endOf(run, exitLimitMs)) === 'ended';
  if (hasEnded && outcomes !== undefined) return outcomes;
  const supervisor = `its supervisor (pid ${run.pid}), which did not ${isEnding ? 'end' : 'answer'} in time`;
  const wasKilled = !hasEnded && (await terminate(run));
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

type InOrder = {
  /** Undefined if the supervisor has not said what became of its MTAs. */
  readonly outcomes?: readonly MtaOutcome[];
  /** Its MTAs have ended, or it has closed its channel: it is about to end. */
  readonly isEnding: boolean;
};

/** Asks the supervisor to stop, and waits until its MTAs have ended, as long as it says that they may take. */
async function endInOrder(run: SupervisedRun, where: RunChoice): Promise<InOrder> {
  const answer = await heldChannel(run, where, (client, limit) => client.commandOf(pairCommands, 'stop', {}, limit));
  if (!answer.ok) {
    if (answer.error.code === 'refused') throw new CliError(answer.error.message);
    return { isEnding: false };
  }
  const { client, value } = answer.value;
  try {
    const ended = client.commandOf(pairCommands, 'ended', {}, { timeoutMs: value.limitMs }).then(
      (all): InOrder => ({ outcomes: all.map(({ mta, killed }) => ({ mta, killed })), isEnding: true }),
      (): InOrder => ({ isEnding: true }),
    );
    const first = await Promise.race([ended, endOf(run, value.limitMs)]);
    return first === 'suspended' || first === 'late' ? { isEnding: false } : await ended;
  } finally {
    client.close();
  }
}
