/**
 * The memory link: one connection for each association, frames in order, no RPC. It is the smallest link for the reliable
 * transfer. Tests use it to show that no rule of associations and the Turn depends on RPC; a browser can use it too.
 *
 * The core dials by name, and the driver connects at once or reports a failure. The initiator sends `open`, the responder
 * `open-answer`. Both directions share the connection, so no frame overtakes another. A Turn-Please has no answer, so a side that
 * only asks does not notice a loss that the driver does not report.
 */
import { dropRow, dueRows, findRow, putRow, rowsIn } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { Input } from '../../machine/input.js';
import type { AssociationRef, Mta } from '../../machine/state.js';
import { associationOf, emit, entryAt, markChanged, patchMta, takeConnection } from '../../machine/update.js';
import { mostActivities, type SendApdu } from '../../reliable-transfer/apdu.js';
import type { Link, LinkView } from '../link.js';
import type { MemoryFrame } from './frame.js';
import type { MemoryConnection } from './state.js';

/**
 * How long the answer to an RTTR, a discard, a Turn-Give or a close may take before the peer counts as gone: as long as for an
 * RPC call.
 */
const answerTimeoutMs = 120_000;

type Frame<Type extends MemoryFrame['type']> = Extract<MemoryFrame, { type: Type }>;

const connectionDue = ({ deadlineMs }: MemoryConnection): number | null => deadlineMs;

function connectionOf(mta: Mta, conn: number): MemoryConnection | undefined {
  return findRow(mta.memory.connections, conn);
}

/** The connection of an association. Few are open at a time, so a linear search is enough. */
function connectionFor(mta: Mta, { entry, association }: AssociationRef): MemoryConnection | undefined {
  return rowsIn(mta.memory.connections).find(({ owner }) => owner?.entry === entry && owner.association === association);
}

function put(ctx: Context, connection: MemoryConnection): void {
  patchMta(ctx, { memory: { connections: putRow(ctx.mta.memory.connections, connection, connectionDue) } });
  if (connection.owner !== null) markChanged(ctx, connection.owner.entry);
}

function remove(ctx: Context, { id }: MemoryConnection): void {
  patchMta(ctx, { memory: { connections: dropRow(ctx.mta.memory.connections, id, connectionDue) } });
}

function transmit(ctx: Context, conn: number, frame: MemoryFrame): void {
  emit(ctx, { type: 'frame', link: 'memory', conn, frame });
}

function shut(ctx: Context, connection: MemoryConnection): void {
  remove(ctx, connection);
  emit(ctx, { type: 'close', conn: connection.id });
}

function open(ctx: Context, ref: AssociationRef): void {
  const { name } = entryAt(ctx, ref.entry);
  const id = takeConnection(ctx);
  const deadlineMs = ctx.nowMs + ctx.mta.settings.openTimeoutS * 1000;
  put(ctx, { id, phase: 'dialling', remote: name, deadlineMs, owner: ref, nextSerial: 1, unanswered: [] });
  emit(ctx, { type: 'dial', link: 'memory', conn: id, host: name, port: 0 });
}

/** Reports a removed connection to the reliable transfer, like any other loss. */
function lost(ctx: Context, { owner: ref }: MemoryConnection): void {
  const state = ref === null ? undefined : associationOf(ctx, ref)?.state;
  if (ref === null || state === undefined || state === 'lost') return;
  if (state === 'open') ctx.user.lost(ctx, ref);
  else if (state === 'closing') ctx.user.ended(ctx, ref);
  else ctx.user.attemptFailed(ctx, ref);
}

