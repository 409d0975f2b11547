/**
 * The live feed of a lab: follows the journal of each MTA over a connection of its own, and the PDUs of the fault proxy. When an MTA
 * makes more steps than a person can follow, the feed lets go of its journal and asks for figures instead, so that watching
 * never slows the MTA.
 */
import { readFile } from 'node:fs/promises';
import type { FeedItem } from '@mtalab/trace';
import { ControlClient } from '@mtalab/transport';
import type { Lab } from '../lab/lab.js';
import type { MtaProcess } from '../process/mta-process.js';
import { FeedLog } from './feed-log.js';

/** Steps in one period after which the feed lets go of a journal at once. */
const usualMaxSteps = 1000;
/** What no person can follow either, if it lasts: a burst of some dozens of messages ends before, and stays on the ladder. */
const usualLasting: Lasting = { steps: 200, periods: 4 };
/** Real time between two looks at the processes, and at the rates, ms. */
const periodMs = 500;
/** Messages taken in, handed over and delivered in one period below which the journal is followed again. Each makes some five steps. */
const calmMoves = 40;

/** So many steps in each of so many periods in a row. */
type Lasting = { readonly steps: number; readonly periods: number };

type Followed = {
  readonly pid: number;
  client: ControlClient | null;
  /** Steps in this period. */
  steps: number;
  /** Periods in a row with more steps than a person can follow. */
  busyPeriods: number;
  /** The journal is left out since this MTA is so busy. */
  isBusy: boolean;
  /** Messages moved so far, at the last look while it was busy. */
  moved: number;
};

export type LabFeedOptions = {
  /** Steps of one MTA in one period after which the feed lets go of its journal. Default 1000. */
  readonly maxSteps?: number;
  /** Fewer steps of one MTA, but for longer, after which it does so too. Default 200 in each of four periods (two seconds). */
  readonly lasting?: Lasting;
  /** The feed of the first pair, whose log takes the items of this twin too. Default: this is no twin. */
  readonly twinOf?: LabFeed;
};

export class LabFeed {
  readonly log: FeedLog;
  readonly #lab: Lab;
  readonly #maxSteps: number;
  readonly #lasting: Lasting;
  readonly #isTwin: boolean;
  readonly #followed = new Map<string, Followed>();
  readonly #down = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  readonly #endPdus: () => void;
  #looking = false;
  #closed = false;

  constructor(lab: Lab, { maxSteps = usualMaxSteps, lasting = usualLasting, twinOf }: LabFeedOptions = {}) {
    this.#lab = lab;
    this.#maxSteps = maxSteps;
    this.#lasting = lasting;
    this.#isTwin = twinOf !== undefined;
    this.log = twinOf?.log ?? new FeedLog();
    this.#endPdus = lab.proxy?.subscribe((pdu) => this.#pdu({ k: 'pdu', t: lab.clock.nowMs(), pdu })) ?? (() => undefined);
    this.#timer = setInterval(() => void this.look(), periodMs);
    this.#timer.unref();
  }

  #add(item: FeedItem): void {
    this.log.add(this.#isTwin ? { ...item, twin: true } : item);
  }

  /** PDUs come with the steps that they belong to: while no journal is followed they are left out too. */
  #pdu(item: FeedItem): void {
    const all = [...this.#followed.values()];
    if (all.length === 0 || all.some(({ isBusy }) => !isBusy)) this.#add(item);
  }

  /** Follows MTAs that have come up, and measures how busy each is. */
  async look(): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    try {
      await Promise.all([...this.#lab.processes.values()].map((process) => this.#lookAt(process)));
    } finally {
      this.#looking = false;
    }
  }

  async #lookAt(process: MtaProcess): Promise<void> {
    const { name } = process;
    const known = this.#followed.get(name);
    if (!process.up) {
      if (known !== undefined) this.#gone(name, known);
      else if (!this.#down.has(name)) this.#isDown(name, 'does not run');
      return;
    }
    if (known?.pid !== process.pid) {
      if (known !== undefined) this.#gone(name, known);
      await this.#follow(process);
      return;
    }
    known.busyPeriods = known.steps > this.#lasting.steps ? known.busyPeriods + 1 : 0;
    const tooMany = known.steps > this.#maxSteps || known.busyPeriods >= this.#lasting.periods;
    known.steps = 0;
    if (tooMany && !known.isBusy) await this.#letGo(name, known);
    else if (known.isBusy) await this.#figures(name, known);
  }

  #gone(name: string, known: Followed): void {
    known.client?.close();
    this.#followed.delete(name);
    const exit = this.#lab.processes.get(name)?.exit;
    const how =
      exit === undefined ? 'ended' : exit.signal === null ? `ended with code ${exit.code}` : `was killed by ${exit.signal}`;
    this.#isDown(name, how);
  }

