/** The responder's side of an opening or a recovery: accepts or refuses an RTORQ. */
import { behaviourOf } from '../../catalogues/quirks/index.js';
import { associationLimit } from '../../catalogues/settings.js';
import type { OpenRequest, OpenVerdict } from '../../links/link.js';
import type { Context } from '../../machine/context.js';
import type { Association, AssociationRef, LtabEntry } from '../../machine/state.js';
import {
  addAssociation,
  associationOf,
  countAt,
  entryAt,
  entryNamed,
  linkOf,
  noteOpening,
  report,
  reportAsCalled,
  takeNumber,
} from '../../machine/update.js';
import { defaultWindowSize, type RefuseReason, type Rtoac, type Rtorj, refuseReason } from '../apdu.js';
import { changeState } from '../transitions.js';
import { believes, turnTable } from '../turn/table.js';
import { dropConnections, loseAssociation } from './end.js';
import { meetPeer } from './introduction.js';
import { namedActivities, newAssociation, opened, ownActivities } from './open.js';
import { permits } from './table.js';

/** Decides on an RTORQ from a stranger, or from an adjacent MTA that opens or recovers an association. */
export function openRequested(ctx: Context, request: OpenRequest): OpenVerdict {
  const { from, association: name, rtorq, controlBlock } = request;
  const entry = entryNamed(ctx, from.mtaName);
  if (entry === undefined || from.password !== entry.password || entry.link !== request.link) {
    report(ctx, 51, { mtaName: from.mtaName, address: request.remote, association: controlBlock });
    return { refused: 'validationFailure', entryId: null };
  }
  if (ctx.mta.phase !== 'running') return refuse(ctx, entry, request, 'rtsBusy');
  // The name of an association begins with its initiator's name, so that no MTA opens one in another's name.
  const named = name.startsWith(`${entry.name}/${from.incarnation}/`);
  if (!named || !meetPeer(ctx, entry.id, from, null)) return refuse(ctx, entry, request, 'validationFailure');
  const known = entryAt(ctx, entry.id).associations.find((candidate) => candidate.name === name);
  if (rtorq.recovery > 0) return recoveryRequested(ctx, entry, request, known);
  return known === undefined ? freshRequested(ctx, entry, request) : refuse(ctx, entry, request, 'validationFailure');
}

function freshRequested(ctx: Context, entry: LtabEntry, request: OpenRequest): OpenVerdict {
  const { settings } = entry;
  const { maxAssociationsPerMta } = ctx.mta.settings;
  const { rtorq, controlBlock } = request;
  if ((rtorq.dialogueMode === 'two-way-alternate') !== settings.twoWayAlternate) {
    report(ctx, 55, { entity: entry.name, association: controlBlock });
    return refuse(ctx, entry, request, 'unacceptableDialogueMode');
  }
  if (linkOf(ctx, entry.id).isLimited && ctx.mta.associationsLimited >= associationLimit(ctx.mta.settings)) {
    report(ctx, 9280, {});
    return refuse(ctx, entry, request, 'rtsBusy');
  }
  if (entryAt(ctx, entry.id).associations.length > maxAssociationsPerMta) {
    reportAsCalled(ctx, 57, { entity: entry.name, limit: maxAssociationsPerMta });
    return refuse(ctx, entry, request, 'rtsBusy');
  }
  const id = takeNumber(ctx);
  const negotiated = {
    ...rtorq,
    checkpointSizeK: Math.min(rtorq.checkpointSizeK, settings.checkpointSizeK),
    windowSize: Math.max(1, Math.min(rtorq.windowSize || defaultWindowSize, settings.windowSize)),
    activitiesInFlight: Math.max(1, Math.min(rtorq.activitiesInFlight ?? 1, ownActivities(ctx, entry.id))),
  };
  addAssociation(ctx, entry.id, newAssociation(ctx, id, request.association, 'responder', negotiated));
  return { accepted: { entry: entry.id, association: id } };
}

function recoveryRequested(ctx: Context, entry: LtabEntry, request: OpenRequest, known: Association | undefined): OpenVerdict {
  const { rtorq } = request;
  if (known === undefined || known.role !== 'responder' || !permits(known, 'recovery-received'))
    return refuse(ctx, entry, request, 'cannotRecover');
  // A later attempt has overtaken this one, which its initiator has abandoned.
  if (rtorq.recovery <= known.recovery) return refuse(ctx, entry, request, 'rtsBusy');
  const ref: AssociationRef = { entry: entry.id, association: known.id };
  // If this side has not noticed the loss yet, the recovery reveals it.
  if (known.state === 'open') loseAssociation(ctx, ref);
  else dropConnections(ctx, ref);
  changeState(ctx, ref, 'recovery-received', {
    recovery: rtorq.recovery,
    statedTurn: rtorq.turn === 'responder' ? 'mine' : 'theirs',
  });
  return { accepted: ref };
}

/** The link works both ways: only now does this side adopt what the RTORQ said. */
export function agreed(ctx: Context, ref: AssociationRef): Rtoac {
  const association = associationOf(ctx, ref) as Association;
  opened(ctx, ref, { statedTurn: null, turn: turnNow(ctx, association) });
  const { checkpointSizeK, windowSize, activitiesInFlight } = association;
  return { kind: 'rtoac', checkpointSizeK, windowSize, ...namedActivities(activitiesInFlight) };
}

/** The Turn of an association that is open again. The behaviour decides whose it is. */
function turnNow(ctx: Context, association: Association): Association['turn'] {
  const { statedTurn, turn } = association;
  if (statedTurn === null) return turn;
  const side = behaviourOf(ctx.mta.legacy).turnAfterRecovery(statedTurn, believes(turn));
  const next = turnTable[turn][side === 'mine' ? 'adopt-mine' : 'adopt-theirs'];
  if (next === undefined) throw new Error(`association ${association.name}: the Turn cannot be adopted in state ${turn}`);
  return next;
}

/** The link of an accepted association cannot be made: logs and counts the refusal. @returns the RTORJ. */
export function refuses(ctx: Context, ref: AssociationRef, reason: RefuseReason, controlBlock: number): Rtorj {
  const recovery = associationOf(ctx, ref)?.recovery ?? 0;
  reportRefusal(ctx, entryAt(ctx, ref.entry), reason, controlBlock, recovery);
  return { kind: 'rtorj', reason };
}

function refuse(ctx: Context, entry: LtabEntry, request: OpenRequest, reason: RefuseReason): OpenVerdict {
  reportRefusal(ctx, entry, reason, request.controlBlock, request.rtorq.recovery);
  return { refused: reason, entryId: entry.id };
}

/** Logs and counts an RTORJ of this MTA. */
function reportRefusal(ctx: Context, entry: LtabEntry, reason: RefuseReason, controlBlock: number, recovery: number): void {
  countAt(ctx, entry.id, { rejectedIn: 1 });
  noteOpening(ctx, entry.id, { rejectReason: reason });
  report(ctx, 1293, {
    entity: entry.name,
    provider: 'RTSE',
    reason: `${reason} (${refuseReason[reason]})`,
    controlBlock,
    associationType: recovery === 0 ? 'open' : 'recover',
  });
}
