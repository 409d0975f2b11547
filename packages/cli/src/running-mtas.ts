/** Finds running MTAs and asks them over their control channels: each by itself, and with a short limit. */
import { readFile } from 'node:fs/promises';
import {
  type Answer,
  answerOf,
  type ControlAddress,
  findRun,
  type RunEntry,
  type RunMta,
  shellWord,
  unanswered,
} from '@mtalab/harness';
import { type CommandGiven, type CommandName, type CommandResult, ControlClient, type RequestOptions } from '@mtalab/transport';
import type { CommandIo } from './command-io.js';
import { CliError, messageOf, UsageError } from './errors.js';
import { unknownName } from './render/suggestions.js';
import type { Clocked } from './render/view-rows.js';

/** The run, and the MTAs of it, that a command is about. */
export type RunChoice = {
  readonly dir?: string;
  readonly mta?: readonly string[] | string;
  /** Limit for each answer, s. */
  readonly timeout?: number;
};
/** Options of every command that talks to running MTAs. */
export type RunFlags = RunChoice & { readonly json?: boolean };

/** Default limit in real time for an answer, ms. */
const usualAnswerMs = 1200;

/** For a change that the supervisor makes: it waits for MTAs that do not answer, and says which. */
export const changeLimit: RequestOptions = { timeoutMs: 30_000 };

export function answerLimitMs({ timeout }: RunChoice): number {
  return timeout === undefined ? usualAnswerMs : timeout * 1000;
}

/**
 * The run of `--dir`, else the only run of this user. Of several runs a command that only looks takes the latest, and says so.
 * A command that acts refuses, because it could change the wrong one.
 */
export async function chosenRun(io: CommandIo, where: RunChoice, purpose: 'look' | 'act'): Promise<RunEntry> {
  const { run, others } = await findRun({ dir: where.dir, several: purpose === 'look' ? 'latest' : 'refuse' });
  if (others.length > 0) {
    const which = `the run in ${run.dir} (pid ${run.pid}, since ${run.startedAt})`;
    io.err(`this is ${which}, the latest of ${others.length + 1}; \`mtalab runs\` lists them, --dir chooses one`);
  }
  return run;
}

/** The run as it is now: an MTA may have restarted since. Undefined if the run is over. */
export function presentRun(run: RunEntry): Promise<RunEntry | undefined> {
  return findRun({ dir: run.dir }).then(
    (found) => (found.run.pid === run.pid ? found.run : undefined),
    () => undefined,
  );
}

