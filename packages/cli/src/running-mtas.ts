/** Finding running MTAs, and asking them. */
import { readFile } from 'node:fs/promises';
import { findRun, type RunEntry } from '@mtalab/harness';
import { ControlClient } from '@mtalab/transport';
import { CliError, messageOf, UsageError } from './errors.js';
import { suggestion } from './render/suggestions.js';
import type { Clocked } from './render/views.js';

/** Options of every command that talks to running processes. */
export type RunChoice = { readonly dir?: string; readonly mta?: readonly string[] | string };

/** One run: `--dir` if given, else the only one there is. */
export function chosenRun(options: RunChoice): Promise<RunEntry> {
  return findRun({ dir: options.dir });
}

/** The MTAs of a run that `--mta` names, those that are down included; all without it. */
export function chosenNames(run: RunEntry, names: RunChoice['mta']): readonly string[] {
  const known = [...run.processes.map((one) => one.name), ...(run.down ?? [])];
  const wanted = typeof names === 'string' ? [names] : (names ?? []);
  if (wanted.length === 0) return known;
  return wanted.map((name) => {
    const found = known.find((one) => one.toLowerCase() === name.toLowerCase());
    if (found === undefined)
      throw new UsageError(`no MTA ${name} in this run (there: ${known.join(', ')})${suggestion(name, known)}`);
    return found;
  });
}

function downMessage(name: string): string {
  return `is down; \`mtalab restart --mta ${name}\` starts it`;
}

/** The processes of a run that `--mta` names; all without it. */
export function chosenProcesses(run: RunEntry, names: RunChoice['mta']): RunEntry['processes'] {
  if (names === undefined || names.length === 0) return run.processes;
  return chosenNames(run, names).map((name) => {
    const found = run.processes.find((one) => one.name === name);
    if (found === undefined) throw new CliError(`${name} ${downMessage(name)}`);
    return found;
  });
}

/** A control channel's address, and the file with its token. */
type Channel = { readonly control: string; readonly tokenFile: string };

/** Opens a control channel, uses it, closes it. */
export async function withChannel<T>(channel: Channel, use: (client: ControlClient) => Promise<T>): Promise<T> {
  let token: string;
  try {
    token = (await readFile(channel.tokenFile, 'utf8')).trim();
  } catch (error) {
    throw new CliError(`the token of ${channel.control} cannot be read from ${channel.tokenFile}: ${messageOf(error)}`);
  }
  const client = await ControlClient.connect(channel.control, token);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** What one process answered, or why it did not. */
export type Answer<T> =
  | { readonly mta: string; readonly ok: true; readonly value: T }
  | { readonly mta: string; readonly ok: false; readonly error: string };

/** Asks every chosen process, at once. A process that does not answer does not spoil the others' answers. */
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

/** Every chosen process' answer to a command. */
export function askEach<T>(options: RunChoice, command: string, args: object = {}): Promise<readonly Answer<T>[]> {
  return eachOf(options, (client) => client.request<T>(command, args));
}

/**
 * Asks the run as a whole about its chosen processes: it remembers a change for when one of its MTAs is started again.
 * @returns undefined when nobody supervises the run, so that nobody would remember.
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

/** Every chosen process' view, with the lab time at which it was given. */
export function viewEach<T>(options: RunChoice, view: string, args: object = {}): Promise<readonly Answer<Clocked<T>>[]> {
  return eachOf(options, async (client) => {
    const [rows, { nowMs }] = await Promise.all([
      client.request<readonly T[]>(view, args),
      client.request<{ readonly nowMs: number }>('status'),
    ]);
    return { nowMs, rows };
  });
}