function input(ctx: Context, given: Input): void {
  if (given.type === 'accepted' && given.link === 'memory') {
    const { conn: id, remote } = given;
    if (connectionOf(ctx.mta, id) !== undefined) return;
    const deadlineMs = ctx.nowMs + ctx.mta.settings.dialTimeoutS * 1000;
    put(ctx, { id, phase: 'answering', remote, deadlineMs, owner: null, nextSerial: 1, unanswered: [] });
    return;
  }
  const connection = 'conn' in given ? connectionOf(ctx.mta, given.conn) : undefined;
  if (connection === undefined) return;
  if (given.type === 'connected' && connection.phase === 'dialling' && connection.owner !== null) {
    put(ctx, { ...connection, phase: 'calling' });
    const { from, association, rtorq } = ctx.user.openRequest(ctx, connection.owner);
    transmit(ctx, connection.id, { type: 'open', from, association, apdu: rtorq });
  } else if (given.type === 'frame' && given.link === 'memory') arrived(ctx, connection, given.frame);
  else if (given.type === 'unreadable' && given.link === 'memory') unsent(ctx, connection, given);
  else if (given.type === 'malformed') {
    shut(ctx, connection);
    lost(ctx, connection);
  } else if (given.type === 'dial-failed' || given.type === 'lost') {
    remove(ctx, connection);
    lost(ctx, connection);
  }
}

function arrived(ctx: Context, connection: MemoryConnection, frame: MemoryFrame): void {
  const { owner: ref, phase } = connection;
  if (frame.type === 'open' && phase === 'answering') return openArrived(ctx, connection, frame);
  // Only an `open` may come before an association, and no frame may come after its end.
  if (ref === null || associationOf(ctx, ref) === undefined) return shut(ctx, connection);
  switch (frame.type) {
    case 'open':
      return ctx.user.breached(ctx, ref, 'open');
    case 'open-answer':
      if (phase !== 'calling') return ctx.user.breached(ctx, ref, 'open-answer');
      put(ctx, { ...connection, phase: 'up', deadlineMs: null });
      return ctx.user.openAnswered(ctx, ref, frame.from, frame.apdu);
    case 'apdu': {
      const to = { conn: connection.id, serial: frame.serial };
      const taken = ctx.user.received(ctx, ref, to, frame.apdu, frame.settled);
      if (taken && frame.apdu.kind === 'turn-give') transmit(ctx, connection.id, { type: 'give-ack', serial: frame.serial });
      return;
    }
    case 'answer':
      answerArrived(ctx, connection, frame.serial);
      return ctx.user.answered(ctx, ref, frame.serial, frame.apdu);
    case 'give-ack':
      if (!connection.unanswered.includes(frame.serial)) return ctx.user.breached(ctx, ref, 'give-ack');
      answerArrived(ctx, connection, frame.serial);
      return ctx.user.giveAcknowledged(ctx, ref);
    case 'close':
      if (!ctx.user.closeRequested(ctx, ref, frame.settled)) return ctx.user.breached(ctx, ref, 'close');
      transmit(ctx, connection.id, { type: 'close-answer' });
      return ctx.user.closed(ctx, ref);
    case 'close-answer':
      if (associationOf(ctx, ref)?.state !== 'closing') return ctx.user.breached(ctx, ref, 'close-answer');
      return ctx.user.closed(ctx, ref);
  }
}

/** An answer has come: starts the time limit for the next one. An answer to nothing changes nothing. */
function answerArrived(ctx: Context, connection: MemoryConnection, serial: number): void {
  const unanswered = connection.unanswered.filter((each) => each !== serial);
  if (unanswered.length === connection.unanswered.length) return;
  put(ctx, { ...connection, unanswered, deadlineMs: unanswered.length === 0 ? null : ctx.nowMs + answerTimeoutMs });
}

/** A frame has not left: its APDU waits for no answer. */
function unsent(
  ctx: Context,
  connection: MemoryConnection,
  { frame, detail }: Extract<Input, { type: 'unreadable'; link: 'memory' }>,
): void {
  if (frame.type !== 'apdu' || connection.owner === null) return;
  answerArrived(ctx, connection, frame.serial);
  ctx.user.unreadable(ctx, connection.owner, frame.serial, frame.settled, detail);
}

function openArrived(ctx: Context, connection: MemoryConnection, frame: Frame<'open'>): void {
  const { id: conn, remote } = connection;
  const { from, association, apdu: rtorq } = frame;
  const verdict = ctx.user.openRequested(ctx, { link: 'memory', from, association, rtorq, remote, controlBlock: conn });
  if ('refused' in verdict) {
    const apdu = { kind: 'rtorj', reason: verdict.refused } as const;
    transmit(ctx, conn, { type: 'open-answer', from: ctx.user.credentials(ctx, verdict.entryId), apdu });
    return;
  }
  const ref = verdict.accepted;
  put(ctx, { ...connection, phase: 'up', deadlineMs: null, owner: ref });
  const apdu = ctx.user.agreed(ctx, ref);
  transmit(ctx, conn, { type: 'open-answer', from: ctx.user.credentials(ctx, ref.entry), apdu });
}