/** The MTAs of a run that `--mta` names, or all. Includes MTAs that are down. */
export function chosenMtas(run: RunEntry, names: RunChoice['mta']): readonly RunMta[] {
  const wanted = typeof names === 'string' ? [names] : (names ?? []);
  if (wanted.length === 0) return run.mtas;
  return wanted.map((name) => {
    const found = run.mtas.find((one) => one.mta.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    const known = run.mtas.map(({ mta }) => mta);
    throw new UsageError(unknownName('MTA', name, known));
  });
}

/** Connects to a process, for a command that asks it many times. The caller closes the connection. @throws CliError, ControlError */
export async function openChannel(channel: ControlAddress, limitMs: number): Promise<ControlClient> {
  let token: string;
  try {
    token = (await readFile(channel.tokenFile, 'utf8')).trim();
  } catch (error) {
    throw new CliError(`cannot read the token of ${channel.control} from ${channel.tokenFile}: ${messageOf(error)}`);
  }
  return ControlClient.connect(channel.control, token, { timeoutMs: limitMs });
}

/** Opens a control channel, uses it, and closes it. `use` gets what is left of the limit. */
async function withChannel<T>(
  channel: ControlAddress,
  limitMs: number,
  use: (client: ControlClient, limit: RequestOptions) => Promise<T>,
): Promise<T> {
  const startMs = performance.now();
  const client = await openChannel(channel, limitMs);
  try {
    return await use(client, { timeoutMs: Math.max(1, limitMs - (performance.now() - startMs)) });
  } finally {
    client.close();
  }
}

/** Asks one MTA of a run. `ask` gets what is left of the limit when the control channel is open. */
export async function askMta<T>(
  { mta, process: one }: RunMta,
  limitMs: number,
  ask: (client: ControlClient, limit: RequestOptions) => Promise<T>,
): Promise<Answer<T>> {
  if (one === null) return unanswered(mta, 'down', `is down; \`mtalab restart --mta ${shellWord(mta)}\` starts it`);
  return answerOf(mta, one, limitMs, () => withChannel(one, limitMs, ask));
}

/** Asks every chosen MTA at once. One that does not answer does not delay or affect the others. */
function eachOf<T>(
  run: RunEntry,
  where: RunChoice,
  ask: (client: ControlClient, limit: RequestOptions) => Promise<T>,
): Promise<readonly Answer<T>[]> {
  return Promise.all(chosenMtas(run, where.mta).map((one) => askMta(one, answerLimitMs(where), ask)));
}

/** Sends a command to every chosen MTA. */
export function askEach<Name extends CommandName>(
  run: RunEntry,
  where: RunChoice,
  command: Name,
  ...[args]: CommandGiven<Name>
): Promise<readonly Answer<CommandResult<Name>>[]> {
  return eachOf(run, where, (client, limit) => client.command(command, ...([args, limit] as unknown as CommandGiven<Name>)));
}

/** A view of every chosen MTA, with its lab time. */
export function viewEach<Name extends CommandName>(
  run: RunEntry,
  where: RunChoice,
  view: Name,
  ...[args]: CommandGiven<Name>
): Promise<readonly Answer<Clocked<CommandResult<Name>>>[]> {
  return eachOf(run, where, async (client, limit) => {
    const [rows, { nowMs }] = await Promise.all([
      client.command(view, ...([args, limit] as unknown as CommandGiven<Name>)),
      client.command('status', {}, limit),
    ]);
    return { nowMs, rows };
  });
}

/** A run whose supervisor has a control channel. */
export type SupervisedRun = RunEntry & { readonly lab: ControlAddress };

/** Asks the process that supervises a run. `ask` gets what is left of the limit when the control channel is open. */
export function supervisorAnswer<T>(
  run: SupervisedRun,
  where: RunChoice,
  ask: (client: ControlClient, limit: RequestOptions) => Promise<T>,
): Promise<Answer<T>> {
  return answerOf('', run, answerLimitMs(where), () => withChannel(run.lab, answerLimitMs(where), ask));
}

/** As `supervisorAnswer`, for a command that asks more later: the limit is for this question only. The caller closes the channel. */
export async function heldChannel<T>(
  run: SupervisedRun,
  where: RunChoice,
  ask: (client: ControlClient, limit: RequestOptions) => Promise<T>,
): Promise<Answer<{ readonly client: ControlClient; readonly value: T }>> {
  const limitMs = answerLimitMs(where);
  let client: ControlClient | undefined;
  let isGivenUp = false;
  const answer = await answerOf('', run, limitMs, async () => {
    client = await openChannel(run.lab, limitMs);
    if (isGivenUp) client.close();
    return { client, value: await ask(client, { timeoutMs: limitMs }) };
  });
  if (!answer.ok) {
    isGivenUp = true;
    client?.close();
  }
  return answer;
}

/** As `supervisorAnswer`. @throws CliError if the process does not answer or refuses. */
export async function askSupervisor<T>(
  run: SupervisedRun,
  where: RunChoice,
  ask: (client: ControlClient, limit: RequestOptions) => Promise<T>,
): Promise<T> {
  const answer = await supervisorAnswer(run, where, ask);
  if (answer.ok) return answer.value;
  const { code, message } = answer.error;
  throw new CliError(code === 'refused' ? message : `the run in ${run.dir} (pid ${run.pid}) ${message}`);
}

/** Does a process supervise this run, which keeps changes for the restarts of its MTAs? */
export function isSupervised(run: RunEntry): run is SupervisedRun {
  return run.lab !== undefined;
}
