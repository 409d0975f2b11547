/**
 * Starts programs and stops them. Each leads its own process group, so its children end with it, and Ctrl-C reaches only this
 * process, which then stops them in order.
 */
import { type ChildProcess, fork, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { childrenOf } from './process-usage.js';

const host = '127.0.0.1';
/** Time that a program has to end in order before it is killed, ms. */
const stopLimitMs = 20_000;
/** RabbitMQ takes long on a busy machine. */
const readyLimitMs = 180_000;
const pollMs = 25;
const tailChars = 2000;

export type ProgramOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Gets the output as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Ends the children one by one, so that the program can reap them: it would not wait for them when it ends itself. */
  readonly childrenFirst?: boolean;
};

/** Sends a signal to a process, or to a group by its negative number, if that still exists. */
function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/** One program and everything it starts. */
export class Program {
  readonly name: string;
  readonly child: ChildProcess;
  readonly pid: number;
  readonly #childrenFirst: boolean;
  #tail = '';

  constructor(name: string, child: ChildProcess, { onOutput, childrenFirst = false }: ProgramOptions) {
    this.#childrenFirst = childrenFirst;
    if (child.pid === undefined) throw new Error(`${name} cannot be started`);
    this.name = name;
    this.child = child;
    this.pid = child.pid;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        const text = chunk.toString('latin1');
        this.#tail = (this.#tail + text).slice(-tailChars);
        onOutput?.(text);
      });
    }
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** An error that says how the program ended, with the end of its output. */
  failure(what: string): Error {
    const how = this.ended ? ` (it ended with ${this.child.exitCode ?? this.child.signalCode})` : '';
    return new Error(`${this.name}: ${what}${how}${this.#tail === '' ? '' : `. Its output ends with:\n${this.#tail.trim()}`}`);
  }

  /** Sends a signal to the whole group. */
  signal(signal: NodeJS.Signals): void {
    signalTo(-this.pid, signal);
  }

  /** Ends the program in order, and kills what is left of its group after that. */
  async stop(): Promise<void> {
    if (!this.ended) {
      if (this.#childrenFirst) await this.#endChildren();
      const exit = once(this.child, 'exit');
      this.signal('SIGTERM');
      const killer = setTimeout(() => this.signal('SIGKILL'), stopLimitMs);
      await exit;
      clearTimeout(killer);
    }
    this.signal('SIGKILL');
  }

  async #endChildren(): Promise<void> {
    const endMs = performance.now() + stopLimitMs;
    for (let left = childrenOf(this.pid); left.length > 0 && performance.now() < endMs; left = childrenOf(this.pid)) {
      for (const pid of left) signalTo(pid, 'SIGTERM');
      await pause(pollMs);
    }
  }
}

/** The programs of one run. */
export class Processes {
  readonly #programs: Program[] = [];
  #stopped = false;
  readonly #killAll = (): void => {
    for (const program of this.#programs) program.signal('SIGKILL');
  };

  constructor() {
    process.on('exit', this.#killAll);
  }

  start(name: string, command: string, args: readonly string[], options: ProgramOptions = {}): Program {
    this.#mustRun(name);
    const { cwd, env } = options;
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    return this.#add(name, child, options);
  }

  /** Starts a module of this project with a channel for messages. */
  fork(name: string, module: string, args: readonly string[]): Program {
    this.#mustRun(name);
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'ipc'];
    return this.#add(name, fork(module, args, { detached: true, stdio }), {});
  }

  #mustRun(name: string): void {
    if (this.#stopped) throw new Error(`${name} is not started: the run was stopped`);
  }

  #add(name: string, child: ChildProcess, options: ProgramOptions): Program {
    // A program that is not there is reported as an event, and has no pid.
    child.on('error', () => {});
    const program = new Program(name, child, options);
    this.#programs.push(program);
    return program;
  }

  /** Stops all programs, the last started first. Nothing can be started any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const program of [...this.#programs].reverse()) await program.stop();
    process.off('exit', this.#killAll);
  }
}

/** A port of the loopback that is free now. The servers here cannot choose one by themselves. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen({ host, port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Waits until the program listens. @throws Error when it ends before, or takes too long. */
export async function listening(program: Program, port: number): Promise<void> {
  const endMs = performance.now() + readyLimitMs;
  while (!(await accepts(port))) {
    if (program.ended) throw program.failure('it did not start');
    if (performance.now() > endMs) throw program.failure(`it does not listen on port ${port} after ${readyLimitMs / 1000} s`);
    await pause(pollMs);
  }
}
