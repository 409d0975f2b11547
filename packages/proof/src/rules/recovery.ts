/** Rules of recovery after a loss, and of a restart of the peer: pure functions over states. */
import { type Association, findRow, type LtabEntry, type Mta, rowOf, rowsIn } from '@mtalab/mta-core';
import type { Breach } from './catalogue.js';

/** This side's connections of an association. */
function connectionsOf(mta: Mta, { id }: Association): readonly number[] {
  const carrier = findRow(mta.rpc.carriers, id);
  const all = carrier === undefined ? [] : [carrier.ownFirst, carrier.peerFirst, carrier.ownData.conn, carrier.peerData];
  const x400 = rowsIn(mta.x400.connections).flatMap((row) => (row.owner?.association === id ? [row.id] : []));
  return [...all.filter((conn) => conn !== null), ...x400];
}

/** Checks how one step has changed the associations of an entry. */
export function recoveryBroken(
  mtas: { readonly before: Mta; readonly after: Mta },
  was: LtabEntry,
  is: LtabEntry,
): Breach | null {
  for (const association of is.associations) {
    const before = rowOf(was.associations, association.id);
    if (before === undefined) continue;
    const about = { rule: 'recovery', association: association.name } as const;
    const left = forsaken(before, association);
    if (left !== null) return { ...about, detail: left };
    if (before.recovery === association.recovery) continue;
    if (association.recovery < before.recovery) {
      return { ...about, detail: `It begins recovery ${association.recovery} after recovery ${before.recovery}.` };
    }
    const old = connectionsOf(mtas.before, before);
    const kept = connectionsOf(mtas.after, association).find((conn) => old.includes(conn));
    if (kept !== undefined)
      return { ...about, detail: `It still uses connection ${kept}, which is older than recovery ${association.recovery}.` };
  }
  return null;
}

/** Does the initiator, and only the initiator, recover a lost association? */
function forsaken(before: Association, { role, state, recovery, recoverAtMs }: Association): string | null {
  const sets = before.state === 'lost' && state === 'opening';
  if (sets && role === 'responder') return 'Its responder begins to recover it.';
  if (sets && recovery === before.recovery) return `Its initiator begins recovery ${recovery} a second time.`;
  if (state === 'lost' && role === 'initiator' && recoverAtMs === null)
    return 'It is lost, and its initiator does not recover it.';
  return null;
}

/** Finds an association that has outlived a restart of the peer. */
export function incarnationBroken(was: LtabEntry, is: LtabEntry): Breach | null {
  const [old, now] = [was.peer, is.peer];
  if (old === null || now === null || old === now) return null;
  if (old.storeUuid === now.storeUuid && now.incarnation < old.incarnation) {
    return {
      rule: 'incarnation',
      detail: `It accepts incarnation ${now.incarnation} of ${is.name} after incarnation ${old.incarnation}.`,
    };
  }
  if (old.storeUuid === now.storeUuid && now.incarnation === old.incarnation) return null;
  const left = is.associations.find(({ id }) => isAgreed(rowOf(was.associations, id)) && isAgreed(rowOf(is.associations, id)));
  if (left === undefined) return null;
  const detail = `It began with incarnation ${old.incarnation} of ${is.name} and still exists in incarnation ${now.incarnation}.`;
  return { rule: 'incarnation', association: left.name, detail };
}

function isAgreed(association: Association | undefined): boolean {
  return association !== undefined && (association.state === 'open' || association.state === 'lost');
}
