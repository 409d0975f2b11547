/**
 * The X.400 connector: RTSE in X.410-1984 mode over one session connection (X.225) for each association, over transport class 0
 * and TCP. Of the two Turn APDUs the session acknowledges only the Give. This module sorts what arrives; the rooms beside it say
 * what it means.
 */
import { dropRow, dueRows, earlier } from '../../collections/tree.js';
import type { Context } from '../../machine/context.js';
import type { Input } from '../../machine/input.js';
import type { AssociationRef, Mta } from '../../machine/state.js';
import { associationOf } from '../../machine/update.js';
import type { Link, LinkPhase, LinkView } from '../link.js';
import {
  connectionDue,
  connectionFor,
  connectionLost,
  connectionOf,
  putAsking,
  removeConnection,
  shut,
  transmit,
} from './connections.js';
import type { X400Frame } from './frame.js';
import { forgetInterrupted } from './interrupted.js';
import { listen, listenAnswered, readiness } from './listening.js';
import { obstacle } from './obstacle.js';
import {
  acceptArrived,
  accepted,
  connectArrived,
  connected,
  givenUp,
  open,
  refuseArrived,
  transportConfirmed,
  transportRequested,
} from './opening.js';
import { activityDiscarded, activityInterrupted, activityResumed, activityStarted, answer, dataArrived } from './receiving.js';
import {
  activityEnded,
  checkpointConfirmed,
  endConfirmed,
  exceptionArrived,
  giveConfirmed,
  headRoom,
  isQuiet,
  send,
  unsent,
} from './sending.js';
import type { X400Connection, X400Phase } from './state.js';
import { patchX400 } from './update.js';

function input(ctx: Context, given: Input): void {
  if (given.type === 'listening' || given.type === 'listen-failed') return listenAnswered(ctx, given);
  if (given.type === 'accepted') return given.link === 'x400' ? accepted(ctx, given) : undefined;
  const connection = 'conn' in given ? connectionOf(ctx.mta, given.conn) : undefined;
  if (connection === undefined) return;
  switch (given.type) {
    case 'connected':
      return connected(ctx, connection);
    case 'frame':
      return given.link === 'x400' ? arrived(ctx, connection, given.frame) : undefined;
    case 'unreadable':
      return given.link === 'x400' ? unsent(ctx, connection, given) : undefined;
    case 'malformed':
      return malformed(ctx, connection, given);
    case 'dial-failed':
    case 'lost':
      return over(ctx, connection, true);
    default:
      return;
  }
}

/** The connection is gone (`isGone`), or this side gives it up. */
function over(ctx: Context, connection: X400Connection, isGone: boolean): void {
  if (connection.phase !== 'up') return givenUp(ctx, connection, isGone);
  if (isGone) removeConnection(ctx, connection);
  else shut(ctx, connection);
  connectionLost(ctx, connection);
}

/** Octets that are no frame: the session aborts (X.225 8.9), and the association, if there is one, ends with it. */
function malformed(ctx: Context, connection: X400Connection, { detail }: Extract<Input, { type: 'malformed' }>): void {
  const { owner: ref, phase, id } = connection;
  if (phase === 'up' && ref !== null) return ctx.user.breached(ctx, ref, detail);
  if (phase === 'calling' || phase === 'answering') transmit(ctx, id, { type: 'abort', reason: 'protocolError' });
  over(ctx, connection, false);
}

/** Which frames may come in which phase before the association is open. */
function openingArrived(ctx: Context, connection: X400Connection, frame: X400Frame): void {
  const { phase } = connection;
  if (phase === 'accepted' && frame.type === 'connection-request') return transportRequested(ctx, connection, frame);
  if (phase === 'answering' && frame.type === 'connect') return connectArrived(ctx, connection, frame);
  if (phase === 'connecting' && frame.type === 'connection-confirm') return transportConfirmed(ctx, connection, frame);
  if (phase === 'calling' && frame.type === 'accept') return acceptArrived(ctx, connection, frame);
  if (phase === 'calling' && frame.type === 'refuse') return refuseArrived(ctx, connection, frame);
  // Before CC there is no session that could be aborted.
  const hasSession = phase === 'calling' || phase === 'answering';
  if (hasSession && frame.type !== 'abort' && frame.type !== 'disconnect-request')
    transmit(ctx, connection.id, { type: 'abort', reason: 'protocolError' });
  over(ctx, connection, false);
}

