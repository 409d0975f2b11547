/** Rules of opening, recovery and end, so far as one step shows a breach: pure functions over states, the input and the effects. */
import {
  type Association,
  type Effect,
  findRow,
  type Input,
  type LtabEntry,
  ltabOf,
  type Mta,
  type RpcArgument,
  rowOf,
} from '@mtalab/mta-core';
import type { Breach } from './catalogue.js';

type Step = { readonly before: Mta; readonly after: Mta; readonly input: Input; readonly effects: readonly Effect[] };

/** What one step does that opening, recovery or end forbid. */
export function openingBroken(step: Step): Breach | null {
  const { input } = step;
  if (input.type === 'timer') return endedByTimer(step) ?? impatient(step) ?? haltedEarly(step);
  if (input.type === 'frame' && input.link === 'rpc') {
    const { frame: pdu, conn } = input;
    if (pdu.type === 'request') {
      return abandoned(step, conn, pdu.body) ?? early(step, conn, pdu.body) ?? impatient(step) ?? haltedEarly(step);
    }
    if (pdu.type === 'response' && pdu.body.op === 'MtaBind' && pdu.body.apdu.kind === 'rtorj') {
      const found = pdu.body.apdu.reason === 'cannotRecover' ? keptInVain(step, conn) : null;
      if (found !== null) return found;
    }
  }
  return impatient(step) ?? haltedEarly(step);
}

function owned(mta: Mta, conn: number): Association | undefined {
  const owner = findRow(mta.rpc.connections, conn)?.owner;
  const entry = owner === undefined || owner === null ? undefined : ltabOf(mta)[owner.entry - 1];
  return entry === undefined ? undefined : rowOf(entry.associations, owner?.association ?? -1);
}

function associations(mta: Mta): readonly Association[] {
  return ltabOf(mta).flatMap((entry) => entry.associations);
}

/** An association that works is gone because a time has passed. */
function endedByTimer({ before, after }: Step): Breach | null {
  if (after.phase !== 'running') return null;
  const left = new Set(associations(after).map(({ id }) => id));
  const ended = associations(before).find(({ id, state }) => state === 'open' && !left.has(id));
  if (ended === undefined) return null;
  return { rule: 'recovery', association: ended.name, detail: 'It is open, and a timer ends it without a close.' };
}

/** The peer cannot recover an association: it is to be forgotten. */
function keptInVain({ before, after }: Step, conn: number): Breach | null {
  const recovering = owned(before, conn);
  if (recovering === undefined || recovering.recovery === 0) return null;
  const kept = associations(after).find(({ id }) => id === recovering.id);
  if (kept === undefined) return null;
  return { rule: 'recovery', association: kept.name, detail: 'The peer cannot recover it, and it is kept.' };
}

/** A MtaBindBack that belongs to another attempt than the present one. */
function abandoned({ before, effects }: Step, conn: number, body: { readonly op: string }): Breach | null {
  if (body.op !== 'MtaBindBack') return null;
  const { association: name, recovery } = body as Extract<RpcArgument, { op: 'MtaBindBack' }>;
  const present = associations(before).find((each) => each.name === name);
  const accepted = effects.some(
    (effect) =>
      effect.type === 'frame' &&
      effect.link === 'rpc' &&
      effect.conn === conn &&
      effect.frame.type === 'response' &&
      effect.frame.body.op === 'MtaBindBack' &&
      effect.frame.body.accepted,
  );
  if (!accepted || present?.recovery === recovery) return null;
  const detail = `A MtaBindBack of recovery ${recovery} is accepted in the course of recovery ${present?.recovery ?? 'none'}.`;
  return { rule: 'recovery', association: name, detail };
}

/** An APDU that has overtaken the RTOAC is to wait. */
function early({ after, effects }: Step, conn: number, body: { readonly op: string }): Breach | null {
  const association = body.op === 'MtaSend' ? owned(after, conn) : undefined;
  if (association === undefined || (association.state !== 'opening' && association.state !== 'answering')) return null;
  const done = effects.some(
    (effect) =>
      effect.type === 'store' ||
      (effect.type === 'frame' && effect.link === 'rpc' && effect.conn === conn && effect.frame.type === 'response'),
  );
  if (!done) return null;
  return { rule: 'agreed-first', association: association.name, detail: `An APDU is carried out in state ${association.state}.` };
}

/** The Open Interval begins, and an opening too. */
function impatient({ before, after, effects }: Step): Breach | null {
  for (const effect of effects) {
    if (effect.type !== 'report' || effect.event.id !== 301) continue;
    const { entity, seconds } = effect.event.params;
    const [was, is] = [entryOf(before, entity), entryOf(after, entity)];
    const begun = is?.associations.find(
      ({ id, role, recovery }) => role === 'initiator' && recovery === 0 && rowOf(was?.associations ?? [], id) === undefined,
    );
    if (begun === undefined) continue;
    const detail = `${seconds} s have to pass after a failure to open an association to ${entity}, and another is begun at once.`;
    return { rule: 'open-interval', association: begun.name, detail };
  }
  return null;
}

function entryOf(mta: Mta, name: string): LtabEntry | undefined {
  return ltabOf(mta).find((entry) => entry.name === name);
}

/** The end, in order, while the store is still at work. */
function haltedEarly({ after, effects }: Step): Breach | null {
  if (after.stores.size === 0 || !effects.some((effect) => effect.type === 'halt' && effect.clean)) return null;
  return { rule: 'stop-in-order', detail: `It ends while the store has not answered (${after.stores.size} times).` };
}
