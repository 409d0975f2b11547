/** The processes of a lab, told of each other: their configuration, where each is reached, and who delivered what. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { defaultSettings } from '@mtalab/mta-core';
import { ControlError, type LabClock, type MtaStatus } from '@mtalab/transport';
import PQueue from 'p-queue';
import { HarnessError, messageOf } from '../process/errors.js';
import { MtaProcess } from '../process/mta-process.js';
import type { FaultProxy } from '../proxy/fault-proxy.js';
import { copiesInMailboxes } from './mailboxes.js';
import { type BindingOption, configFileOf, folderOf, type LabPlan, mtaFileOf, usualBindings } from './options.js';
import { Tally } from './tally.js';

export class Members {
  readonly plan: LabPlan;
  readonly clock: LabClock;
  readonly proxy: FaultProxy | undefined;
  readonly processes: ReadonlyMap<string, MtaProcess>;
  readonly tally = new Tally();
  /** Where each is reached by the others. */
  readonly #endpoints = new Map<string, readonly string[]>();
  readonly #legacy: Map<string, readonly string[]>;
  readonly #bindings: Map<string, readonly BindingOption[]>;
  /** As the running process read them: its bindings are numbered by their places here. */
  readonly #startedWith = new Map<string, readonly BindingOption[]>();
  readonly #levels = new Map<string, Readonly<Record<string, string>>>();
  readonly #onUp: () => Promise<void>;
  readonly #writing = new PQueue({ concurrency: 1 });
  #together = false;

  constructor(plan: LabPlan, clock: LabClock, proxy: FaultProxy | undefined, onUp: () => Promise<void>) {
    this.plan = plan;
    this.clock = clock;
    this.proxy = proxy;
    this.#onUp = onUp;
    this.#legacy = new Map(plan.names.map((name) => [name, plan.profiles.get(name)?.legacy ?? []]));
    this.#bindings = new Map(plan.names.map((name) => [name, plan.bindings?.[name] ?? usualBindings]));
    if (proxy !== undefined) for (const name of plan.names) this.#endpoints.set(name, [proxy.endpoint(name)]);
    this.processes = new Map(plan.names.map((name) => [name, this.#processOf(name)]));
  }

  /** The process of this name. */
  get(name: string): MtaProcess {
    const found = this.processes.get(name);
    if (found === undefined)
      throw new HarnessError(`there is no MTA '${name}' in this lab; there are ${this.plan.names.join(', ')}`);
    return found;
  }

  /** Start all, then tell each where the others are. */
  async start(): Promise<void> {
    // What lies in mailboxes of an earlier run was not delivered by this one.
    for (const name of this.plan.names) await this.#readMailboxes(name, (copy) => this.tally.noteEarlier(name, copy));
    const atOnce = [...this.processes.values()].filter(({ name }) => this.plan.down?.includes(name) !== true);
    for (const name of this.plan.down ?? []) await this.proxy?.refuse(name);
    const outcomes = await Promise.allSettled(atOnce.map((process) => process.start()));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    this.#together = true;
    for (const { name } of atOnce) this.#endpoints.set(name, this.#reachedAt(name));
    for (const { name } of atOnce) await this.#announce(name);
    for (const name of this.plan.names) await this.writeConfig(name);
  }

  /** Kill all there are. */
  kill(): void {
    for (const process of this.processes.values()) if (process.alive) process.kill('SIGKILL');
  }

  /** The status of every process that runs, noted in the tally. */
  async statuses(): Promise<readonly MtaStatus[]> {
    const running = [...this.processes.values()].filter((process) => process.up);
    const answers = await Promise.all(running.map(statusOf));
    const given = answers.filter((status) => status !== undefined);
    for (const status of given) this.tally.noteStatus(status);
    return given;
  }

  /** Keep what was switched, so that a restart has it. */
  async setLegacy(name: string, legacy: readonly string[]): Promise<void> {
    this.#legacy.set(name, legacy);
    await this.writeConfig(name);
  }

  /** Keep the diagnostics levels as they were changed, so that a restart has them. */
  async setLevels(name: string, levels: Readonly<Record<string, string>>): Promise<void> {
    this.#levels.set(name, levels);
    await this.writeConfig(name);
  }

  legacyOf(name: string): readonly string[] {
    return this.#legacy.get(name) ?? [];
  }

  /** Keep the bindings as they were changed, so that a restart has them. */
  async setBindings(name: string, bindings: readonly BindingOption[]): Promise<void> {
    this.#bindings.set(name, bindings);
    await this.writeConfig(name);
  }

  bindingsOf(name: string): readonly BindingOption[] {
    return this.#bindings.get(name) ?? usualBindings;
  }

  /** The bindings by the numbers that the process gives them; of one that is down, that its next start will give them. */
  numberedBindings(name: string): readonly BindingOption[] {
    return this.get(name).up ? (this.#startedWith.get(name) ?? usualBindings) : this.bindingsOf(name);
  }

  /** One after the other: the last one written has everything that was changed. */
  writeConfig(name: string): Promise<void> {
    return this.#writing.add(() => this.#write(name));
  }

  async #write(name: string): Promise<void> {
    const { timeScale, epochMs, baseMs, offsetMs } = this.clock;
    const file = configFileOf(this.plan, name);
    const object = mtaFileOf(this.plan, name, {
      clock: { timeScale, epochMs, baseMs, offsetMs },
      endpoints: this.#endpoints,
      legacy: this.legacyOf(name),
      levels: this.#levels.get(name),
      bindings: this.bindingsOf(name),
    });
    await mkdir(dirname(file), { recursive: true });
    // It may hold the passwords of peers.
    await writeFile(`${file}.new`, this.plan.renderConfig(object), { mode: 0o600 });
    await rename(`${file}.new`, file);
  }

  #processOf(name: string): MtaProcess {
    const { command, env, readyTimeoutMs, stopTimeoutMs, onOutput } = this.plan;
    return new MtaProcess({
      command,
      name,
      configFile: configFileOf(this.plan, name),
      ...(env === undefined ? {} : { env }),
      ...(readyTimeoutMs === undefined ? {} : { readyTimeoutMs }),
      stopTimeoutMs: stopTimeoutMs ?? stopLimitMs(this.plan),
      ...(onOutput === undefined ? {} : { onOutput: (text, stream) => onOutput(name, text, stream) }),
      beforeStart: async () => {
        this.#startedWith.set(name, this.bindingsOf(name));
        await this.writeConfig(name);
      },
      onUp: (process) => this.#isUp(process),
    });
  }

  async #isUp(process: MtaProcess): Promise<void> {
    const { name } = process;
    await this.#setTarget(process);
    await this.#follow(process);
    if (!this.#together) return;
    // Its former life may have died between a delivery and the word of it.
    await this.#readMailboxes(name, (copy) => this.tally.noteCopy(name, copy));
    const reachedAt = this.#reachedAt(name);
    if (reachedAt.join() !== this.#endpoints.get(name)?.join()) {
      this.#endpoints.set(name, reachedAt);
      await this.#announce(name);
      for (const other of this.plan.names) await this.writeConfig(other);
    }
    await this.#onUp();
  }

  /** Follow the deliveries of this life, from its start on. */
  async #follow(process: MtaProcess): Promise<void> {
    const { client } = process;
    let last = 0;
    const subscribe = async (): Promise<void> => {
      await client.subscribe(
        'deliveries',
        {
          entry: (line) => {
            last = line.n;
            this.tally.noteDelivery(line);
          },
          // Read too slowly: go on from the last one that came.
          dropped: () => void subscribe().catch(() => {}),
        },
        last,
      );
    };
    await subscribe();
  }

  async #setTarget(process: MtaProcess): Promise<void> {
    if (this.proxy === undefined) return;
    const [first] = process.ready.endpoints;
    const match = /^(?:ncacn_ip_tcp:)?(.+)\[(\d+)\]$/.exec(first ?? '');
    if (match === null)
      throw new HarnessError(`${process.name} says it listens on '${first ?? 'nothing'}', which is not an address and a port`);
    await this.proxy.setTarget(process.name, match[1] as string, Number(match[2]));
    void process.exited.then(() => this.proxy?.refuse(process.name));
  }

  #reachedAt(name: string): readonly string[] {
    return this.proxy === undefined ? this.get(name).ready.endpoints : [this.proxy.endpoint(name)];
  }

  /** Tell the others where this MTA is, and that they need not wait any longer to dial it. */
  async #announce(name: string): Promise<void> {
    for (const other of this.processes.values()) {
      if (other.name === name || !other.up) continue;
      try {
        await other.client.command('endpoints', { mta: name, endpoints: [...(this.#endpoints.get(name) ?? [])] });
        await other.client.command('retry', { mta: name });
      } catch (error) {
        throw new HarnessError(`${other.name} could not be told where ${name} listens: ${messageOf(error)}`, { cause: error });
      }
    }
  }

  async #readMailboxes(name: string, note: (copy: number) => void): Promise<void> {
    if (this.plan.delivery !== 'maildir') return;
    for await (const copy of copiesInMailboxes(join(folderOf(this.plan, name), 'mailboxes'))) note(copy);
  }
}

/** What an MTA may take on its own clock to abort what it cannot close, and time to spare. */
function stopLimitMs({ settings, timeScale }: LabPlan): number {
  const stopTimeoutS = settings?.stopTimeoutS ?? defaultSettings.stopTimeoutS;
  return Math.max(30_000, (stopTimeoutS * 1000) / timeScale + 10_000);
}

/** Nothing when the process goes away under the question. */
async function statusOf(process: MtaProcess): Promise<MtaStatus | undefined> {
  try {
    return await process.client.command('status');
  } catch (error) {
    if (error instanceof ControlError && error.code === 'gone') return undefined;
    throw error;
  }
}
