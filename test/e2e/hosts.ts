/** Separate hosts on one machine: network namespaces joined by virtual Ethernet. They need root, and the test's end removes them. */
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { atEnd } from '../support/at-end.js';
import { home } from './shell.js';

const bin = resolve('node_modules/.bin/mtalab');
const env = { ...process.env, XDG_RUNTIME_DIR: home, TMPDIR: home, NO_COLOR: '1' };
const limitMs = 60_000;

/** The reason why this machine cannot have network namespaces, or undefined if it can. */
export function whyNoHosts(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  if (spawnSync('ip', ['-V']).status !== 0) return 'ip is not installed (Debian package iproute2)';
  const name = `mtalab-trial-${process.pid}`;
  const trial = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
  if (trial.status !== 0) return `ip netns add does not work here: ${trial.stderr.trim()}`;
  const up = spawnSync('ip', ['netns', 'exec', name, 'ip', 'link', 'set', 'lo', 'up'], { encoding: 'utf8' });
  spawnSync('ip', ['netns', 'del', name]);
  return up.status === 0 ? undefined : `ip netns exec does not work here: ${up.stderr.trim()}`;
}

function ip(...words: readonly string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

let made = 0;
const all = new Set<Host>();
atEnd(() => {
  for (const host of all) host.remove();
});

type Outcome = { readonly code: number | string | null; readonly stdout: string; readonly stderr: string };

/** A ready MTA: its first line of output, and a function that stops it in order. */
type StartedMta = {
  readonly endpoints: readonly string[];
  readonly mapper: readonly string[];
  stop(): Promise<number | null>;
};

/** A host with its own loopback and the networks that connect it to other hosts. */
export class Host {
  readonly namespace: string;
  readonly #children = new Set<ChildProcess>();
  #links = 0;

  constructor(name: string) {
    made += 1;
    this.namespace = `mtalab-${process.pid}-${made}${name}`;
    ip('netns', 'add', this.namespace);
    all.add(this);
    this.inside('ip', 'link', 'set', 'lo', 'up');
  }

  /** Runs a program on this host, and waits for its end. */
  inside(...words: readonly string[]): void {
    ip('netns', 'exec', this.namespace, ...words);
  }

  /** Connects two hosts by a separate network, on which each has these addresses. */
  join(other: Host, mine: readonly string[], theirs: readonly string[]): void {
    const [near, far] = [`v${this.#links}`, `w${other.#links}`];
    this.#links += 1;
    other.#links += 1;
    ip('link', 'add', near, 'netns', this.namespace, 'type', 'veth', 'peer', 'name', far, 'netns', other.namespace);
    for (const [host, link, addresses] of [
      [this, near, mine],
      [other, far, theirs],
    ] as const) {
      for (const address of addresses) host.inside('ip', 'addr', 'add', `${address}/24`, 'dev', link);
      host.inside('ip', 'link', 'set', link, 'up');
    }
  }

  /** Removes an address from its adapter. */
  loseAddress(address: string, link: string): void {
    this.inside('ip', 'addr', 'del', `${address}/24`, 'dev', link);
  }

  /** Takes an adapter down, or up again. */
  adapter(link: string, state: 'up' | 'down'): void {
    this.inside('ip', 'link', 'set', link, state);
  }

  /** Captures what passes an adapter into a file. @returns when the capture runs: a function that ends it. */
  async capture(link: string, filter: string, file: string): Promise<() => Promise<void>> {
    const words = ['netns', 'exec', this.namespace, 'dumpcap', '-q', '-i', link, '-f', filter, '-w', file];
    const child = spawn('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#children.add(child);
    const ended = once(child, 'close');
    const lines = createInterface(child.stderr);
    await Promise.race([
      // dumpcap names its file when the interface is open and the filter active.
      new Promise<void>((begun) => void lines.on('line', (line) => (line.startsWith('File:') ? begun() : undefined))),
      ended.then(() => Promise.reject(new Error(`dumpcap cannot capture on ${link}`))),
    ]);
    return async () => {
      child.kill('SIGINT');
      await ended;
      this.#children.delete(child);
    };
  }

  /** Runs any program on this host. */
  run(program: string, ...argv: readonly string[]): Promise<Outcome> {
    return new Promise((done) => {
      const words = ['netns', 'exec', this.namespace, program, ...argv];
      execFile('ip', words, { env, timeout: limitMs, maxBuffer: 1e8 }, (error, stdout, stderr) => {
        done({ code: error === null ? 0 : (error.code ?? error.signal ?? null), stdout, stderr });
      });
    });
  }

  mtalab(...argv: readonly string[]): Promise<Outcome> {
    return this.run(bin, ...argv);
  }

  /** Starts an MTA here; resolves with the endpoints it listens on. */
  async startMta(configFile: string): Promise<StartedMta> {
    const words = ['netns', 'exec', this.namespace, bin, 'mta', '--config', configFile, '--json'];
    const child = spawn('ip', words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.add(child);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = once(child, 'close');
    const lines = createInterface(child.stdout);
    const first = await Promise.race([once(lines, 'line'), ended.then(() => null)]);
    if (first === null) throw new Error(`the MTA of ${configFile} has ended: ${said}`);
    const ready = JSON.parse(String(first[0])) as Pick<StartedMta, 'endpoints' | 'mapper'>;
    const stop = async (): Promise<number | null> => {
      child.kill('SIGTERM');
      const [code] = (await ended) as [number | null];
      this.#children.delete(child);
      return code;
    };
    return { ...ready, stop };
  }

  /** Ends the host's remaining processes, and removes the host with its networks. */
  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    this.#children.clear();
    all.delete(this);
    spawnSync('ip', ['netns', 'del', this.namespace]);
  }
}
