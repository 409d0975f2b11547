/**
 * One MTA of the checker: the state of the core and of its disk. A node step is everything that happens inside one MTA between
 * two arrivals. It depends only on that MTA's own past. So the checker computes each node step once and caches it
 * at its initial state, however many global states share that state.
 */
import {
  type BareFrame,
  byAge,
  type Effect,
  type Input,
  type LinkFrame,
  type LtabEntry,
  ltabOf,
  type Mta,
  type MtaConfig,
  ownerOfConnection,
  rowOf,
  rowsIn,
  type StoredMessage,
  type StoreEffect,
} from '@mtalab/mta-core';
import { bindingsBroken, listensBroken } from '../rules/bindings.js';
import type { Breach } from '../rules/catalogue.js';
import { checkpointsBroken, controlBlocksBroken } from '../rules/connector.js';
import { flightBroken } from '../rules/flight.js';
import { beyondLimits, entryBeyondLimits, thresholdBroken } from '../rules/limits.js';
import { incarnationBroken, recoveryBroken } from '../rules/recovery.js';
import { type SentConfirmation, sentConfirmations } from '../rules/sent-apdus.js';
import { startBroken } from '../rules/starting.js';
import { unduePdus } from '../rules/turn.js';
import { encodeFrame } from './encode-frame.js';
import { encodeNode, type NodeCode } from './encode-node.js';
import type { CheckedCore } from './options.js';
import type { StepCache } from './step-cache.js';
import type { TextNumbers } from './text-numbers.js';
import { due, type Timer } from './timers.js';

/** The state that survives a crash. */
type Disk = {
  readonly incarnation: number;
  readonly messages: readonly StoredMessage[];
  readonly received: Readonly<Record<string, readonly number[]>>;
  /** Copies that are already in their mailbox and not erased yet: a second delivery finds them there. */
  readonly boxes: readonly number[];
};

/** A frame under way, with its code for the fingerprint; null in place of a frame is the end of a connection. */
export type Parcel = { readonly id: number; readonly carried: BareFrame; readonly code: readonly number[] };

export type Out =
  | { readonly kind: 'send'; readonly conn: number; readonly parcel: Parcel }
  | { readonly kind: 'close'; readonly conn: number }
  | {
      readonly kind: 'dial';
      readonly conn: number;
      readonly host: string;
      readonly port: number;
      /** Local address; null if the system chooses it. */
      readonly from: string | null;
      readonly association: string;
    };

/** A write that is not on disk yet. */
export type PendingWrite = Extract<Effect, { type: 'store' | 'forget' | 'settle' }>;

export type NodeState = {
  readonly at: number;
  readonly mta: Mta;
  readonly disk: Disk;
  readonly pending: readonly PendingWrite[];
  readonly nextAccepted: number;
  /** Messages with a copy on this disk. */
  readonly kept: readonly number[];
  readonly code: NodeCode;
};

export type StepResult = {
  readonly node: NodeState;
  readonly out: readonly Out[];
  /** Messages that were accepted, delivered, or reported to their originators. */
  readonly accepted: readonly number[];
  readonly delivered: readonly number[];
  readonly reported: readonly number[];
  readonly breach: Breach | null;
};

/** The context of all node steps of one search. */
export type StepContext = {
  readonly core: CheckedCore;
  readonly configs: readonly MtaConfig[];
  readonly numbers: TextNumbers;
  readonly storesAtOnce: boolean;
  /** May the operator switch articles off? What Q229643 has leaked stays so then. */
  readonly cure: boolean;
  /** MTAs whose listens take their own time and may fail; all others listen at once. */
  readonly mayFail: readonly number[];
  readonly cache: StepCache;
  /** The clock, ms; it stands still, except while a counterexample is printed. */
  nowMs: number;
  /** Called for every step of the core, while a counterexample is printed. */
  record: ((at: number, input: unknown, effects: readonly Effect[], before: Mta | null, after: Mta) => void) | null;
};

export const storeUuidOf = (name: string): string => `store-of-${name}`;

