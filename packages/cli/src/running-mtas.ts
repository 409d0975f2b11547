/** Finds running MTAs and sends requests to them over their control channels. */
import { readFile } from 'node:fs/promises';
import { findRun, type RunEntry } from '@mtalab/harness';
import { type CommandGiven, type CommandName, type CommandResult, ControlClient } from '@mtalab/transport';
import { CliError, messageOf, UsageError } from './errors.js';
import { unknownName } from './render/suggestions.js';
import type { Clocked } from './render/views.js';

/** The run, and the MTAs of it, that a command is about. */
export type RunChoice = { readonly dir?: string; readonly mta?: readonly string[] | string };
/** Options of every command that talks to running MTAs. */
export type RunFlags = RunChoice & { readonly json?: boolean };

/** The run of `--dir`, else the only run. */
export function chosenRun(options: RunChoice): Promise<RunEntry> {
  return findRun({ dir: options.dir });
}

/** The MTAs of a run that `--mta` names, or all. Includes MTAs that are down. */
export function chosenNames(run: RunEntry, names: RunChoice['mta']): readonly string[] {
  const known = [...run.processes.map((one) => one.name), ...(run.down ?? [])];
  const wanted = typeof names === 'string' ? [names] : (names ?? []);
  if (wanted.length === 0) return known;
  return wanted.map((name) => {
    const found = known.find((one) => one.toLowerCase() === name.toLowerCase());
    if (found === undefined) throw new UsageError(unknownName('MTA', name, known));
    return found;
  });
}

function downMessage(name: string): string {
  return `is down; \`mtalab restart --mta ${name}\` starts it`;
}

/** The processes of a run that `--mta` names, or all. */
export function chosenProcesses(run: RunEntry, names: RunChoice['mta']): RunEntry['processes'] {
  if (names === undefined || names.length === 0) return run.processes;
  return chosenNames(run, names).map((name) => {
    const found = run.processes.find((one) => one.name === name);
    if (found === undefined) throw new CliError(`${name} ${downMessage(name)}`);
    return found;
  });
}

/** Address of a control channel, and the file with its token. */
type Channel = { readonly control: string; readonly tokenFile: string };

/** Opens a control channel, uses it, and closes it. */
export async function withChannel<T>(channel: Channel, use: (client: ControlClient) => Promise<T>): Promise<T> {
  let token: string;
  try {
    token = (await readFile(channel.tokenFile, 'utf8')).trim();
  } catch (error) {
    throw new CliError(`cannot read the token of ${channel.control} from ${channel.tokenFile}: ${messageOf(error)}`);
  }
  const client = await ControlClient.connect(channel.control, token);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** The answer of one MTA, or why there is none. */
export type Answer<T> =
  | { readonly mta: string; readonly ok: true; readonly value: T }
  | { readonly mta: string; readonly ok: false; readonly error: string };

/** Sends a request to every chosen MTA at once. One that fails does not affect the others. */
async function eachOf<T>(options: RunChoice, ask: (client: ControlClient) => Promise<T>): Promise<readonly Answer<T>[]> {
  const run = await chosenRun(options);
  return Promise.all(
    chosenNames(run, options.mta).map(async (name): Promise<Answer<T>> => {
      const one = run.processes.find((each) => each.name === name);
      if (one === undefined) return { mta: name, ok: false, error: downMessage(name) };
      try {
        return { mta: name, ok: true, value: await withChannel(one, ask) };
      } catch (error) {
        return { mta: name, ok: false, error: messageOf(error) };
      }
    }),
  );
}

/** Sends a command to every chosen MTA. */
export function askEach<Name extends CommandName>(
  options: RunChoice,
  command: Name,
  ...given: CommandGiven<Name>
): Promise<readonly Answer<CommandResult<Name>>[]> {
  return eachOf(options, (client) => client.command(command, ...given));
}

/**
 * Sends a command for the chosen MTAs to the run itself, which keeps a change for the restarts of its MTAs.
 * @returns undefined if the run has no supervisor.
 */
export async function askRun<T>(
  where: RunChoice,
  command: string,
  args: object,
  timeoutMs?: number,
): Promise<{ readonly names: readonly string[]; readonly value: T } | undefined> {
  const entry = await chosenRun(where);
  if (entry.lab === undefined) return undefined;
  const names = chosenNames(entry, where.mta);
  const limit = timeoutMs === undefined ? {} : { timeoutMs };
  return { names, value: await withChannel(entry.lab, (client) => client.request<T>(command, { ...args, names }, limit)) };
}

/** A view of every chosen MTA, with its lab time. */
export function viewEach<Name extends CommandName>(
  options: RunChoice,
  view: Name,
  ...given: CommandGiven<Name>
): Promise<readonly Answer<Clocked<CommandResult<Name>>>[]> {
  return eachOf(options, async (client) => {
    const [rows, { nowMs }] = await Promise.all([client.command(view, ...given), client.command('status')]);
    return { nowMs, rows };
  });
}
