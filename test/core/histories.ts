/**
 * Random histories: mail, losses, crashes, stops, slow disks and passing time in an order drawn from a seed; then quiet, in
 * which everything must come to its end. The rules it is checked against are written here, apart from the core.
 */
import { believes, describePdu, type Priority, priorities, type Settings } from '@mtalab/mta-core';
import type { Direction, Wire } from '../support/pure-wire.js';
import { PureLab } from '../support/purelab.js';

export type HistoryOptions = {
  /** Losses that one side notices later than the other. */
  readonly lateNotice?: boolean;
  readonly crashes?: boolean;
  /** Stops in order, followed by a start. */
  readonly stops?: boolean;
  /** MTAs with Q166594. */
  readonly legacy?: boolean;
};

/** A small seeded generator (mulberry32): `next(n)` is a whole number from 0 to n - 1. */
function randomFrom(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

const sizes = [0, 10, 1024, 5000] as const;
const mostMessages = 30;
const steps = 400;
/** Long enough for every interval of a history to have passed. */
const quietMs = 3_600_000;

class History {
  readonly lab: PureLab;
  readonly log: string[] = [];
  readonly #names: readonly string[];
  readonly #next: (n: number) => number;
  readonly #options: HistoryOptions;
  #messages = 0;
  /** Stops that were asked for: an MTA that stops may abort what it cannot close in time. */
  #stops = 0;

  constructor(seed: number, options: HistoryOptions = {}) {
    this.#options = options;
    const next = randomFrom(seed);
    this.#next = next;
    this.#names = next(3) === 0 ? ['A', 'B', 'C'] : ['A', 'B'];
    const settings: Partial<Settings> = {
      threshold: 1 + next(3),
      maxAssociationsPerMta: 1 + next(3),
      localInitialTurn: next(4) !== 0,
      checkpointSizeK: 1,
    };
    const legacy =
      options.legacy === true ? Object.fromEntries(this.#names.map((name) => [name, next(2) === 0 ? ['Q166594'] : []])) : {};
    this.lab = new PureLab(this.#names, settings, legacy);
    this.lab.hooks = {
      onPdu: (sent) => {
        this.#note(`${sent.from}>${sent.to} #${sent.wire.id} ${describePdu(sent.pdu)}`);
        return true;
      },
      onEvent: (node, event) => this.#note(`  ${node} logs ${event.id} ${JSON.stringify(event.params)}`),
    };
  }

  /** @throws Error that names the rule which was broken. */
  run(): void {
    for (let count = 0; count < steps; count += 1) {
      this.#act();
      this.#checkHolders();
    }
    this.#comeToRest();
    this.#checkHolders();
    this.#checkMail();
    this.#checkPlainData();
    if (this.#options.legacy !== true) this.#checkRest();
  }

  #note(line: string): void {
    this.log.push(`${this.lab.nowMs} ${line}`);
  }

  #any<T>(items: readonly T[]): T {
    return items[this.#next(items.length)] as T;
  }

  #act(): void {
    const { lab } = this;
    const draw = this.#next(1000);
    if (draw < 120) this.#submit();
    else if (draw < 150) this.#lose();
    else if (draw < 153) this.#end();
    else if (draw < 170) this.#toggleStores();
    else if (draw < 180) lab.notice();
    else if (draw < 195) this.#nextDeadline();
    else this.#arrive();
  }

  #submit(): void {
    const from = this.#any(this.#names);
    const to = this.#any(this.#names);
    const priority: Priority = this.#any(priorities);
    const sizeBytes = this.#any(sizes);
    if (this.#messages >= mostMessages || !this.lab.node(from).up || this.lab.mta(from).phase !== 'running') return;
    this.#messages += 1;
    const id = `m${this.#messages}`;
    this.#note(`${from} submits ${id} to ${to}, ${priority}, ${sizeBytes} octets`);
    this.lab.submit(from, id, [`x@${to.toLowerCase()}.example`], { priority, sizeBytes });
  }

  /** A loss takes the end of what is under way in each direction: what went before it may still arrive. */
  #lose(): void {
    const { wires } = this.lab;
    if (wires.length === 0) return;
    const wire = this.#any(wires);
    const unnoticed =
      this.#options.lateNotice === true && this.#next(3) === 0 ? this.#any([wire.client.node, wire.server.node]) : null;
    const arriving = this.#next(3) === 0 ? { toServer: this.#next(4), toClient: this.#next(4) } : { toServer: 0, toClient: 0 };
    for (const direction of ['toServer', 'toClient'] as const) {
      for (let count = arriving[direction]; count > 0; count -= 1) this.lab.deliverOn(wire, direction);
    }
    this.#note(`#${wire.id} breaks${unnoticed === null ? '' : `, unnoticed by ${unnoticed}`}`);
    this.lab.cutWire(wire, unnoticed);
  }

  #end(): void {
    const name = this.#any(this.#names);
    const { lab } = this;
    if (this.#options.stops === true && lab.node(name).up) {
      this.#stops += 1;
      this.#note(`${name} is told to stop`);
      lab.input(name, { type: 'stop' });
    } else if (this.#options.crashes === true) {
      this.#note(`${name} crashes and starts`);
      if (lab.node(name).up) lab.crash(name);
      lab.startNode(name);
    } else if (!lab.node(name).up) {
      lab.startNode(name);
    }
  }

  #toggleStores(): void {
    this.lab.holdStores = !this.lab.holdStores;
    if (!this.lab.holdStores) for (const name of this.#names) this.lab.storeDone(name);
  }

  #nextDeadline(): void {
    const next = this.lab.nextDeadline();
    if (next === null) return;
    this.lab.nowMs = Math.max(this.lab.nowMs, next);
    for (const name of this.#names) this.lab.input(name, { type: 'timer' });
  }

  #arrive(): void {
    const ways: { readonly wire: Wire; readonly direction: Direction }[] = [];
    for (const wire of this.lab.wires) {
      for (const direction of ['toServer', 'toClient'] as const) if (wire[direction].length > 0) ways.push({ wire, direction });
    }
    if (ways.length === 0) return;
    const { wire, direction } = this.#any(ways);
    this.lab.deliverOn(wire, direction);
  }

  /** No more faults: disks are quick, everyone is up, every loss is noticed, and an hour passes. */
  #comeToRest(): void {
    const { lab } = this;
    this.#note('quiet');
    lab.holdStores = false;
    for (const name of this.#names) lab.storeDone(name);
    lab.notice();
    lab.settle();
    for (const name of this.#names) {
      while (lab.node(name).up && lab.mta(name).phase === 'stopping' && lab.advance());
      if (!lab.node(name).up) lab.startNode(name);
    }
    lab.pass(quietMs);
  }

  /** Never two holders of one association's Turn. */
  #checkHolders(): void {
    const holders = new Map<string, string>();
    for (const node of this.lab.nodes.values()) {
      if (!node.up) continue;
      for (const association of node.mta.ltab.flatMap((entry) => entry.associations)) {
        if (association.state !== 'open' || believes(association.turn) !== 'mine') continue;
        const key = `${association.name} recovery ${association.recovery}`;
        const other = holders.get(key);
        if (other !== undefined) throw new Error(`${key}: both ${other} and ${node.name} hold the Turn`);
        holders.set(key, node.name);
      }
    }
  }

  /** Nothing lost and nothing twice: every accepted message is delivered once, or reported, or (legacy) still queued. */
  #checkMail(): void {
    for (const { mtsId, submissionId } of this.lab.submitted) {
      const delivered = this.lab.deliveries.filter((delivery) => delivery.mtsId === mtsId).length;
      const reported = this.lab.events.some(({ event }) => event.id === 290 && event.params.mtsId === mtsId);
      const queued = [...this.lab.nodes.values()].some((node) =>
        [...node.store.messages.values()].some((message) => message.envelope.mtsId === mtsId),
      );
      if (delivered > 1) throw new Error(`${submissionId} is delivered ${delivered} times`);
      if (delivered === 0 && !reported && !queued) throw new Error(`${submissionId} is lost`);
    }
  }

  /** State must be plain data: what JSON cannot carry would break journals and replay. */
  #checkPlainData(): void {
    for (const { name, mta } of this.lab.nodes.values()) {
      const once = JSON.stringify(mta);
      if (JSON.stringify(JSON.parse(once)) !== once) throw new Error(`${name}: not plain data`);
    }
  }

  /** After an hour of quiet: queues empty, stores empty, associations closed, no quarrel about the protocol. */
  #checkRest(): void {
    const { lab } = this;
    for (const { name, mta, store, up } of lab.nodes.values()) {
      if (!up) throw new Error(`${name} is not up`);
      for (const entry of mta.ltab) {
        if (entry.queued !== 0) throw new Error(`${name} still has ${entry.queued} queued for ${entry.name}`);
        if (entry.associations.length > 0) throw new Error(`${name} still has ${entry.associations.length} associations`);
        if (entry.incoming.length > 0) throw new Error(`${name} still has a transfer from ${entry.name} that stands still`);
      }
      if (mta.queuedCopies !== 0) throw new Error(`${name} counts ${mta.queuedCopies} copies`);
      if (store.messages.size > 0) throw new Error(`${name} still stores ${store.messages.size} messages`);
      if (!store.agreesWith(mta)) throw new Error(`${name} and its store remember different activities`);
      if (mta.stores.length + mta.forgets.length > 0) throw new Error(`${name} waits for its store`);
      if (mta.rpc.connections.length > 0) throw new Error(`${name} still has ${mta.rpc.connections.length} connections`);
    }
    if (lab.wires.length > 0) throw new Error(`${lab.wires.length} connections are left`);
    const aborts = lab.events.filter(({ event }) => event.id === 1294);
    const quarrel = aborts.find(({ event }) => !/stopping|localSystemProblem/.test(JSON.stringify(event.params)));
    if (quarrel !== undefined) throw new Error(`${quarrel.node} logs ${JSON.stringify(quarrel.event)}`);
    if (this.#stops === 0 && aborts.length > 0) throw new Error('an association was aborted, though nobody was stopped');
  }
}

/** Runs one seed. @returns what went wrong, with the last lines of the history, or null. */
export function failureOf(seed: number, options: HistoryOptions): string | null {
  const history = new History(seed, options);
  try {
    history.run();
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return `seed ${seed} ${JSON.stringify(options)}: ${message}\n${history.log.slice(-60).join('\n')}`;
  }
}
