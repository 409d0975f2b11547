/** What the RPC runtime tells the MTA, led to the association it belongs to. */

import type { Context } from '../../machine/context.js';
import type { Association } from '../../machine/state.js';
import { associationOf, entryAt, patchAssociation, report } from '../../machine/update.js';
import type { RpcArgument } from '../../reliable-transfer/apdu.js';
import {
  backBindFailed,
  bindBackAnswered,
  bindCalled,
  callBindBack,
  wayBackFailed,
} from '../../reliable-transfer/association/answer.js';
import { closed, unbindBackCalled, unbindBackOver, unbindCalled } from '../../reliable-transfer/association/close.js';
import { abnormalEnd, abortAssociation, endAssociation, loseAssociation } from '../../reliable-transfer/association/end.js';
import {
  acceptBindBack,
  attemptFailed,
  bindAnswered,
  callBind,
  firstBindFailed,
} from '../../reliable-transfer/association/open.js';
import { transferFailed } from '../../reliable-transfer/transfer/interrupt.js';
import { discardCalled, rttrCalled } from '../../reliable-transfer/transfer/receive.js';
import { settled } from '../../reliable-transfer/transfer/received-activities.js';
import { protocolError, sendAnswered } from '../../reliable-transfer/transfer/send.js';
import { giveCalled, pleaseCalled } from '../../reliable-transfer/turn/turn.js';
import { dataBindFailed } from './data-connection.js';
import { faultStatus, ntError } from './pdu.js';
import { rpcClose, rpcFault, rpcOwn, rpcReply } from './runtime.js';
import type { Indication, Owner } from './state.js';
import { withProtocol } from './string-binding.js';

type Called = Extract<Indication, { type: 'called' }>;
type SendArgument = Extract<RpcArgument, { op: 'MtaSend' }>;

/** Calls that overtook an RTOAC and wait for it. */
const mostHeld = 16;

export function indicated(ctx: Context, indication: Indication): void {
  if (indication.type === 'called') return called(ctx, indication);
  const ref = indication.owner;
  const association = ref === null ? undefined : associationOf(ctx, ref);
  if (ref === null || association === undefined) {
    // Whom it belonged to is gone; so should the connection be, if it is one of ours.
    if (indication.type === 'bound') rpcClose(ctx, indication.conn);
    return;
  }
  // biome-ignore lint/nursery/useExhaustiveSwitchCases: 'called' has returned above.
  switch (indication.type) {
    case 'bound':
      return bound(ctx, ref, association, indication);
    case 'bind-failed':
      return bindFailed(ctx, ref, association, indication);
    case 'answered':
      return answered(ctx, ref, indication);
    case 'call-failed':
      return callFailed(ctx, ref, association, indication.op, indication.error);
    case 'call-cancelled':
      report(ctx, 9277, {
        thread: indication.conn,
        ltabIndex: ref.entry,
        timeMs: indication.elapsedMs,
        cancelResult: 0,
        remoteServer: entryAt(ctx, ref.entry).name,
        callName: indication.op,
        stringBinding: withProtocol(indication.remote),
      });
      return callCancelled(ctx, ref, association, indication.op);
    case 'cancelled-by-peer':
      if (indication.op === 'MtaBind') attemptFailed(ctx, ref);
      return;
    case 'connection-lost':
      return connectionLost(ctx, ref, association, indication);
  }
}

function bound(
  ctx: Context,
  ref: Owner,
  association: Association,
  { conn, group, remote }: Extract<Indication, { type: 'bound' }>,
): void {
  // The data connection has to go to the same address and port, whatever a name server or an endpoint mapper would say by then.
  const { path } = association;
  if (conn === association.first && path !== null && path.endpoint !== remote)
    patchAssociation(ctx, ref, { path: { ...path, endpoint: remote } });
  if (conn === association.data.conn) {
    patchAssociation(ctx, ref, { data: { state: 'bound', conn, retryAtMs: null } });
  } else if (conn === association.first && association.state === 'dialling') {
    callBind(ctx, ref, group);
  } else if (conn === association.first && association.state === 'dialling-back') {
    callBindBack(ctx, ref, group);
  }
}

function bindFailed(
  ctx: Context,
  ref: Owner,
  association: Association,
  failed: Extract<Indication, { type: 'bind-failed' }>,
): void {
  if (failed.conn === association.data.conn) dataBindFailed(ctx, ref, failed.error);
  else if (failed.conn !== association.first) return;
  else if (association.role === 'initiator') firstBindFailed(ctx, ref, failed.error);
  else backBindFailed(ctx, ref, failed.error);
}

