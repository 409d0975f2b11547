/** A lab: MTA processes that exchange mail, with all commands and queries for them. */
import { type Binding, type BindingView, type BindingWish, type DiagnosticsLevels, wishedBindings } from '@mtalab/mta-core';
import { type FaultHandle, joinAssociations } from '@mtalab/scenario';
import type { LabClock, MtaStatus } from '@mtalab/transport';
import PQueue from 'p-queue';
import type { MailItem } from '../mail/read.js';
import { durationText, within } from '../process/deadline.js';
import { HarnessError } from '../process/errors.js';
import { describeExit, type MtaProcess } from '../process/mta-process.js';
import type { FaultProxy } from '../proxy/fault-proxy.js';
import { type ControlAddress, type Registration, type RunEntry, registerRun } from '../registry/registry.js';
import type { AssociationRow, LabAssociation } from './associations.js';
import { Clockwork } from './clockwork.js';
import type { TemporaryFolder } from './folder.js';
import type { Members } from './members.js';
import type { Look, ProxyJoint } from './quiescence.js';
import { type SubmitAllOptions, type SubmitAllResult, submitAll } from './submit-all.js';
import { type LabMessage, type SubmitOptions, type Submitted, Submitter } from './submitter.js';

/** Status of each MTA that is up, by name. */
export type LabStatus = Readonly<Record<string, MtaStatus>>;

export type LabSummary = {
  /** Messages accepted by the MTAs of this lab. */
  readonly submitted: number;
  /** Copies delivered to mailboxes since the lab started, each counted once. */
  readonly delivered: number;
  /** From submission to delivery, in ms of lab time. */
  readonly meanDelayMs: number;
  readonly worstDelayMs: number;
  /** Opened by any MTA, without recoveries. */
  readonly associationsOpened: number;
  readonly turnsGiven: number;
  /** Non-delivery reports made. */
  readonly reports: number;
};

export type WaitOptions = {
  /** Real time, ms. */
  readonly timeoutMs?: number;
};

const defaultWaitMs = 60_000;

/** `startLab` makes it. Every wait has a limit in real time, and its error says what it waited for. */
export class Lab {
  /** Folder of the run. Each MTA has a subfolder with its configuration, data, logs and mailboxes. */
  readonly dir: string;
  readonly processes: ReadonlyMap<string, MtaProcess>;
  readonly proxy?: FaultProxy;
  readonly clock: LabClock;
  /** The submission ids of this run begin with it. */
  readonly runId: string;
  readonly startedAt = new Date().toISOString();
  readonly #members: Members;
  readonly #submitter: Submitter;
  readonly #clockwork: Clockwork;
  readonly #temporary: TemporaryFolder | undefined;
  readonly #restarting = new Set<string>();
  /** Runs changes one by one, if they first read the present state. */
  readonly #changes = new PQueue({ concurrency: 1 });
  #labControl: ControlAddress | undefined;
  #registration: Registration | undefined;
  #closing: Promise<void> | undefined;

