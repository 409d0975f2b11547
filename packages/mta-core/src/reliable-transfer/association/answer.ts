/** The responder's side of an opening or a recovery: MtaBind, dialling back, MtaBindBack, the answer. */

import { behaviourOf } from '../../catalogues/quirks/index.js';
import { mostAssociations } from '../../catalogues/settings.js';
import { ntError } from '../../links/rpc/pdu.js';
import { rpcCall, rpcOwn, rpcReply } from '../../links/rpc/runtime.js';
import type { Indication, Owner } from '../../links/rpc/state.js';
import { withProtocol } from '../../links/rpc/string-binding.js';
import type { Context } from '../../machine/context.js';
import type { Association, LtabEntry } from '../../machine/state.js';
import {
  associationOf,
  countAt,
  entryAt,
  entryNamed,
  patchAssociation,
  putAssociation,
  report,
  takeNumber,
} from '../../machine/update.js';
import { defaultWindowSize, type MtaCredentials, type RefuseReason, type RpcArgument, refuseReason } from '../apdu.js';
import { becomes, mayBecome } from '../transitions.js';
import { believes, turnTable } from '../turn/table.js';
import { dropConnections, loseAssociation } from './end.js';
import { meetPeer } from './introduction.js';
import { attemptFailed, credentialsFor, dialFrom, dialNext, newAssociation, opened } from './open.js';

type Called = Extract<Indication, { type: 'called' }>;
type BindArgument = Extract<RpcArgument, { op: 'MtaBind' }>;

/** Endpoints of the caller that are tried on the way back; more than any host of this kind has. */
const mostEndpoints = 8;

/** MtaBind has come: a stranger, an adjacent MTA that opens an association, or one that recovers it. */
export function bindCalled(ctx: Context, called: Called, argument: BindArgument): void {
  const entry = entryNamed(ctx.mta, argument.from.mtaName);
  if (entry === undefined || argument.from.password !== entry.password) {
    report(ctx, 51, { mtaName: argument.from.mtaName, address: called.remote, association: called.conn });
    refuseStranger(ctx, called);
    return;
  }
  if (ctx.mta.phase !== 'running') return refuse(ctx, entry, called, 'rtsBusy', argument);
  // The name of an association begins with that of the MTA that opened it: nobody opens one in another's name.
  const named = argument.association.startsWith(`${entry.name}/${argument.from.incarnation}/`);
  if (!named || !meetPeer(ctx, entry.id, argument.from, null)) return refuse(ctx, entry, called, 'validationFailure', argument);
  const known = entryAt(ctx, entry.id).associations.find((candidate) => candidate.name === argument.association);
  if (argument.rtorq.recovery > 0) recoveryCalled(ctx, entry, called, argument, known);
  else if (known !== undefined) refuse(ctx, entry, called, 'validationFailure', argument);
  else openCalled(ctx, entry, called, argument);
}

function openCalled(ctx: Context, entry: LtabEntry, called: Called, argument: BindArgument): void {
  const { settings } = ctx.mta;
  const { rtorq } = argument;
  if ((rtorq.dialogueMode === 'two-way-alternate') !== settings.twoWayAlternate) {
    report(ctx, 55, { entity: entry.name, association: called.conn });
    refuse(ctx, entry, called, 'unacceptableDialogueMode', argument);
    return;
  }
  const all = ctx.mta.ltab.reduce((sum, each) => sum + each.associations.length, 0);
  if (all >= mostAssociations(settings)) {
    report(ctx, 9280, { associations: all });
    refuse(ctx, entry, called, 'rtsBusy', argument);
    return;
  }
  if (entryAt(ctx, entry.id).associations.length > settings.maxAssociationsPerMta) {
    report(ctx, 57, { entity: entry.name, limit: settings.maxAssociationsPerMta });
    refuse(ctx, entry, called, 'rtsBusy', argument);
    return;
  }
  const id = takeNumber(ctx);
  const ref: Owner = { entry: entry.id, association: id };
  const negotiated = {
    ...rtorq,
    checkpointSizeK: Math.min(rtorq.checkpointSizeK, settings.checkpointSizeK),
    windowSize: Math.max(1, Math.min(rtorq.windowSize || defaultWindowSize, settings.windowSize)),
  };
  putAssociation(ctx, entry.id, newAssociation(ctx, id, argument.association, 'responder', negotiated));
  callBack(ctx, ref, called, argument);
}

function recoveryCalled(
  ctx: Context,
  entry: LtabEntry,
  called: Called,
  argument: BindArgument,
  known: Association | undefined,
): void {
  if (known === undefined || known.role !== 'responder' || !mayBecome(known, 'recovery-received')) {
    refuse(ctx, entry, called, 'cannotRecover', argument);
    return;
  }
  // An attempt that its initiator has abandoned, overtaken by a later one.
  if (argument.rtorq.recovery <= known.recovery) return refuse(ctx, entry, called, 'rtsBusy', argument);
  const ref: Owner = { entry: entry.id, association: known.id };
  // The recovery is itself notice of the loss, for a side that has not noticed.
  if (known.state === 'open') loseAssociation(ctx, ref);
  else dropConnections(ctx, ref);
  becomes(ctx, ref, 'recovery-received', {
    recovery: argument.rtorq.recovery,
    statedTurn: argument.rtorq.turn === 'responder' ? 'mine' : 'theirs',
  });
  callBack(ctx, ref, called, argument);
}

