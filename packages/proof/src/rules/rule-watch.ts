/** Applies the rules to a simulated lab: after every step to the changes of that step, and once more at the end. */
import type { VirtualNode } from '@mtalab/engine';
import {
  describeActivity,
  type Effect,
  findRow,
  firstRow,
  type LtabEntry,
  ltabOf,
  type Mta,
  ntError,
  ownerOfConnection,
  receivedOf,
  rowOf,
  rowsIn,
  type StoredMessage,
  type StoreEffect,
} from '@mtalab/mta-core';
import type { Simulation } from '../simulator/simulation.js';
import { bindingsBroken, listensBroken } from './bindings.js';
import { type Breach, Violation } from './catalogue.js';
import { checkpointsBroken, controlBlocksBroken, waitsInVain } from './connector.js';
import { FlightWatch, flightBroken, flightsDiffer } from './flight.js';
import { beyondLimits, entryBeyondLimits, leftOver, mostCalls, tableBeyondLimits, thresholdBroken, undrained } from './limits.js';
import { MailLedger } from './mail.js';
import { openingBroken } from './opening.js';
import { Pace } from './pace.js';
import { canReach, endsEarly, mostEndedEarly } from './reach.js';
import { incarnationBroken, recoveryBroken } from './recovery.js';
import { type SentConfirmation, sentApdus, sentConfirmations } from './sent-apdus.js';
import { startBroken } from './starting.js';
import { noHolder, twoHolders, unduePdus } from './turn.js';

/** Longer than the longest delay of a fault plus the longest call timeout, ms. */
const aftermathMs = 400_000;

function insist(breach: Breach | null, mta?: string): void {
  if (breach !== null) throw new Violation(mta === undefined || breach.mta !== undefined ? breach : { ...breach, mta });
}

