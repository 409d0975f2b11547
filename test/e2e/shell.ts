/** Runs the installed command as a shell does, with a separate run registry and separate temporary folders. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type TcpNetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** The link that the installation made. */
const bin = resolve('node_modules/.bin/mtalab');
export const home = mkdtempSync(join(tmpdir(), 'mtalab-shell-'));
const env = { ...process.env, XDG_RUNTIME_DIR: home, TMPDIR: home, NO_COLOR: '1' };

/** For one command: it is there for one that hangs, not for a slow machine. */
const limitMs = 200_000;

type Outcome = { readonly code: number | string | null; readonly stdout: string; readonly stderr: string };

export function run(program: string, argv: readonly string[]): Promise<Outcome> {
  return new Promise((done) => {
    execFile(program, argv, { env, timeout: limitMs, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : (error.code ?? error.signal ?? null), stdout, stderr });
    });
  });
}

export function mtalab(...argv: readonly string[]): Promise<Outcome> {
  return run(bin, argv);
}

/** A command that goes on until it is ended, and prints JSON lines. */
type Running = {
  readonly child: ChildProcess;
  /** The next line; undefined when there is none any more. */
  next(): Promise<Record<string, unknown> | undefined>;
  /** Exit code and signal. */
  readonly ended: Promise<readonly unknown[]>;
  /** What it has written to its standard error. */
  stderr(): string;
};

const started = new Set<ChildProcess>();

/** Starts a command as a terminal's job: a process group of its own. */
export function start(...argv: readonly string[]): Running {
  const child = spawn(bin, argv, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  started.add(child);
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

process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

/** Has the process ended? A zombie has: how soon it is reaped is the business of whoever inherited it. */
export function gone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' || !existsSync(`/proc/${pid}`);
  }
}

/** Waits for what other processes do; tap's own limit ends it when it never comes. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/**
 * Nobody else is given these ports while their listener is away. It ends the connections that are made here before this side does, and
 * for a minute the system chooses no port of such an end; who asks for it by its number gets it.
 */
export async function keepPorts(places: readonly TcpNetConnectOpts[]): Promise<void> {
  for (const place of places) {
    const socket = connect(place).on('error', () => undefined);
    await once(socket, 'connect');
    socket.resume().unref();
  }
}

type LoggedEvent = { readonly id: number; readonly node: string; readonly text: string; readonly time: string };

/** The event log of an MTA, as it lies in its data folder. */
export function eventsOf(dataFolder: string): LoggedEvent[] {
  const file = join(dataFolder, 'logs', 'events.jsonl');
  if (!existsSync(file)) return [];
  // What follows the last line end is a line that is being written.
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LoggedEvent);
}
