/** Rules of the Turn and of the APDUs that an association carries: pure functions over states and effects of the core. */
import {
  type Association,
  believes,
  describeActivity,
  type Effect,
  findRow,
  type LtabEntry,
  ltabOf,
  type Mta,
  type Priority,
  peek,
  priorities,
  rowOf,
  type SendApdu,
  turnPriority,
} from '@mtalab/mta-core';
import type { Breach } from './catalogue.js';

/** Both ends of an association are up under the same recovery number. */
function joined(one: Association, other: Association | undefined): other is Association {
  return other !== undefined && other.recovery === one.recovery && isUp(one) && isUp(other);
}

function isUp({ state }: Association): boolean {
  return state === 'open' || state === 'closing';
}

/** Never two holders. @param mine one MTA's entry for the other. @param theirs the other MTA's entry for the first. */
export function twoHolders(mine: LtabEntry, theirs: LtabEntry): Breach | null {
  for (const one of mine.associations) {
    if (!isUp(one) || believes(one.turn) !== 'mine') continue;
    const other = theirs.associations.find(({ name }) => name === one.name);
    if (!joined(one, other) || believes(other.turn) !== 'mine') continue;
    return {
      rule: 'one-turn',
      association: one.name,
      detail: `Both ${theirs.name} and ${mine.name} hold the Turn, at recovery ${one.recovery} (${one.turn} and ${other.turn}).`,
    };
  }
  return null;
}

/** Exactly one holder. Call this only when the faults are over and nothing is under way between the two MTAs. */
export function noHolder(mine: LtabEntry, theirs: LtabEntry): Breach | null {
  for (const one of mine.associations) {
    if (one.state !== 'open' || believes(one.turn) === 'mine') continue;
    const other = theirs.associations.find(({ name }) => name === one.name);
    if (!joined(one, other) || believes(other.turn) === 'mine') continue;
    return {
      rule: 'holder-after-faults',
      association: one.name,
      detail: `Nobody holds the Turn: ${theirs.name} believes that ${mine.name} has it (${one.turn}), and ${mine.name} believes that ${theirs.name} has it (${other.turn}).`,
    };
  }
  return null;
}

/** The association of an outgoing PDU: its state after the step, or before the step if the step ended it. */
function associationOfConnection(before: Mta, after: Mta, conn: number): { entry: LtabEntry; association: Association } | null {
  for (const mta of [after, before]) {
    const owner = findRow(mta.rpc.connections, conn)?.owner;
    if (owner === null || owner === undefined) continue;
    const entry = ltabOf(mta)[owner.entry - 1];
    const association = entry === undefined ? undefined : rowOf(entry.associations, owner.association);
    if (entry !== undefined && association !== undefined) return { entry, association };
  }
  return null;
}

/** May this side send the PDUs of this step? */
export function unduePdus(before: Mta, after: Mta, effects: readonly Effect[]): Breach | null {
  for (const effect of effects) {
    if (effect.type !== 'frame' || effect.link !== 'rpc' || effect.frame.type !== 'request' || effect.frame.body.op !== 'MtaSend')
      continue;
    const found = associationOfConnection(before, after, effect.conn);
    if (found === null) continue;
    const { apdu } = effect.frame.body;
    const { entry, association } = found;
    const breach =
      undueApdu(association, apdu) ??
      undueGive(before, after, entry, association, apdu) ??
      undueStart(before, entry, association, apdu);
    if (breach !== null) return { ...breach, mta: after.name, association: found.association.name };
  }
  return null;
}

function undueApdu(association: Association, apdu: SendApdu): Breach | null {
  const { turn, transfer } = association;
  if (apdu.kind === 'rttr') {
    const message = describeActivity(apdu.activity);
    if (believes(turn) !== 'mine') return { rule: 'turn-to-transfer', message, detail: `It sends an RTTR in state ${turn}.` };
  }
  if (apdu.kind === 'turn-give') {
    if (transfer !== null) {
      return { rule: 'turn-moves', message: describeActivity(transfer.copy.id), detail: 'It gives the Turn during a transfer.' };
    }
    if (turn !== 'given') return { rule: 'turn-moves', detail: `It gives the Turn in state ${turn}.` };
  }
  if (apdu.kind === 'turn-please' && turn !== 'asking') {
    return { rule: 'turn-moves', detail: `It asks for the Turn in state ${turn}.` };
  }
  return null;
}

