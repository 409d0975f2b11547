/** MTAs that run already, as the target of a load. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type Answer,
  answerOf,
  findRun,
  HarnessError,
  type LinkControl,
  type LoadTarget,
  pause,
  type RunEntry,
  type RunMta,
  unanswered,
} from '@mtalab/harness';
import { defaultSettings } from '@mtalab/mta-core';
import { ControlClient, type DeliveryNotice, monotonicMs, type RequestOptions } from '@mtalab/transport';
import { type LoadedConfig, loadConfig } from '../config/index.js';
import { CliError, messageOf } from '../errors.js';
import { pairCommands } from '../pair/control-schema.js';
import { askSupervisor, changeLimit, isSupervised, type SupervisedRun } from '../running-mtas.js';

const answerMs = 1200;
/** Real time between two tries to reach an MTA that was restarted, ms. */
const reconnectMs = 250;
/** Questions for the time, of which the quickest answer tells it best. */
const clockQuestions = 5;

/** One MTA, and the connection to it. */
class RunningMta {
  readonly name: string;
  readonly dir: string;
  readonly config: LoadedConfig | undefined;
  readonly #listeners: Set<(notice: DeliveryNotice) => void>;
  #mta: RunMta;
  #client: ControlClient | undefined;
  #last = 0;
  #isClosed = false;
  /** Lab time at an instant of the monotonic clock. */
  #clock = { labMs: 0, realMs: 0, scale: 1 };

  constructor(dir: string, mta: RunMta, listeners: Set<(notice: DeliveryNotice) => void>) {
    this.dir = dir;
    this.name = mta.mta;
    this.#mta = mta;
    this.#listeners = listeners;
    this.config = configOf(mta);
  }

  get mta(): RunMta {
    return this.#mta;
  }
  get client(): ControlClient | undefined {
    return this.#client;
  }
  get domain(): string {
    return this.#mta.domains[0] ?? '';
  }
  get timeScale(): number {
    return this.#clock.scale;
  }

