/** A lab: MTA processes that exchange mail, with all commands and queries for them. */
import type {
  Article,
  BindingView,
  BindingWish,
  DiagnosticsLevels,
  EventId,
  LtabView,
  MessageView,
  QueueView,
} from '@mtalab/mta-core';
import { type FaultHandle, joinAssociations } from '@mtalab/scenario';
import type { LabClock, MtaStatus } from '@mtalab/transport';
import PQueue from 'p-queue';
import type { MailItem } from '../mail/read.js';
import { HarnessError } from '../process/errors.js';
import type { MtaProcess } from '../process/mta-process.js';
import type { FaultProxy } from '../proxy/fault-proxy.js';
import { type ControlAddress, type Registration, type RunEntry, registerRun } from '../registry/registry.js';
import { articleArgument, isRecord, isText, numberArgument, timeoutArgument, wrongArgument } from './arguments.js';
import type { AssociationRow, LabAssociation } from './associations.js';

import { Clockwork } from './clockwork.js';
import { waitForDelivered } from './delivered.js';
import { type EventFilter, type LabEvent, type WaitForEventOptions, waitForEvent } from './event-record.js';
import type { TemporaryFolder } from './folder.js';
import { bindingsOf, changeBindings } from './lab-bindings.js';
import { lookAt } from './look.js';
import { Mailbox } from './mailbox.js';
import type { Members } from './members.js';
import type { LabMessage } from './message.js';
import { type SubmitAllOptions, type SubmitAllResult, submitAll } from './submit-all.js';
import { type SubmitOptions, type Submitted, Submitter } from './submitter.js';
import { type LabSummary, summaryOf } from './summary.js';

/** Status of each MTA that is up, by name. */
export type LabStatus = Readonly<Record<string, MtaStatus>>;

/** The time limit of a wait. */
export type WaitOptions = {
  /** Limit in real time, ms. Default 60,000. */
  readonly timeoutMs?: number;
};

const defaultWaitMs = 60_000;

/** `startLab` makes it. Every wait has a limit in real time, and its error says what it waited for. */
export class Lab {
  /** Folder of the run. Each MTA has a subfolder with its configuration, data, logs and mailboxes. */
  readonly dir: string;
  /** The processes by name of the MTA. */
  readonly processes: ReadonlyMap<string, MtaProcess>;
  /** The fault proxy between the MTAs, if the lab has one. */
  readonly proxy?: FaultProxy;
  /** The clock that all MTAs share. */
  readonly clock: LabClock;
  /** The submission ids of this run begin with it. */
  readonly runId: string;
  /** Real time of the start, in the form of ISO 8601. */
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
  readonly #closers: (() => void)[] = [];

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
      look: () => lookAt(members),
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
    await waitForDelivered(this.#members, count, options);
  }