export class RuleWatch {
  readonly mail = new MailLedger();
  readonly #simulation: Simulation;
  readonly #indices: ReadonlyMap<string, number>;
  /** By MTA and entry: the index of the peer, and of the peer's entry for this MTA. */
  readonly #facing: readonly (readonly { readonly peer: number; readonly entry: number }[])[];
  /** Entries that have changed since the lab was last quiet, as MTA * stride + entry. */
  readonly #changed = new Set<number>();
  readonly #stride: number;
  /** MTAs whose connections have changed since the lab was last quiet. */
  readonly #touched = new Set<number>();
  readonly #pace = new Pace();
  /** Attempts in a row that their time limit has ended before they reached an MTA, by the way of their dials. */
  readonly #endedEarly = new Map<string, number>();
  /** By MTA. A start has new connections. */
  readonly #flights: FlightWatch[] = [];
  #legacy: boolean;
  /** Has an operator switched an article during the run? */
  #switched = false;
  #stops = false;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    const { mtas } = simulation.setup;
    this.#legacy = mtas.some(({ legacy }) => legacy.length > 0);
    this.#stride = mtas.length + 1;
    const indices = new Map(mtas.map(({ name }, index) => [name, index] as const));
    this.#indices = indices;
    this.#facing = mtas.map(({ name, peers }) =>
      peers.map((peer) => {
        const index = indices.get(peer.name) ?? -1;
        return { peer: index, entry: mtas[index]?.peers.findIndex((each) => each.name === name) ?? -1 };
      }),
    );
  }

  /** From now on an MTA may have legacy behaviour, so the rules ignore complaints of its peers. */
  legacyAllowed(): void {
    this.#legacy = true;
    this.#switched = true;
  }

  operatorStops(): void {
    this.#stops = true;
  }

  started(node: VirtualNode, mta: Mta, effects: readonly Effect[]): void {
    insist(listensBroken(node.config, effects));
    this.#flights[node.index] = new FlightWatch();
    this.#all(node, mta);
  }

  #all(node: VirtualNode, mta: Mta): void {
    for (const entry of ltabOf(mta)) this.#changed.add(node.index * this.#stride + entry.id - 1);
  }

  stepped(node: VirtualNode, before: Mta, after: Mta, effects: readonly Effect[]): void {
    if (effects.length > 0) this.#effects(node, before, after, effects);
    insist(startBroken(before, after, effects) ?? bindingsBroken(before, after, effects));
    const input = this.#simulation.engine.doing?.input;
    if (input !== undefined && input.type !== 'start') {
      insist(openingBroken({ before, after, input, effects }), node.name);
      insist(this.#flights[node.index]?.stepped(before, after, input, effects) ?? null);
    }
    const links = before.rpc !== after.rpc || before.x400 !== after.x400;
    if (links) this.#touched.add(node.index);
    if (links || before.queuedCopies !== after.queuedCopies) insist(beyondLimits(after));
    if (before.x400 !== after.x400 && !this.#switched) insist(controlBlocksBroken(after));
    this.#unconnected(node, before, after, effects);
    if (ltabOf(before) === ltabOf(after)) return;
    let associations = false;
    const stored = this.#simulation.engine.doing?.input.type === 'stored';
    for (const [index, entry] of ltabOf(after).entries()) {
      const old = ltabOf(before)[index];
      if (old === entry) continue;
      insist(entryBeyondLimits(after, entry) ?? flightBroken(after, entry));
      if (old !== undefined) insist(thresholdBroken(after, old, entry, stored));
      if (old?.associations === entry.associations) continue;
      if (old?.associations.length !== entry.associations.length) associations = true;
      this.#changed.add(node.index * this.#stride + index);
      if (old !== undefined) insist(recoveryBroken({ before, after }, old, entry) ?? incarnationBroken(old, entry), node.name);
      const facing = this.#facingEntry(node.index, index);
      if (facing !== undefined) insist(twoHolders(entry, facing) ?? flightsDiffer(entry, facing), node.name);
    }
    if (associations) insist(tableBeyondLimits(after));
  }

  #facingEntry(index: number, entry: number): LtabEntry | undefined {
    const facing = this.#facing[index]?.[entry];
    const peer = facing === undefined ? undefined : this.#simulation.nodes[facing.peer];
    return peer?.up === true && peer.mta !== null ? findRow(peer.mta.ltab, 1 + (facing?.entry ?? -1)) : undefined;
  }

  #effects(node: VirtualNode, before: Mta, after: Mta, effects: readonly Effect[]): void {
    insist(unduePdus(before, after, effects) ?? checkpointsBroken(before, after, effects));
    for (const { apdu } of sentApdus(before, after, effects))
      if (apdu.kind === 'begin') insist(this.#pace.begun(node.store.uuid, apdu.activity, this.#simulation.nowMs), node.name);
    for (const confirmed of sentConfirmations(before, after, effects)) this.#confirmed(node, before, after, confirmed);
    for (const effect of effects) {
      if (effect.type === 'report') {
        const { event } = effect;
        if (event.id === 1294) this.#quarrel(node, event.params.reason);
        else if (event.id === 9277) this.#unanswered(node, event.params.callName);
        else if (event.id === 9318 && event.params.ntError === ntError.serverUnavailable)
          this.#unreached(node, before, after, event.params.remoteServer, false);
        else if (event.id === 9322 && event.params.ntError === ntError.serverUnavailable)
          this.#unreached(node, before, after, event.params.remoteServer, true);
      } else if (effect.type === 'frame' && effect.link === 'rpc') {
        const { conn } = effect;
        const connection = findRow(after.rpc.connections, conn);
        const calls = connection?.calls.size ?? 0;
        if (calls > mostCalls(after, connection?.owner ?? null))
          insist({ rule: 'limits', detail: `${calls} calls wait on connection ${conn}.` }, node.name);
      }
    }
  }

  /** Checks an aborted association. The rules ignore an abort that the peer reports: they have checked it at the peer. */
  #quarrel(node: VirtualNode, reason: string): void {
    // The reason of a breach names the state; other reasons are not faults of an MTA.
    if (this.#legacy || !/^fault on | in state [a-z-]+, Turn /.test(reason)) return;
    // A stop may end an association while the other side acts on it.
    if (this.#stops && reason.startsWith('close in state')) return;
    insist({ rule: 'no-quarrel', detail: `It aborts an association: ${reason}.` }, node.name);
  }

  /** Checks a call that the MTA gave up. The aftermath of a fault may still cause that for a while. */
  #unanswered(node: VirtualNode, call: string): void {
    const { nowMs, setup, safety } = this.#simulation;
    if (safety || nowMs < setup.safetyMs + aftermathMs) return;
    insist({ rule: 'answered', detail: `${call} has no answer, although the last fault was long ago.` }, node.name);
  }

  /** Checks attempts to open an association over an X.400 connector that have failed, although a control block was free. */
  #unconnected(node: VirtualNode, before: Mta, after: Mta, effects: readonly Effect[]): void {
    if (!effects.some((effect) => effect.type === 'report' && effect.event.id === 4284)) return;
    if (effects.some((effect) => effect.type === 'report' && effect.event.id === 9156)) return;
    for (const entry of ltabOf(after)) {
      const was = ltabOf(before)[entry.id - 1];
      if (entry.link === 'x400' && was !== undefined && entry.counters.failedOut > was.counters.failedOut)
        this.#unreached(node, before, after, entry.name, false);
    }
  }

  /**
   * Checks a failed attempt to reach an MTA. Did that MTA listen, and does an enabled binding reach it? The time limit may end an
   * attempt before it comes to that path. Then later attempts must try the others.
   * @param back this is a call back: the MTA itself has called before and named its addresses.
   */
  #unreached(node: VirtualNode, before: Mta, mta: Mta, name: string, back: boolean): void {
    const { nowMs, setup, safety, routes } = this.#simulation;
    if (safety || nowMs < setup.safetyMs + aftermathMs) return;
    const peer = this.#indices.get(name) ?? -1;
    const entry = ltabOf(before).find((each) => each.name === name);
    const endpoints = back ? routes.listeningAt(peer) : (entry?.endpoints ?? []);
    if (!canReach(mta, endpoints, (host, port) => routes.listens(peer, host, port))) return;
    // A dial of this attempt may have reached the MTA and then failed for another reason.
    const reachedAtMs = routes.reachedAtMs(node.index, peer);
    const way = `${node.index}>${peer}${back ? ' back' : ''}`;
    if (reachedAtMs >= 0 && nowMs - reachedAtMs <= mta.settings.openTimeoutS * 1000) return void this.#endedEarly.delete(way);
    const early = (this.#endedEarly.get(way) ?? 0) + 1;
    this.#endedEarly.set(way, early);
    if (entry !== undefined && endsEarly(before, entry, back, nowMs + node.offsetMs) && early <= mostEndedEarly(mta, endpoints))
      return;
    const detail = `It cannot reach ${name}, although that MTA listens, an enabled binding reaches it, and the last fault was long ago.`;
    insist({ rule: 'reachable', detail }, node.name);
  }

  #confirmed(node: VirtualNode, before: Mta, after: Mta, { conn, activity, upTo, stored }: SentConfirmation): void {
    const owner = ownerOfConnection(after, conn) ?? ownerOfConnection(before, conn);
    const entry = owner === null ? undefined : ltabOf(after)[owner.entry - 1];
    if (entry === undefined) return;
    const about = { rule: 'confirm-after-store', mta: node.name, message: describeActivity(activity) } as const;
    if (stored) {
      const sender = entry.peer?.storeUuid ?? '';
      if (node.store.everReceived.has(`${sender} ${activity}`)) return;
      throw new Violation({
        ...about,
        detail: `It confirms the whole message to ${entry.name}, but its store does not have the message.`,
      });
    }
    const row = rowOf(entry.incoming, activity);
    // If the activity has left this association, a late confirmation covers octets that the store had earlier.
    const kept =
      row === undefined || row.association !== owner?.association
        ? undefined
        : (node.store.contents.get(row.content)?.sizeBytes ?? 0);
    if (kept !== undefined && kept < upTo) {
      throw new Violation({ ...about, detail: `It confirms ${upTo} octets to ${entry.name}, but its store has ${kept}.` });
    }
  }

  /** Called when a submission is durable. */
  submissionStored(submissionId: string, mtsId: string): void {
    const planned = this.#simulation.clients.planned(submissionId);
    if (planned === undefined) return;
    const { sizeBytes, originator, recipients } = planned;
    this.mail.accepted(submissionId, mtsId, { content: submissionId, sizeBytes, originator, recipients });
  }

  /** Called when messages are durable. */
  accepted(node: VirtualNode, effect: StoreEffect): void {
    if (effect.setAside !== undefined) this.#setAside(node, effect, effect.setAside.content);
    for (const message of effect.accept) {
      this.mail.copies(node.store.uuid, message);
      if (effect.render !== undefined && effect.render.content === message.content) {
        const sizeBytes = node.store.contents.get(message.content)?.sizeBytes ?? 0;
        this.mail.report(message.envelope, effect.render.facts, sizeBytes);
      }
    }
  }

  /** The store still has the message: it erases the copies after this. */
  #setAside(node: VirtualNode, { accept }: StoreEffect, content: number): void {
    const envelope = node.store.messages.get(content)?.envelope;
    if (envelope === undefined) return;
    const { mtsId: message, originator } = envelope;
    const breach = (detail: string): void => insist({ rule: 'set-aside', message, detail }, node.name);
    if (node.store.damageOf(content) === null) breach('It sets aside a message that its store can read.');
    if (originator === '') this.mail.setAside(message);
    else if (accept.length === 0) breach('It sets a message aside, and the originator gets no report.');
  }

  /** Called when a store erases a copy. */
  erased(node: VirtualNode, message: StoredMessage, { id, destination }: StoredMessage['copies'][number]): void {
    if (node.store.delivered.has(id)) return;
    const peer = destination.to === 'mta' ? this.#simulation.nodes[this.#indices.get(destination.mta) ?? -1] : undefined;
    if (peer?.store.everReceived.has(`${node.store.uuid} ${id}`) === true) return;
    const to =
      destination.to === 'mta' ? destination.mta : destination.to === 'mailbox' ? destination.address : 'the dead letters';
    const detail = `It erases the copy for ${to}, but the copy has not arrived there.`;
    throw new Violation({ rule: 'kept-until-confirmed', mta: node.name, message: message.envelope.mtsId, detail });
  }

  faultsEnded(): void {
    for (const node of this.#simulation.nodes) if (node.mta !== null) this.#all(node, node.mta);
  }

  /** Called when no fault lasts and nothing is under way: each changed association must have a holder, and each call an answer. */
  quiet(): void {
    for (const index of this.#touched) {
      const { mta, name } = this.#simulation.nodes[index] as VirtualNode;
      const stuck = (mta === null ? [] : rowsIn(mta.rpc.connections)).find(
        ({ side, calls }) => side === 'server' && calls.size > 0,
      );
      if (stuck !== undefined) {
        const detail = `${firstRow(stuck.calls)?.op} on connection ${stuck.id} has no answer, and nothing is under way.`;
        insist({ rule: 'answered', detail }, name);
      }
      if (mta !== null && this.#simulation.nodes[index]?.up === true) insist(waitsInVain(mta));
    }
    this.#touched.clear();
    for (const key of this.#changed) {
      const [index, at] = [Math.floor(key / this.#stride), key % this.#stride];
      const node = this.#simulation.nodes[index];
      const entry = node?.up === true && node.mta !== null ? findRow(node.mta.ltab, 1 + at) : undefined;
      const facing = this.#facingEntry(index, at);
      if (entry !== undefined && facing !== undefined) insist(noHolder(entry, facing), node?.name);
    }
    this.#changed.clear();
  }

  /** Checks the lab at rest. */
  atEnd(): void {
    const { nodes, engine } = this.#simulation;
    for (const { mta } of nodes) if (mta !== null) insist(undrained(mta));
    insist(this.mail.atEnd());
    for (const node of nodes) {
      if (!node.up || node.mta === null) throw new Violation({ rule: 'rest', mta: node.name, detail: 'It is not running.' });
      insist(leftOver(node.mta));
      this.#storeAtRest(node, node.mta);
    }
    const { count } = engine.network.connections;
    if (count > 0) throw new Violation({ rule: 'rest', detail: `${count} connections are left.` });
  }

  #storeAtRest({ name, store }: VirtualNode, mta: Mta): void {
    const left = (what: string): void => insist({ rule: 'rest', mta: name, detail: `${what}.` });
    if (store.messages.size > 0) left(`Its store still has ${store.messages.size} messages`);
    if (store.contents.size > 0) left(`Its store still has ${store.contents.size} contents that belong to no message`);
    for (const sender of new Set([...store.received.keys(), ...Object.keys(mta.senders)])) {
      const kept = store.received.get(sender) ?? new Set<number>();
      const known = receivedOf(mta, sender);
      const count = known.reduce((sum, [low, high]) => sum + high - low + 1, 0);
      const same = count === kept.size && known.every(([low, high]) => kept.has(low) && kept.has(high));
      if (!same) left(`It remembers ${count} activities of ${sender}, its store ${kept.size}`);
    }
  }
}
