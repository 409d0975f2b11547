/** The initiator's side of an opening or a recovery: RTORQ, then RTOAC or RTORJ. */
import { emptyTree } from '../../collections/tree.js';
import type { OpenRequest } from '../../links/link.js';
import type { Context } from '../../machine/context.js';
import type { Association, AssociationRef, OpenFailureReason } from '../../machine/state.js';
import {
  addAssociation,
  associationOf,
  checkThreshold,
  countAt,
  entryAt,
  incarnationStride,
  linkOf,
  noteOpening,
  patchEntry,
  report,
  takeNumber,
} from '../../machine/update.js';
import {
  type AssociationId,
  defaultWindowSize,
  type MtaCredentials,
  type RefuseReason,
  type Role,
  type Rtoac,
  type Rtorj,
  type Rtorq,
  refuseReason,
} from '../apdu.js';
import { settledBelow } from '../transfer/settlement.js';
import { changeState } from '../transitions.js';
import { believes } from '../turn/table.js';
import { controlBlockOf, endAssociation, openFailed, recoveryFailed } from './end.js';
import { meetPeer } from './introduction.js';
import { lifetimeFromNow } from './lifetime.js';

/** How this MTA introduces itself. A stranger (null) gets neither password nor store. */
export function credentialsFor(ctx: Context, entryId: number | null): MtaCredentials {
  const { name: mtaName, incarnation, storeUuid } = ctx.mta;
  if (entryId === null) return { mtaName, password: '', incarnation, storeUuid: '', settledBelow: 0 };
  const { password } = entryAt(ctx, entryId);
  return { mtaName, password, incarnation, storeUuid, settledBelow: settledBelow(ctx, entryId) };
}

/** The row of a new association. */
export function newAssociation(
  ctx: Context,
  id: number,
  name: AssociationId,
  role: Role,
  rtorq: Pick<Rtorq, 'checkpointSizeK' | 'windowSize' | 'activitiesInFlight' | 'dialogueMode' | 'turn'>,
): Association {
  return {
    id,
    name,
    role,
    state: role === 'initiator' ? 'opening' : 'answering',
    recovery: 0,
    turn: rtorq.turn === role ? 'held' : 'theirs',
    statedTurn: null,
    askedPriority: null,
    transfersSinceAsked: 0,
    dialogueMode: rtorq.dialogueMode,
    checkpointSizeK: rtorq.checkpointSizeK,
    windowSize: rtorq.windowSize,
    urgentOnly: false,
    activitiesInFlight: rtorq.activitiesInFlight ?? 1,
    transfers: emptyTree(),
    sending: null,
    begun: 0,
    unanswered: 0,
    lifetimeAtMs: null,
    wantsClose: false,
    disconnectAtMs: null,
    recoverAtMs: null,
    recoverBackoffS: 1,
    fruitlessLosses: 0,
    moved: 0,
    openedAtMs: ctx.nowMs,
    deadlineMs: null,
  };
}

/** The unconfirmed activities that this side can agree to: what its settings say, within what the link can carry. */
export function ownActivities(ctx: Context, entryId: number): number {
  return Math.min(ctx.mta.settings.activitiesInFlight, linkOf(ctx, entryId).maxActivities);
}

/** As an RTORQ or RTOAC names it: not at all if it is 1. */
export function namedActivities(activitiesInFlight: number): { readonly activitiesInFlight?: number } {
  return activitiesInFlight === 1 ? {} : { activitiesInFlight };
}

/** Opens a fresh association to an adjacent MTA. */
export function openAssociation(ctx: Context, entryId: number, urgentOnly: boolean): void {
  const { settings } = entryAt(ctx, entryId);
  const id = takeNumber(ctx);
  const name = `${ctx.mta.name}/${ctx.mta.incarnation}/${id % incarnationStride}`;
  const association = newAssociation(ctx, id, name, 'initiator', {
    checkpointSizeK: settings.checkpointSizeK,
    windowSize: settings.windowSize,
    activitiesInFlight: ownActivities(ctx, entryId),
    dialogueMode: settings.twoWayAlternate ? 'two-way-alternate' : 'monologue',
    turn: settings.localInitialTurn ? 'initiator' : 'responder',
  });
  addAssociation(ctx, entryId, { ...association, urgentOnly });
  linkOf(ctx, entryId).open(ctx, { entry: entryId, association: id });
}

/** Starts to recover a lost association of ours, under the next recovery number. */
export function recoverAssociation(ctx: Context, ref: AssociationRef): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  countAt(ctx, ref.entry, { recoveries: 1 });
  changeState(ctx, ref, 'recover', { recovery: association.recovery + 1, recoverAtMs: null });
  linkOf(ctx, ref.entry).open(ctx, ref);
}