function arrived(ctx: Context, connection: X400Connection, frame: X400Frame): void {
  if (connection.phase !== 'up') return openingArrived(ctx, connection, frame);
  const { id: conn } = connection;
  const ref = connection.owner as AssociationRef;
  if (associationOf(ctx, ref) === undefined) return shut(ctx, connection);
  switch (frame.type) {
    case 'please-tokens':
      ctx.user.received(ctx, ref, { conn, serial: 0 }, { kind: 'turn-please', priority: frame.priority }, []);
      return;
    case 'give-tokens-confirm':
      if (ctx.user.received(ctx, ref, { conn, serial: 0 }, { kind: 'turn-give' }, []))
        transmit(ctx, conn, { type: 'give-tokens-ack' });
      return;
    case 'give-tokens-ack':
      return giveConfirmed(ctx, connection);
    case 'activity-start':
      return activityStarted(ctx, connection, frame);
    case 'activity-resume':
      return activityResumed(ctx, connection, frame);
    case 'data':
      return dataArrived(ctx, connection, frame);
    case 'minor-sync-ack':
      return checkpointConfirmed(ctx, connection, frame);
    case 'activity-end-ack':
      return endConfirmed(ctx, connection, frame);
    case 'exception':
      return exceptionArrived(ctx, connection, frame);
    case 'activity-interrupt':
      return activityInterrupted(ctx, connection);
    case 'activity-discard':
      return activityDiscarded(ctx, connection, frame);
    case 'activity-interrupt-ack':
    case 'activity-discard-ack':
      return activityEnded(ctx, connection, frame.type);
    case 'finish':
      if (!ctx.user.closeRequested(ctx, ref, [])) return ctx.user.breached(ctx, ref, 'finish');
      transmit(ctx, conn, { type: 'disconnect' });
      return ctx.user.closed(ctx, ref);
    case 'disconnect':
      if (!connection.leaving) return ctx.user.breached(ctx, ref, 'disconnect');
      return ctx.user.closed(ctx, ref);
    case 'abort':
      ctx.user.received(ctx, ref, { conn, serial: 0 }, { kind: 'rtab', reason: frame.reason }, []);
      return;
    default:
      return ctx.user.breached(ctx, ref, frame.type);
  }
}

/** Gives connections up that take too long to open, or whose peer does not answer. */
function timer(ctx: Context): void {
  forgetInterrupted(ctx);
  for (const { id } of dueRows(ctx.mta.x400.connections, ctx.nowMs, connectionDue)) {
    const connection = connectionOf(ctx.mta, id);
    if (connection === undefined || connection.deadlineMs === null || connection.deadlineMs > ctx.nowMs) continue;
    // An unanswered copy waits for the Transfer Interval, as after any failed transfer.
    if (connection.phase === 'up' && connection.owner !== null)
      ctx.user.transferFailed(ctx, connection.owner, 'The next MTA did not answer the transfer.');
    over(ctx, connection, false);
  }
}

function close(ctx: Context, ref: AssociationRef): void {
  const connection = connectionFor(ctx.mta, ref);
  if (connection === undefined) return;
  putAsking(ctx, { ...connection, leaving: true });
  transmit(ctx, connection.id, { type: 'finish' });
}

function drop(ctx: Context, ref: AssociationRef): void {
  const connection = connectionFor(ctx.mta, ref);
  if (connection !== undefined) shut(ctx, connection);
}

const phases: Readonly<Record<X400Phase, LinkPhase>> = {
  dialling: 'dialling',
  connecting: 'dialling',
  calling: 'calling',
  accepted: 'calling',
  answering: 'calling',
  up: 'up',
};

function view(mta: Mta, ref: AssociationRef): LinkView | null {
  const connection = connectionFor(mta, ref);
  if (connection === undefined) return null;
  const { phase, remote, from, deadlineMs } = connection;
  return {
    phase: phases[phase],
    connections: 1,
    dataConnection: phase === 'up' ? 'bound' : 'none',
    dataRetryAtMs: null,
    endpoint: remote,
    localAddress: from,
    openByMs: phase === 'up' ? null : deadlineMs,
  };
}

export const x400Link: Link = {
  // The control blocks limit its connections.
  isLimited: false,
  // A session has one activity at a time (X.225).
  maxActivities: 1,
  listen,
  readiness,
  input,
  drain: () => undefined,
  pending: () => false,
  finish: () => undefined,
  timer,
  deadline: ({ x400 }) => earlier(x400.connections.dueMs, x400.interrupted.dueMs),
  open,
  ready: (ctx, ref) => connectionFor(ctx.mta, ref)?.phase === 'up',
  usable: () => true,
  headRoom,
  send,
  answer,
  quiet: (ctx, ref) => isQuiet(connectionFor(ctx.mta, ref)),
  close,
  abort: (ctx, ref, reason) => {
    const connection = connectionFor(ctx.mta, ref);
    if (connection?.phase === 'up') transmit(ctx, connection.id, { type: 'abort', reason });
  },
  drop,
  forget: (ctx, { association }) => patchX400(ctx, { associations: dropRow(ctx.mta.x400.associations, association) }),
  retryNow: () => undefined,
  behaviourSwitched: () => undefined,
  obstacle,
  view,
};
