/** One direction of a proxied connection. Reads octets from one socket, applies faults to whole PDUs, and writes the rest. */
import type { Socket } from 'node:net';
import type { BareFrame } from '@mtalab/mta-core';
import { type ArmedFault, endAction, type FaultPlan } from '@mtalab/scenario';
import type { Fate } from '@mtalab/trace';
import type { Fragment } from './fragments.js';

export type FlowLimits = {
  /** Limit of octets that wait in one direction of a connection. Above it the proxy stops reading from the sender. */
  readonly maxHeldBytes: number;
  /** Limit of octets of one PDU that the proxy collects to judge it. A longer PDU passes without a judgement. */
  readonly maxCallBytes: number;
};

/** What a flow needs of the proxy. */
type FlowHost = {
  /** The flow read these octets from its source, or wrote them to its sink. */
  took(octets: Buffer): void;
  gave(octets: Buffer): void;
  /** The source sends nothing more, or the sink gets nothing more. */
  tookEnd(): void;
  gaveEnd(): void;
  readonly plan: FaultPlan;
  readonly limits: FlowLimits;
  /** Name of the MTA that sends in this direction. `?` while unknown. */
  sender(): string;
  fragments(chunk: Buffer): Iterable<Fragment>;
  /** Octets after the last whole fragment, when the source has ended. */
  rest(): Fragment | null;
  /** A whole PDU arrived. The proxy learns names and associations from it. Returns its number. */
  arrived(pdu: BareFrame): number;
  fate(seq: number, pdu: BareFrame, fate: Fate, fault: ArmedFault | null): void;
  /** Cuts for a fault: all connections of the association, or only this one. */
  cut(fault: ArmedFault): void;
  /** Calls `run` after `labMs` of lab time. Returns a function that cancels it. */
  after(labMs: number, run: () => void): () => void;
};

type Arrived = { readonly seq: number; readonly pdu: BareFrame };
/** Octets in the queue of this direction. */
type Item = {
  readonly raws: readonly Buffer[];
  readonly sizeBytes: number;
  /** The PDU that these octets complete. Null if they complete none. */
  readonly arrived: Arrived | null;
  /** Why the item waits. It and all items behind it wait until both are null. */
  hold: ArmedFault | null;
  delay: { readonly fault: ArmedFault; readonly cancel: () => void } | null;
  readonly cutAfter: ArmedFault | null;
};
/** A call whose last fragment has not come. */
type OpenCall = {
  readonly id: number | null;
  readonly knownId: number;
  readonly swallowedBy: ArmedFault | null;
  /** Does the proxy collect the call until it is complete? If not, its fragments pass as they come. */
  collected: boolean;
  raws: Buffer[];
  sizeBytes: number;
};

export class Flow {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #host: FlowHost;
  readonly #queue: Item[] = [];
  #queuedBytes = 0;
  #call: OpenCall | null = null;
  #swallowing: ArmedFault | null = null;
  #sourceEnded = false;
  #silent = false;
  #paused = false;
  #stepping = false;
  #sinkFull = false;
  #closed = false;
  #received = 0;
  #passed = 0;
  #swallowed = 0;

