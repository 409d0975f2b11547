/** Runs one MTA as an operating-system process: starts, watches, stops, kills and restarts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { ControlClient } from '@mtalab/transport';
import { durationText, within } from './deadline.js';
import { HarnessError, HarnessTimeout, messageOf } from './errors.js';
import { OutputTail } from './output-tail.js';
import { doneBy } from './process-facts.js';
import { isReady, type ReadyMessage } from './ready-message.js';

/** How a process ended. Exactly one of the two is not null. */
export type ExitStatus = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type SpawnMtaOptions = {
  /** Program and first arguments that run an MTA. `MtaProcess` appends `--config FILE`. */
  readonly command: readonly string[];
  readonly configFile: string;
  readonly name: string;
  /** Variables to add to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Limit in real time for a start, ms. Default 30 s. */
  readonly readyTimeoutMs?: number;
  /** Limit in real time for a stop in order, ms, or a function that says it at the stop. After it the process is killed. Default 30 s. */
  readonly stopTimeoutMs?: number | (() => number);
  /** Called before every start and restart, to write the configuration. */
  readonly beforeStart?: () => Promise<void>;
  /** Called after every start, when the control channel is connected. If it fails, the start fails. */
  readonly onUp?: (process: MtaProcess) => Promise<void>;
  /** Called with the output of the process. */
  readonly onOutput?: (text: string, stream: 'stdout' | 'stderr') => void;
};

/** How a stop ended. */
export type StopOutcome = {
  /** Exit code; 0 after an orderly stop. */
  readonly exitCode: number;
  /** Why the process was killed; null after an orderly stop. */
  readonly killed: string | null;
};

/** Real time that a process has to answer the stop command, and again to obey the signal that follows, ms. */
const stopAnswerMs = 5000;

/** Processes that run now. They end with this process, also one that is suspended and cannot see the end of its parent. */
const running = new Set<ChildProcess>();

function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** One process of the MTA, from its start to its end. */
type Life = {
  readonly child: ChildProcess;
  readonly stderr: OutputTail;
  readonly exited: Promise<ExitStatus>;
  ready: ReadyMessage | undefined;
  client: ControlClient | undefined;
  exit: ExitStatus | undefined;
};

/** Starts an MTA. Resolves when it runs and its control channel is connected. */
export async function spawnMta(options: SpawnMtaOptions): Promise<MtaProcess> {
  const process = new MtaProcess(options);
  await process.start();
  return process;
}

/**
 * A supervised MTA. Its process has an IPC channel to this process, and ends when this process dies, even by `kill -9`. It does
 * not keep this process alive: only waiting for it does. All errors are `HarnessError`s that name the process.
 */
export class MtaProcess {
  /** Name of the MTA. */
  readonly name: string;
  /** Its configuration file. */
  readonly configFile: string;
  readonly #options: SpawnMtaOptions;
  #life: Life | undefined;
  #starting: Promise<void> | undefined;
  #ups: (() => void)[] = [];

  constructor(options: SpawnMtaOptions) {
    if (options.command.length === 0) throw new HarnessError(`${options.name}: the command that starts an MTA is empty`);
    this.name = options.name;
    this.configFile = options.configFile;
    this.#options = options;
  }

  /** The process id of the present process, or of the last one. @throws HarnessError before the first start. */
  get pid(): number {
    return this.#current().child.pid ?? -1;
  }

  /** The message of the running process when it was ready. */
  get ready(): ReadyMessage {
    const ready = this.#current().ready;
    if (ready === undefined) throw new HarnessError(`${this.name} is not ready yet`);
    return ready;
  }

  /** The control channel. A restart makes a new one. */
  get client(): ControlClient {
    const life = this.#current();
    if (life.exit !== undefined) throw new HarnessError(`${this.name} is not running: it ${describeExit(life.exit)}`);
    if (life.client === undefined) throw new HarnessError(`${this.name} is not ready yet`);
    return life.client;
  }

  /** Does the process run, with its control channel connected? */
  get up(): boolean {
    return this.#life?.client !== undefined && this.#life.exit === undefined;
  }

