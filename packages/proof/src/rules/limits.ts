/** Limits, and what may be left at rest: pure functions over states. */
import {
  type LtabEntry,
  ltabOf,
  type Mta,
  maxOutstandingCalls,
  mostAssociations,
  priorities,
  rowOf,
  rowsIn,
} from '@mtalab/mta-core';
import type { Breach } from './catalogue.js';

/** Connections beyond the limit that are still told why they get no service, as `rpc/server.ts` documents. */
const surplusConnections = 17;
/** Copies of one arrival come together, so the limit of copies may be passed by what several arrivals hold. */
const copiesOfArrivals = 1024;

/** Limits of a whole MTA. */
export function beyondLimits(mta: Mta): Breach | null {
  const { settings, rpc, queuedCopies, mailboxes } = mta;
  if (rpc.connections.size > settings.maxConnections + surplusConnections) {
    return over(mta, `${rpc.connections.size} connections, ${settings.maxConnections} are permitted`);
  }
  const local = mailboxes.queue.size + mailboxes.delivering.length + mailboxes.waiting.size;
  const most = settings.maxQueuedCopies + copiesOfArrivals;
  if (queuedCopies - local > most || local > most || queuedCopies < 0) {
    return over(mta, `${queuedCopies} queued copies, ${settings.maxQueuedCopies} are permitted`);
  }
  return null;
}

/** Limits of what concerns one adjacent MTA. */
export function entryBeyondLimits(mta: Mta, entry: LtabEntry): Breach | null {
  const { settings } = mta;
  const counted = entry.associations.filter(({ state }) => state !== 'closing').length;
  if (counted > settings.maxAssociationsPerMta + 1) {
    return over(
      mta,
      `${counted} associations with ${entry.name}, ${settings.maxAssociationsPerMta} and one urgent are permitted`,
    );
  }
  let waiting = entry.waiting.size;
  for (const priority of priorities) waiting += entry.queues[priority].size;
  for (const { transfer, windowSize, name } of entry.associations) {
    if (transfer !== null) waiting += 1;
    if (transfer !== null && transfer.unconfirmed.length > windowSize) {
      return {
        ...over(mta, `${transfer.unconfirmed.length} unconfirmed segments in a window of ${windowSize}`),
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
        ...over(mta, `${row.unconfirmed} segments were taken in a window of ${association.windowSize}`),
        association: association.name,
      };
    }
  }
  return null;
}

/** Limits over the whole locality table, and calls per connection. */
export function tableBeyondLimits(mta: Mta): Breach | null {
  const all = tableSize(mta);
  if (all > mostAssociations(mta.settings)) {
    return over(mta, `${all} associations in the locality table, ${mostAssociations(mta.settings)} are permitted`);
  }
  const busy = rowsIn(mta.rpc.connections).find(({ calls }) => calls.length > maxOutstandingCalls);
  return busy === undefined ? null : over(mta, `${busy.calls.length} calls wait on connection ${busy.id}`);
}

function over(mta: Mta, what: string): Breach {
  return { rule: 'limits', mta: mta.name, detail: `${what}.` };
}

/** Associations that count for the threshold. */
function counted({ associations }: LtabEntry): number {
  return associations.filter(({ state }) => state !== 'closing').length;
}

/** One step: was a further association opened too early, or one that was due not at all? @param stored it heard from its store. */
export function thresholdBroken(after: Mta, was: LtabEntry, is: LtabEntry, stored: boolean): Breach | null {
  const { threshold, thresholdRule, maxAssociationsPerMta } = after.settings;
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
      detail: `Association number ${now} is opened while ${of}.`,
    };
  }
  const due =
    stored && after.phase === 'running' && then > 0 && then < maxAssociationsPerMta && is.queued > was.queued && reached(then);
  const room = tableSize(after) < mostAssociations(after.settings) && after.rpc.connections.size < after.settings.maxConnections;
  if (!due || !room || now > then || opened) return null;
  return { rule: 'threshold', mta: after.name, detail: `No association is opened to the ${then} there are while ${of}.` };
}

function tableSize(mta: Mta): number {
  let all = 0;
  for (const { associations } of ltabOf(mta)) all += associations.length;
  return all;
}

/** Mail that an MTA still has, where all should have gone. */
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

/** What an MTA holds on to although there is nothing more to be done. */
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
  return null;
}
