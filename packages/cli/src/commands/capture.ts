/** `mtalab capture FILE`: records what goes over the connections of a running pair or MTA, as a pcapng file for Wireshark. */
import { type FileHandle, open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ControlAddress, RunEntry } from '@mtalab/harness';
import { type ControlClient, captureCommands, protoUrl } from '@mtalab/transport';
import { type CommandIo, outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, exitCodes, messageOf, UsageError } from '../errors.js';
import { onInterrupt } from '../interrupt.js';
import { answerLimitMs, chosenRun, isSupervised, openChannel, type RunFlags } from '../running-mtas.js';

type Options = RunFlags & { readonly count?: number; readonly duration?: number; readonly plugin?: boolean };

/** The script for Wireshark, and the definitions of the messages that it reads when it loads. */
const plugin = fileURLToPath(new URL('../wireshark/mtalab.lua', protoUrl));
const proto = fileURLToPath(protoUrl);

/** Where the octets go. */
type Target = { write(octets: Buffer): Promise<void>; close(): Promise<void> };

/** Limit of an answer in real time, ms. The pair answers each request for a piece within a second. */
const pieceLimitMs = 30_000;

function failed(name: string, error: unknown): CliError {
  return new CliError(`cannot write ${name}: ${messageOf(error)}`);
}

const toStdout: Target = {
  write: (octets) =>
    new Promise((resolve, reject) => {
      process.stdout.write(octets, (error) => (error instanceof Error ? reject(failed('stdout', error)) : resolve()));
    }),
  close: () => Promise.resolve(),
};

/** A capture has passwords and mail, so only its owner may read the file. @throws CliError */
async function targetOf(name: string): Promise<Target> {
  if (name === '-') return toStdout;
  const handle: FileHandle = await open(name, 'w', 0o600).catch((error: unknown) => {
    throw failed(name, error);
  });
  return {
    write: (octets) => handle.writeFile(octets).catch((error: unknown) => Promise.reject(failed(name, error))),
    close: () => handle.close(),
  };
}

type Recorded = { readonly packets: number; readonly dropped: number };

const limit = { timeoutMs: pieceLimitMs };

/** Reads a capture to its end, which a signal or the duration may bring about. */
async function record(
  client: ControlClient,
  capture: number,
  target: Target,
  { duration }: Options,
  signal: AbortSignal,
): Promise<Recorded> {
  // The last piece follows the end.
  const end = (): void => void client.commandOf(captureCommands, 'capture-end', { capture }, limit).catch(() => undefined);
  const timer = duration === undefined ? undefined : setTimeout(end, duration * 1000);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    for (;;) {
      const piece = await client.commandOf(captureCommands, 'capture-read', { capture }, limit);
      await target.write(Buffer.from(piece.octets, 'base64'));
      if (piece.last) return piece;
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

/** The process that records: the supervisor of a run, or the MTA of a run that was started singly. */
function recorderOf(run: RunEntry): ControlAddress {
  if (isSupervised(run)) return run.lab;
  const [one] = run.mtas;
  if (one?.process == null) throw new CliError(`no MTA of the run in ${run.dir} is up, so nothing can be recorded`);
  return one.process;
}

/** Records a run. @throws CliError if nothing sees its octets, if the target cannot be written, or if the run is killed. */
async function capture(io: CommandIo, run: RunEntry, name: string, options: Options, signal: AbortSignal): Promise<Recorded> {
  const client = await openChannel(recorderOf(run), answerLimitMs(options));
  try {
    const { count: packets } = options;
    const { capture: number } = await client.commandOf(
      captureCommands,
      'capture-begin',
      packets === undefined ? {} : { packets },
      limit,
    );
    const target = await targetOf(name);
    try {
      const until = packets === undefined && options.duration === undefined ? '; Ctrl-C ends it' : '';
      io.err(`recording the run in ${run.dir}${until}`);
      return await record(client, number, target, options, signal);
    } finally {
      await target.close();
    }
  } finally {
    client.close();
  }
}

export const run: CommandRun = async ({ io, args, options }) => {
  const flags = options as Options;
  if (flags.plugin === true) {
    if (args[0] !== undefined) throw new UsageError('--plugin records nothing; leave out the file');
    if (flags.json === true) outJson(io, { plugin, proto });
    else io.out(plugin);
    return exitCodes.ok;
  }
  if (args[0] === undefined) throw new UsageError('name the file to write, or - for standard output');
  const name = String(args[0]);
  if (name === '') throw new UsageError('the name of the file is empty');
  if (name === '-' && flags.json === true) throw new UsageError('--json prints to stdout, and so does the capture; remove one');
  if (name === '-' && process.stdout.isTTY === true)
    throw new UsageError('stdout is a terminal; name a file, or pipe the capture into a program');
  const found = await chosenRun(io, flags, 'look');
  const interrupt = onInterrupt(io.readerGone);
  try {
    const { packets, dropped } = await capture(io, found, name, flags, interrupt.signal);
    const file = name === '-' ? 'stdout' : name;
    if (flags.json === true) outJson(io, { file, packets, dropped });
    else io.err(`${packets} packets in ${file}`);
    if (dropped > 0) io.err(`mtalab: ${dropped} packets were dropped, because ${file} was written too slowly`);
    return exitCodes.ok;
  } catch (error) {
    // The reader of a pipe may go when it has seen enough.
    if (io.readerGone.aborted) return exitCodes.ok;
    throw error;
  } finally {
    interrupt.dispose();
  }
};