  /** The status of each MTA that is up. */
  async status(): Promise<LabStatus> {
    return Object.fromEntries((await this.#members.statuses()).map((status) => [status.name, status]));
  }

  /** Every association, with what each side believes about the Turn. */
  async associations(): Promise<readonly LabAssociation[]> {
    this.#members.requireOpen();
    const rows = new Map<string, readonly AssociationRow[]>();
    for (const process of this.processes.values()) {
      if (process.up) rows.set(process.name, await process.client.command('associations'));
    }
    return joinAssociations(rows);
  }

  /**
   * The messages that each MTA holds, by name of the MTA, oldest first.
   * @param limit for each MTA, from 1 to 10,000. Default 100.
   */
  async messages(limit = 100): Promise<Readonly<Record<string, readonly MessageView[]>>> {
    numberArgument('limit', limit, 1, 'whole number');
    return this.#members.askAll((client) => client.command('messages', { limit }));
  }

  /** The queues of each MTA, by name of the MTA: one for each adjacent MTA, and one for its mailboxes. */
  async queues(): Promise<Readonly<Record<string, readonly QueueView[]>>> {
    return this.#members.askAll((client) => client.command('queues'));
  }

  /** The locality table of each MTA, by name of the MTA: one row for each adjacent MTA. */
  async ltab(): Promise<Readonly<Record<string, readonly LtabView[]>>> {
    return this.#members.askAll((client) => client.command('ltab'));
  }

  /**
   * What arrives in a mailbox.
   * @param address such as `ben@b.example`.
   * @throws HarnessError if no MTA of the lab has its domain, or if the lab delivers into ledgers.
   */
  mailbox(address: string): Mailbox {
    this.#members.requireOpen();
    return new Mailbox(this.#members, address);
  }

  /**
   * The events that the MTAs have reported since the lab started, in the order in which they came, the latest 10,000. Events
   * above the diagnostics level of their category are not reported: see `diagnostics`.
   * @throws HarnessError naming a wrong member of the filter.
   */
  events(filter: EventFilter = {}): readonly LabEvent[] {
    this.#members.requireOpen();
    return this.#members.events.matching(filter);
  }

  /**
   * Waits for an event. One that came since the lab started counts.
   * @param options `mta`: name of the MTA. `count`: wait for this many; default 1. `timeoutMs`: real time, ms; default 60,000.
   * @returns the event that is number `count`.
   * @throws HarnessTimeout after the limit, with the latest events.
   */
  waitForEvent(id: EventId, options: WaitForEventOptions = {}): Promise<LabEvent> {
    return waitForEvent(this.#members, id, options);
  }

  /** Is the lab at rest, so that only a timer or a command can make anything happen? See quiescence.ts. */
  quiescent(): Promise<boolean> {
    return this.#clockwork.quiescent();
  }

  /** Waits until the lab is at rest. */
  async settle(options: WaitOptions = {}): Promise<void> {
    return this.#clockwork.settle(timeoutArgument(options, defaultWaitMs));
  }

  /** Waits for rest, moves all clocks together to the earliest timer, and waits for rest again. */
  async advance(options: WaitOptions = {}): Promise<'advanced' | 'nothing due'> {
    return this.#clockwork.advance(timeoutArgument(options, defaultWaitMs));
  }

  /** Moves lab time forward by `ms` of lab time. Every timer on the way fires at its instant. */
  async advanceBy(ms: number, options: WaitOptions = {}): Promise<void> {
    numberArgument('ms', ms, 0, 'number of milliseconds');
    return this.#clockwork.advanceBy(ms, timeoutArgument(options, defaultWaitMs));
  }

  /** Counts and delays since the lab started. */
  async summary(): Promise<LabSummary> {
    return summaryOf(this.#members, this.#submitter.submitted);
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
  async set(article: Article, mode: 'legacy' | 'fixed', names?: readonly string[]): Promise<void> {
    articleArgument('article', article);
    if (mode !== 'legacy' && mode !== 'fixed') throw wrongArgument('mode', "'legacy' or 'fixed'", mode);
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
    return bindingsOf(this.#members, name);
  }

  /**
   * Changes the order of an MTA's bindings, enables or disables them. This affects dials at once, and listeners at the next
   * start.
   * @throws HarnessError if a binding is unknown, or if none would be enabled.
   */
  async setBindings(name: string, wish: BindingWish): Promise<void> {
    if (!isRecord(wish)) throw wrongArgument('wish', 'an object with order, enable or disable', wish);
    return this.#changes.add(() => changeBindings(this.#members, name, wish));
  }

  /**
   * Arms a fault, in the fault language.
   * @throws HarnessError if the lab has no proxy.
   */
  fault(text: string): FaultHandle {
    this.#members.requireOpen();
    if (!isText(text)) throw wrongArgument('text', "a fault, such as 'cut before turn-give 1'", text);
    if (this.proxy === undefined) {
      throw new HarnessError(
        'faults need a proxy, and this lab has none; start it with the option proxy: --proxy or proxy: true',
      );
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
    this.#members.requireOpen();
    this.#labControl = lab;
    if (this.#registration === undefined) this.#registration = await registerRun(this.runEntry());
    else await this.#registration.update(this.runEntry());
  }

  /** Updates the entry in the registry. Called when a process has started or ended. */
  async updateRegistry(): Promise<void> {
    if (this.#closing === undefined) await this.#registration?.update(this.runEntry());
  }

  /**
   * Stops all MTAs in order and removes a temporary folder. A second call joins the first. Every other call fails from now on.
   * @throws HarnessError at the end, if an MTA did not stop in time and was killed.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Calls `run` when the lab closes. */
  onClose(run: () => void): void {
    this.#closers.push(run);
  }

  /** Kills all MTAs and closes the lab. The `signal` of the options does it. */
  async abort(reason: unknown): Promise<void> {
    this.#members.closed ??= new HarnessError('the lab was aborted by its signal', { cause: reason });
    this.#members.kill();
    await this.close();
  }

  async #close(): Promise<void> {
    this.#members.closed ??= new HarnessError('the lab is closed; start a new one');
    this.#members.arrivals.wake();
    for (const run of this.#closers) run();
    const outcomes = await Promise.allSettled([...this.processes.values()].map((process) => process.stop()));
    const closed = new HarnessError('the lab was closed meanwhile');
    this.#submitter.close(closed);
    this.#members.counters.close(closed);
    this.#members.events.close(closed);
    await this.proxy?.close();
    await this.#registration?.remove();
    await this.#temporary?.remove();
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected').map((outcome) => outcome.reason as Error);
    const [first, ...others] = failures;
    if (first === undefined) return;
    throw others.length === 0 ? first : new HarnessError(failures.map((failure) => failure.message).join('\n'), { cause: first });
  }
}