  /** Is there a process, ready or not? */
  get alive(): boolean {
    return this.#life !== undefined && this.#life.exit === undefined;
  }

  /** Settles when the present process ends. Keeps this process alive until then. */
  get exited(): Promise<ExitStatus> {
    const life = this.#current();
    keepAlive(life.child, life.exit === undefined);
    return life.exited;
  }

  /** Calls `run` when the present process ends, without keeping this process alive. */
  onExit(run: () => void): void {
    void this.#current().exited.then(run);
  }

  /** How the last process ended. Undefined while it runs. */
  get exit(): ExitStatus | undefined {
    return this.#life?.exit;
  }

  /** The last output on stderr. */
  get stderr(): string {
    return this.#life?.stderr.text() ?? '';
  }

  /** Starts the process. Joins a start under way. Does nothing if the process runs. */
  start(): Promise<void> {
    if (this.up && this.#starting === undefined) return Promise.resolve();
    this.#starting ??= this.#begin().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /** Resolves when the process is up: at once, or after its next start. */
  whenUp(): Promise<void> {
    if (this.up && this.#starting === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#ups.push(resolve);
    });
  }

  /**
   * Stops the process in order and returns its exit code, 0 after an orderly stop.
   * @throws HarnessTimeout if the process did not end in time and was killed.
   */
  async stop(): Promise<number> {
    const { exitCode, killed } = await this.end();
    if (killed !== null) throw new HarnessTimeout(killed);
    return exitCode;
  }

  /** Stops the process in order, or kills it if it does not end in time or is suspended. */
  async end(): Promise<StopOutcome> {
    let killed: string | null = null;
    if (this.#starting !== undefined) {
      const started = await doneBy(this.#life?.child.pid ?? -1, this.#starting, stopAnswerMs);
      if (started !== 'done') killed = `${this.name} ${wordsOf(started, 'was still starting')} and was killed`;
    }
    const life = this.#life;
    if (life === undefined) return { exitCode: 0, killed };
    if (life.exit === undefined) {
      // A program that waits for this must not end before.
      keepAlive(life.child, true);
      killed ??= await this.#endInOrder(life);
      if (killed !== null) life.child.kill('SIGKILL');
      await life.exited;
    }
    await this.#starting?.catch(() => {});
    life.client?.close();
    return { exitCode: life.exit?.code ?? 1, killed };
  }

  /** @returns why the process must be killed; null if it has ended. */
  async #endInOrder(life: Life): Promise<string | null> {
    const pid = life.child.pid ?? -1;
    const { stopTimeoutMs = 30_000 } = this.#options;
    const timeoutMs = typeof stopTimeoutMs === 'function' ? stopTimeoutMs() : stopTimeoutMs;
    const answerMs = Math.min(timeoutMs, stopAnswerMs);
    const asked = life.client?.command('stop', {}, { timeoutMs: answerMs }) ?? Promise.reject(new Error('not connected'));
    const answered = asked.then(
      () => true,
      () => false,
    );
    if ((await doneBy(pid, answered, answerMs)) === 'suspended') return `${this.name} was suspended and was killed`;
    if (await answered) {
      const ended = await doneBy(pid, life.exited, timeoutMs);
      const late = `did not end within ${durationText(timeoutMs)} of its stop`;
      return ended === 'done' ? null : `${this.name} ${wordsOf(ended, late)} and was killed`;
    }
    // Without a control channel, a signal stops it in order too.
    life.child.kill('SIGTERM');
    const ended = await doneBy(pid, life.exited, answerMs);
    return ended === 'done' ? null : `${this.name} ${wordsOf(ended, 'did not answer the stop command')} and was killed`;
  }

  /** Sends a signal, such as `SIGKILL`. `exited` shows when the process has ended. */
  kill(signal: NodeJS.Signals): void {
    this.#current().child.kill(signal);
  }

  /** Stops the process in order if it runs, and starts it again with the same configuration file. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  #current(): Life {
    if (this.#life === undefined) throw new HarnessError(`${this.name} has not been started`);
    return this.#life;
  }

  async #kill(life: Life): Promise<void> {
    if (life.exit === undefined) {
      keepAlive(life.child, true);
      life.child.kill('SIGKILL');
    }
    await life.exited;
  }

  async #begin(): Promise<void> {
    this.#life?.client?.close();
    await this.#options.beforeStart?.();
    const life = this.#spawn();
    this.#life = life;
    const timeoutMs = this.#options.readyTimeoutMs ?? 30_000;
    try {
      life.ready = await within(
        this.#readyOf(life),
        timeoutMs,
        () => `${this.name} was not ready within ${durationText(timeoutMs)}${stderrText(life.stderr)}`,
      );
      life.client = await this.#connect(life.ready);
      await this.#options.onUp?.(this);
    } catch (error) {
      life.client?.close();
      life.client = undefined;
      await this.#kill(life);
      throw error;
    }
    for (const resolve of this.#ups.splice(0)) resolve();
  }

  #spawn(): Life {
    const [program, ...leading] = this.#options.command as [string, ...string[]];
    const child = spawn(program, [...leading, '--config', this.configFile], {
      env: { ...process.env, ...this.#options.env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Its own process group: Ctrl-C in a terminal reaches only the supervisor, which then stops all processes in order.
      detached: true,
    });
    const stderr = new OutputTail();
    const { onOutput } = this.#options;
    if (child.stderr !== null) stderr.collect(child.stderr, onOutput && ((text) => onOutput(text, 'stderr')));
    if (child.stdout !== null) new OutputTail().collect(child.stdout, onOutput && ((text) => onOutput(text, 'stdout')));
    if (running.size === 0) process.on('exit', killAll);
    running.add(child);
    const exited = new Promise<ExitStatus>((resolve) => {
      // `close` comes after `exit`, when all output has been read.
      child.once('close', (code, signal) => resolve({ code, signal }));
      child.once('error', (error) => {
        if (child.pid === undefined) resolve({ code: 127, signal: null });
        stderr.add(`the command cannot run: ${messageOf(error)}`);
      });
    });
    keepAlive(child, false);
    const life: Life = { child, stderr, exited, ready: undefined, client: undefined, exit: undefined };
    void exited.then((status) => {
      life.exit = status;
      running.delete(child);
      if (running.size === 0) process.off('exit', killAll);
    });
    return life;
  }

  async #readyOf(life: Life): Promise<ReadyMessage> {
    const ready = new Promise<ReadyMessage>((resolve) => {
      life.child.on('message', (message) => {
        if (isReady(message)) resolve(message);
      });
    });
    const first = await Promise.race([ready, life.exited]);
    if (isReady(first)) return first;
    throw new HarnessError(`${this.name} ended before it was ready: it ${describeExit(first)}${stderrText(life.stderr)}`);
  }

  async #connect(ready: ReadyMessage): Promise<ControlClient> {
    try {
      const token = (await readFile(ready.tokenFile, 'utf8')).trim();
      return await ControlClient.connect(ready.control, token, { keepsAlive: false });
    } catch (error) {
      throw new HarnessError(`${this.name}: cannot connect to its control channel ${ready.control}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

function wordsOf(how: 'suspended' | 'late', late: string): string {
  return how === 'suspended' ? 'was suspended' : late;
}

/** Does a child keep this process alive, with its pipes and its IPC channel? A program that fails must not hang for its children. */
function keepAlive(child: ChildProcess, wanted: boolean): void {
  const act = wanted ? 'ref' : 'unref';
  child[act]();
  child.channel?.[act]?.();
  // The pipes of a child are sockets.
  for (const pipe of [child.stdout, child.stderr]) (pipe as Socket | null)?.[act]();
}

/** How a process ended: `ended with exit code 1`, `was ended by SIGKILL`. */
export function describeExit(status: ExitStatus): string {
  return status.signal === null ? `ended with exit code ${status.code ?? 'unknown'}` : `was ended by ${status.signal}`;
}

function stderrText(stderr: OutputTail): string {
  const text = stderr.text();
  return text === '' ? ' (it wrote nothing to stderr)' : `. Its stderr:\n${text}`;
}