  /** Connects, reads the clock, and follows the deliveries from now on. */
  async connect(): Promise<void> {
    const { process: one } = this.#mta;
    if (one === null) throw new CliError(`${this.name} is down`);
    const token = (await readFile(one.tokenFile, 'utf8')).trim();
    const client = await ControlClient.connect(one.control, token, { timeoutMs: answerMs, keepsAlive: false });
    let quickest = Number.POSITIVE_INFINITY;
    for (let question = 0; question < clockQuestions; question += 1) {
      const before = monotonicMs();
      const { nowMs, timeScale } = await client.command('status', {}, { timeoutMs: answerMs });
      const tookMs = monotonicMs() - before;
      if (tookMs < quickest) this.#clock = { labMs: nowMs, realMs: before + tookMs / 2, scale: timeScale };
      quickest = Math.min(quickest, tookMs);
    }
    const follow = async (since: number | undefined): Promise<number> => {
      const handlers = {
        entry: (notice: DeliveryNotice & { readonly n: number }) => {
          this.#last = notice.n;
          for (const note of this.#listeners) note(notice);
        },
        dropped: () => void follow(this.#last).catch(() => undefined),
      };
      return (await client.subscribe('deliveries', handlers, since)).latest;
    };
    this.#last = await follow(undefined);
    this.#client = client;
    void client.closed.then(() => this.#again());
  }

  realMs(labMs: number): number {
    const { labMs: thenMs, realMs, scale } = this.#clock;
    return realMs + (labMs - thenMs) / scale;
  }

  close(): void {
    this.#isClosed = true;
    this.#client?.close();
  }

  /** Looks for the next process of the MTA, and connects to it. */
  async #again(): Promise<void> {
    this.#client = undefined;
    while (!this.#isClosed) {
      await pause(reconnectMs);
      try {
        const { run } = await findRun({ dir: this.dir });
        const found = run.mtas.find(({ mta }) => mta === this.name);
        if (found === undefined || found.process === null) continue;
        this.#mta = found;
        await this.connect();
        return;
      } catch {
        // It is not up yet, or the run is over, which shows in its answers.
      }
    }
  }
}

function configOf({ config }: RunMta): LoadedConfig | undefined {
  try {
    return config === undefined ? undefined : loadConfig(config);
  } catch {
    return undefined;
  }
}

/** The link of a run whose pair has a fault proxy. */
async function linkOf(run: SupervisedRun): Promise<LinkControl | undefined> {
  const ask = <T>(request: (client: ControlClient, limit: RequestOptions) => Promise<T>): Promise<T> =>
    askSupervisor(run, {}, request);
  const list = () => ask((client, limit) => client.commandOf(pairCommands, 'faults', {}, limit));
  try {
    await list();
  } catch {
    // The pair has no proxy.
    return undefined;
  }
  return {
    fault: async (text) => {
      const added = await ask((client, limit) => client.commandOf(pairCommands, 'fault', { text }, limit));
      return { text: added.text, hits: async () => (await list()).find(({ id }) => id === added.id)?.hits ?? added.hits };
    },
    cut: async () => void (await ask((client, limit) => client.commandOf(pairCommands, 'cut', {}, limit))),
    network: async (state) => void (await ask((client, limit) => client.commandOf(pairCommands, 'network', { state }, limit))),
    release: async () => void (await ask((client, limit) => client.commandOf(pairCommands, 'release', {}, limit))),
    heal: async () => void (await ask((client, limit) => client.commandOf(pairCommands, 'heal', {}, limit))),
  };
}

function restartOf(run: RunEntry): LoadTarget['restart'] {
  if (!isSupervised(run)) return undefined;
  return async (name, kill) => {
    const answers = await askSupervisor(run, { timeout: changeLimit.timeoutMs ?? 30_000 }, (client) =>
      client.commandOf(pairCommands, 'restart', { names: [name], kill }, changeLimit),
    );
    for (const answer of answers) if (!answer.ok) throw new HarnessError(`${answer.mta}: ${answer.error.message}`);
  };
}

/**
 * Connects to the MTAs of runs.
 * @returns the target, and a function that ends its connections.
 * @throws CliError naming an MTA that cannot be reached.
 */
export async function runningTarget(
  runs: readonly RunEntry[],
): Promise<{ readonly target: LoadTarget; readonly close: () => void }> {
  const listeners = new Set<(notice: DeliveryNotice) => void>();
  const all = runs.flatMap((run) => run.mtas.map((mta) => new RunningMta(run.dir, mta, listeners)));
  const close = (): void => {
    for (const one of all) one.close();
  };
  const at = (name: string): RunningMta => {
    const found = all.find((one) => one.name === name);
    if (found === undefined) throw new HarnessError(`unknown MTA '${name}'`);
    return found;
  };
  try {
    for (const one of all)
      await one.connect().catch((error: unknown) => {
        throw new CliError(`${one.name} cannot be reached: ${messageOf(error)}`);
      });
  } catch (error) {
    close();
    throw error;
  }
  const [first] = runs;
  const supervised = runs.length === 1 && first !== undefined && isSupervised(first) ? first : undefined;
  const ask: LoadTarget['ask'] = (request) => Promise.all(all.map((one) => askOne(one, request)));
  const target: LoadTarget = {
    names: all.map(({ name }) => name),
    timeScale: all[0]?.timeScale ?? 1,
    domain: (name) => at(name).domain,
    client: (name) => at(name).client,
    ask,
    follow: async (note) => {
      listeners.add(note);
      return () => void listeners.delete(note);
    },
    realMs: (name, labMs) => at(name).realMs(labMs),
    setup: (name) => {
      const { threshold, maxAssociationsPerMta } = at(name).config?.mta.settings ?? defaultSettings;
      return { threshold, associationsPerMta: maxAssociationsPerMta };
    },
    places: (name) => {
      const { mta, config } = at(name);
      const data = mta.process === null ? (config?.data ?? '') : dirname(mta.process.tokenFile);
      // Without a readable configuration, the ledger shows what it has.
      return { data, delivery: config?.delivery.kind ?? 'ledger', mailboxes: config?.delivery.path ?? '' };
    },
    link: supervised === undefined ? undefined : await linkOf(supervised),
    signal: (name, signal) => {
      const { process: one } = at(name).mta;
      if (one !== null) process.kill(one.pid, signal);
    },
    restart: supervised === undefined ? undefined : restartOf(supervised),
    atRest: undefined,
    ended: () => all.filter(({ client }) => client === undefined).map(({ name }) => `${name} cannot be reached any more`),
  };
  return { target, close };
}

async function askOne<T>(
  { name, mta, client }: RunningMta,
  request: (client: ControlClient, limit: RequestOptions) => Promise<T>,
): Promise<Answer<T>> {
  if (mta.process === null || client === undefined) return unanswered(name, 'down', 'is down');
  return answerOf(name, mta.process, answerMs, () => request(client, { timeoutMs: answerMs }));
}