  constructor(members: Members, runId: string, temporary: TemporaryFolder | undefined) {
    this.#members = members;
    this.dir = members.plan.dir;
    this.processes = members.processes;
    if (members.proxy !== undefined) this.proxy = members.proxy;
    this.clock = members.clock;
    this.runId = runId;
    this.#submitter = new Submitter(runId);
    this.#temporary = temporary;
    this.#clockwork = new Clockwork({
      clock: members.clock,
      look: () => this.#look(),
      setOffset: async (name, offsetMs) => {
        await members.get(name).client.command('clock', { offsetMs });
      },
    });
  }

  /** The process of this name. @throws HarnessError if there is none. */
  process(name: string): MtaProcess {
    return this.#members.get(name);
  }

  /** The mail domain of an MTA. */
  domain(name: string): string {
    this.#members.get(name);
    return this.#members.plan.domains.get(name) ?? '';
  }

  /**
   * Submits a message at this MTA. Resolves when the message is on disk. If the process dies meanwhile, the lab submits the
   * message again to the next process, with the same submission id.
   * @throws SubmissionRefused with the MTA's reason. HarnessTimeout.
   */
  async submit(name: string, message: LabMessage, options?: SubmitOptions): Promise<Submitted> {
    return this.#submitter.submit(this.#members.get(name), message, options);
  }

  /** Submits the content of a file. */
  submitFile(name: string, item: MailItem, envelope: Omit<LabMessage, 'content'>, options?: SubmitOptions): Promise<Submitted> {
    return this.submit(name, { ...envelope, content: item.content }, options);
  }

  /** Submits many messages, a limited number at a time. */
  async submitAll(
    name: string,
    items: Iterable<MailItem> | AsyncIterable<MailItem>,
    options: SubmitAllOptions,
  ): Promise<SubmitAllResult> {
    return submitAll(this.#submitter, this.#members.get(name), items, options);
  }

  /** Copies delivered to mailboxes since the lab started, as far as the lab knows. */
  get delivered(): number {
    return this.#members.counters.delivered;
  }

  /**
   * Waits until `count` copies are in mailboxes since the lab started. A copy counts once, even if a process died and delivered
   * it again. With Maildirs the count is exact also after `kill -9`: a restart reads the Maildirs. With a ledger, the count
   * lacks deliveries that a killed process did not report any more.
   */
  async waitForDelivered(count: number, options: WaitOptions = {}): Promise<void> {
    const timeoutMs = options.timeoutMs ?? defaultWaitMs;
    const wait = this.#members.counters.whenDelivered(count);
    try {
      await within(wait.done, timeoutMs, () => this.#undelivered(count, timeoutMs));
    } finally {
      wait.cancel();
    }
  }

  /** The status of each MTA that is up. */
  async status(): Promise<LabStatus> {
    return Object.fromEntries((await this.#members.statuses()).map((status) => [status.name, status]));
  }

  /** Every association, with what each side believes about the Turn. */
  async associations(): Promise<readonly LabAssociation[]> {
    const rows = new Map<string, readonly AssociationRow[]>();
    for (const process of this.processes.values()) {
      if (process.up) rows.set(process.name, await process.client.command('associations'));
    }
    return joinAssociations(rows);
  }

  /** Is the lab at rest, so that only a timer or a command can make anything happen? See quiescence.ts. */
  quiescent(): Promise<boolean> {
    return this.#clockwork.quiescent();
  }

  /** Waits until the lab is at rest. */
  settle(options: WaitOptions = {}): Promise<void> {
    return this.#clockwork.settle(options.timeoutMs ?? defaultWaitMs);
  }

  /** Waits for rest, moves all clocks together to the earliest timer, and waits for rest again. */
  advance(options: WaitOptions = {}): Promise<'advanced' | 'nothing due'> {
    return this.#clockwork.advance(options.timeoutMs ?? defaultWaitMs);
  }

  /** Moves lab time forward by `ms` of lab time. Every timer on the way fires at its instant. */
  advanceBy(ms: number, options: WaitOptions = {}): Promise<void> {
    return this.#clockwork.advanceBy(ms, options.timeoutMs ?? defaultWaitMs);
  }

  async summary(): Promise<LabSummary> {
    await this.#members.statuses();
    const { counters } = this.#members;
    const sums = counters.sums();
    return {
      // The lab keeps its count when a process is killed. The count of the MTAs includes mail from outside the lab.
      submitted: Math.max(sums.submitted, this.#submitter.submitted),
      delivered: counters.delivered,
      meanDelayMs: counters.delays.meanMs,
      worstDelayMs: counters.delays.maxMs,
      associationsOpened: sums.associationsOpened,
      turnsGiven: sums.turnsGiven,
      reports: sums.reports,
    };
  }

  /**
   * Stops or kills an MTA and starts it again, or starts an MTA that is down. It keeps the changes that were made while it ran.
   * @throws HarnessError if it does not start. Then it is down, and the others go on.
   */
  async restart(name: string, options: { readonly kill?: boolean } = {}): Promise<void> {
    const process = this.#members.get(name);
    if (this.#restarting.has(name)) throw new HarnessError(`${name} is restarting already`);
    this.#restarting.add(name);
    try {
      if (options.kill === true && process.alive) {
        process.kill('SIGKILL');
        await process.exited;
      } else await process.stop();
      await process.start();
    } finally {
      this.#restarting.delete(name);
      await this.updateRegistry();
    }
  }

  /** Is the MTA restarting, so that the end of its process is expected? */
  isRestarting(name: string): boolean {
    return this.#restarting.has(name);
  }

  /** Switches an article on (`legacy`) or off (`fixed`), at once and for restarts. Default: at all MTAs. */
  async set(article: string, mode: 'legacy' | 'fixed', names?: readonly string[]): Promise<void> {
    for (const name of names ?? [...this.processes.keys()]) {
      const process = this.#members.get(name);
      if (process.up) await process.client.command('set', { article, mode });
      const others = this.#members.legacyOf(name).filter((other) => other !== article);
      await this.#members.setLegacy(name, mode === 'legacy' ? [...others, article] : others);
    }
  }

  /**
   * Sets the diagnostics level of a category, or of `all`, at once and for restarts. Default: at all MTAs.
   * @returns the levels of every category, by MTA.
   */
  async diagnostics(
    category: string,
    level: string,
    names?: readonly string[],
  ): Promise<Readonly<Record<string, DiagnosticsLevels>>> {
    const levels: Record<string, DiagnosticsLevels> = {};
    for (const name of names ?? [...this.processes.keys()]) {
      const now = await this.#members.get(name).client.command('diagnostics', { category, level });
      await this.#members.setLevels(name, now);
      levels[name] = now;
    }
    return levels;
  }

  /** The bindings of an MTA in their present order. Of an MTA that is down: those of its next start. */
  async bindings(name: string): Promise<readonly BindingView[]> {
    const process = this.#members.get(name);
    if (process.up) return process.client.command('bindings');
    return this.#configured(name).map((binding) => ({
      ...binding,
      dialOrder: null,
      listening: 'off',
      osError: null,
      mapperPort: null,
    }));
  }

  /**
   * Changes the order of an MTA's bindings, enables or disables them. This affects dials at once, and listeners at the next
   * start.
   * @throws HarnessError if a binding is unknown, or if none would be enabled.
   */
  setBindings(name: string, wish: BindingWish): Promise<void> {
    return this.#changes.add(() => this.#setBindings(name, wish));
  }

  async #setBindings(name: string, wish: BindingWish): Promise<void> {
    const process = this.#members.get(name);
    const change = wishedBindings(await this.bindings(name), wish);
    if (typeof change === 'string') throw new HarnessError(`${name}: ${change}`);
    const numbered = this.#members.numberedBindings(name);
    if (process.up) await process.client.command('bindings', { bindings: [...change] });
    await this.#members.setBindings(
      name,
      change.map(({ id, enabled }) => ({ ...numbered[id], enabled })),
    );
  }

  #configured(name: string): readonly Binding[] {
    return this.#members
      .bindingsOf(name)
      .map(({ address = '127.0.0.1', port = 0, label = '', enabled = true }, id) => ({ id, address, port, label, enabled }));
  }

  /**
   * Arms a fault, in the fault language.
   * @throws HarnessError if the lab has no proxy.
   */
  fault(text: string): FaultHandle {
    if (this.proxy === undefined) {
      throw new HarnessError('faults need a proxy, and this lab has none; start it with --fault or --proxy');
    }
    return this.proxy.add(text);
  }

  /** The entry of this run in the registry. */
  runEntry(): RunEntry {
    const down = [...this.processes.values()].filter((one) => !one.up).map(({ name }) => name);
    return {
      pid: process.pid,
      startedAt: this.startedAt,
      dir: this.dir,
      processes: [...this.processes.values()]
        .filter((one) => one.up)
        .map(({ name, pid, ready }) => ({ name, pid, control: ready.control, tokenFile: ready.tokenFile })),
      ...(down.length === 0 ? {} : { down }),
      ...(this.#labControl === undefined ? {} : { lab: this.#labControl }),
    };
  }

  /** Registers this run until `close`, and keeps the entry up to date. `lab`: the control channel of the lab itself. */
  async register(lab?: ControlAddress): Promise<void> {
    this.#labControl = lab;
    if (this.#registration === undefined) this.#registration = await registerRun(this.runEntry());
    else await this.#registration.update(this.runEntry());
  }

  /** Updates the entry in the registry. Called when a process has started or ended. */
  async updateRegistry(): Promise<void> {
    if (this.#closing === undefined) await this.#registration?.update(this.runEntry());
  }

  /**
   * Stops all MTAs in order and removes a temporary folder. A second call joins the first.
   * @throws HarnessError at the end, if an MTA did not stop in time and was killed.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.processes.values()].map((process) => process.stop()));
    const closed = new HarnessError('the lab was closed meanwhile');
    this.#submitter.close(closed);
    this.#members.counters.close(closed);
    await this.proxy?.close();
    await this.#registration?.remove();
    await this.#temporary?.remove();
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected').map((outcome) => outcome.reason as Error);
    const [first, ...others] = failures;
    if (first === undefined) return;
    throw others.length === 0 ? first : new HarnessError(failures.map((failure) => failure.message).join('\n'), { cause: first });
  }

  async #look(): Promise<Look> {
    const statuses = await this.#members.statuses();
    const joints = new Map<number, { legs: ProxyJoint['legs'][number][]; kept: number }>();
    for (const row of this.proxy?.sockets() ?? []) {
      const joint = joints.get(row.conn) ?? { legs: [], kept: 0 };
      joint.legs.push(row);
      joint.kept += row.held + row.swallowed;
      joints.set(row.conn, joint);
    }
    const delaying = this.proxy?.faults().some((fault) => fault.state === 'reached' && fault.text.startsWith('delay')) ?? false;
    return { statuses, joints: [...joints.values()], delaying };
  }

  /** The message of a timeout: what is delivered, and the state of each MTA. */
  async #undelivered(count: number, timeoutMs: number): Promise<string> {
    const lines = [`${this.delivered} of ${count} copies were delivered within ${durationText(timeoutMs)}`];
    for (const process of this.processes.values()) {
      if (!process.up) {
        lines.push(process.exit === undefined ? `${process.name} is not ready` : `${process.name} ${describeExit(process.exit)}`);
        continue;
      }
      const status = await process.client.command('status');
      lines.push(`${process.name} has queued ${status.queuedCopies} and delivered ${status.counters.delivered} copies`);
    }
    return lines.join('; ');
  }
}
