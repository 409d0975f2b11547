/** Runs the installed command as a shell does, with a separate run registry and separate temporary folders. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type TcpNetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { atEnd, endsWithTest } from '../support/at-end.js';

/** The link made by the installation. */
const bin = resolve('node_modules/.bin/mtalab');
export const home = mkdtempSync(join(tmpdir(), 'mtalab-shell-'));
const env = { ...process.env, XDG_RUNTIME_DIR: home, TMPDIR: home, NO_COLOR: '1' };
atEnd(() => rmSync(home, { recursive: true, force: true }));
// Commands that run in the process of a test find the same runs.
process.env['XDG_RUNTIME_DIR'] = home;

/** Time limit of one command. It stops a hanging command and leaves room for a slow machine. */
const limitMs = 200_000;

type Outcome = { readonly code: number | string | null; readonly stdout: string; readonly stderr: string };

export function run(program: string, argv: readonly string[]): Promise<Outcome> {
  return new Promise((done) => {
    const child = execFile(program, argv, { env, timeout: limitMs, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : (error.code ?? error.signal ?? null), stdout, stderr });
    });
    endsWithTest(child);
  });
}

export function mtalab(...argv: readonly string[]): Promise<Outcome> {
  return run(bin, argv);
}

/** A command that runs until the test ends it, and prints JSON lines. */
type Running = {
  readonly child: ChildProcess;
  /** The next line, or undefined after the last. */
  next(): Promise<Record<string, unknown> | undefined>;
  /** Exit code and signal. */
  readonly ended: Promise<readonly unknown[]>;
  /** Its output on standard error so far. */
  stderr(): string;
};

/** Starts a command as a terminal's job, in its own process group. */
export function start(...argv: readonly string[]): Running {
  const child = endsWithTest(spawn(bin, argv, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true }));
  const ended = once(child, 'close');
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, unknown> | undefined> => {
    const { value, done } = await lines.next();
    return done === true ? undefined : (JSON.parse(value as string) as Record<string, unknown>);
  };
  return { child, next, ended, stderr: () => said };
}

/** What Ctrl-C in a terminal does: SIGINT to every process of the job. */
export function interrupt({ child }: Running): void {
  process.kill(-(child.pid as number), 'SIGINT');
}

/** Has the process ended? A zombie counts as ended, because only its parent decides when to reap it. */
export function gone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' || !existsSync(`/proc/${pid}`);
  }
}

/** Waits until other processes make the condition true; tap's own limit ends a vain wait. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/**
 * Keeps the system from giving these ports to others while their listener is away. The listener ends the connections made here
 * before this side does. For a minute the system then chooses no such port, but a request for the port by number succeeds.
 */
export async function keepPorts(places: readonly TcpNetConnectOpts[]): Promise<void> {
  for (const place of places) {
    const socket = connect(place).on('error', () => undefined);
    await once(socket, 'connect');
    socket.resume().unref();
  }
}

type LoggedEvent = { readonly id: number; readonly mta: string; readonly text: string; readonly time: string };

/** Reads the event log in an MTA's data folder. */
export function eventsOf(dataFolder: string): LoggedEvent[] {
  const file = join(dataFolder, 'logs', 'events.jsonl');
  if (!existsSync(file)) return [];
  // Text after the last line end is an incomplete line.
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LoggedEvent);
}