  #isDown(name: string, says: string): void {
    this.#down.add(name);
    this.#add({ k: 'process', t: this.#lab.clock.nowMs(), node: name, state: 'down', pid: null, says });
  }

  async #follow(process: MtaProcess): Promise<void> {
    const { name, pid } = process;
    const followed: Followed = { pid, client: null, steps: 0, busyPeriods: 0, isBusy: false, moved: 0 };
    this.#followed.set(name, followed);
    this.#down.delete(name);
    this.#add({ k: 'process', t: this.#lab.clock.nowMs(), node: name, state: 'up', pid, says: 'runs' });
    try {
      const { control, tokenFile } = process.ready;
      const client = await ControlClient.connect(control, (await readFile(tokenFile, 'utf8')).trim(), { keepsAlive: false });
      if (this.#closed) return client.close();
      followed.client = client;
      await this.#subscribe(name, followed);
    } catch {
      // The next look sees whether it has ended.
      followed.client?.close();
      if (this.#followed.get(name) === followed) this.#followed.delete(name);
    }
  }

  /** Entries that come before the state are in it already; a reader tells by their numbers. */
  async #subscribe(name: string, followed: Followed): Promise<void> {
    const { client } = followed;
    if (client === null) return;
    await client.subscribe('journal', {
      entry: (entry) => {
        followed.steps += 1;
        // What is still on its way after the feed has let go would make a hole.
        if (!followed.isBusy) this.#add({ k: 'step', entry });
      },
      dropped: () => this.#left(name, followed, `${name} makes more steps than can be sent`),
    });
    this.#add({ k: 'state', node: name, ...(await client.command('state')) });
    followed.isBusy = false;
  }

  #left(name: string, followed: Followed, says: string): void {
    if (followed.isBusy) return;
    followed.isBusy = true;
    this.#add({ k: 'gap', t: this.#lab.clock.nowMs(), node: name, says });
  }

  async #letGo(name: string, followed: Followed): Promise<void> {
    this.#left(name, followed, `${name} is busy: only figures are shown until it is calm`);
    await followed.client?.unsubscribe('journal').catch(() => undefined);
  }

  /**
   * Adds the state of every MTA again, for a reader whose place is not kept any more.
   * @returns the number of the item before.
   */
  async refresh(): Promise<number> {
    const before = this.log.latest;
    await Promise.all(
      [...this.#followed].map(async ([node, { client, pid, isBusy }]) => {
        this.#add({ k: 'process', t: this.#lab.clock.nowMs(), node, state: 'up', pid, says: 'runs' });
        if (client === null || isBusy) return;
        const state = await client.command('state').catch(() => null);
        if (state !== null) this.#add({ k: 'state', node, ...state });
      }),
    );
    for (const node of this.#down) this.#isDown(node, 'does not run');
    return before;
  }

  async #figures(name: string, followed: Followed): Promise<void> {
    const { client } = followed;
    if (client === null) return;
    try {
      const [ltab, status] = await Promise.all([client.command('ltab'), client.command('status')]);
      const queued = Object.fromEntries(ltab.map((entry) => [entry.peer, entry.queued]));
      const { delivered } = status.counters;
      this.#add({ k: 'figures', t: this.#lab.clock.nowMs(), node: name, queued, delivered });
      // What it has taken in, handed over and delivered: a sender that drains its queue is busy too.
      const moved = ltab.reduce(
        (sum, { performance: of }) => sum + of['Inbound Messages Total'] + of['Outbound Messages Total'],
        delivered + status.counters.submitted,
      );
      const grew = moved - followed.moved;
      followed.moved = moved;
      if (grew < calmMoves) await this.#subscribe(name, followed);
    } catch {
      // It is ending, or stands still: the next look sees.
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#endPdus();
    for (const { client } of this.#followed.values()) client?.close();
    this.#followed.clear();
  }
}
