/** Makes a lab of processes the stage of a scenario. */
import type { BindingWish } from '@mtalab/mta-core';
import type { LoggedEvent, Mode, NetworkState, RawAssociation, Stage, StageExit, StageMessage } from '@mtalab/scenario';
import type { LinkPdu } from '@mtalab/trace';
import type { MtaStatus } from '@mtalab/transport';
import { articleArgument } from '../lab/arguments.js';
import { joinAnswers } from '../lab/associations.js';
import type { Lab } from '../lab/lab.js';
import { dataFolderOf, logFolderOf } from '../lab/lab-paths.js';
import { required } from '../process/answers.js';
import { pause } from '../process/deadline.js';
import { describeExit } from '../process/mta-process.js';
import { readEventLog } from './event-log.js';

/** Limit of PDUs kept for the ladder of one case. */
const maxPdus = 200_000;
/** Limit in real time for the notice of a delivery, ms. */
const deliveryNoticeLimitMs = 5000;
const pollMs = 5;
/** Turns of an MTA's event loop after which its log files have an entry. */
const turnsUntilWritten = 3;

export class ProcessStage implements Stage {
  readonly pdus: LinkPdu[] = [];
  readonly #lab: Lab;

  /** @param lab with a proxy between its MTAs. */
  constructor(lab: Lab) {
    this.#lab = lab;
    lab.proxy?.subscribe((pdu) => {
      if (this.pdus.length < maxPdus) this.pdus.push(pdu);
    });
  }

  async submit(at: string, { content, ...envelope }: StageMessage): Promise<void> {
    await this.#lab.submit(at, { ...envelope, content: Buffer.from(content, 'latin1') });
  }

  fault(text: string): { readonly hits: number } {
    return this.#lab.fault(text);
  }

  release(): void {
    this.#lab.proxy?.release();
  }

  heal(): void {
    this.#lab.proxy?.heal();
  }

  cut(): void {
    this.#lab.proxy?.cutAll();
  }

  async network(state: NetworkState): Promise<void> {
    await this.#lab.proxy?.setNetwork(state);
  }

  advanceBy(ms: number): Promise<void> {
    return this.#lab.advanceBy(ms);
  }

  async kill(name: string): Promise<void> {
    const process = this.#lab.process(name);
    process.kill('SIGKILL');
    await process.exited;
  }

  async stop(name: string): Promise<void> {
    await this.#lab.process(name).stop();
  }

  start(name: string): Promise<void> {
    return this.#lab.process(name).start();
  }

  async attempt(name: string): Promise<void> {
    const process = this.#lab.process(name);
    try {
      await process.start();
    } catch (error) {
      // The MTA may end by itself. An MTA that hangs or cannot run at all is an error of the lab.
      if (typeof process.exit?.code !== 'number') throw error;
    }
  }

  bindings(name: string, wish: BindingWish): Promise<void> {
    return this.#lab.setBindings(name, wish);
  }

  async retry(name: string): Promise<void> {
    await this.#lab.process(name).client.command('retry');
  }

  set(article: string, mode: Mode, at: readonly string[]): Promise<void> {
    return this.#lab.set(articleArgument('article', article), mode, at);
  }

  settle(): Promise<void> {
    return this.#lab.settle();
  }

  async associations(): Promise<readonly RawAssociation[]> {
    return joinAnswers(await this.#lab.ask((client, limit) => client.command('associations', {}, limit)));
  }

  /** The status of each MTA that is up. @throws HarnessError if one does not answer: a scenario must not judge without it. */
  async #statuses(): Promise<readonly MtaStatus[]> {
    const answers = await this.#lab.ask((client, limit) => client.command('status', {}, limit));
    return required(answers.filter((answer) => answer.ok || answer.error.code !== 'down')).map(({ value }) => value);
  }

  /** Waits until the notices of all deliveries that the MTAs have counted have come. */
  async delivered(): Promise<number> {
    const endMs = performance.now() + deliveryNoticeLimitMs;
    const counted = (await this.#statuses()).reduce((sum, { counters }) => sum + counters.delivered, 0);
    while (this.#lab.delivered < counted && performance.now() < endMs) await pause(pollMs);
    return this.#lab.delivered;
  }

  async queued(): Promise<Readonly<Record<string, number>>> {
    return Object.fromEntries((await this.#statuses()).map(({ mta, queuedCopies }) => [mta, queuedCopies]));
  }

  async reports(): Promise<number> {
    return (await this.#statuses()).reduce((sum, { counters }) => sum + counters.reports, 0);
  }

  /** Reads the log files: they also have the entries of processes that have ended. */
  async events(name: string): Promise<readonly LoggedEvent[]> {
    // The MTA writes an entry into its file within two turns of the event loop. Each answer takes at least one turn.
    const process = this.#lab.process(name);
    for (let turn = 0; process.up && turn < turnsUntilWritten; turn += 1) await process.client.command('status');
    return readEventLog(logFolderOf(dataFolderOf(this.#lab.dir, name)));
  }

  async exit(name: string): Promise<StageExit | null> {
    const { exit } = this.#lab.process(name);
    return exit === undefined ? null : { code: exit.code, words: describeExit(exit) };
  }

  async up(name: string): Promise<boolean> {
    return this.#lab.process(name).up;
  }
}
