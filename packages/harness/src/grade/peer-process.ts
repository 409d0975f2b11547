/** The peer program: a process that takes commands as JSON lines on stdin and answers on stdout. See docs/grade.md. */
import { type ChildProcess, spawn } from 'node:child_process';
import { durationText, within } from '../process/deadline.js';

/** The peer does not do what a peer program has to do before it can be judged. */
export class PeerUnfit extends Error {
  override readonly name = 'PeerUnfit';
}

export type PeerLine = { readonly ready?: number; readonly delivered?: string; readonly reset?: number };

export type PeerProcessOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds of real time within which it must be ready, and answer a reset. */
  readonly answerMs: number;
  readonly delivered: (id: string) => void;
};

/** The most of its error output that is kept, in characters. */
const maxTail = 4000;
/** The longest line it may print. */
const maxLine = 64 * 1024;
const killAfterMs = 500;

export class PeerProcess {
  readonly #child: ChildProcess;
  readonly #options: PeerProcessOptions;
  readonly #exit: Promise<void>;
  #tail = '';
  #rest = '';
  #ended: string | null = null;
  #waiting: {
    readonly key: 'ready' | 'reset';
    readonly resolve: (line: PeerLine) => void;
    readonly reject: (error: Error) => void;
  } | null = null;
  #problem: PeerUnfit | null = null;
  #onEnd: () => void = () => undefined;

  constructor(options: PeerProcessOptions) {
    this.#options = options;
    const { command, args, env } = options;
    // A process group of its own: what a wrapper script starts ends with it.
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env }, detached: true });
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#tail = `${this.#tail}${text}`.slice(-maxTail);
    });
    this.#exit = new Promise((resolve) => {
      const over = (how: string): void => {
        this.#ended ??= how;
        this.#waiting?.reject(this.#unfit(how));
        this.#onEnd();
        resolve();
      };
      this.#child.once('error', (error) => over(`cannot be started: ${error.message}`));
      this.#child.once('close', (code, signal) => over(`ended ${signal === null ? `with code ${code}` : `by ${signal}`}`));
    });
  }

  /** How it ended, or what it printed that no peer may print; null while all is well. */
  get trouble(): PeerUnfit | null {
    return this.#problem ?? (this.#ended === null ? null : this.#unfit(this.#ended));
  }

  /** Call this when there is trouble. */
  onTrouble(act: () => void): void {
    this.#onEnd = act;
  }

  /** The port on which it listens. @throws PeerUnfit */
  async ready(): Promise<number> {
    const { ready } = await this.#answer('ready', 'was started');
    if (!Number.isInteger(ready) || (ready ?? 0) < 1 || (ready ?? 0) > 65_535)
      throw this.#unfit(`said {"ready": ${JSON.stringify(ready)}}, which is no port`);
    return ready as number;
  }

  /** Make it forget everything. @throws PeerUnfit */
  async reset(number: number): Promise<void> {
    this.#write({ reset: number });
    const { reset } = await this.#answer('reset', `got {"reset": ${number}}`);
    if (reset !== number) throw this.#unfit(`answered {"reset": ${number}} with {"reset": ${reset}}`);
  }

  send(id: string, priority: string, size: number): void {
    this.#write({ send: id, priority, size });
  }

  /** Ask it to stop, and end it if it does not. */
  async stop(): Promise<void> {
    if (this.#ended === null) this.#write({ stop: true });
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#kill(), killAfterMs);
    await this.#exit;
    clearTimeout(timer);
  }

  #kill(): void {
    const { pid } = this.#child;
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      this.#child.kill('SIGKILL');
    }
  }

  #write(command: object): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  async #answer(key: 'ready' | 'reset', since: string): Promise<PeerLine> {
    if (this.trouble !== null) throw this.trouble;
    const line = new Promise<PeerLine>((resolve, reject) => {
      this.#waiting = { key, resolve, reject };
    });
    const { answerMs } = this.#options;
    const late = `has not printed {"${key}": ...} within ${durationText(answerMs)} since it ${since}`;
    try {
      return await within(line, answerMs, () => late);
    } catch (error) {
      throw error instanceof PeerUnfit ? error : this.#unfit(late);
    } finally {
      this.#waiting = null;
    }
  }

  #read(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > maxLine) this.#fail('printed a line of more than 64 KiB on stdout', '');
    for (const line of lines) if (line.trim() !== '') this.#line(line);
  }

  #line(text: string): void {
    let line: PeerLine;
    try {
      line = JSON.parse(text) as PeerLine;
      if (typeof line !== 'object' || line === null) throw new TypeError('no object');
    } catch {
      this.#fail('printed a line on stdout that is no JSON object', text);
      return;
    }
    if (typeof line.delivered === 'string') this.#options.delivered(line.delivered);
    else if (this.#waiting !== null && line[this.#waiting.key] !== undefined) this.#waiting.resolve(line);
    else this.#fail('printed a line on stdout that is no answer; print other output on stderr', text);
  }

  #fail(what: string, line: string): void {
    this.#rest = '';
    this.#problem ??= this.#unfit(`${what}${line === '' ? '' : `: ${line.slice(0, 200)}`}`);
    this.#waiting?.reject(this.#problem);
    this.#onEnd();
  }

  #unfit(what: string): PeerUnfit {
    const tail = this.#tail.trim();
    const said =
      tail === ''
        ? ''
        : `\nThe end of its error output:\n${tail
            .split('\n')
            .slice(-15)
            .map((line) => `  ${line}`)
            .join('\n')}`;
    return new PeerUnfit(`the peer ${this.#options.command} ${what}${said}`);
  }
}