/** The RTORQ of an opening or a recovery, as of now. It states the Turn as this side remembers it. */
export function openRequest(ctx: Context, ref: AssociationRef): Pick<OpenRequest, 'from' | 'association' | 'rtorq'> {
  const association = associationOf(ctx, ref) as Association;
  const { checkpointSizeK, windowSize } = entryAt(ctx, ref.entry).settings;
  const { dialogueMode, recovery, name, activitiesInFlight } = association;
  const turn: Role = believes(association.turn) === 'mine' ? 'initiator' : 'responder';
  return {
    from: credentialsFor(ctx, ref.entry),
    association: name,
    rtorq: {
      kind: 'rtorq',
      checkpointSizeK,
      windowSize,
      ...namedActivities(activitiesInFlight),
      dialogueMode,
      turn,
      recovery,
    },
  };
}

/** RTOAC or RTORJ has come. */
export function openAnswered(ctx: Context, ref: AssociationRef, from: MtaCredentials, answer: Rtoac | Rtorj): void {
  const association = associationOf(ctx, ref);
  if (association === undefined || association.state !== 'opening') return;
  if (answer.kind === 'rtorj') {
    refused(ctx, ref, association, answer.reason, from);
    return;
  }
  const { activitiesInFlight = 1 } = answer;
  const sound =
    answer.checkpointSizeK <= association.checkpointSizeK &&
    answer.windowSize <= association.windowSize &&
    activitiesInFlight >= 1 &&
    activitiesInFlight <= association.activitiesInFlight;
  if (!sound || !meetPeer(ctx, ref.entry, from, ref.association)) {
    attemptFailed(ctx, ref, 'invalidAnswer');
    return;
  }
  opened(ctx, ref, {
    checkpointSizeK: answer.checkpointSizeK,
    windowSize: Math.min(answer.windowSize || defaultWindowSize, association.windowSize),
    activitiesInFlight,
  });
}

/** Both sides have agreed: the association is open. */
export function opened(ctx: Context, ref: AssociationRef, patch: Partial<Association>): void {
  const association = associationOf(ctx, ref) as Association;
  const { role, recovery } = association;
  changeState(ctx, ref, 'agreed', {
    ...patch,
    disconnectAtMs: null,
    recoverAtMs: null,
    recoverBackoffS: 1,
    lifetimeAtMs: lifetimeFromNow(ctx, ref.entry, association),
    ...(recovery === 0 ? { openedAtMs: ctx.nowMs } : {}),
  });
  // The peer is alive, so the Open Interval ends. Earlier failures still count until mail has moved: a peer that opens
  // associations only to abort them must not be tried for ever.
  patchEntry(ctx, ref.entry, { openRetryAtMs: null });
  if (recovery === 0) {
    countAt(ctx, ref.entry, role === 'initiator' ? { associationsOut: 1 } : { associationsIn: 1 });
    noteOpening(ctx, ref.entry, role === 'initiator' ? { outboundAtMs: ctx.nowMs } : { inboundAtMs: ctx.nowMs });
  }
  checkThreshold(ctx, ref.entry);
}

function refused(ctx: Context, ref: AssociationRef, association: Association, reason: RefuseReason, from: MtaCredentials): void {
  const { name: entity, peer } = entryAt(ctx, ref.entry);
  report(ctx, 1290, {
    entity,
    provider: 'RTSE',
    reason: `${reason} (${refuseReason[reason]})`,
    controlBlock: controlBlockOf(association),
    associationType: association.recovery === 0 ? 'open' : 'recover',
  });
  if (association.recovery === 0 || reason !== 'cannotRecover') return attemptFailed(ctx, ref, reason);
  // The peer no longer knows the association, so it can never be recovered. Waiting mail opens a new one.
  endAssociation(ctx, ref);
  // A peer that was not restarted has aborted it, and could do so for ever. If no message moved, that is an open failure.
  const sameStart = peer?.incarnation === from.incarnation && peer.storeUuid === from.storeUuid;
  if (association.moved === 0 && sameStart) openFailed(ctx, ref.entry, reason);
}

/** The attempt to open or recover has failed. */
export function attemptFailed(ctx: Context, ref: AssociationRef, reason: OpenFailureReason = 'connectionFailed'): void {
  const association = associationOf(ctx, ref);
  if (association === undefined) return;
  if (association.recovery > 0) {
    recoveryFailed(ctx, ref);
    return;
  }
  endAssociation(ctx, ref);
  if (association.role === 'initiator') openFailed(ctx, ref.entry, reason);
}