function send(ctx: Context, ref: AssociationRef, apdu: SendApdu): number | null {
  const connection = connectionFor(ctx.mta, ref);
  if (connection === undefined || connection.phase !== 'up') return null;
  const { id, nextSerial: serial, unanswered, deadlineMs } = connection;
  const awaits = apdu.kind === 'rttr' || apdu.kind === 'discard' || apdu.kind === 'turn-give';
  const next = { ...connection, nextSerial: serial + 1 };
  put(
    ctx,
    awaits ? { ...next, unanswered: [...unanswered, serial], deadlineMs: deadlineMs ?? ctx.nowMs + answerTimeoutMs } : next,
  );
  transmit(ctx, id, { type: 'apdu', serial, apdu, settled: ctx.user.takeSettled(ctx, ref.entry) });
  return serial;
}

function close(ctx: Context, ref: AssociationRef): void {
  const connection = connectionFor(ctx.mta, ref);
  if (connection === undefined) return;
  put(ctx, { ...connection, deadlineMs: ctx.nowMs + answerTimeoutMs });
  transmit(ctx, connection.id, { type: 'close', settled: ctx.user.takeSettled(ctx, ref.entry) });
}

/** Closes a connection when its opening takes too long, its RTORQ never comes, or an answer does not come. */
function timer(ctx: Context): void {
  for (const { id } of dueRows(ctx.mta.memory.connections, ctx.nowMs, connectionDue)) {
    const connection = connectionOf(ctx.mta, id);
    if (connection === undefined || connection.deadlineMs === null || connection.deadlineMs > ctx.nowMs) continue;
    shut(ctx, connection);
    // An unanswered copy waits for the Transfer Interval, as after any failed transfer.
    if (connection.owner !== null) ctx.user.transferFailed(ctx, connection.owner, 'The next MTA did not answer the transfer.');
    lost(ctx, connection);
  }
}

function view(mta: Mta, ref: AssociationRef): LinkView | null {
  const connection = connectionFor(mta, ref);
  if (connection === undefined) return null;
  const { phase, remote, deadlineMs } = connection;
  return {
    phase: phase === 'answering' ? 'dialling-back' : phase,
    connections: 1,
    dataConnection: phase === 'up' ? 'bound' : 'none',
    dataRetryAtMs: null,
    endpoint: remote,
    localAddress: null,
    openByMs: phase === 'up' ? null : deadlineMs,
  };
}

export const memoryLink: Link = {
  isLimited: true,
  maxActivities: mostActivities,
  listen: () => undefined,
  readiness: () => 'ready',
  input,
  drain: () => undefined,
  pending: () => false,
  finish: () => undefined,
  timer,
  deadline: ({ memory }) => memory.connections.dueMs,
  open,
  ready: (ctx, ref) => connectionFor(ctx.mta, ref)?.phase === 'up',
  usable: () => true,
  headRoom: () => 0,
  send,
  answer: (ctx, { conn, serial }, apdu) => {
    if (connectionOf(ctx.mta, conn) !== undefined) transmit(ctx, conn, { type: 'answer', serial, apdu });
  },
  quiet: (ctx, ref) => connectionFor(ctx.mta, ref)?.unanswered.length === 0,
  close,
  abort: (ctx, ref, reason) => {
    const connection = connectionFor(ctx.mta, ref);
    const serial = connection?.nextSerial ?? 0;
    if (connection !== undefined)
      transmit(ctx, connection.id, { type: 'apdu', serial, apdu: { kind: 'rtab', reason }, settled: [] });
  },
  drop: (ctx, ref) => {
    const connection = connectionFor(ctx.mta, ref);
    if (connection !== undefined) shut(ctx, connection);
  },
  forget: () => undefined,
  retryNow: () => undefined,
  behaviourSwitched: () => undefined,
  obstacle: () => null,
  view,
};
