/** A lab: MTA processes that exchange mail, with all commands and queries for them. */
import type { Article, BindingView, BindingWish, EventId } from '@mtalab/mta-core';
import type { FaultHandle } from '@mtalab/scenario';
import type { ControlClient, LabClock, RequestOptions } from '@mtalab/transport';
import type { CaptureOutcome } from '../capture/capture-file.js';
import { labTarget } from '../load/lab-target.js';
import type { LoadOptions } from '../load/options.js';
import type { LoadResult } from '../load/result.js';
import { runLoad } from '../load/run-load.js';
import type { MailItem } from '../mail/read.js';
import { type Answer, required } from '../process/answers.js';
import { HarnessError } from '../process/errors.js';
import type { MtaProcess } from '../process/mta-process.js';
import type { FaultProxy } from '../proxy/fault-proxy.js';
import { readable } from '../readable.js';
import { type ControlAddress, type Registration, type RunEntry, registerRun } from '../registry/registry.js';
import { isText, namesArgument, numberArgument, timeoutArgument, wrongArgument } from './arguments.js';
import { joinAnswers, type LabAssociation } from './associations.js';
import { Changes } from './changes.js';
import { Clockwork } from './clockwork.js';
import { waitForDelivered } from './delivered.js';
import { type EventFilter, type LabEvent, type WaitForEventOptions, waitForEvent } from './event-record.js';
import type { TemporaryFolder } from './folder.js';
import { lookAt } from './look.js';
import { Mailbox } from './mailbox.js';
import { endLimitMs, type Members } from './members.js';
import type { LabMessage } from './message.js';
import { runEntryOf } from './run-entry.js';
import { type SubmitAllOptions, type SubmitAllResult, submitAll } from './submit-all.js';
import { type SubmitOptions, type Submitted, Submitter } from './submitter.js';
import { type LabSummary, summaryOf } from './summary.js';
import {
  type LabLtab,
  type LabMessages,
  type LabQueues,
  type LabStatus,
  type MtaEnded,
  type MtaLevels,
  type Restarted,
  rowsOf,
  statusOf,
} from './views.js';

/** The time limit of a wait. */
export type WaitOptions = {
  /** Limit in real time, ms. Default 60,000. */
  readonly timeoutMs?: number;
};

/** `startLab` makes it. Every wait has a limit in real time, and its error says what it waited for. */
export class Lab {
  /** Folder of the run. Each MTA has a subfolder with its configuration, data, logs and mailboxes. */
  readonly dir: string;
  /** The processes by name of the MTA. */
  readonly processes: ReadonlyMap<string, MtaProcess>;
  /** The fault proxy between the MTAs, if the lab has one. */
  readonly proxy?: FaultProxy;
  /** What became of the file of the option `capture`, when the lab has ended. It never rejects. */
  readonly captured: Promise<CaptureOutcome> | undefined;
  /** The clock that all MTAs share. */
  readonly clock: LabClock;
  /** The submission ids of this run begin with it. */
  readonly runId: string;
  /** Real time of the start, in the form of ISO 8601. */
  readonly startedAt = new Date().toISOString();
  /** Changes of running MTAs, with the answer of each MTA. */
  readonly changes: Changes;
  readonly #members: Members;
  readonly #submitter: Submitter;
  readonly #clockwork: Clockwork;
  readonly #temporary: TemporaryFolder | undefined;
  readonly #restarting = new Set<string>();
  #labControl: ControlAddress | undefined;
  #registration: Registration | undefined;
  #closing: Promise<readonly MtaEnded[]> | undefined;
  readonly #closers: (() => void)[] = [];

