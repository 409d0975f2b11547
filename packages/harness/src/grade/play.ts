/** Plays one schedule: the peer as a process, our MTA in this process, and the fault proxy between them. */
import type { TurnSide } from '@mtalab/mta-core';
import type { LinkPdu } from '@mtalab/trace';
import type { FaultProxy } from '../proxy/fault-proxy.js';
import { Judge } from './judge.js';
import { OurMta } from './our-mta.js';
import type { PeerProcess } from './peer-process.js';
import type { Breach } from './rules.js';
import { faultText, gradedName, graderName, type Schedule, type ScheduledMessage } from './schedule.js';
import { stallBreach } from './stall.js';

export type Played = {
  /** The rule that the peer broke; null if it kept all. */
  readonly breach: Breach | null;
  /** What passed on the link, up to a limit. */
  readonly pdus: readonly LinkPdu[];
  /** Whose Turn it was for the peer after each PDU, by the number of the PDU. */
  readonly turns: ReadonlyMap<number, TurnSide>;
};

/** What serves many schedules. */
export type Ground = {
  readonly proxy: FaultProxy;
  readonly peer: PeerProcess;
  /** Real time without a PDU or a delivery after which nothing will come any more, ms. */
  readonly stallMs: number;
  /** Takes what the peer says that it has delivered. */
  readonly deliveredTo: { current: (mtsId: string) => void };
};

/** Most reports of PDUs that are kept of one run. */
const maxPdus = 5000;
/** A PDU that is dropped takes its association with it after this time, ms. */
const dropCutMs = 4;
/** All is delivered and confirmed: what comes within this time still counts, ms. */
const settleMs = 4;
/** A run ends at the latest after this many times the stall limit. */
const mostStalls = 4;

class Run {
  readonly #schedule: Schedule;
  readonly #ground: Ground;
  readonly #judge: Judge;
  readonly #pdus: LinkPdu[] = [];
  readonly #turns = new Map<number, TurnSide>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #waiting: ScheduledMessage[];
  #mta!: OurMta;
  #stall: NodeJS.Timeout | undefined;
  #settle: NodeJS.Timeout | undefined;
  #finish: () => void = () => undefined;
  #over = false;

  constructor(schedule: Schedule, ground: Ground) {
    this.#schedule = schedule;
    this.#ground = ground;
    this.#judge = new Judge(schedule.messages);
    this.#waiting = [...schedule.messages];
  }

  /** @throws PeerUnfit */
  async play(number: number): Promise<Played> {
    const { proxy, peer } = this.#ground;
    await peer.reset(number);
    const faults = this.#schedule.faults.map((fault) => proxy.add(faultText(fault)));
    this.#mta = new OurMta({
      peerEndpoint: proxy.endpoint(gradedName),
      advertise: proxy.endpoint(graderName),
      delivered: (mtsId) => this.#delivered(graderName, mtsId),
      noted: (text) => {
        this.#judge.breaks({ rule: 'wire-format', detail: text, association: null });
        this.#look();
      },
    });
    await proxy.setTarget(graderName, '127.0.0.1', await this.#mta.port);
    this.#ground.deliveredTo.current = (mtsId) => this.#delivered(gradedName, mtsId);
    const unsubscribe = proxy.subscribe((pdu) => this.#pdu(pdu));
    try {
      await new Promise<void>((resolve) => {
        this.#finish = resolve;
        peer.onTrouble(resolve);
        this.#after(this.#ground.stallMs * mostStalls, () => this.#stalled());
        this.#progress();
        this.#look();
      });
    } finally {
      this.#over = true;
      unsubscribe();
      for (const timer of [...this.#timers, this.#stall, this.#settle]) clearTimeout(timer);
      for (const { id } of faults) proxy.remove(id);
      proxy.cutAll();
      await this.#mta.stop();
    }
    if (peer.trouble !== null) throw peer.trouble;
    return { breach: this.#judge.breach, pdus: this.#pdus, turns: this.#turns };
  }

  #after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  #progress(): void {
    clearTimeout(this.#stall);
    this.#stall = setTimeout(() => this.#stalled(), this.#ground.stallMs);
  }

  #stalled(): void {
    const connected = this.#ground.proxy.connections().flatMap(({ association }) => association ?? []);
    this.#judge.breaks(stallBreach(this.#judge, new Set(connected), this.#waiting));
    this.#finish();
  }

  #pdu(pdu: LinkPdu): void {
    if (this.#over) return;
    if (this.#pdus.length < maxPdus) this.#pdus.push(pdu);
    this.#judge.pdu(pdu);
    const watch = this.#judge.associations.get(pdu.association ?? '');
    if (watch?.state === 'open' && this.#pdus.length < maxPdus) this.#turns.set(pdu.seq, watch.holds ? 'mine' : 'theirs');
    if (pdu.fate === 'swallowed' && pdu.fault !== null) this.#after(dropCutMs, () => void this.#ground.proxy.cutAll());
    this.#progress();
    this.#look();
  }

  #delivered(at: string, mtsId: string): void {
    if (this.#over) return;
    this.#judge.delivered(at, mtsId);
    this.#progress();
    this.#look();
  }

  /** Go on: send what is due, or end. */
  #look(): void {
    if (this.#over) return;
    if (this.#judge.breach !== null) {
      this.#finish();
      return;
    }
    const due = this.#waiting.filter(({ afterDelivered }) => afterDelivered <= this.#judge.deliveries);
    if (due.length > 0) {
      this.#waiting = this.#waiting.filter((message) => !due.includes(message));
      for (const message of due) this.#send(message);
    }
    if (!this.#judge.complete) return;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => this.#finish(), settleMs);
  }

  #send({ id, from, priority, sizeBytes }: ScheduledMessage): void {
    if (from === gradedName) {
      this.#ground.peer.send(id, priority, sizeBytes);
      return;
    }
    // The store is in memory and takes everything: a refusal could only come from a run that is over.
    this.#mta.submit(id, priority, sizeBytes).then(
      (mtsId) => this.#judge.submitted(id, mtsId),
      () => undefined,
    );
  }
}

/**
 * Play a schedule.
 * @param number of this run, never used before on this ground.
 * @throws PeerUnfit when the peer ends, does not answer, or prints what no peer may print.
 */
export function play(schedule: Schedule, ground: Ground, number: number): Promise<Played> {
  return new Run(schedule, ground).play(number);
}