function answered(ctx: Context, ref: Owner, indication: Extract<Indication, { type: 'answered' }>): void {
  const { result } = indication;
  switch (result.op) {
    case 'MtaBind':
      bindAnswered(ctx, ref, result);
      return releaseHeld(ctx, ref);
    case 'MtaBindBack':
      return bindBackAnswered(ctx, ref, result.accepted);
    case 'MtaSend':
      return sendAnswered(ctx, ref, indication.call, result.apdu);
    case 'MtaUnBind':
      return closed(ctx, ref);
    case 'MtaUnBindBack':
      return unbindBackOver(ctx, ref, null);
  }
}

/** The RTOAC has been read: what overtook it is executed now, in its order. */
function releaseHeld(ctx: Context, ref: Owner): void {
  const association = associationOf(ctx, ref);
  if (association === undefined || association.state !== 'open' || association.held.length === 0) return;
  patchAssociation(ctx, ref, { held: [] });
  for (const { conn, call, argument } of association.held) {
    if (associationOf(ctx, ref)?.peerData === conn && argument.op === 'MtaSend') execute(ctx, ref, { conn, call }, argument);
  }
}

function callFailed(ctx: Context, ref: Owner, association: Association, op: RpcArgument['op'], error: number): void {
  if (op === 'MtaBind') {
    bindUnanswered(ctx, ref, error);
    attemptFailed(ctx, ref);
  } else if (op === 'MtaBindBack') {
    wayBackFailed(ctx, ref, error);
  } else if (op === 'MtaUnBind') {
    endAssociation(ctx, ref);
  } else if (op === 'MtaUnBindBack') {
    unbindBackOver(ctx, ref, error);
  } else {
    // The peer cannot execute what we send: this copy must not come back at once, and the association is no good.
    report(ctx, 9316, { ltabIndex: ref.entry, ntError: error });
    transferFailed(ctx, ref, `The next MTA could not execute the transfer (Windows NT error ${error}).`);
    abortAssociation(ctx, ref, 'protocolError', `fault on ${op}, Windows NT error ${error}, in state ${association.state}`);
  }
}

/** The connection was bound, but MtaBind came to nothing on it. */
function bindUnanswered(ctx: Context, ref: Owner, error: number): void {
  const { id, name } = entryAt(ctx, ref.entry);
  report(ctx, 9318, { ltabIndex: id, ntError: error, commsError: error, bindError: 0, remoteServer: name });
}

function callCancelled(ctx: Context, ref: Owner, association: Association, op: RpcArgument['op']): void {
  if (op === 'MtaBind') return attemptFailed(ctx, ref);
  if (op === 'MtaBindBack') return wayBackFailed(ctx, ref, ntError.callCancelled);
  if (op === 'MtaUnBind') return endAssociation(ctx, ref);
  if (op === 'MtaUnBindBack') return unbindBackOver(ctx, ref, ntError.callCancelled);
  transferFailed(ctx, ref, 'The next MTA did not answer the transfer for two minutes.');
  if (association.state === 'open') loseAssociation(ctx, ref);
  // Several calls of one association may be given up at once: the first has led to its loss, from which it is to be recovered.
  else if (association.state !== 'lost') endAssociation(ctx, ref);
}

/** Losing any one connection loses the association. */
function connectionLost(
  ctx: Context,
  ref: Owner,
  association: Association,
  { conn, error }: Extract<Indication, { type: 'connection-lost' }>,
): void {
  switch (association.state) {
    case 'open':
      return loseAssociation(ctx, ref);
    case 'closing':
      return endAssociation(ctx, ref);
    case 'calling-back':
      // Without its caller the way back is of no use, and has not failed.
      return conn === association.peerFirst ? attemptFailed(ctx, ref) : wayBackFailed(ctx, ref, error);
    case 'calling':
      bindUnanswered(ctx, ref, error);
      return attemptFailed(ctx, ref);
    case 'lost':
      return;
    default:
      return attemptFailed(ctx, ref);
  }
}

