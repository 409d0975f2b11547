/** A lab of processes as the stage of a scenario. */
import type { BindingWish } from '@mtalab/mta-core';
import type { LoggedEvent, Mode, Stage, StageExit, StageMessage } from '@mtalab/scenario';
import type { LinkPdu } from '@mtalab/trace';
import type { LabAssociation } from '../lab/associations.js';
import type { Lab } from '../lab/lab.js';
import { pause } from '../process/deadline.js';
import { ending } from '../process/mta-process.js';
import { readEventLog } from './event-log.js';

/** PDUs kept for the ladder of one case. */
const mostPdus = 200_000;
/** Real time in which the word of a delivery must come, ms. */
const wordLimitMs = 5000;
const pollMs = 5;
const turnsToFile = 3;

export class ProcessStage implements Stage {
  readonly pdus: LinkPdu[] = [];
  readonly #lab: Lab;

  /** @param lab with a proxy between its MTAs. */
  constructor(lab: Lab) {
    this.#lab = lab;
    lab.proxy?.subscribe((pdu) => {
      if (this.pdus.length < mostPdus) this.pdus.push(pdu);
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
      // One that has ended by itself did as it may; one that hung, or cannot be run at all, is a failure of the lab.
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
    return this.#lab.set(article, mode, at);
  }

  settle(): Promise<void> {
    return this.#lab.settle();
  }

  associations(): Promise<readonly LabAssociation[]> {
    return this.#lab.associations();
  }

  /** What the MTAs have counted has been told as well, or will be in a moment. */
  async delivered(): Promise<number> {
    const endMs = performance.now() + wordLimitMs;
    const status = await this.#lab.status();
    const counted = Object.values(status).reduce((sum, { counters }) => sum + counters.delivered, 0);
    while (this.#lab.delivered < counted && performance.now() < endMs) await pause(pollMs);
    return this.#lab.delivered;
  }

  async queued(): Promise<Readonly<Record<string, number>>> {
    const status = await this.#lab.status();
    return Object.fromEntries(Object.entries(status).map(([name, { queuedCopies }]) => [name, queuedCopies]));
  }

  async reports(): Promise<number> {
    const status = await this.#lab.status();
    return Object.values(status).reduce((sum, { counters }) => sum + counters.reports, 0);
  }

  /** From the files: they have the words of processes that ended before anybody could ask them. */
  async events(name: string): Promise<readonly LoggedEvent[]> {
    // An entry is on its file two turns of the event loop after it was made; an answer takes one at least.
    const process = this.#lab.process(name);
    for (let turn = 0; process.up && turn < turnsToFile; turn += 1) await process.client.command('status');
    return readEventLog(this.#lab.dir, name);
  }

  async exit(name: string): Promise<StageExit | null> {
    const { exit } = this.#lab.process(name);
    return exit === undefined ? null : { code: exit.code, words: ending(exit) };
  }

  async up(name: string): Promise<boolean> {
    return this.#lab.process(name).up;
  }
}
