/** Starts and stops an MTA. */

import type { MtaConfig, PeerConfig, Settings } from '../catalogues/settings.js';
import { emptyCopyQueue } from '../collections/copy-queue.js';
import { emptyFifo } from '../collections/fifo.js';
import { intervalsOf } from '../collections/intervals.js';
import { emptyTree, treeOf } from '../collections/tree.js';
import { inOrder } from '../links/dial-order.js';
import { idleRuntime } from '../links/rpc/state.js';
import { idleX400 } from '../links/x400/state.js';
import { deliverNext } from '../mail/mailboxes.js';
import type { StoredMessage } from '../mail/message.js';
import { setAsideAtStart } from '../mail/nondelivery.js';
import { countCopies, enqueue } from '../mail/queue.js';
import { abortAssociation, endAssociation } from '../reliable-transfer/association/end.js';
import { beginStep } from './begin-step.js';
import type { Context } from './context.js';
import type { Recovered } from './input.js';
import type { LtabEntry, Mta, QueuedCopy } from './state.js';
import { emit, entryAt, entryIdsOf, incarnationStride, patchMta, report } from './update.js';

function newEntry(peer: PeerConfig, index: number, settings: Settings): LtabEntry {
  const queue = emptyCopyQueue<QueuedCopy>();
  return {
    id: index + 1,
    name: peer.name,
    link: peer.link ?? 'rpc',
    endpoints: peer.endpoints,
    password: peer.password,
    settings: peer.overrides === undefined ? settings : { ...settings, ...peer.overrides },
    activation: peer.activation ?? 'always',
    queues: { urgent: queue, normal: queue, 'non-urgent': queue },
    waiting: emptyTree(),
    queued: 0,
    queuedBytes: 0,
    associations: [],
    openFailures: 0,
    openRetryAtMs: null,
    dialFirst: inOrder,
    activeAtMs: null,
    lastError: null,
    peer: null,
    settling: [],
    incoming: [],
    storing: emptyTree(),
    counters: {
      messagesOut: 0,
      messagesIn: 0,
      bytesOut: 0,
      bytesIn: 0,
      associationsOut: 0,
      associationsIn: 0,
      failedOut: 0,
      rejectedIn: 0,
      turnsGiven: 0,
      turnsReceived: 0,
      pleasesSent: 0,
      pleasesReceived: 0,
      recoveries: 0,
      duplicates: 0,
      reports: 0,
    },
    latest: { inboundAtMs: null, outboundAtMs: null, rejectReason: null, failureReason: null },
    turnMs: { held: 0, 'asked-of': 0, given: 0, theirs: 0, asking: 0 },
    deadlineMs: null,
  };
}

function initial(config: MtaConfig, recovered: Recovered): Mta {
  const received = recovered.received.map(({ sender, activities }, index) => ({
    id: index + 1,
    sender,
    activities: intervalsOf(activities),
  }));
  const routes = config.routes.filter(({ domain }, at) => config.routes.findIndex((route) => route.domain === domain) === at);
  return {
    name: config.name,
    version: config.version,
    build: config.build,
    settings: config.settings,
    bindings: config.bindings.map((binding, id) => ({ ...binding, id })),
    cluster: config.cluster,
    mapperPort: config.mapperPort,
    x400Port: config.x400Port ?? null,
    advertise: config.advertise,
    routes: {
      byDomain: Object.fromEntries(routes.filter(({ domain }) => domain !== '*').map(({ domain, mta }) => [domain, mta])),
      other: routes.find(({ domain }) => domain === '*')?.mta ?? null,
    },
    localDomains: config.localDomains,
    legacy: [...config.legacy].sort(),
    incarnation: recovered.incarnation,
    storeUuid: recovered.storeUuid,
    phase: 'starting',
    stopAtMs: null,
    rpc: { ...idleRuntime, nextGroup: firstGroup(recovered.incarnation) },
    x400: idleX400,
    memory: { connections: emptyTree() },
    nextConnection: 2,
    ltab: treeOf(config.peers.map((peer, index) => newEntry(peer, index, config.settings))),
    entryIds: Object.fromEntries(config.peers.map(({ name }, index) => [name, index + 1])),
    associationsInAll: 0,
    associationsLimited: 0,
    overLimit: [],
    nextNumber: recovered.incarnation * incarnationStride + 1,
    nextToken: 1,
    stores: emptyTree(),
    forgets: emptyTree(),
    mailboxes: { queue: emptyFifo(), delivering: [], waiting: emptyTree() },
    senders: Object.fromEntries(received.map(({ sender, id }) => [sender, id])),
    received: treeOf(received.map(({ id, activities }) => ({ id, activities }))),
    queuedCopies: 0,
    counters: { submitted: 0, delivered: 0, deadLetters: 0, loopsDetected: 0, reports: 0, setAside: 0 },
  };
}

