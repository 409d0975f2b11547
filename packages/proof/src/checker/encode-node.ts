/**
 * Encodes states of nodes as rows of numbers, for the fingerprint: see `codes.ts`. The rows omit data that no decision of the core
 * depends on (counters, instants, names of events, texts of reports). Of a deadline they say only whether it is armed.
 */
import {
  type Association,
  awaitedCheckpoint,
  type Carrier,
  type Connection,
  type DialPath,
  findRow,
  inOrder,
  type LocalCopy,
  type LtabEntry,
  ltabOf,
  type Mta,
  type PendingStore,
  priorities,
  type QueuedCopy,
  receivedOf,
  rowOf,
  rowsIn,
  rowsOf,
  type StoredMessage,
  type Transfer,
  type X400Connection,
} from '@mtalab/mta-core';
import { armed, flag, orNull, tag, word } from './codes.js';
import { encodeAttempt, encodeConnector, encodeX400Connection } from './encode-connector.js';
import { encodeArgument } from './encode-pdu.js';
import type { PendingWrite } from './node-step.js';
import type { TextNumbers } from './text-numbers.js';

export type NodeCode = {
  readonly head: readonly number[];
  /** Per adjacent MTA. */
  readonly entries: readonly { readonly peer: number; readonly code: readonly number[] }[];
  /** Per connection. */
  readonly rows: readonly { readonly conn: number; readonly code: readonly number[] }[];
};

export type NodeParts = {
  readonly at: number;
  readonly mta: Mta;
  readonly messages: readonly StoredMessage[];
  readonly received: Readonly<Record<string, readonly number[]>>;
  readonly boxes: readonly number[];
  readonly pending: readonly PendingWrite[];
};

export function encodeNode(parts: NodeParts, numbers: TextNumbers): NodeCode {
  const writer = new Writer(parts.at, parts.mta, numbers);
  return {
    head: writer.head(parts),
    entries: ltabOf(parts.mta).map((entry) => ({ peer: numbers.mta(entry.name), code: writer.entry(entry, parts) })),
    rows: [
      ...rowsIn(parts.mta.rpc.connections).map((row) => ({ conn: row.id, code: writer.row(row) })),
      ...rowsIn(parts.mta.x400.connections).map((row) => ({ conn: row.id, code: writer.x400Row(row) })),
    ],
  };
}

class Writer {
  readonly #at: number;
  readonly #mta: Mta;
  readonly #numbers: TextNumbers;

  constructor(at: number, mta: Mta, numbers: TextNumbers) {
    this.#at = at;
    this.#mta = mta;
    this.#numbers = numbers;
  }