/** Does a transfer begin, rather than restart because its receiver needs it again from the start? */
function undueStart(before: Mta, entry: LtabEntry, association: Association, apdu: SendApdu): Breach | null {
  if (apdu.kind !== 'rttr' || apdu.start === undefined) return null;
  const earlier = rowOf(ltabOf(before)[entry.id - 1]?.associations ?? [], association.id)?.transfer?.copy.id;
  if (earlier === apdu.activity) return null;
  const { priority } = apdu.start;
  if (association.urgentOnly && priority !== 'urgent') {
    const detail = `It sends a ${priority} copy on the association above the limit, which is for urgent mail only.`;
    return { rule: 'limits', message: describeActivity(apdu.activity), detail };
  }
  return (
    uncounted(rowOf(ltabOf(before)[entry.id - 1]?.associations ?? [], association.id), association, apdu.activity) ??
    unanswered(entry.settings.turnRequestThreshold, association, apdu.activity, priority) ??
    overtaken(entry, apdu.activity, priority)
  );
}

/** May a transfer start although the peer has asked for the Turn? */
function unanswered(threshold: number, association: Association, activity: number, own: Priority): Breach | null {
  const { turn, askedPriority, transfersSinceAsked } = association;
  if (turn !== 'asked-of' || askedPriority === null || askedPriority === 0) return null;
  const message = describeActivity(activity);
  if (askedPriority < turnPriority[own]) {
    return { rule: 'turn-answered', message, detail: `It sends a ${own} copy after a Please of priority ${askedPriority}.` };
  }
  if (transfersSinceAsked <= threshold) return null;
  const detail = `It starts transfer ${transfersSinceAsked} since the Please; the limit is ${threshold}.`;
  return { rule: 'turn-answered', message, detail };
}

/** A transfer that starts after the peer has asked for the Turn must count. */
function uncounted(was: Association | undefined, is: Association, activity: number): Breach | null {
  if (was?.turn !== 'asked-of' || is.turn !== 'asked-of' || is.transfersSinceAsked > was.transfersSinceAsked) return null;
  const detail = `It starts a transfer after a Please, but its count stays at ${is.transfersSinceAsked}.`;
  return { rule: 'turn-answered', message: describeActivity(activity), detail };
}

/** An MTA must not give the Turn for a close while mail waits. A stopping MTA may. */
function undueGive(before: Mta, after: Mta, entry: LtabEntry, association: Association, apdu: SendApdu): Breach | null {
  if (apdu.kind !== 'turn-give' || after.phase !== 'running') return null;
  const was = rowOf(ltabOf(before)[entry.id - 1]?.associations ?? [], association.id);
  if (was?.turn !== 'asked-of' || was.askedPriority !== 0) return null;
  const waits = priorities.find(
    (priority) => (priority === 'urgent' || !association.urgentOnly) && entry.queues[priority].size > 0,
  );
  if (waits === undefined) return null;
  return { rule: 'turn-answered', detail: `It gives the Turn for a close while ${waits} mail waits for ${entry.name}.` };
}

/** Does a more urgent or an older copy wait when a transfer starts? */
function overtaken(entry: LtabEntry, activity: number, own: Priority): Breach | null {
  for (const priority of priorities) {
    const waiting = peek(entry.queues[priority]);
    const before = waiting !== undefined && (priority !== own || waiting.id < activity);
    if (before) {
      const detail = `It sends a ${own} copy while ${describeActivity(waiting.id)} (${priority}) waits for ${entry.name}.`;
      return { rule: 'order', message: describeActivity(activity), detail };
    }
    if (priority === own) return null;
  }
  return null;
}
