/** Rules of the Turn and of the APDUs that an association carries: pure functions over states and effects of the core. */
import {
  type Association,
  believes,
  describeActivity,
  type Effect,
  findRow,
  firstRow,
  frontOf,
  type LtabEntry,
  ltabOf,
  type Mta,
  type Priority,
  priorities,
  rowOf,
  turnPriority,
} from '@mtalab/mta-core';
import type { Breach } from './catalogue.js';
import { associationOfConnection, type SentApdu, sentApdus } from './sent-apdus.js';

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

/** May this side send the APDUs of this step? */
export function unduePdus(before: Mta, after: Mta, effects: readonly Effect[]): Breach | null {
  for (const { conn, apdu } of sentApdus(before, after, effects)) {
    const found = associationOfConnection(before, after, conn);
    if (found === null) continue;
    const { entry, association } = found;
    const breach =
      undueApdu(association, apdu) ??
      undueGive(before, after, entry, association, apdu) ??
      givenDuringActivity(after, conn, apdu) ??
      undueStart(before, entry, association, apdu);
    if (breach !== null) return { ...breach, mta: after.name, association: found.association.name };
  }
  return null;
}

function undueApdu(association: Association, apdu: SentApdu): Breach | null {
  const { turn, transfers } = association;
  if (apdu.kind === 'segment') {
    const message = describeActivity(apdu.activity);
    if (believes(turn) !== 'mine') return { rule: 'turn-to-transfer', message, detail: `It sends an RTTR in state ${turn}.` };
  }
  if (apdu.kind === 'turn-give') {
    const transfer = firstRow(transfers);
    if (transfer !== undefined) {
      return { rule: 'turn-moves', message: describeActivity(transfer.id), detail: 'It gives the Turn during a transfer.' };
    }
    if (turn !== 'given') return { rule: 'turn-moves', detail: `It gives the Turn in state ${turn}.` };
  }
  if (apdu.kind === 'turn-please' && turn !== 'asking') {
    return { rule: 'turn-moves', detail: `It asks for the Turn in state ${turn}.` };
  }
  return null;
}

/** An activity of the session must be over before its tokens go. */
function givenDuringActivity(after: Mta, conn: number, { kind }: SentApdu): Breach | null {
  const sent = kind === 'turn-give' ? findRow(after.x400.connections, conn)?.sent : undefined;
  if (sent === undefined || sent === null) return null;
  return { rule: 'turn-moves', message: describeActivity(sent.activity), detail: 'It gives the Turn during an activity.' };
}

/** Does a transfer begin, rather than restart because its receiver needs it again from the start? */
function undueStart(before: Mta, entry: LtabEntry, association: Association, apdu: SentApdu): Breach | null {
  if (apdu.kind !== 'begin') return null;
  const was = rowOf(ltabOf(before)[entry.id - 1]?.associations ?? [], association.id);
  if (was !== undefined && findRow(was.transfers, apdu.activity) !== undefined) return null;
  const { priority } = apdu;
  if (association.urgentOnly && priority !== 'urgent') {
    const detail = `It sends a ${priority} copy on the association above the limit, which is for urgent mail only.`;
    return { rule: 'limits', message: describeActivity(apdu.activity), detail };
  }
  return (
    uncounted(was, association, apdu.activity) ??
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
function undueGive(before: Mta, after: Mta, entry: LtabEntry, association: Association, apdu: SentApdu): Breach | null {
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
    const waiting = frontOf(entry.queues[priority]);
    const before = waiting !== undefined && (priority !== own || waiting.id < activity);
    if (before) {
      const detail = `It sends a ${own} copy while ${describeActivity(waiting.id)} (${priority}) waits for ${entry.name}.`;
      return { rule: 'order', message: describeActivity(activity), detail };
    }
    if (priority === own) return null;
  }
  return null;
}
