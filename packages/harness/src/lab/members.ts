/** The MTA processes of a lab. Writes their configuration, gives each the endpoints of the others, and counts deliveries. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type DiagnosticsLevels, defaultSettings, levelNamed, levelsOf } from '@mtalab/mta-core';
import type {
  ClockLine,
  ControlClient,
  DeliveryNotice,
  LabClock,
  MtaStatus,
  RequestOptions,
  StreamEntries,
  StreamName,
} from '@mtalab/transport';
import PQueue from 'p-queue';
import { type Answer, answerOf, unanswered } from '../process/answers.js';
import { HarnessError } from '../process/errors.js';
import { MtaProcess } from '../process/mta-process.js';
import type { FaultProxy } from '../proxy/fault-proxy.js';
import { Arrivals } from './arrivals.js';
import { EventRecord } from './event-record.js';
import { LabCounters } from './lab-counters.js';
import { configFileOf, mailboxFolderOf } from './lab-paths.js';
import { copiesInMailboxes } from './mailboxes.js';
import { adjacentTo, linksAt, noReach, type Reach } from './neighbours.js';
import { type BindingOption, defaultBindings, type LabPlan, mtaFileOf } from './options.js';

/** Default limit in real time for the answer of an MTA, ms. */
const defaultAnswerTimeoutMs = 5000;

export class Members {
  readonly plan: LabPlan;
  readonly clock: LabClock;
  readonly proxy: FaultProxy | undefined;
  readonly processes: ReadonlyMap<string, MtaProcess>;
  readonly counters = new LabCounters();
  readonly arrivals = new Arrivals();
  readonly events = new EventRecord();
  /** The reason why the lab takes no more commands. */
  closed: HarnessError | undefined;
  /** Where the other MTAs reach each MTA. */
  readonly #endpoints = new Map<string, Reach>();
  readonly #legacy: Map<string, readonly string[]>;
  readonly #bindings: Map<string, readonly BindingOption[]>;
  /** The bindings that the running process read. Their places here are their numbers in the process. */
  readonly #startedWith = new Map<string, readonly BindingOption[]>();
  readonly #levels = new Map<string, Readonly<Record<string, string>>>();
  readonly #onUp: () => Promise<void>;
  readonly #writing = new PQueue({ concurrency: 1 });
  readonly #deliveryListeners = new Set<(line: DeliveryNotice) => void>();
  /** The line of the clock that each process has read at its start. */
  readonly #startedOn = new Map<string, ClockLine>();
  /** Loads that measure this lab now. */
  loads = 0;
  /** Have all MTAs of the start come up? */
  #started = false;

