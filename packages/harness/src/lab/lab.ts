/** A lab: MTA processes that exchange mail, and everything one can do with them and ask of them. */
import { type Binding, type BindingView, type BindingWish, type DiagnosticsLevels, wishedBindings } from '@mtalab/mta-core';
import { type FaultHandle, joinAssociations } from '@mtalab/scenario';
import type { LabClock, MtaStatus } from '@mtalab/transport';
import PQueue from 'p-queue';
import type { MailItem } from '../mail/read.js';
import { spoken, within } from '../process/deadline.js';
import { HarnessError } from '../process/errors.js';
import { ending, type MtaProcess } from '../process/mta-process.js';
import type { FaultProxy } from '../proxy/fault-proxy.js';
import { type ControlAddress, type Registration, type RunEntry, registerRun } from '../registry/registry.js';
import type { AssociationRow, LabAssociation } from './associations.js';
import { Clockwork } from './clockwork.js';
import type { TemporaryFolder } from './folder.js';
import { type LoadOptions, type LoadResult, load } from './load.js';
import type { Members } from './members.js';
import type { Look, ProxyJoint } from './quiescence.js';
import { type LabMessage, type SubmitOptions, type Submitted, Submitter } from './submitter.js';

/** Status of each MTA that runs, by name. */
export type LabStatus = Readonly<Record<string, MtaStatus>>;

