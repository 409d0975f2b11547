/** One MTA as an operating-system process: started, watched, stopped, killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { ControlClient } from '@mtalab/transport';
import { spoken, within } from './deadline.js';
import { HarnessError, messageOf } from './errors.js';
import { isReady, type ReadyMessage } from './ready-message.js';
import { Tail } from './tail.js';

/** How a process ended. Exactly one of the two is not null. */
export type ExitStatus = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type SpawnMtaOptions = {
  /** Program and leading arguments that run an MTA; `--config FILE` is appended. */
  readonly command: readonly string[];
  readonly configFile: string;
  readonly name: string;
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Real time within which it must be ready, ms. Default 30 s. */
  readonly readyTimeoutMs?: number;
  /** Real time a stop in order may take before the process is killed, ms. Default 30 s. */
  readonly stopTimeoutMs?: number;
  /** Before each start, the first and every restart: the moment to write the configuration. */
  readonly beforeStart?: () => Promise<void>;
  /** After each start, when the control channel is connected. A failure here is a failure of the start. */
  readonly onUp?: (process: MtaProcess) => Promise<void>;
  /** What it prints, as it comes. */
  readonly onOutput?: (text: string, stream: 'stdout' | 'stderr') => void;
};

type Life = {
  readonly child: ChildProcess;
  readonly stderr: Tail;
  readonly exited: Promise<ExitStatus>;
  ready: ReadyMessage | undefined;
  client: ControlClient | undefined;
  exit: ExitStatus | undefined;
};

/** Start an MTA. Resolves when it runs and its control channel is connected. */
export async function spawnMta(options: SpawnMtaOptions): Promise<MtaProcess> {
  const process = new MtaProcess(options);
  await process.start();
  return process;
}

/**
 * A supervised MTA. It is started with an IPC channel, which ends it when this process dies, even by `kill -9`. All
 * failures are `HarnessError`s that name the process.
 */
export class MtaProcess {
  readonly name: string;
  readonly configFile: string;
  readonly #options: SpawnMtaOptions;
  #life: Life | undefined;
  #starting: Promise<void> | undefined;
  #ups: (() => void)[] = [];

  constructor(options: SpawnMtaOptions) {
    if (options.command.length === 0) throw new HarnessError(`${options.name}: no command to start an MTA was given`);
    this.name = options.name;
    this.configFile = options.configFile;
    this.#options = options;
  }

  get pid(): number {
    return this.#current().child.pid ?? -1;
  }

  /** What the running process said when it was ready. */
  get ready(): ReadyMessage {
    const ready = this.#current().ready;
    if (ready === undefined) throw new HarnessError(`${this.name} is not ready yet`);
    return ready;
  }

  /** Its control channel. A restart makes a new one. */
  get client(): ControlClient {
    const life = this.#current();
    if (life.exit !== undefined) throw new HarnessError(`${this.name} is not running: it ${ending(life.exit)}`);
    if (life.client === undefined) throw new HarnessError(`${this.name} is not ready yet`);
    return life.client;
  }

  /** Does it run, with its control channel connected? */
  get up(): boolean {
    return this.#life?.client !== undefined && this.#life.exit === undefined;
  }

  /** Is there a process, ready or not? */
  get alive(): boolean {
    return this.#life !== undefined && this.#life.exit === undefined;
  }

  /** Settles when the present process ends. */
  get exited(): Promise<ExitStatus> {
    return this.#current().exited;
  }

  /** How the last process ended, if it has ended. */
  get exit(): ExitStatus | undefined {
    return this.#life?.exit;
  }

  /** What it last wrote to its standard error. */
  get stderr(): string {
    return this.#life?.stderr.text() ?? '';
  }