  constructor(source: Socket, sink: Socket, host: FlowHost) {
    this.#source = source;
    this.#sink = sink;
    this.#host = host;
    source.on('data', (chunk: Buffer) => this.#chunk(chunk));
    source.on('end', () => {
      this.#host.tookEnd();
      if (this.#closed) return;
      const rest = this.#host.rest();
      if (rest !== null) this.#fragment(rest);
      this.#abandonCall();
      this.#sourceEnded = true;
      this.#endWhenEmpty();
    });
    sink.on('drain', () => {
      this.#sinkFull = false;
      this.#readOn();
    });
  }

  /** Whole PDUs read from the source. Those that were not passed on are held, swallowed, or lost in a cut. */
  get received(): number {
    return this.#received;
  }
  get passed(): number {
    return this.#passed;
  }
  get swallowed(): number {
    return this.#swallowed;
  }
  get held(): number {
    return this.#queue.reduce((count, item) => count + (item.arrived === null ? 0 : 1), 0);
  }

  /** Releases the PDUs that a fault, or any fault, holds. Returns the number of PDUs that left. */
  release(id?: number): number {
    const before = this.#passed;
    for (const item of this.#queue) {
      if (item.hold !== null && (id === undefined || item.hold.id === id)) {
        endAction(item.hold);
        item.hold = null;
      }
    }
    this.#drain();
    return this.#passed - before;
  }

  /** Ends a black hole. PDUs that it swallowed are lost. It still swallows the rest of a call that has begun. */
  heal(id?: number): boolean {
    if (this.#swallowing === null || (id !== undefined && this.#swallowing.id !== id)) return false;
    endAction(this.#swallowing);
    this.#swallowing = null;
    return true;
  }

  /** Ends a delay early. */
  endDelay(id: number): void {
    for (const item of this.#queue) {
      if (item.delay?.fault.id !== id) continue;
      item.delay.cancel();
      this.#delayOver(item);
    }
  }

  /** Reads nothing more from the source and passes nothing on, until it is called again. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#source.pause();
    else this.#drain();
  }

  /** Keeps whole PDUs back, which `passNext` lets go one by one, until it is called with false. */
  setStepping(stepping: boolean): void {
    this.#stepping = stepping;
    this.#drain();
  }

  /** Number of the PDU that would go next while stepping; null if none waits, or a fault keeps it back. */
  get nextSeq(): number | null {
    const item = this.#queue.find(({ arrived }) => arrived !== null);
    const isKept = this.#queue[0] === undefined || this.#queue[0].hold !== null || this.#queue[0].delay !== null;
    return isKept ? null : (item?.arrived?.seq ?? null);
  }

  /** Passes the next whole PDU on. @returns it; null if none can go. */
  passNext(): BareFrame | null {
    if (this.nextSeq === null) return null;
    while (!this.#closed) {
      const item = this.#queue.shift();
      if (item === undefined) break;
      this.#queuedBytes -= item.sizeBytes;
      this.#pass(item);
      if (item.arrived !== null) {
        this.#drain();
        return item.arrived.pdu;
      }
    }
    return null;
  }

  /** From now on nothing leaves in this direction, not even its end. Waiting octets are lost. */
  silence(): void {
    if (this.#silent) return;
    this.#silent = true;
    this.#swallowed += this.held;
    this.#loseQueue('swallowed', null);
    this.#readOn();
  }

  /** Ends this direction. Waiting octets are lost. */
  close(fault: ArmedFault | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#loseQueue('cut', fault);
    this.#call = null;
  }

  #loseQueue(fate: Fate, fault: ArmedFault | null): void {
    for (const item of this.#queue.splice(0)) {
      item.delay?.cancel();
      for (const one of [item.hold, item.delay?.fault, item.cutAfter]) endAction(one);
      if (item.arrived !== null) this.#host.fate(item.arrived.seq, item.arrived.pdu, fate, fault);
    }
    endAction(this.#swallowing);
    this.#queuedBytes = 0;
  }

  #chunk(chunk: Buffer): void {
    this.#host.took(chunk);
    // Passes the octets of one read on in one write to the kernel.
    this.#sink.cork();
    for (const fragment of this.#host.fragments(chunk)) {
      if (this.#closed) break;
      this.#fragment(fragment);
    }
    this.#sink.uncork();
  }

  #fragment(fragment: Fragment): void {
    const between =
      fragment.first && fragment.last && fragment.start !== null && this.#call !== null && this.#call.id !== fragment.call;
    if (fragment.first && !between) this.#abandonCall();
    const call = between || this.#call === null ? this.#begin(fragment) : this.#call;
    if (fragment.last) {
      // A co_cancel of another call may come between the fragments of this call.
      if (!between) this.#call = null;
      call.raws.push(fragment.raw);
      this.#callEnds(call, fragment.pdu);
      return;
    }
    this.#call = call;
    if (call.swallowedBy !== null) return;
    call.raws.push(fragment.raw);
    call.sizeBytes += fragment.raw.length;
    if (call.collected && call.sizeBytes <= this.#host.limits.maxCallBytes) return;
    call.collected = false;
    this.#enqueue(octetsOf(call.raws, call.sizeBytes));
    call.raws = [];
    call.sizeBytes = 0;
  }

  #begin({ start, call }: Fragment): OpenCall {
    const { plan } = this.#host;
    const collected = start !== null && plan.needsWhole(start, this.#host.sender());
    return { id: call, knownId: plan.lastId, swallowedBy: this.#swallowing, collected, raws: [], sizeBytes: 0 };
  }

  /** Passes the collected octets of a call on, because its last fragment will never come. */
  #abandonCall(): void {
    const call = this.#call;
    this.#call = null;
    if (call === null || call.swallowedBy !== null || call.raws.length === 0) return;
    this.#enqueue(octetsOf(call.raws, call.sizeBytes));
  }

  /** Applies the faults to a complete call. Passes octets that are no PDU on. */
  #callEnds(call: OpenCall, pdu: BareFrame | null): void {
    const sizeBytes = call.raws.reduce((sum, raw) => sum + raw.length, 0);
    if (pdu === null) {
      if (call.swallowedBy === null) this.#enqueue(octetsOf(call.raws, sizeBytes));
      return;
    }
    this.#received += 1;
    const arrived = { seq: this.#host.arrived(pdu), pdu };
    if (this.#silent) {
      this.#swallowed += 1;
      this.#host.fate(arrived.seq, pdu, 'swallowed', null);
      return;
    }
    const { cutBefore, swallow, hold, delay, cutAfter } = this.#host.plan.judge(pdu, this.#host.sender(), call.knownId);
    if (cutBefore !== undefined) {
      // After a cut the other faults have nothing to act on.
      for (const idle of [swallow, hold, delay, cutAfter]) endAction(idle);
      this.#host.fate(arrived.seq, pdu, 'cut', cutBefore);
      this.#host.cut(cutBefore);
      return;
    }
    const swallowing = call.swallowedBy ?? swallow ?? null;
    if (swallowing !== null) {
      for (const idle of [hold, delay, cutAfter]) endAction(idle);
      if (call.swallowedBy === null) this.#swallowing = swallowing;
      else endAction(swallow);
      this.#swallowed += 1;
      this.#host.fate(arrived.seq, pdu, 'swallowed', swallowing);
      if (cutAfter !== undefined) this.#host.cut(cutAfter);
      return;
    }
    const item: Item = { raws: call.raws, sizeBytes, arrived, hold: hold ?? null, delay: null, cutAfter: cutAfter ?? null };
    if (delay?.spec.action === 'delay') {
      item.delay = { fault: delay, cancel: this.#host.after(delay.spec.delayMs, () => this.#delayOver(item)) };
    }
    const waits = this.#stepping || item.hold !== null || item.delay !== null || this.#queue.length > 0;
    if (waits) this.#host.fate(arrived.seq, pdu, 'held', hold ?? delay ?? this.#barrier());
    this.#enqueue(item);
  }

  /** The fault that the first item of the queue waits for. */
  #barrier(): ArmedFault | null {
    const head = this.#queue[0];
    return head?.hold ?? head?.delay?.fault ?? null;
  }

  #delayOver(item: Item): void {
    endAction(item.delay?.fault);
    item.delay = null;
    this.#drain();
  }

  #enqueue(item: Item): void {
    if (this.#silent) return;
    this.#queue.push(item);
    this.#queuedBytes += item.sizeBytes;
    this.#drain();
    if (this.#queuedBytes > this.#host.limits.maxHeldBytes) this.#source.pause();
  }

  #drain(): void {
    while (!this.#closed && !this.#paused) {
      const item = this.#queue[0];
      if (item === undefined || item.hold !== null || item.delay !== null) break;
      // While stepping only octets that complete no PDU pass by themselves: what they belong to has passed.
      if (this.#stepping && item.arrived !== null) break;
      this.#queue.shift();
      this.#queuedBytes -= item.sizeBytes;
      this.#pass(item);
    }
    if (this.#closed) return;
    this.#endWhenEmpty();
    this.#readOn();
  }

  #pass(item: Item): void {
    for (const raw of item.raws) {
      this.#host.gave(raw);
      if (!this.#sink.write(raw)) this.#sinkFull = true;
    }
    if (this.#sinkFull) this.#source.pause();
    if (item.arrived === null) return;
    this.#passed += 1;
    this.#host.fate(item.arrived.seq, item.arrived.pdu, 'passed', item.cutAfter);
    if (item.cutAfter === null) return;
    endAction(item.cutAfter);
    this.#host.cut(item.cutAfter);
  }

  /** Passes the orderly end of the source on, after all waiting items. A silent direction keeps it to itself. */
  #endWhenEmpty(): void {
    if (!this.#sourceEnded || this.#queue.length > 0 || this.#closed) return;
    if (this.#silent) {
      this.#source.destroy();
      return;
    }
    this.#host.gaveEnd();
    this.#sink.end();
  }

  #readOn(): void {
    if (this.#closed || this.#paused || this.#sinkFull || this.#queuedBytes > this.#host.limits.maxHeldBytes) return;
    if (this.#source.isPaused()) this.#source.resume();
  }
}

/** An item of octets that complete no PDU. */
function octetsOf(raws: readonly Buffer[], sizeBytes: number): Item {
  return { raws, sizeBytes, arrived: null, hold: null, delay: null, cutAfter: null };
}
