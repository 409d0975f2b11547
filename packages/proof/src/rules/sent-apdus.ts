/** What one step of an MTA sends, in the words of the reliable transfer: the same for each link. */
import {
  type Association,
  type Effect,
  findRow,
  type LtabEntry,
  ltabOf,
  type Mta,
  ownerOfConnection,
  type Priority,
  rowOf,
  type X400Connection,
} from '@mtalab/mta-core';

export type SentApdu =
  | { readonly kind: 'turn-please' | 'turn-give' }
  /** An activity starts or resumes. */
  | { readonly kind: 'begin'; readonly activity: number; readonly priority: Priority }
  | { readonly kind: 'segment'; readonly activity: number };

/** An APDU on a connection. */
export type Sent = { readonly conn: number; readonly apdu: SentApdu };

/** A confirmation: of some octets, or of the whole message. */
export type SentConfirmation = {
  readonly conn: number;
  readonly activity: number;
  readonly upTo: number;
  readonly stored: boolean;
};

type FrameEffect = Extract<Effect, { type: 'frame' }>;

/** Turn APDUs and transfers in the effects of a step, in order. */
export function sentApdus(before: Mta, after: Mta, effects: readonly Effect[]): readonly Sent[] {
  const sent: Sent[] = [];
  for (const effect of effects) {
    if (effect.type !== 'frame') continue;
    if (effect.link === 'rpc') addFromRpc(sent, effect);
    else if (effect.link === 'x400') addFromX400(sent, before, after, effect);
  }
  return sent;
}

function addFromRpc(sent: Sent[], { conn, frame: pdu }: Extract<FrameEffect, { link: 'rpc' }>): void {
  if (pdu.type !== 'request' || pdu.body.op !== 'MtaSend') return;
  const { apdu } = pdu.body;
  if (apdu.kind === 'turn-please' || apdu.kind === 'turn-give') sent.push({ conn, apdu: { kind: apdu.kind } });
  if (apdu.kind !== 'rttr') return;
  const { activity, start } = apdu;
  sent.push({ conn, apdu: { kind: 'segment', activity } });
  if (start !== undefined) sent.push({ conn, apdu: { kind: 'begin', activity, priority: start.priority } });
}

function addFromX400(sent: Sent[], before: Mta, after: Mta, effect: Extract<FrameEffect, { link: 'x400' }>): void {
  const { conn, frame } = effect;
  if (frame.type === 'please-tokens') sent.push({ conn, apdu: { kind: 'turn-please' } });
  else if (frame.type === 'give-tokens-confirm') sent.push({ conn, apdu: { kind: 'turn-give' } });
  else if (frame.type === 'activity-start' || frame.type === 'activity-resume') {
    const { activity } = frame;
    const association = associationOfConnection(before, after, conn)?.association;
    const priority = association === undefined ? undefined : findRow(association.transfers, activity)?.copy.envelope.priority;
    if (priority !== undefined) sent.push({ conn, apdu: { kind: 'begin', activity, priority } });
  } else if (frame.type === 'data') {
    const activity = x400ConnectionIn(before, after, conn, 'sent')?.sent?.activity;
    if (activity !== undefined) sent.push({ conn, apdu: { kind: 'segment', activity } });
  }
}

/** A connection of the X.400 connector with an activity: as the step leaves it, or, if the step ends that, as it finds it. */
function x400ConnectionIn(before: Mta, after: Mta, conn: number, activity: 'sent' | 'received'): X400Connection | undefined {
  const [was, is] = [findRow(before.x400.connections, conn), findRow(after.x400.connections, conn)];
  return is === undefined || is[activity] === null ? was : is;
}

/** Confirmations of transfers in the effects of a step. */
export function sentConfirmations(before: Mta, after: Mta, effects: readonly Effect[]): readonly SentConfirmation[] {
  const sent: SentConfirmation[] = [];
  for (const effect of effects) {
    if (effect.type !== 'frame') continue;
    const { conn } = effect;
    if (effect.link === 'rpc') {
      const { frame: pdu } = effect;
      if (pdu.type !== 'response' || pdu.body.op !== 'MtaSend' || pdu.body.apdu.kind !== 'confirm') continue;
      sent.push({ conn, ...pdu.body.apdu });
    } else if (effect.link === 'x400') {
      const found = confirmedByX400(before, after, effect);
      if (found !== null) sent.push(found);
    }
  }
  return sent;
}

function confirmedByX400(before: Mta, after: Mta, effect: Extract<FrameEffect, { link: 'x400' }>): SentConfirmation | null {
  const { conn, frame } = effect;
  const received = x400ConnectionIn(before, after, conn, 'received')?.received ?? null;
  if (received === null) return null;
  const { activity, points } = received;
  if (frame.type === 'activity-end-ack' || (frame.type === 'exception' && frame.reason === 'transferCompleted'))
    return { conn, activity, upTo: 0, stored: true };
  if (frame.type !== 'minor-sync-ack') return null;
  const upTo = points.find(({ number }) => number === frame.checkpoint)?.offset ?? Number.POSITIVE_INFINITY;
  return { conn, activity, upTo, stored: false };
}

/** The association of a connection: its state after the step, or before the step if the step ended it. */
export function associationOfConnection(
  before: Mta,
  after: Mta,
  conn: number,
): { readonly entry: LtabEntry; readonly association: Association } | null {
  for (const mta of [after, before]) {
    const owner = ownerOfConnection(mta, conn);
    if (owner === null) continue;
    const entry = ltabOf(mta)[owner.entry - 1];
    const association = entry === undefined ? undefined : rowOf(entry.associations, owner.association);
    if (entry !== undefined && association !== undefined) return { entry, association };
  }
  return null;
}