export type LabSummary = {
  /** Messages accepted by the MTAs of this lab. */
  readonly submitted: number;
  /** Copies put into mailboxes since the lab started, each counted once. */
  readonly delivered: number;
  /** From submission to delivery, lab ms. */
  readonly meanDelayMs: number;
  readonly worstDelayMs: number;
  /** Opened afresh, by any MTA; recoveries are not counted. */
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

/** Made by `startLab`. Everything that waits has a limit in real time and says what it waited for. */
export class Lab {
  /** Folder of the run: for each MTA one with its configuration, data, logs and mailboxes. */
  readonly dir: string;
  readonly processes: ReadonlyMap<string, MtaProcess>;
  readonly proxy?: FaultProxy;
  readonly clock: LabClock;
  /** Part of the submission ids of this run. */
  readonly runId: string;
  readonly startedAt = new Date().toISOString();
  readonly #members: Members;
  readonly #submitter: Submitter;
  readonly #clockwork: Clockwork;
  readonly #temporary: TemporaryFolder | undefined;
  readonly #restarting = new Set<string>();
  /** Changes that begin with a look at how it is. */
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

  /** The process of this name; an error when there is none. */
  process(name: string): MtaProcess {
    return this.#members.get(name);
  }

  /** The mail domain of an MTA. */
  domain(name: string): string {
    this.#members.get(name);
    return this.#members.plan.domains.get(name) ?? '';
  }

  /**
   * Hand in a message at this MTA. Resolves when it is on its disk. When the process dies meanwhile, its next life is asked
   * again, with the same submission id.
   * @throws SubmissionRefused with the MTA's reason; HarnessTimeout.
   */
  async submit(name: string, message: LabMessage, options?: SubmitOptions): Promise<Submitted> {
    return this.#submitter.submit(this.#members.get(name), message, options);
  }

  /** Hand in the content of a file. */
  submitFile(name: string, item: MailItem, envelope: Omit<LabMessage, 'content'>, options?: SubmitOptions): Promise<Submitted> {
    return this.submit(name, { ...envelope, content: item.content }, options);
  }

  /** Hand in many messages, a bounded number at a time. */
  async submitAll(name: string, items: Iterable<MailItem> | AsyncIterable<MailItem>, options: LoadOptions): Promise<LoadResult> {
    return load(this.#submitter, this.#members.get(name), items, options);
  }

  /** Copies put into mailboxes since the lab started, as far as is known now. */
  get delivered(): number {
    return this.#members.tally.delivered;
  }

  /**
   * Wait until `count` copies in all are in mailboxes since the lab started. Each copy counts once, also when a process died
   * and delivered it again; restarts do not disturb the count. With Maildirs it is exact over `kill -9` (a restart looks into
   * them); with a ledger, a delivery of which a killed process could not tell any more is not counted.
   */
  async waitForDelivered(count: number, options: WaitOptions = {}): Promise<void> {
    const timeoutMs = options.timeoutMs ?? defaultWaitMs;
    const wait = this.#members.tally.reached(count);
    try {
      await within(wait.done, timeoutMs, () => this.#undelivered(count, timeoutMs));
    } finally {
      wait.cancel();
    }
  }

  /** The status of each MTA that runs. */
  async status(): Promise<LabStatus> {
    return Object.fromEntries((await this.#members.statuses()).map((status) => [status.name, status]));
  }

  /** Every association with what each side believes about the Turn. */
  async associations(): Promise<readonly LabAssociation[]> {
    const rows = new Map<string, readonly AssociationRow[]>();
    for (const process of this.processes.values()) {
      if (process.up) rows.set(process.name, await process.client.command('associations'));
    }
    return joinAssociations(rows);
  }

  /** Can nothing but a timer, or somebody outside, make anything happen? See quiescence.ts for what that means exactly. */
  quiescent(): Promise<boolean> {
    return this.#clockwork.quiescent();
  }

  /** Wait until quiescent. */
  settle(options: WaitOptions = {}): Promise<void> {
    return this.#clockwork.settle(options.timeoutMs ?? defaultWaitMs);
  }

  /** When quiescent: move all clocks together to the earliest timer, and let what it does settle. */
  advance(options: WaitOptions = {}): Promise<'advanced' | 'nothing due'> {
    return this.#clockwork.advance(options.timeoutMs ?? defaultWaitMs);
  }

  /** Move lab time on by so many lab milliseconds; every timer on the way fires at its instant. */
  advanceBy(ms: number, options: WaitOptions = {}): Promise<void> {
    return this.#clockwork.advanceBy(ms, options.timeoutMs ?? defaultWaitMs);
  }

  async summary(): Promise<LabSummary> {
    await this.#members.statuses();
    const { tally } = this.#members;
    const sums = tally.sums();
    return {
      // A killed process forgets its count, this lab does not; others may have handed in mail besides.
      submitted: Math.max(sums.submitted, this.#submitter.submitted),
      delivered: tally.delivered,
      meanDelayMs: tally.delays.meanMs,
      worstDelayMs: tally.delays.maxMs,
      associationsOpened: sums.associationsOpened,
      turnsGiven: sums.turnsGiven,
      reports: sums.reports,
    };
  }

  /**
   * Stop an MTA in order, or kill it, and start it again; one that is down is started. What was changed live is kept.
   * @throws HarnessError when it does not start; it is down then, and the others go on.
   */
  async restart(name: string, options: { readonly kill?: boolean } = {}): Promise<void> {
    const process = this.#members.get(name);
    if (this.#restarting.has(name)) throw new HarnessError(`${name} is being started again already`);
    this.#restarting.add(name);
    try {
      if (options.kill === true && process.alive) {
        process.kill('SIGKILL');
        await process.exited;
      } else await process.stop();
      await process.start();
    } finally {
      this.#restarting.delete(name);
      await this.refreshed();
    }
  }

  /** Is its end part of a restart? */
  isRestarting(name: string): boolean {
    return this.#restarting.has(name);
  }

  /** Switch an article's bug on (`legacy`) or off (`fixed`), live, and for later restarts. Default: at all MTAs. */
  async set(article: string, mode: 'legacy' | 'fixed', names?: readonly string[]): Promise<void> {
    for (const name of names ?? [...this.processes.keys()]) {
      const process = this.#members.get(name);
      if (process.up) await process.client.command('set', { article, mode });
      const others = this.#members.legacyOf(name).filter((other) => other !== article);
      await this.#members.setLegacy(name, mode === 'legacy' ? [...others, article] : others);
    }
  }

  /**
   * Set the diagnostics level of a category, or of `all` of them, live, and for later restarts. Default: at all MTAs.
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

  /** The bindings of an MTA in their present order; of one that is down, as its next start will have them. */
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
   * Change the order of an MTA's bindings, enable or disable some. Dials follow at once; listeners follow at its next start.
   * @throws HarnessError when a binding is not known, or none would be left enabled.
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
   * Arm a fault, in the fault language.
   * @throws HarnessError when no proxy stands between the MTAs.
   */
  fault(text: string): FaultHandle {
    if (this.proxy === undefined) {
      throw new HarnessError(
        'faults need a proxy between the MTAs, and this lab was started without one; start it with --fault or --proxy',
      );
    }
    return this.proxy.add(text);
  }

  /** How this run stands in the registry. */
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

  /** Put this run into the registry, kept up to date over restarts, until `close`. `lab`: a control channel of the lab's own. */
  async register(lab?: ControlAddress): Promise<void> {
    this.#labControl = lab;
    if (this.#registration === undefined) this.#registration = await registerRun(this.runEntry());
    else await this.#registration.update(this.runEntry());
  }

  /** A process has come up again, or has gone. Called by the lab's own parts. */
  async refreshed(): Promise<void> {
    if (this.#closing === undefined) await this.#registration?.update(this.runEntry());
  }

  /**
   * Stop all in order; a temporary folder is removed. What does not stop in time is killed and makes an error, after all
   * else is done. Calling it again joins the first call.
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
    const closed = new HarnessError('the lab has been closed meanwhile');
    this.#submitter.close(closed);
    this.#members.tally.close(closed);
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

  async #undelivered(count: number, timeoutMs: number): Promise<string> {
    const standing = [`${this.delivered} of ${count} copies were delivered within ${spoken(timeoutMs)}`];
    for (const process of this.processes.values()) {
      if (!process.up) {
        standing.push(process.exit === undefined ? `${process.name} is not ready` : `${process.name} ${ending(process.exit)}`);
        continue;
      }
      const status = await process.client.command('status');
      standing.push(`${process.name} has ${status.queuedCopies} queued and has put ${status.counters.delivered} into mailboxes`);
    }
    return standing.join('; ');
  }
}