/** Dial back to where the caller says it can be reached. */
function callBack(ctx: Context, ref: Owner, called: Called, argument: BindArgument): void {
  rpcOwn(ctx, called.conn, ref);
  patchAssociation(ctx, ref, {
    peerFirst: called.conn,
    peerGroup: { address: called.address, group: called.group },
    answering: { conn: called.conn, call: called.call },
  });
  dialFrom(ctx, ref, argument.endpoints.slice(0, mostEndpoints));
  if (associationOf(ctx, ref)?.first === null) wayBackFailed(ctx, ref, ntError.serverUnavailable);
}

/** The first connection back is bound: call MtaBindBack. */
export function callBindBack(ctx: Context, ref: Owner, group: number): void {
  becomes(ctx, ref, 'bound', { firstGroup: group, openByMs: null });
  const association = associationOf(ctx, ref) as Association;
  rpcCall(ctx, association.first as number, {
    op: 'MtaBindBack',
    from: credentialsFor(ctx, ref.entry),
    association: association.name,
    recovery: association.recovery,
  });
}

/** The caller's endpoint could not be bound: try its next one, or refuse. */
export function backBindFailed(ctx: Context, ref: Owner, error: number): void {
  patchAssociation(ctx, ref, { first: null });
  if (!dialNext(ctx, ref)) wayBackFailed(ctx, ref, error);
}

/** MtaBindBack cannot be made, or was not answered: event 9322, and the waiting MtaBind is refused. */
export function wayBackFailed(ctx: Context, ref: Owner, error: number): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  const entry = entryAt(ctx, ref.entry);
  report(ctx, 9322, {
    ltabIndex: entry.id,
    ntError: error,
    commsError: error,
    bindError: error,
    remoteServer: entry.name,
    protocolString: association.path === null ? '' : withProtocol(association.path.endpoint),
  });
  answerBind(ctx, ref, 'rtsBusy');
  attemptFailed(ctx, ref);
}

/** MtaBindBack was answered: now, and not before, what the MtaBind said holds on this side too. */
export function bindBackAnswered(ctx: Context, ref: Owner, accepted: boolean): void {
  const association = associationOf(ctx, ref);
  if (association === undefined || association.state !== 'calling-back') return;
  if (!accepted) {
    answerBind(ctx, ref, 'rtsBusy');
    attemptFailed(ctx, ref);
    return;
  }
  opened(ctx, ref, { statedTurn: null, turn: turnNow(ctx, association) });
  answerBind(ctx, ref, null);
}

/** Whose Turn it is on an association that is open again: the behaviour decides. */
function turnNow(ctx: Context, association: Association): Association['turn'] {
  const { statedTurn, turn } = association;
  if (statedTurn === null) return turn;
  const side = behaviourOf(ctx.mta.legacy).turnAfterRecovery(statedTurn, believes(turn));
  const next = turnTable[turn][side === 'mine' ? 'adopt-mine' : 'adopt-theirs'];
  if (next === undefined) throw new Error(`association ${association.name}: the Turn cannot be adopted in state ${turn}`);
  return next;
}

/** Answer the MtaBind that waits: RTOAC, or RTORJ with a reason. */
function answerBind(ctx: Context, ref: Owner, reason: RefuseReason | null): void {
  const association = associationOf(ctx, ref);
  if (association === undefined || association.answering === null) return;
  const { conn, call } = association.answering;
  const from = credentialsFor(ctx, ref.entry);
  if (reason === null) {
    const { checkpointSizeK, windowSize } = association;
    rpcReply(ctx, conn, call, { op: 'MtaBind', from, apdu: { kind: 'rtoac', checkpointSizeK, windowSize } });
  } else {
    reportRefusal(ctx, entryAt(ctx, ref.entry), reason, conn, association.recovery);
    rpcReply(ctx, conn, call, { op: 'MtaBind', from, apdu: { kind: 'rtorj', reason } });
  }
  patchAssociation(ctx, ref, { answering: null });
}

/** What is logged and counted of an RTORJ of this MTA. */
function reportRefusal(ctx: Context, entry: LtabEntry, reason: RefuseReason, controlBlock: number, recovery: number): void {
  countAt(ctx, entry.id, { rejectedIn: 1 });
  report(ctx, 1293, {
    entity: entry.name,
    provider: 'RTSE',
    reason: `${reason} (${refuseReason[reason]})`,
    controlBlock,
    associationType: recovery === 0 ? 'open' : 'recover',
  });
}

function refuse(ctx: Context, entry: LtabEntry, called: Called, reason: RefuseReason, argument: BindArgument): void {
  reportRefusal(ctx, entry, reason, called.conn, argument.rtorq.recovery);
  rpcReply(ctx, called.conn, called.call, {
    op: 'MtaBind',
    from: credentialsFor(ctx, entry.id),
    apdu: { kind: 'rtorj', reason },
  });
}

/** Somebody this MTA does not know gets the refusal and this MTA's name, and nothing else. */
function refuseStranger(ctx: Context, called: Called): void {
  const from: MtaCredentials = {
    mtaName: ctx.mta.name,
    password: '',
    incarnation: ctx.mta.incarnation,
    storeUuid: '',
    settledBelow: 0,
  };
  rpcReply(ctx, called.conn, called.call, { op: 'MtaBind', from, apdu: { kind: 'rtorj', reason: 'validationFailure' } });
}