function called(ctx: Context, indication: Called): void {
  const { argument } = indication;
  const opens = argument.op === 'MtaBind' || argument.op === 'MtaBindBack';
  // A connection carries one association: a second opening on it is a breach.
  if (opens && indication.owner !== null) return rpcFault(ctx, indication.conn, indication.call, faultStatus.protocolError, true);
  if (argument.op === 'MtaBind') return bindCalled(ctx, indication, argument);
  if (argument.op === 'MtaBindBack') return bindBackCalled(ctx, indication, argument);
  if (argument.op === 'MtaSend') return sendCalled(ctx, indication, argument);
  const ref = indication.owner;
  if (ref === null || associationOf(ctx, ref) === undefined) {
    return rpcFault(ctx, indication.conn, indication.call, faultStatus.protocolError, true);
  }
  if (argument.op === 'MtaUnBind') unbindCalled(ctx, ref, indication, argument);
  else unbindBackCalled(ctx, ref, indication);
}

function bindBackCalled(ctx: Context, indication: Called, argument: Extract<RpcArgument, { op: 'MtaBindBack' }>): void {
  const ref = associationNamed(ctx, argument.association);
  const accepted = ref !== null && acceptBindBack(ctx, ref, argument.recovery, argument.from);
  if (accepted) {
    rpcOwn(ctx, indication.conn, ref);
    const peerGroup = { address: indication.address, group: indication.group };
    patchAssociation(ctx, ref, { peerFirst: indication.conn, peerGroup });
  }
  rpcReply(ctx, indication.conn, indication.call, { op: 'MtaBindBack', accepted });
}

/** An association that this MTA has opened, by its name. */
function associationNamed(ctx: Context, name: string): Owner | null {
  for (const entry of ctx.mta.ltab) {
    for (const association of entry.associations) {
      if (association.name === name && association.role === 'initiator') return { entry: entry.id, association: association.id };
    }
  }
  return null;
}

/** The association whose group this data connection came with. */
function associationOfGroup(ctx: Context, indication: Called): Owner | null {
  for (const entry of ctx.mta.ltab) {
    for (const association of entry.associations) {
      const { peerGroup } = association;
      if (peerGroup !== null && peerGroup.group === indication.group && peerGroup.address === indication.address) {
        return { entry: entry.id, association: association.id };
      }
    }
  }
  return null;
}

function sendCalled(ctx: Context, indication: Called, argument: SendArgument): void {
  const { conn, call } = indication;
  const ref = indication.owner ?? associationOfGroup(ctx, indication);
  const association = ref === null ? undefined : associationOf(ctx, ref);
  if (ref !== null && association?.peerFirst === conn && argument.apdu.kind === 'rtab') {
    return execute(ctx, ref, { conn, call }, argument);
  }
  const fresh = association !== undefined && association.peerData === null && conn !== association.peerFirst;
  if (ref === null || association === undefined || (association.peerData !== conn && !fresh)) {
    return rpcFault(ctx, conn, call, faultStatus.protocolError, true);
  }
  if (fresh) {
    rpcOwn(ctx, conn, ref);
    patchAssociation(ctx, ref, { peerData: conn });
  }
  if (association.state === 'calling' && association.peerFirst !== null && association.held.length < mostHeld) {
    const held = (associationOf(ctx, ref) as Association).held;
    patchAssociation(ctx, ref, { held: [...held, { conn, call, argument }] });
  } else if (association.state === 'open' || (association.state === 'closing' && mayCrossClose(argument.apdu.kind))) {
    execute(ctx, ref, { conn, call }, argument);
  } else {
    protocolError(ctx, ref, association, argument.apdu.kind);
  }
}

/**
 * What may come during a close: the peer has not read ours and asks for the Turn, or gives the association up itself; or its
 * own close, on another connection, has overtaken the last segments of a transfer that we have refused.
 */
function mayCrossClose(kind: SendArgument['apdu']['kind']): boolean {
  return kind === 'turn-please' || kind === 'rtab' || kind === 'rttr';
}

function execute(ctx: Context, ref: Owner, to: { readonly conn: number; readonly call: number }, argument: SendArgument): void {
  const sender = entryAt(ctx, ref.entry).peer?.storeUuid;
  if (argument.settled.length > 0 && sender !== undefined) settled(ctx, sender, argument.settled);
  const { apdu } = argument;
  switch (apdu.kind) {
    case 'turn-please':
      return pleaseCalled(ctx, ref, to, apdu.priority);
    case 'turn-give':
      return giveCalled(ctx, ref, to);
    case 'rttr':
      return rttrCalled(ctx, ref, to, apdu);
    case 'discard':
      return discardCalled(ctx, ref, to, apdu.activity);
    case 'rtab':
      return abnormalEnd(ctx, ref, `aborted by the peer: ${apdu.reason}`);
  }
}