/**
 * Each start counts group ids from another number. Otherwise a peer that has not noticed the restart could name an old group that
 * is now the group of another peer's association, and join it.
 */
function firstGroup(incarnation: number): number {
  const [starts, groupsEach] = [0xffff, 0x10000];
  return ((incarnation - 1) % starts) * groupsEach + 1;
}

/** The first step of an MTA, before anything has happened in it. */
export function beginning(config: MtaConfig, recovered: Recovered, nowMs: number): Context {
  const mta = initial(config, recovered);
  return beginStep(mta, nowMs);
}

/** Reports an unclean stop, queues what the store kept, and opens the listeners. */
export function startUp(ctx: Context, recovered: Recovered): void {
  if (!recovered.clean) {
    report(ctx, 2219, {});
    for (const { queue, file } of recovered.check?.queues ?? []) report(ctx, 2206, { queue, file });
    report(ctx, 2207, { path: recovered.check?.detailsPath ?? '' });
  }
  const { messages, damaged = [] } = recovered;
  const named = new Set(damaged.map(({ content }) => content));
  const spoiled = new Map<number | null, StoredMessage>();
  // One after the other, and once: there may be very many, and the store reads each from the disk.
  for (const message of messages) {
    countCopies(ctx, message.copies.length);
    // How far its transfers had come is unknown, so it counts as sent whole.
    if (!named.has(message.content)) enqueue(ctx, [message], true);
    else spoiled.set(message.content, message);
  }
  giveUpDamaged(ctx, spoiled, damaged);
  for (const link of Object.values(ctx.links)) link.listen(ctx);
  runWhenReady(ctx);
}

/** Gives up the messages that the store's check found damaged, and logs the rest of the damage. */
function giveUpDamaged(
  ctx: Context,
  spoiled: ReadonlyMap<number | null, StoredMessage>,
  damaged: NonNullable<Recovered['damaged']>,
): void {
  for (const { content, detail } of damaged) {
    const message = spoiled.get(content);
    if (message !== undefined) setAsideAtStart(ctx, message, detail);
    else {
      const object = content === null ? 'unknown' : `content ${content}`;
      report(ctx, 2171, { databaseError: detail, object, mtsId: 'unknown' });
    }
  }
}

/** Once every listener is up or has failed, a starting MTA runs, or halts if it cannot. */
export function runWhenReady(ctx: Context): void {
  if (ctx.mta.phase !== 'starting') return;
  const each = Object.values(ctx.links).map((link) => link.readiness(ctx.mta));
  if (each.includes('waiting')) return;
  if (!each.includes('impossible')) return running(ctx);
  report(ctx, 9266, {});
  patchMta(ctx, { phase: 'halted' });
  emit(ctx, { type: 'halt', code: 1, clean: false });
}

function running(ctx: Context): void {
  patchMta(ctx, { phase: 'running' });
  report(ctx, 9298, { version: ctx.mta.version, build: ctx.mta.build });
  deliverNext(ctx);
  ctx.thresholdChecks = entryIdsOf(ctx.mta);
}

/** Begins an orderly stop: no new activity, associations close, then the MTA halts. */
export function stopping(ctx: Context): void {
  if (ctx.mta.phase === 'stopping' || ctx.mta.phase === 'halted') return;
  patchMta(ctx, { phase: 'stopping', stopAtMs: ctx.nowMs + ctx.mta.settings.stopTimeoutS * 1000 });
}

/** Aborts the remaining associations once the stop timeout has passed. */
export function stopNow(ctx: Context): void {
  if (ctx.mta.phase !== 'stopping' || ctx.mta.stopAtMs === null || ctx.mta.stopAtMs > ctx.nowMs) return;
  patchMta(ctx, { stopAtMs: null });
  for (const entry of entryIdsOf(ctx.mta)) {
    for (const { id: association, state } of entryAt(ctx, entry).associations) {
      const ref = { entry, association };
      if (state === 'open') abortAssociation(ctx, ref, 'localSystemProblem', 'this MTA is stopping');
      else endAssociation(ctx, ref);
    }
  }
}

/** Halts a stopping MTA when nothing is left to do. Queued mail stays in the store. */
export function haltWhenDone(ctx: Context): void {
  const { mta } = ctx;
  if (mta.phase !== 'stopping') return;
  if (mta.stores.size > 0) return;
  // A broken disk must not keep this process alive for ever. A copy it did not erase is sent or delivered again, and then
  // recognised.
  if (mta.stopAtMs !== null && (mta.forgets.size > 0 || mta.mailboxes.delivering.length > 0)) return;
  if (mta.associationsInAll > 0) return;
  report(ctx, 9299, { version: mta.version, build: mta.build });
  patchMta(ctx, { phase: 'halted', stopAtMs: null });
  emit(ctx, { type: 'halt', code: 0, clean: true });
}
