/** Rules of limits, of the threshold, and of the state at rest: pure functions over states. */
import {
  type Association,
  type AssociationRef,
  associationLimit,
  type LtabEntry,
  ltabOf,
  type Mta,
  maxOutstandingCalls,
  priorities,
  rowOf,
  rowsIn,
} from '@mtalab/mta-core';
import type { Breach } from './catalogue.js';
import { connectorLeftOver } from './connector.js';

/** Connections beyond the limit that still get a refusal with a reason: see `rpc/server.ts`. */
const surplusConnections = 17;
/** The copies of one arrival come together, so the copies of several arrivals may exceed the limit. */
const copiesOfArrivals = 1024;

/** Limits of a whole MTA. */
export function beyondLimits(mta: Mta): Breach | null {
  const { settings, rpc, x400, queuedCopies, mailboxes } = mta;
  if (rpc.connections.size > settings.maxConnections + surplusConnections) {
    return over(mta, `${rpc.connections.size} connections, the limit is ${settings.maxConnections}`);
  }
  const busy = rowsIn(x400.connections).find(({ sent, owner }) => (sent?.unconfirmed.length ?? 0) > windowOf(mta, owner));
  if (busy !== undefined) return over(mta, `${busy.sent?.unconfirmed.length} unconfirmed checkpoints on connection ${busy.id}`);
  const local = mailboxes.queue.size + mailboxes.delivering.length + mailboxes.waiting.size;
  const most = settings.maxQueuedCopies + copiesOfArrivals;
  if (queuedCopies - local > most || local > most || queuedCopies < 0) {
    return over(mta, `${queuedCopies} queued copies, the limit is ${settings.maxQueuedCopies}`);
  }
  return null;
}

/** The window of the association that owns a connection. */
function windowOf(mta: Mta, owner: AssociationRef | null): number {
  return associationAt(mta, owner)?.windowSize ?? 0;
}

/** Unanswered calls that a connection may have: one more for each further activity that its association may have unconfirmed. */
export function mostCalls(mta: Mta, owner: AssociationRef | null): number {
  return maxOutstandingCalls - 1 + (associationAt(mta, owner)?.activitiesInFlight ?? 1);
}

/** The association that owns a connection. */
function associationAt(mta: Mta, owner: AssociationRef | null): Association | undefined {
  return owner === null ? undefined : rowOf(ltabOf(mta)[owner.entry - 1]?.associations ?? [], owner.association);
}

/** Limits for one adjacent MTA. */
export function entryBeyondLimits(mta: Mta, entry: LtabEntry): Breach | null {
  const { settings } = mta;
  const counted = entry.associations.filter(({ state }) => state !== 'closing').length;
  if (counted > settings.maxAssociationsPerMta + 1) {
    return over(mta, `${counted} associations with ${entry.name}, the limit is ${settings.maxAssociationsPerMta} and one urgent`);
  }
  let waiting = entry.waiting.size;
  for (const priority of priorities) waiting += entry.queues[priority].size;
  for (const { transfers, windowSize, name } of entry.associations) {
    waiting += transfers.size;
    const wide = rowsIn(transfers).find(({ unconfirmed }) => unconfirmed.length > windowSize);
    if (wide !== undefined) {
      return {
        ...over(mta, `${wide.unconfirmed.length} unconfirmed segments in a window of ${windowSize}`),
        association: name,
      };
    }
  }
  if (entry.queued !== waiting)
    return over(mta, `${entry.queued} copies are counted for ${entry.name}, but there are ${waiting}`);
  for (const row of entry.incoming) {
    const association = entry.associations.find(({ id }) => id === row.association);
    if (association !== undefined && row.unconfirmed > association.windowSize) {
      return {
        ...over(mta, `${row.unconfirmed} unconfirmed segments received in a window of ${association.windowSize}`),
        association: association.name,
      };
    }
  }
  return null;
}

/** Limits over the whole locality table, and calls per connection. */
export function tableBeyondLimits(mta: Mta): Breach | null {
  const all = limitedAssociations(mta);
  if (all > associationLimit(mta.settings)) {
    return over(mta, `${all} LAN associations in the locality table, the limit is ${associationLimit(mta.settings)}`);
  }
  const busy = rowsIn(mta.rpc.connections).find(({ calls, owner }) => calls.size > mostCalls(mta, owner));
  return busy === undefined ? null : over(mta, `${busy.calls.size} calls wait on connection ${busy.id}`);
}