  constructor(plan: LabPlan, clock: LabClock, proxy: FaultProxy | undefined, onUp: () => Promise<void>) {
    this.plan = plan;
    this.clock = clock;
    this.proxy = proxy;
    this.#onUp = onUp;
    this.#legacy = new Map(plan.names.map((name) => [name, plan.profiles.get(name)?.legacy ?? []]));
    this.#bindings = new Map(plan.names.map((name) => [name, plan.bindings?.[name] ?? defaultBindings]));
    if (proxy !== undefined) for (const name of plan.names) this.#endpoints.set(name, this.#atProxy(proxy, name));
    this.processes = new Map(plan.names.map((name) => [name, this.#processOf(name)]));
  }

  /** The process of this name. @throws HarnessError if there is none, or if the lab is closed. */
  get(name: string): MtaProcess {
    this.requireOpen();
    const found = this.processes.get(name);
    if (found === undefined)
      throw new HarnessError(`unknown MTA '${name}'; the MTAs of this lab are ${this.plan.names.join(', ')}`);
    return found;
  }

  /** @throws HarnessError if the lab is closed. */
  requireOpen(): void {
    if (this.closed !== undefined) throw this.closed;
  }

  /** Starts all MTAs, then gives each the endpoints of the others. */
  async start(): Promise<void> {
    // Mail in the mailboxes from an earlier run does not count as delivered in this one.
    for (const name of this.plan.names)
      await this.#readMailboxes(name, (copy) => {
        this.counters.noteEarlier(name, copy);
        this.arrivals.noteEarlier(name, copy);
      });
    const atOnce = [...this.processes.values()].filter(({ name }) => this.plan.down?.includes(name) !== true);
    for (const name of this.plan.down ?? []) await this.proxy?.refuse(name);
    const outcomes = await Promise.allSettled(atOnce.map((process) => process.start()));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    this.#started = true;
    for (const { name } of atOnce) this.#endpoints.set(name, this.#reachedAt(name));
    for (const { name } of atOnce) await this.#announce(name);
    for (const name of this.plan.names) await this.writeConfig(name);
  }

  /** Calls a listener for each notice of a delivery from now on. Returns a function that ends this. */
  onDelivery(note: (line: DeliveryNotice) => void): () => void {
    this.#deliveryListeners.add(note);
    return () => void this.#deliveryListeners.delete(note);
  }

  /** Kills all processes. */
  kill(): void {
    for (const process of this.processes.values()) if (process.alive) process.kill('SIGKILL');
  }

  /**
   * Asks an MTA, with a short limit in real time. `ask` should pass the limit on, so that the request itself ends with it.
   * @throws HarnessError if the lab is closed, or has no such MTA.
   */
  async ask<T>(name: string, ask: (client: ControlClient, limit: RequestOptions) => Promise<T>): Promise<Answer<T>> {
    const process = this.get(name);
    if (!process.up) return unanswered(name, 'down', process.alive ? 'is not ready yet' : 'is down');
    const { client, pid } = process;
    const timeoutMs = this.plan.answerTimeoutMs ?? defaultAnswerTimeoutMs;
    return answerOf(name, { pid }, timeoutMs, () => ask(client, { timeoutMs }));
  }

  /** Asks several MTAs at once, each by itself. Default: all. */
  async askEach<T>(
    ask: (client: ControlClient, limit: RequestOptions) => Promise<T>,
    names: readonly string[] = this.plan.names,
  ): Promise<readonly Answer<T>[]> {
    this.requireOpen();
    return Promise.all(names.map((name) => this.ask(name, ask)));
  }

  /** The status of every MTA. The counters note it. */
  async statuses(): Promise<readonly Answer<MtaStatus>[]> {
    const answers = await this.askEach((client, limit) => client.command('status', {}, limit));
    for (const answer of answers) if (answer.ok) this.counters.noteStatus(answer.value);
    return answers;
  }

  /** Keeps the legacy articles for restarts. */
  async setLegacy(name: string, legacy: readonly string[]): Promise<void> {
    this.#legacy.set(name, legacy);
    await this.writeConfig(name);
  }

  /** Keeps the diagnostics levels for restarts. */
  async setLevels(name: string, levels: Readonly<Record<string, string>>): Promise<void> {
    this.#levels.set(name, levels);
    await this.writeConfig(name);
  }

  /** The diagnostics levels of the next start. */
  levelsOf(name: string): DiagnosticsLevels {
    const { log } = this.plan;
    return levelsOf(levelNamed(log?.level ?? 'none'), this.#levels.get(name) ?? log?.levels ?? {});
  }

  legacyOf(name: string): readonly string[] {
    return this.#legacy.get(name) ?? [];
  }

  /** Keeps the bindings for restarts. */
  async setBindings(name: string, bindings: readonly BindingOption[]): Promise<void> {
    this.#bindings.set(name, bindings);
    await this.writeConfig(name);
  }

  bindingsOf(name: string): readonly BindingOption[] {
    return this.#bindings.get(name) ?? defaultBindings;
  }

  /** The bindings in the order of their numbers in the process. Of an MTA that is down: in its next process. */
  numberedBindings(name: string): readonly BindingOption[] {
    return this.get(name).up ? (this.#startedWith.get(name) ?? defaultBindings) : this.bindingsOf(name);
  }

  /** Writes the configuration file. Writes run one by one, so the last one has all changes. */
  writeConfig(name: string): Promise<void> {
    return this.#writing.add(() => this.#write(name));
  }

  async #write(name: string): Promise<void> {
    const { timeScale, epochMs, baseMs, offsetMs } = this.clock;
    const file = configFileOf(this.plan.dir, name);
    const object = mtaFileOf(this.plan, name, {
      clock: { timeScale, epochMs, baseMs, offsetMs },
      endpoints: this.#endpoints,
      legacy: this.legacyOf(name),
      levels: this.#levels.get(name),
      bindings: this.bindingsOf(name),
    });
    await mkdir(dirname(file), { recursive: true });
    // The file may have passwords of peers.
    await writeFile(`${file}.new`, this.plan.renderConfig(object), { mode: 0o600 });
    await rename(`${file}.new`, file);
  }

  #processOf(name: string): MtaProcess {
    const { command, env, readyTimeoutMs, stopTimeoutMs, onOutput } = this.plan;
    return new MtaProcess({
      command,
      name,
      configFile: configFileOf(this.plan.dir, name),
      ...(env === undefined ? {} : { env }),
      ...(readyTimeoutMs === undefined ? {} : { readyTimeoutMs }),
      stopTimeoutMs: () => stopTimeoutMs ?? stopLimitMs(this.plan, this.clock),
      ...(onOutput === undefined ? {} : { onOutput: (text, stream) => onOutput(name, text, stream) }),
      beforeStart: async () => {
        this.#startedWith.set(name, this.bindingsOf(name));
        this.#startedOn.set(name, this.clock.line);
        await this.writeConfig(name);
      },
      onUp: (process) => this.#isUp(process),
    });
  }

  async #isUp(process: MtaProcess): Promise<void> {
    const { name } = process;
    await this.#setTarget(process);
    await this.#follow(process);
    const { line } = this.clock;
    // The scale has changed while it started.
    if (this.#startedOn.get(name) !== line) await process.client.command('clock', { line });
    if (!this.#started) return;
    // Its previous process may have died between a delivery and the notice of it.
    await this.#readMailboxes(name, (copy) => {
      if (this.counters.noteCopy(name, copy)) this.arrivals.noteCopy(name, copy);
    });
    const reachedAt = this.#reachedAt(name);
    if (JSON.stringify(reachedAt) !== JSON.stringify(this.#endpoints.get(name))) {
      this.#endpoints.set(name, reachedAt);
      await this.#announce(name);
      for (const other of this.plan.names) await this.writeConfig(other);
    }
    await this.#onUp();
  }

  /** Subscribes to the deliveries and events of this process, from its start on. */
  async #follow({ client }: MtaProcess): Promise<void> {
    await followStream(client, 'deliveries', (line) => {
      this.arrivals.noteDelivery(line);
      this.counters.noteDelivery(line);
      for (const note of this.#deliveryListeners) note(line);
    });
    await followStream(client, 'events', (line) => this.events.note(line));
  }

  async #setTarget(process: MtaProcess): Promise<void> {
    if (this.proxy === undefined) return;
    for (const link of linksAt(this.plan, process.name)) {
      const [first] = listensOn(process)[link];
      const match = /^(?:ncacn_ip_tcp:)?(.+)\[(\d+)\]$/.exec(first ?? '');
      if (match === null)
        throw new HarnessError(
          `${process.name} says that it listens on '${first ?? 'nothing'}', which is no address with a port`,
        );
      await this.proxy.setTarget(process.name, match[1] as string, Number(match[2]), link);
    }
    process.onExit(() => void this.proxy?.refuse(process.name));
  }