/** Runs an MTA from one input to the last answer of its own disk. */
class Run {
  readonly #context: StepContext;
  readonly #at: number;
  mta: Mta;
  disk: Disk;
  readonly pending: PendingWrite[];
  readonly out: Out[] = [];
  readonly accepted: number[] = [];
  readonly delivered: number[] = [];
  readonly reported: number[] = [];
  breach: Breach | null = null;
  readonly #queue: Input[] = [];

  constructor(context: StepContext, from: { at: number; mta: Mta; disk: Disk; pending: readonly PendingWrite[] }) {
    this.#context = context;
    this.#at = from.at;
    this.mta = from.mta;
    this.disk = from.disk;
    this.pending = [...from.pending];
  }

  take(first: Input): void {
    this.#queue.push(first);
    for (let input = this.#queue.shift(); input !== undefined; input = this.#queue.shift()) this.#step(input);
  }

  #step(input: Input): void {
    const before = this.mta;
    let stepped: ReturnType<CheckedCore['step']>;
    try {
      stepped = this.#context.core.step(before, input, this.#context.nowMs);
    } catch (error) {
      this.breach ??= {
        rule: 'total',
        mta: before.name,
        event: input.type,
        detail: `The step threw: ${(error as Error).message}.`,
      };
      this.#queue.length = 0;
      return;
    }
    this.mta = stepped.mta;
    this.#context.record?.(this.#at, input, stepped.effects, before, stepped.mta);
    this.breach ??= unduePdus(before, stepped.mta, stepped.effects) ?? startBroken(before, stepped.mta, stepped.effects);
    this.breach ??=
      bindingsBroken(before, stepped.mta, stepped.effects) ?? checkpointsBroken(before, stepped.mta, stepped.effects);
    for (const confirmed of sentConfirmations(before, stepped.mta, stepped.effects)) this.#confirms(before, confirmed);
    for (const [index, entry] of ltabOf(stepped.mta).entries()) {
      const was = ltabOf(before)[index];
      if (was === undefined || was === entry) continue;
      this.breach ??= recoveryBroken({ before, after: stepped.mta }, was, entry) ?? incarnationBroken(was, entry);
      this.breach ??= thresholdBroken(stepped.mta, was, entry, input.type === 'stored');
    }
    for (const effect of stepped.effects) this.perform(effect);
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case 'listen':
        // Only the RPC listeners of an adapter fail.
        if (effect.link !== 'rpc' || !this.#context.mayFail.includes(this.#at))
          this.#queue.push({ type: 'listening', link: effect.link, binding: effect.binding, port: effect.port });
        return;
      case 'dial': {
        const { conn, host, port, localAddress: from = null } = effect;
        this.out.push({ kind: 'dial', conn, host, port, from, association: associationOf(this.mta, conn) });
        return;
      }
      case 'frame':
        this.out.push({ kind: 'send', conn: effect.conn, parcel: this.#parcel(bareFrame(effect)) });
        return;
      case 'close':
        this.out.push({ kind: 'close', conn: effect.conn });
        return;
      case 'store':
      case 'forget':
      case 'settle':
        if (this.#context.storesAtOnce) this.#write(effect);
        else this.pending.push(effect);
        return;
      case 'recall':
        throw new Error("the checker's queues are longer than what is in memory");
      case 'deliver':
        if (!this.disk.boxes.includes(effect.copy)) {
          this.disk = { ...this.disk, boxes: [...this.disk.boxes, effect.copy] };
          this.delivered.push(this.#context.numbers.message(effect.envelope.mtsId));
        }
        this.#queue.push({ type: 'delivered', copy: effect.copy });
        return;
      case 'report':
        if (effect.event.id === 1294) {
          const { reason } = effect.event.params;
          // The reason of a breach names the state; other ends are not faults of an MTA.
          if (!/ in state [a-z-]+, Turn /.test(reason)) return;
          this.breach ??= {
            rule: 'no-quarrel',
            mta: this.mta.name,
            event: 'event 1294',
            detail: `It aborts an association: ${reason}.`,
          };
        }
        return;
      case 'submit-refused':
        throw new Error(`the checker's own submission was refused: ${effect.reason}`);
      case 'submitted':
      case 'drop-content':
      case 'halt':
        return;
    }
  }

  #parcel(carried: BareFrame): Parcel {
    const { cache, numbers } = this.#context;
    return cache.parcel(carried, (id) => ({ id, carried, code: encodeFrame(carried, numbers) }));
  }

  /** Is the confirmed transfer on this disk? */
  #confirms(before: Mta, { conn, activity, stored }: SentConfirmation): void {
    const entry = entryOf(this.mta, conn) ?? entryOf(before, conn);
    const known = this.disk.received[entry?.peer?.storeUuid ?? ''];
    if (!stored || entry === undefined || known?.includes(activity) === true) return;
    // A settled transfer was stored before.
    const isSettled = rowsIn(before.stores).some(
      (each) =>
        each.purpose === 'reception' && each.sender === entry.peer?.storeUuid && each.activity === activity && each.settled,
    );
    if (isSettled || activity < (entry.peer?.settledBelow ?? 0)) return;
    const detail = `A transfer from ${entry.name} is confirmed, but it is not on the disk of ${this.mta.name}.`;
    this.breach ??= { rule: 'confirm-after-store', mta: this.mta.name, message: String(activity), detail };
  }

  commit(): void {
    for (const effect of this.pending.splice(0)) this.#write(effect);
    this.begin();
  }

  /** The outcome of the effects so far. */
  begin(): void {
    for (let input = this.#queue.shift(); input !== undefined; input = this.#queue.shift()) this.#step(input);
  }

  #write(effect: PendingWrite): void {
    if (effect.type === 'settle') {
      const known = this.disk.received[effect.sender] ?? [];
      const left = known.filter((id) => !effect.activities.includes(id) && id >= (effect.below ?? 0));
      this.disk = { ...this.disk, received: { ...this.disk.received, [effect.sender]: left } };
    } else if (effect.type === 'forget') {
      this.#erase(effect.copies);
      this.#queue.push({ type: 'forgotten', token: effect.token });
    } else {
      this.#store(effect);
      const { render, token } = effect;
      const measured = render === undefined ? {} : { measured: [{ content: render.content, sizeBytes: 1, digest: '' }] };
      this.#queue.push({ type: 'stored', token, ...measured });
    }
  }

  #store(effect: StoreEffect): void {
    const { numbers } = this.#context;
    this.disk = { ...this.disk, messages: [...this.disk.messages, ...effect.accept] };
    const { received, render } = effect;
    if (received !== undefined) {
      const known = this.disk.received[received.sender] ?? [];
      const now = known.includes(received.activity) ? known : [...known, received.activity].sort((one, other) => one - other);
      this.disk = { ...this.disk, received: { ...this.disk.received, [received.sender]: now } };
    } else {
      for (const message of effect.accept) this.accepted.push(numbers.message(message.envelope.mtsId));
    }
    if (render !== undefined) this.reported.push(numbers.message(render.facts.subject.mtsId));
    this.#erase(effect.forget);
  }

  #erase(copies: readonly number[]): void {
    if (copies.length === 0) return;
    const messages = this.disk.messages.flatMap((message) => {
      const left = message.copies.filter((copy) => !copies.includes(copy.id));
      return left.length === 0 ? [] : [left.length === message.copies.length ? message : { ...message, copies: left }];
    });
    this.disk = { ...this.disk, messages, boxes: this.disk.boxes.filter((id) => !copies.includes(id)) };
  }
}

