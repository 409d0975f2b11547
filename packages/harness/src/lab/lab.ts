/** A lab: MTA processes that exchange mail, with all commands and queries for them. */
import type { BindingView, BindingWish, DiagnosticsLevels } from '@mtalab/mta-core';
import type { FaultHandle } from '@mtalab/scenario';
import type { ControlClient, LabClock, MtaStatus, RequestOptions } from '@mtalab/transport';
import type { MailItem } from '../mail/read.js';
import { type Answer, required, type Unanswered } from '../process/answers.js';
import { durationText, within } from '../process/deadline.js';
import { HarnessError } from '../process/errors.js';
import { describeExit, type MtaProcess, type StopOutcome } from '../process/mta-process.js';
import type { FaultProxy } from '../proxy/fault-proxy.js';
import { type Readable, readable } from '../readable.js';
import { type ControlAddress, type Registration, type RunEntry, registerRun } from '../registry/registry.js';
import { joinAnswers, type LabAssociation } from './associations.js';
import { Changes } from './changes.js';
import { Clockwork } from './clockwork.js';
import type { TemporaryFolder } from './folder.js';
import { endLimitMs, type Members } from './members.js';
import type { Look, ProxyJoint } from './quiescence.js';
import { type SubmitAllOptions, type SubmitAllResult, submitAll } from './submit-all.js';
import { type LabMessage, type SubmitOptions, type Submitted, Submitter } from './submitter.js';

/** The status of each MTA, in the order of their names in the options. `error` says why an MTA gave none. */
export type LabStatus = readonly ((Readable<MtaStatus> & { readonly error?: undefined }) | Unanswered)[];

/** How an MTA ended with its lab. */
export type MtaEnded = { readonly mta: string } & StopOutcome;

/** The diagnostics levels of an MTA. */
export type MtaLevels = { readonly mta: string; readonly levels: DiagnosticsLevels };

/** The result of a restart. */
export type Restarted = {
  readonly mta: string;
  /** Why the old process was killed; null after an orderly stop, and for a kill that was asked for. */
  readonly killed: string | null;
};

export type LabSummary = {
  /** Messages accepted by the MTAs of this lab. */
  readonly submitted: number;
  /** Copies delivered to mailboxes since the lab started, each counted once. */
  readonly delivered: number;
  /** From submission to delivery, in ms of lab time. */
  readonly meanDelayMs: number;
  readonly maxDelayMs: number;
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

  constructor(members: Members, runId: string, temporary: TemporaryFolder | undefined) {
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
      look: () => this.#look(),
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

  /** The status of each MTA. Each has `answerTimeoutMs` to answer. */
  async status(): Promise<LabStatus> {
    return (await this.#members.statuses()).map((answer) =>
      answer.ok ? readable(answer.value) : { mta: answer.mta, error: answer.error },
    );
  }

  /**
   * Every association, with what each side believes about the Turn. The view of an MTA that does not answer is missing, and the
   * association says so in `unanswered`.
   */
  async associations(): Promise<Readable<readonly LabAssociation[]>> {
    const answers = await this.ask((client, limit) => client.command('associations', {}, limit));
    return readable(joinAnswers(answers));
  }

  /**
   * Asks several MTAs at once, each by itself and with `answerTimeoutMs`. Default: all.
   * @param ask gets the control channel of an MTA and the limit, which it passes on.
   */
  ask<T>(
    ask: (client: ControlClient, limit: RequestOptions) => Promise<T>,
    names?: readonly string[],
  ): Promise<readonly Answer<T>[]> {
    return this.#members.askEach(ask, names);
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
      maxDelayMs: counters.delays.maxMs,
      associationsOpened: sums.associationsOpened,
      turnsGiven: sums.turnsGiven,
      reports: sums.reports,
    };
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
  async set(article: string, mode: 'legacy' | 'fixed', names?: readonly string[]): Promise<void> {
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
    if (this.proxy === undefined) {
      throw new HarnessError('faults need a proxy, and this lab has none; start it with --fault or --proxy');
    }
    return this.proxy.add(text);
  }

  /** The entry of this run in the registry. */
  runEntry(): RunEntry {
    return {
      pid: process.pid,
      startedAt: this.startedAt,
      dir: this.dir,
      mtas: [...this.processes.values()].map((one) => ({
        mta: one.name,
        domains: [this.domain(one.name)],
        process: one.up ? { pid: one.pid, control: one.ready.control, tokenFile: one.ready.tokenFile } : null,
      })),
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
  async close(): Promise<void> {
    const killed = (await this.end()).flatMap((outcome) => outcome.killed ?? []);
    if (killed.length > 0) throw new HarnessError(killed.join('\n'));
  }

  /** Limit in real time for `close`, ms: it kills what does not stop in time. */
  get closeLimitMs(): number {
    return endLimitMs(this.#members.plan);
  }

  /** As `close`, with the outcome at each MTA. */
  end(): Promise<readonly MtaEnded[]> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<readonly MtaEnded[]> {
    const outcomes = await Promise.all(
      [...this.processes.values()].map(async (process) => ({ mta: process.name, ...(await process.end()) })),
    );
    const closed = new HarnessError('the lab was closed meanwhile');
    this.#submitter.close(closed);
    this.#members.counters.close(closed);
    await this.proxy?.close();
    await this.#registration?.remove();
    await this.#temporary?.remove();
    return outcomes;
  }

  async #look(): Promise<Look> {
    const answers = await this.#members.statuses();
    const statuses = answers.flatMap((answer) => (answer.ok ? [answer.value] : []));
    const silent = answers.flatMap((answer) => (answer.ok || answer.error.code === 'down' ? [] : [answer.mta]));
    const joints = new Map<number, { legs: ProxyJoint['legs'][number][]; kept: number }>();
    for (const row of this.proxy?.sockets() ?? []) {
      const joint = joints.get(row.conn) ?? { legs: [], kept: 0 };
      joint.legs.push(row);
      joint.kept += row.held + row.swallowed;
      joints.set(row.conn, joint);
    }
    const delaying = this.proxy?.faults().some((fault) => fault.state === 'reached' && fault.text.startsWith('delay')) ?? false;
    return { statuses, silent, joints: [...joints.values()], delaying };
  }

  /** The message of a timeout: what is delivered, and the state of each MTA. */
  async #undelivered(count: number, timeoutMs: number): Promise<string> {
    const lines = [`${this.delivered} of ${count} copies were delivered within ${durationText(timeoutMs)}`];
    for (const answer of await this.#members.statuses()) {
      const { mta } = answer;
      const { exit } = this.#members.get(mta);
      if (answer.ok)
        lines.push(`${mta} has queued ${answer.value.queuedCopies} and delivered ${answer.value.counters.delivered} copies`);
      else lines.push(exit === undefined ? `${mta} ${answer.error.message}` : `${mta} ${describeExit(exit)}`);
    }
    return lines.join('; ');
  }
}