  constructor(
    members: Members,
    runId: string,
    temporary: TemporaryFolder | undefined,
    captured: Promise<CaptureOutcome> | undefined,
  ) {
    this.captured = captured;
    this.#members = members;
    this.changes = new Changes(members);
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
        required([await members.ask(name, (client, limit) => client.command('clock', { offsetMs }, limit))]);
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

  /**
   * Puts the MTAs under load, waits until the queues are empty, and compares what was submitted with what is on disk. Messages go
   * to addresses of their own. The MTAs may have other mail meanwhile.
   * @param described what else made this run, in words, for the result.
   * @returns what happened, with latencies, checks and thresholds. A missed threshold or a failed check does not reject.
   * @throws HarnessError naming an option that makes no sense, or a fault where the lab has no proxy.
   */
  async load(options: LoadOptions, described: readonly string[] = []): Promise<LoadResult> {
    this.#members.requireOpen();
    this.#members.loads += 1;
    try {
      return await runLoad(labTarget(this, this.#members), options, described);
    } finally {
      this.#members.loads -= 1;
    }
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

  /** The status of each MTA. Each has `answerTimeoutMs` to answer. */
  async status(): Promise<LabStatus> {
    return statusOf(this.#members);
  }

  /**
   * Every association, with what each side believes about the Turn. The view of an MTA that does not answer is missing, and the
   * association says so in `unanswered`.
   */
  async associations(): Promise<readonly LabAssociation[]> {
    const answers = await this.ask((client, limit) => client.command('associations', {}, limit));
    return readable(joinAnswers(answers));
  }

  /**
   * Asks several MTAs at once, each by itself and with `answerTimeoutMs`. The values are those of the control channel, with
   * instants in milliseconds of the lab's clock.
   * @param ask gets the control channel of an MTA and the limit, which it passes on.
   * @param names of the MTAs. Default: all.
   * @returns the answer of each MTA, or why there is none. It does not reject because an MTA gives no answer.
   */
  async ask<T>(
    ask: (client: ControlClient, limit: RequestOptions) => Promise<T>,
    names?: readonly string[],
  ): Promise<readonly Answer<T>[]> {
    if (typeof ask !== 'function') throw wrongArgument('ask', 'a function that asks a control channel', ask);
    namesArgument(names);
    return this.#members.askEach(ask, names);
  }

  /**
   * The messages that each MTA holds, oldest first.
   * @param limit for each MTA, from 1 to 10,000. Default 100.
   */
  async messages(limit = 100): Promise<LabMessages> {
    numberArgument('limit', limit, 1, 'whole number');
    return rowsOf(this.#members, 'messages', (client, each) => client.command('messages', { limit }, each));
  }

  /** The queues of each MTA: one for each adjacent MTA, and one for its mailboxes. */
  async queues(): Promise<LabQueues> {
    return rowsOf(this.#members, 'queues', (client, limit) => client.command('queues', {}, limit));
  }

  /** The locality table of each MTA: one row for each adjacent MTA. */
  async ltab(): Promise<LabLtab> {
    return rowsOf(this.#members, 'ltab', (client, limit) => client.command('ltab', {}, limit));
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
    return this.#clockwork.settle(timeoutArgument(options));
  }

  /** Waits for rest, moves all clocks together to the earliest timer, and waits for rest again. */
  async advance(options: WaitOptions = {}): Promise<'advanced' | 'nothing due'> {
    return this.#clockwork.advance(timeoutArgument(options));
  }

  /** Moves lab time forward by `ms` of lab time. Every timer on the way fires at its instant. */
  async advanceBy(ms: number, options: WaitOptions = {}): Promise<void> {
    numberArgument('ms', ms, 0, 'number of milliseconds');
    return this.#clockwork.advanceBy(ms, timeoutArgument(options));
  }

  /**
   * Lets lab time run this many times faster than real time from now on, at all MTAs and at the fault proxy. Lab time goes on from
   * where it is. Timers that wait fire at their instants of lab time.
   * @param timeScale above 0 and at most 1,000,000.
   * @throws HarnessError if an MTA does not answer: it may go on with the old scale. Or while a load measures this lab.
   */
  async setTimeScale(timeScale: number): Promise<void> {
    required(await this.changes.setTimeScale(timeScale));
  }

  /** Counts and delays since the lab started. */
  async summary(): Promise<LabSummary> {
    return summaryOf(this.#members, this.#submitter.submitted);
  }

  /**
   * Stops or kills an MTA and starts it again, or starts an MTA that is down. It keeps the changes that were made while it ran.
   * An MTA that does not stop in time is killed, and the result says so.
   * @throws HarnessError if it does not start. Then it is down, and the others go on.
   */
  async restart(name: string, options: { readonly kill?: boolean } = {}): Promise<Restarted> {
    const process = this.#members.get(name);
    if (this.#restarting.has(name)) throw new HarnessError(`${name} is restarting already`);
    this.#restarting.add(name);
    try {
      let killed: string | null = null;
      if (options.kill === true && process.alive) {
        process.kill('SIGKILL');
        await process.exited;
      } else ({ killed } = await process.end());
      await process.start();
      return { mta: name, killed };
    } finally {
      this.#restarting.delete(name);
      await this.updateRegistry();
    }
  }

  /** Is the MTA restarting, so that the end of its process is expected? */
  isRestarting(name: string): boolean {
    return this.#restarting.has(name);
  }

  /**
   * Switches an article on (`legacy`) or off (`fixed`), at once and for restarts. Default: at all MTAs.
   * @throws HarnessError if a running MTA does not answer. It and the others keep the change for restarts.
   */
  async set(article: Article, mode: 'legacy' | 'fixed', names?: readonly string[]): Promise<void> {
    required(await this.changes.set(article, mode, names));
  }

  /**
   * Sets the diagnostics level of a category, or of `all`, at once and for restarts. Default: at all MTAs.
   * @returns the levels of every category, by MTA.
   * @throws HarnessError if an MTA does not answer. The others have the new level.
   */
  async diagnostics(category: string, level: string, names?: readonly string[]): Promise<readonly MtaLevels[]> {
    return required(await this.changes.diagnostics(category, level, names)).map(({ mta, value: levels }) => ({ mta, levels }));
  }

  /**
   * The bindings of an MTA in their present order. Of an MTA that is down: those of its next start.
   * @throws HarnessError if the MTA does not answer.
   */
  bindings(name: string): Promise<readonly BindingView[]> {
    return this.changes.bindings(name);
  }

  /**
   * Changes the order of an MTA's bindings, enables or disables them. This affects dials at once, and listeners at the next
   * start.
   * @throws HarnessError if a binding is unknown, if none would be enabled, or if the MTA does not answer.
   */
  setBindings(name: string, wish: BindingWish): Promise<void> {
    return this.changes.setBindings(name, wish);
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
    return runEntryOf(this.#members, this.startedAt, this.#labControl);
  }

  /**
   * Registers this run until `close`, and keeps the entry up to date.
   * @param lab the control channel of the lab itself.
   * @param isListed false: commands find it by its folder only.
   */
  async register(lab?: ControlAddress, isListed = true): Promise<void> {
    this.#members.requireOpen();
    this.#labControl = lab;
    if (this.#registration === undefined) this.#registration = await registerRun(this.runEntry(), isListed);
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
  async close(): Promise<void> {
    const killed = (await this.end()).flatMap((outcome) => outcome.killed ?? []);
    if (killed.length > 0) throw new HarnessError(killed.join('\n'));
  }

  /** Limit in real time for `close`, ms: it kills what does not stop in time. */
  get closeLimitMs(): number {
    return endLimitMs(this.#members);
  }

  /** As `close`, with the outcome at each MTA. */
  end(): Promise<readonly MtaEnded[]> {
    this.#closing ??= this.#end();
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

  async #end(): Promise<readonly MtaEnded[]> {
    this.#members.closed ??= new HarnessError('the lab is closed; start a new one');
    this.#members.arrivals.wake();
    for (const run of this.#closers) run();
    const outcomes = await Promise.all(
      [...this.processes.values()].map(async (process) => ({ mta: process.name, ...(await process.end()) })),
    );
    const closed = new HarnessError('the lab was closed meanwhile');
    this.#submitter.close(closed);
    this.#members.counters.close(closed);
    this.#members.events.close(closed);
    await this.proxy?.close();
    await this.captured;
    await this.#registration?.remove();
    await this.#temporary?.remove();
    return outcomes;
  }
}