function bareFrame({ type: _type, conn: _conn, ...carried }: LinkFrame): BareFrame {
  return carried as BareFrame;
}

function entryOf(mta: Mta, conn: number): LtabEntry | undefined {
  const owner = ownerOfConnection(mta, conn);
  return owner === null ? undefined : ltabOf(mta)[owner.entry - 1];
}

function associationOf(mta: Mta, conn: number): string {
  const owner = ownerOfConnection(mta, conn);
  const entry = entryOf(mta, conn);
  return (entry === undefined || owner === null ? undefined : rowOf(entry.associations, owner.association))?.name ?? '';
}

function nodeOf({ numbers }: StepContext, parts: Omit<NodeState, 'code' | 'kept'>): NodeState {
  const { at, mta, disk, pending } = parts;
  const { messages, received, boxes } = disk;
  const kept = messages.map((message) => numbers.message(message.envelope.mtsId));
  return { ...parts, kept, code: encodeNode({ at, mta, messages, received, boxes, pending }, numbers) };
}

function finished(context: StepContext, at: number, run: Run, nextAccepted: number): StepResult {
  const { mta, disk, pending } = run;
  let { breach } = run;
  breach ??= beyondLimits(mta);
  if (!context.cure) breach ??= controlBlocksBroken(mta);
  for (const entry of ltabOf(mta)) breach ??= entryBeyondLimits(mta, entry) ?? flightBroken(mta, entry);
  const parts = { at, mta, disk, pending, nextAccepted };
  const make = (): NodeState => nodeOf(context, parts);
  // A journal shows the counters, and equal states may differ in them.
  const node = context.record === null ? context.cache.node(parts, make) : make();
  return { node, out: run.out, accepted: run.accepted, delivered: run.delivered, reported: run.reported, breach };
}