function over(mta: Mta, what: string): Breach {
  return { rule: 'limits', mta: mta.name, detail: `${what}.` };
}

/** Number of associations that count for the threshold. */
function counted({ associations }: LtabEntry): number {
  return associations.filter(({ state }) => state !== 'closing').length;
}

/** Did one step open a further association too early, or fail to open a due one? @param stored its input came from the store. */
export function thresholdBroken(after: Mta, was: LtabEntry, is: LtabEntry, stored: boolean): Breach | null {
  const { thresholdRule, maxAssociationsPerMta } = after.settings;
  const { threshold } = is.settings;
  const reached = (associations: number): boolean =>
    thresholdRule === 'reached' ? is.queued >= threshold * associations : is.queued > threshold * associations;
  const of = `${is.queued} copies wait for ${is.name}, threshold ${threshold} (${thresholdRule})`;
  const [then, now] = [counted(was), counted(is)];
  const isNew = is.associations.at(-1);
  const opened =
    isNew !== undefined && isNew.role === 'initiator' && isNew.recovery === 0 && rowOf(was.associations, isNew.id) === undefined;
  if (opened && now > 1 && !reached(now - 1)) {
    return {
      rule: 'threshold',
      mta: after.name,
      association: isNew.name,
      detail: `It opens association number ${now} while ${of}.`,
    };
  }
  const due =
    stored && after.phase === 'running' && then > 0 && then < maxAssociationsPerMta && is.queued > was.queued && reached(then);
  const room =
    is.link === 'x400' ||
    (limitedAssociations(after) < associationLimit(after.settings) && after.rpc.connections.size < after.settings.maxConnections);
  // Without a free control block the attempt has failed within this step.
  const failed = is.counters.failedOut > was.counters.failedOut;
  if (!due || !room || now > then || opened || failed) return null;
  return { rule: 'threshold', mta: after.name, detail: `It has ${then} associations and opens no further one while ${of}.` };
}

/** Number of LAN associations. */
function limitedAssociations(mta: Mta): number {
  let all = 0;
  for (const { associations, link } of ltabOf(mta)) if (link !== 'x400') all += associations.length;
  return all;
}

/** Mail that an MTA still has when its queues should be empty. */
export function undrained(mta: Mta): Breach | null {
  for (const entry of ltabOf(mta)) {
    if (entry.queued === 0) continue;
    const states = entry.associations.map(({ name, state, turn }) => `${name} ${state}, Turn ${turn}`).join('; ');
    const detail = `${entry.queued} copies still wait for ${entry.name} (associations: ${states === '' ? 'none' : states}).`;
    return {
      rule: 'queues-drain',
      mta: mta.name,
      ...(states === '' ? {} : { association: entry.associations[0]?.name ?? '' }),
      detail,
    };
  }
  const { queue, delivering, waiting } = mta.mailboxes;
  const inMailboxes = queue.size + delivering.length + waiting.size;
  if (inMailboxes > 0) return { rule: 'queues-drain', mta: mta.name, detail: `${inMailboxes} copies still wait for mailboxes.` };
  return null;
}

/** State that an MTA still holds at rest. */
export function leftOver(mta: Mta): Breach | null {
  const left = (what: string): Breach => ({ rule: 'rest', mta: mta.name, detail: `${what}.` });
  for (const entry of ltabOf(mta)) {
    const [association] = entry.associations;
    if (association !== undefined) {
      const { name, state, turn } = association;
      return { ...left(`An association with ${entry.name} is left in state ${state}, Turn ${turn}`), association: name };
    }
    if (entry.incoming.length > 0) return left(`A transfer from ${entry.name} is left unfinished`);
  }
  if (mta.queuedCopies !== 0) return left(`${mta.queuedCopies} copies are counted, but no mail is there`);
  if (mta.stores.size + mta.forgets.size > 0) return left('The store has not answered');
  const [connection] = rowsIn(mta.rpc.connections);
  if (connection !== undefined)
    return left(`Connection ${connection.id} (${connection.side}, ${connection.phase}) is left without owner`);
  return connectorLeftOver(mta);
}