  /** Start the process. Joins a start under way; does nothing when it runs. */
  start(): Promise<void> {
    if (this.up && this.#starting === undefined) return Promise.resolve();
    this.#starting ??= this.#begin().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /** Resolves when it is up: at once, or after somebody restarts it. */
  whenUp(): Promise<void> {
    if (this.up && this.#starting === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#ups.push(resolve);
    });
  }

  /**
   * Stop in order and give the exit code (0 after an orderly stop). When it does not end in time it is killed and the
   * error says so.
   */
  async stop(): Promise<number> {
    await this.#starting?.catch(() => {});
    const life = this.#life;
    if (life === undefined) return 0;
    if (life.exit === undefined) {
      const timeoutMs = this.#options.stopTimeoutMs ?? 30_000;
      await this.#askToStop(life);
      try {
        await within(
          life.exited,
          timeoutMs,
          () => `${this.name} did not end within ${spoken(timeoutMs)} of its stop and was killed`,
        );
      } catch (error) {
        life.child.kill('SIGKILL');
        await life.exited;
        throw error;
      }
    }
    life.client?.close();
    return life.exit?.code ?? 1;
  }

  /** Send a signal, such as `SIGKILL`. Whether it ended is seen in `exited`. */
  kill(signal: NodeJS.Signals): void {
    this.#current().child.kill(signal);
  }

  /** Start again with the same configuration file; stops it in order first if it still runs. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  #current(): Life {
    if (this.#life === undefined) throw new HarnessError(`${this.name} has not been started`);
    return this.#life;
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
        () => `${this.name} was not ready within ${spoken(timeoutMs)}${said(life.stderr)}`,
      );
      life.client = await this.#connect(life.ready);
      await this.#options.onUp?.(this);
    } catch (error) {
      life.client?.close();
      life.client = undefined;
      if (life.exit === undefined) life.child.kill('SIGKILL');
      await life.exited;
      throw error;
    }
    for (const resolve of this.#ups.splice(0)) resolve();
  }

  #spawn(): Life {
    const [program, ...leading] = this.#options.command as [string, ...string[]];
    const child = spawn(program, [...leading, '--config', this.configFile], {
      env: { ...process.env, ...this.#options.env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A process group of its own: Ctrl-C in a terminal reaches the supervisor alone, which then stops all in order.
      detached: true,
    });
    const stderr = new Tail();
    const { onOutput } = this.#options;
    if (child.stderr !== null) stderr.collect(child.stderr, onOutput && ((text) => onOutput(text, 'stderr')));
    if (child.stdout !== null) new Tail().collect(child.stdout, onOutput && ((text) => onOutput(text, 'stdout')));
    const exited = new Promise<ExitStatus>((resolve) => {
      // `close` rather than `exit`: then its last words have been read as well.
      child.once('close', (code, signal) => resolve({ code, signal }));
      child.once('error', (error) => {
        if (child.pid === undefined) resolve({ code: 127, signal: null });
        stderr.add(`cannot be run: ${messageOf(error)}`);
      });
    });
    const life: Life = { child, stderr, exited, ready: undefined, client: undefined, exit: undefined };
    void exited.then((status) => {
      life.exit = status;
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
    throw new HarnessError(`${this.name} ended before it was ready: it ${ending(first)}${said(life.stderr)}`);
  }

  async #connect(ready: ReadyMessage): Promise<ControlClient> {
    try {
      const token = (await readFile(ready.tokenFile, 'utf8')).trim();
      return await ControlClient.connect(ready.control, token);
    } catch (error) {
      throw new HarnessError(`${this.name}: cannot connect to its control channel ${ready.control}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  async #askToStop(life: Life): Promise<void> {
    try {
      if (life.client === undefined) throw new HarnessError('not connected');
      await within(life.client.command('stop'), 5000, () => `${this.name} did not answer its stop`);
    } catch {
      // Without a control channel the signal for the same thing is left.
      life.child.kill('SIGTERM');
    }
  }
}

/** `ended with exit code 1`, `was ended by SIGKILL`. */
export function ending(status: ExitStatus): string {
  return status.signal === null ? `ended with exit code ${status.code ?? 'unknown'}` : `was ended by ${status.signal}`;
}

function said(stderr: Tail): string {
  const text = stderr.text();
  return text === '' ? ' (it wrote nothing to its standard error)' : `. It said:\n${text}`;
}