/** An MTA starts, for the first time or after a crash. */
export function started(context: StepContext, at: number, before: NodeState | null): StepResult {
  const config = context.configs[at] as MtaConfig;
  const old: Disk = before?.disk ?? { incarnation: 0, messages: [], received: {}, boxes: [] };
  const disk: Disk = { ...old, incarnation: old.incarnation + 1 };
  const recovered = {
    incarnation: disk.incarnation,
    storeUuid: storeUuidOf(config.name),
    clean: before === null,
    messages: byAge(disk.messages),
    received: Object.entries(disk.received).map(([sender, activities]) => ({ sender, activities })),
  };
  const { mta, effects } = context.core.start(config, recovered, context.nowMs);
  context.record?.(at, { type: 'start', config, recovered }, effects, null, mta);
  const run = new Run(context, { at, mta, disk, pending: [] });
  for (const effect of effects) if (effect.type !== 'listen') run.perform(effect);
  for (const effect of effects) if (effect.type === 'listen') run.perform(effect);
  run.breach ??= listensBroken(config, effects);
  run.begin();
  return finished(context, at, run, 1);
}

/** An input arrives at an MTA. @param key identifies the input among all possible inputs of this state. */
export function arrived(context: StepContext, node: NodeState, key: unknown, input: () => Input): StepResult {
  return remembered(context, node, key, () => {
    const run = new Run(context, node);
    const given = input();
    run.take(given);
    return finished(context, node.at, run, given.type === 'accepted' ? node.nextAccepted + 2 : node.nextAccepted);
  });
}

/** The waiting writes reach the disk. */
export function committed(context: StepContext, node: NodeState): StepResult {
  return remembered(context, node, 'commit', () => {
    const run = new Run(context, node);
    run.commit();
    return finished(context, node.at, run, node.nextAccepted);
  });
}

export function crashed(context: StepContext, node: NodeState): StepResult {
  return remembered(context, node, 'crash', () => started(context, node.at, node));
}

function remembered({ cache }: StepContext, node: NodeState, key: unknown, compute: () => StepResult): StepResult {
  const known = cache.get(node, key);
  if (known !== undefined) return known;
  const result = compute();
  cache.set(node, key, result);
  return result;
}

/** One timer fires, and no other. */
export function fired(context: StepContext, node: NodeState, timer: Timer): StepResult {
  return remembered(context, node, `timer ${timer.kind} ${timer.entry} ${timer.id}`, () => {
    const run = new Run(context, { ...node, mta: due(node.mta, timer, context.nowMs) });
    run.take({ type: 'timer' });
    return finished(context, node.at, run, node.nextAccepted);
  });
}
