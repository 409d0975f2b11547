/** Rules of what a loss or a new start of the peer must end: pure functions over states. */
import { type Association, findRow, type LtabEntry, type Mta, rowOf } from '@mtalab/mta-core';
import type { Breach } from './catalogue.js';

/** The connections that carry an association on this side. */
function connectionsOf(mta: Mta, { id }: Association): readonly number[] {
  const carrier = findRow(mta.rpc.carriers, id);
  const all = carrier === undefined ? [] : [carrier.ownFirst, carrier.peerFirst, carrier.ownData.conn, carrier.peerData];
  return all.filter((conn) => conn !== null);
}

/** What one step has made of the associations of an entry. */
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
      return { ...about, detail: `Recovery ${association.recovery} is begun after recovery ${before.recovery}.` };
    }
    const old = connectionsOf(mtas.before, before);
    const kept = connectionsOf(mtas.after, association).find((conn) => old.includes(conn));
    if (kept !== undefined)
      return { ...about, detail: `Connection ${kept} is older than recovery ${association.recovery}, and still used.` };
  }
  return null;
}

/** Does the right side, and it alone, recover what is lost? */
function forsaken(before: Association, { role, state, recovery, recoverAtMs }: Association): string | null {
  const sets = before.state === 'lost' && state === 'opening';
  if (sets && role === 'responder') return 'Its responder sets out to recover it.';
  if (sets && recovery === before.recovery) return `Recovery ${recovery} is begun a second time.`;
  if (state === 'lost' && role === 'initiator' && recoverAtMs === null)
    return 'It is lost, and its initiator does not recover it.';
  return null;
}

/** The peer has started anew: which association has outlived its other side? */
export function incarnationBroken(was: LtabEntry, is: LtabEntry): Breach | null {
  const [old, now] = [was.peer, is.peer];
  if (old === null || now === null || old === now) return null;
  if (old.storeUuid === now.storeUuid && now.incarnation < old.incarnation) {
    return { rule: 'incarnation', detail: `${is.name} is met in its life ${now.incarnation} after life ${old.incarnation}.` };
  }
  if (old.storeUuid === now.storeUuid && now.incarnation === old.incarnation) return null;
  const left = is.associations.find(({ id }) => isAgreed(rowOf(was.associations, id)) && isAgreed(rowOf(is.associations, id)));
  if (left === undefined) return null;
  const detail = `It was agreed with life ${old.incarnation} of ${is.name} and is kept in life ${now.incarnation}.`;
  return { rule: 'incarnation', association: left.name, detail };
}

function isAgreed(association: Association | undefined): boolean {
  return association !== undefined && (association.state === 'open' || association.state === 'lost');
}