  #reachedAt(name: string): Reach {
    return this.proxy === undefined ? listensOn(this.get(name)) : this.#atProxy(this.proxy, name);
  }

  #atProxy(proxy: FaultProxy, name: string): Reach {
    const at = linksAt(this.plan, name).map((link) => [link, [proxy.endpoint(name, link)]] as const);
    return { ...noReach, ...Object.fromEntries(at) };
  }

  /** Gives the other MTAs the endpoints of this MTA, and lets them dial it at once. */
  async #announce(name: string): Promise<void> {
    for (const { name: peer, link } of adjacentTo(this.plan, name)) {
      const other = this.get(peer);
      if (!other.up) continue;
      const endpoints = [...(this.#endpoints.get(name) ?? noReach)[link]];
      const { client } = other;
      const told = client.command('endpoints', { mta: name, endpoints }).then(() => client.command('retry', { mta: name }));
      // An MTA that stands still reads this when it goes on. The start of this one does not wait for it.
      const answer = await this.ask(other.name, () => told);
      told.catch(() => {});
      if (!answer.ok && answer.error.code === 'refused')
        throw new HarnessError(`${other.name} did not take the endpoints of ${name}: ${answer.error.message}`);
    }
  }

  async #readMailboxes(name: string, note: (copy: number) => void): Promise<void> {
    if (this.plan.delivery !== 'maildir') return;
    for await (const copy of copiesInMailboxes(mailboxFolderOf(this.plan.dir, name))) note(copy);
  }
}

/** Where a process listens for the other MTAs. */
function listensOn({ ready }: MtaProcess): Reach {
  return { lan: ready.endpoints, x400: ready.x400 };
}

/** Limit in real time for the end of all MTAs of a lab, also of those that must be killed, ms. */
export function endLimitMs({ plan, clock }: Members): number {
  return (plan.stopTimeoutMs ?? stopLimitMs(plan, clock)) + 30_000;
}

/** Limit in real time for a stop in order: the stop timeout of the MTA on its own clock, and time to spare. */
function stopLimitMs({ settings }: LabPlan, { timeScale }: LabClock): number {
  const stopTimeoutS = settings?.stopTimeoutS ?? defaultSettings.stopTimeoutS;
  return Math.max(30_000, (stopTimeoutS * 1000) / timeScale + 10_000);
}

/** Follows a stream of a process from its start on, also if this side reads too slowly for a while. */
async function followStream<Name extends StreamName>(
  client: ControlClient,
  stream: Name,
  note: (entry: StreamEntries[Name]) => void,
): Promise<void> {
  let last = 0;
  const subscribe = async (): Promise<void> => {
    await client.subscribe(
      stream,
      {
        entry: (entry) => {
          last = entry.n;
          note(entry);
        },
        // It goes on after the last entry that came.
        dropped: () => void subscribe().catch(() => {}),
      },
      last,
    );
  };
  await subscribe();
}