  head({ messages, boxes, pending }: NodeParts): number[] {
    const { mailboxes, phase, stores, forgets, incarnation } = this.#mta;
    const code: number[] = [word(phase), tag.incarnation, this.#at, incarnation, messages.length];
    // The operator switches all articles off together.
    code.push(flag(this.#mta.legacy.length > 0));
    this.#hosts(code);
    const ordered = [...messages].sort((one, other) => (one.copies[0]?.id ?? 0) - (other.copies[0]?.id ?? 0));
    for (const message of ordered) {
      code.push(tag.message, this.#numbers.message(message.envelope.mtsId), message.copies.length);
      for (const copy of message.copies) code.push(tag.copy, this.#at, copy.id, word(copy.destination.to));
    }
    code.push(boxes.length);
    for (const id of boxes) code.push(tag.copy, this.#at, id);
    for (const list of [[...rowsOf(mailboxes.queue)], mailboxes.delivering, rowsIn(mailboxes.waiting)]) {
      code.push(list.length);
      for (const copy of list) this.#local(code, copy);
    }
    code.push(stores.size);
    for (const store of rowsIn(stores)) this.#store(code, store);
    code.push(forgets.size, pending.length);
    for (const { copies, named } of rowsIn(forgets)) {
      code.push(flag(named));
      this.#ids(code, this.#at, copies);
    }
    for (const write of pending) this.#write(code, write);
    return code;
  }

  /** State that depends on several addresses; empty if there is one. */
  #hosts(code: number[]): void {
    const { bindings, rpc, x400 } = this.#mta;
    if (bindings.length < 2) return;
    for (const { id, enabled } of bindings) code.push(id, flag(enabled));
    for (const { id, state } of [...rpc.addresses, ...x400.listeners]) code.push(id, word(state));
    // The set of hosts matters, not their order.
    for (const [number, name] of this.#numbers.mtas.entries()) if (rpc.misfiled.includes(name)) code.push(1 + number);
    code.push(0);
  }

  /** A path, as indices into the peer's endpoints and the own bindings. */
  #path(code: number[], { endpoint, from }: DialPath, endpoints: readonly string[]): void {
    code.push(1 + endpoints.indexOf(endpoint), 1 + this.#mta.bindings.findIndex(({ address }) => address === from));
  }

  #local(code: number[], copy: LocalCopy): void {
    code.push(
      tag.copy,
      this.#at,
      copy.id,
      tag.message,
      this.#numbers.message(copy.envelope.mtsId),
      word(copy.destination.to),
      copy.failures,
    );
  }

  #ids(code: number[], store: number, ids: readonly number[]): void {
    code.push(ids.length);
    for (const id of ids) code.push(tag.copy, store, id);
  }

  #store(code: number[], store: PendingStore): void {
    code.push(word(store.purpose));
    if (store.purpose === 'segment') {
      code.push(tag.copy, this.#peer(store.entry), store.activity, store.upTo, ...this.#reply(store.entry, store));
      return;
    }
    for (const message of store.messages) {
      code.push(tag.message, this.#numbers.message(message.envelope.mtsId));
      this.#ids(
        code,
        this.#at,
        message.copies.map(({ id }) => id),
      );
    }
    if (store.purpose === 'report') code.push(tag.copy, this.#at, store.subject.id);
    if (store.purpose !== 'reception') return;
    code.push(tag.copy, this.#peer(store.entry), store.activity, store.settled ? 1 : 0, store.replies.length);
    for (const { conn, serial, association } of store.replies) {
      code.push(...this.#reply(store.entry, { conn, serial }), ...this.#owner({ entry: store.entry, association }));
    }
  }

  /** Where an answer goes: a call of RPC, or a checkpoint of an X.400 connector. 0: no checkpoint waits for the answer any more. */
  #reply(entry: number, { conn, serial }: { readonly conn: number; readonly serial: number }): number[] {
    if (ltabOf(this.#mta)[entry - 1]?.link !== 'x400') return [tag.call, this.#at, conn, serial];
    const received = findRow(this.#mta.x400.connections, conn)?.received ?? null;
    const checkpoint = received === null ? null : awaitedCheckpoint(received, serial);
    return [tag.connection, this.#at, conn, checkpoint ?? 0];
  }

  /** The parts of a write that the core's own record of the write does not show. */
  #write(code: number[], write: PendingWrite): void {
    code.push(word(write.type));
    if (write.type !== 'settle') return;
    const store = this.#numbers.store(write.sender);
    this.#ids(code, store, write.activities);
    if (write.below !== undefined) code.push(tag.from, store, write.below);
  }

  #entryOf(peer: number): number {
    return ltabOf(this.#mta).findIndex(({ name }) => this.#numbers.mta(name) === peer);
  }

  #peer(entry: number): number {
    return this.#numbers.mta(ltabOf(this.#mta)[entry - 1]?.name ?? '');
  }

  #owner(owner: { readonly entry: number; readonly association: number } | null): number[] {
    const entry = owner === null ? undefined : ltabOf(this.#mta)[owner.entry - 1];
    const association = entry === undefined || owner === null ? undefined : rowOf(entry.associations, owner.association);
    if (association === undefined) return [flag(owner !== null)];
    return [2, tag.association, this.#numbers.of(association.name)];
  }

  entry(entry: LtabEntry, { received }: NodeParts): number[] {
    const code: number[] = [];
    const peer = this.#numbers.mta(entry.name);
    const uuid = [...Object.keys(received)].find((each) => this.#numbers.store(each) === peer) ?? '';
    this.#ids(code, peer, received[uuid] ?? []);
    // The core's memory, if it differs from its disk.
    const remembered = receivedOf(this.#mta, uuid).flatMap(([low, high]) =>
      Array.from({ length: high - low + 1 }, (_each, index) => low + index),
    );
    if (remembered.join() !== (received[uuid] ?? []).join()) this.#ids(code, peer, remembered);
    for (const priority of priorities) {
      code.push(entry.queues[priority].size);
      // Its queues are shorter than what is in memory.
      for (const copy of rowsOf(entry.queues[priority].front)) this.#queued(code, copy);
    }
    code.push(entry.waiting.size);
    for (const copy of rowsIn(entry.waiting)) this.#queued(code, copy);
    // Failures count only towards a limit that a bounded number of faults cannot reach.
    const failures = entry.settings.maxOpenRetries < 20 ? entry.openFailures : 0;
    code.push(entry.queued, failures, armed(entry.openRetryAtMs), flag(this.#mta.overLimit.includes(entry.id)));
    for (const path of [entry.dialFirst.out, entry.dialFirst.back]) {
      code.push(flag(path !== null));
      if (path !== null) this.#path(code, path, entry.endpoints);
    }
    if (entry.peer === null) code.push(0);
    else code.push(tag.incarnation, peer, entry.peer.incarnation, tag.from, peer, entry.peer.settledBelow);
    this.#ids(code, this.#at, entry.settling);
    code.push(entry.incoming.length);
    for (const row of entry.incoming) {
      code.push(tag.copy, peer, row.id, row.arrived, row.kept, row.unconfirmed, armed(row.untilMs), tag.message);
      code.push(this.#numbers.message(row.envelope.mtsId), ...this.#owner({ entry: entry.id, association: row.association }));
    }
    code.push(entry.associations.length);
    for (const association of entry.associations) this.#association(code, association, entry, peer);
    if (entry.link === 'x400') encodeConnector(code, this.#mta, entry.id, this.#names());
    return code;
  }

  #queued(code: number[], copy: QueuedCopy): void {
    code.push(tag.copy, this.#at, copy.id, tag.message, this.#numbers.message(copy.envelope.mtsId), copy.failures);
    code.push(copy.confirmedUntilMs === null ? 0 : copy.confirmedUpTo, flag(copy.sentWhole), flag(copy.strayed === true));
    code.push(copy.interruptions ?? 0, flag(copy.damage !== undefined));
  }

  #association(code: number[], association: Association, { link, endpoints }: LtabEntry, peer: number): void {
    const { role, state, turn, statedTurn, askedPriority, transfers } = association;
    const name = this.#numbers.of(association.name);
    code.push(tag.association, name, word(role), word(state), word(turn), tag.recovery, name, association.recovery);
    code.push(statedTurn === null ? 0 : 1 + word(statedTurn), orNull(askedPriority), association.transfersSinceAsked);
    code.push(flag(association.urgentOnly), association.fruitlessLosses);
    const carrier = findRow(this.#mta.rpc.carriers, association.id);
    if (carrier !== undefined) this.#carrier(code, carrier, peer);
    if (link === 'x400')
      encodeAttempt(code, this.#mta, association.id, (endpoint, from) => this.#path(code, { endpoint, from }, endpoints));
    const { lifetimeAtMs, disconnectAtMs, recoverAtMs } = association;
    const waits = state !== 'open' && state !== 'closing' && disconnectAtMs !== null;
    code.push(armed(lifetimeAtMs), flag(association.wantsClose), flag(waits), armed(recoverAtMs), flag(association.moved > 0));
    // What is agreed matters only if it is more than 1, as each activity then counts. The rest follows from the activities.
    if (association.activitiesInFlight > 1) code.push(association.activitiesInFlight, association.unanswered);
    code.push(transfers.size);
    if (transfers.size === 0) return;
    const conn = carrier?.ownData.conn ?? this.#x400Connection(association.id);
    for (const transfer of inOrder(association)) this.#transfer(code, transfer, conn);
  }

  #transfer(code: number[], transfer: Transfer, conn: number): void {
    this.#queued(code, transfer.copy);
    code.push(transfer.sentUpTo, transfer.confirmedUpTo, flag(transfer.ended), flag(transfer.started), flag(transfer.discarding));
    code.push(transfer.unconfirmed.length);
    for (const call of transfer.unconfirmed) code.push(tag.call, this.#at, conn, call);
  }

  #x400Connection(association: number): number {
    return rowsIn(this.#mta.x400.connections).find(({ owner }) => owner?.association === association)?.id ?? 0;
  }

  #names(): Parameters<typeof encodeX400Connection>[1] {
    return {
      at: this.#at,
      numbers: this.#numbers,
      peer: (entry) => this.#peer(entry),
      owner: (owner) => this.#owner(owner),
    };
  }

  x400Row(row: X400Connection): number[] {
    return encodeX400Connection(row, this.#names());
  }

  #carrier(code: number[], carrier: Carrier, peer: number): void {
    const { phase, pathsLeft, path, ownFirst, peerFirst, ownData, peerData, ownGroup, peerGroup, answering, held } = carrier;
    code.push(word(phase), pathsLeft.length, flag(path !== null));
    const endpoints = ltabOf(this.#mta)[this.#entryOf(peer)]?.endpoints ?? [];
    for (const each of [...pathsLeft, ...(path === null ? [] : [path])]) this.#path(code, each, endpoints);
    for (const conn of [ownFirst, peerFirst, ownData.conn, peerData]) this.#conn(code, conn);
    if (ownGroup === null) code.push(0);
    else code.push(tag.group, peer, ownGroup);
    if (peerGroup === null) code.push(0);
    else code.push(tag.group, this.#at, peerGroup.group, peerGroup.address);
    code.push(word(ownData.state), armed(ownData.retryAtMs));
    if (answering === null) code.push(0);
    else code.push(tag.call, this.#at, answering.conn, answering.call);
    code.push(held.length);
    for (const { conn, call, argument } of held) {
      code.push(tag.call, this.#at, conn, call);
      encodeArgument(code, argument, this.#numbers, peer, this.#at);
    }
  }

  #conn(code: number[], conn: number | null): void {
    if (conn === null) code.push(0);
    else code.push(tag.connection, this.#at, conn);
  }

  /** The address whose table holds a group. */
  #filedAt(group: number): number {
    return this.#mta.rpc.addresses.findIndex(({ groups }) => findRow(groups, group) !== undefined);
  }

  row(row: Connection): number[] {
    const code: number[] = [word(row.phase), flag(row.multiplex), ...this.#owner(row.owner)];
    const peer = row.owner === null ? -1 : this.#peer(row.owner.entry);
    if (row.group === 0) code.push(0);
    else code.push(tag.group, row.side === 'server' ? this.#at : peer, row.group);
    if (row.side === 'server') code.push(row.address ?? 0, 1 + this.#filedAt(row.group));
    code.push(row.calls.size);
    for (const call of rowsIn(row.calls)) code.push(tag.call, this.#at, row.id, call.id, word(call.op));
    return code;
  }
}
