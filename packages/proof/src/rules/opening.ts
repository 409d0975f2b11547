/** Rules of opening, recovery and end that one step can break: pure functions over states, the input and the effects. */
import {
  type Association,
  type Effect,
  type Input,
  type LtabEntry,
  ltabOf,
  type Mta,
  ownerOfConnection,
  type RpcArgument,
  rowOf,
} from '@mtalab/mta-core';
import type { Breach } from './catalogue.js';

type Step = { readonly before: Mta; readonly after: Mta; readonly input: Input; readonly effects: readonly Effect[] };

/** Returns the first breach of these rules in one step. */
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
  const found = input.type === 'frame' && input.link === 'x400' ? x400Broken(step, input) : null;
  return found ?? misnumbered(step) ?? impatient(step) ?? haltedEarly(step);
}

/** A frame of the X.400 connector has come. */
function x400Broken(step: Step, { conn, frame }: Extract<Input, { type: 'frame'; link: 'x400' }>): Breach | null {
  if (frame.type === 'connect') return recoveredLate(step, conn, frame.association, frame.apdu.recovery);
  if (frame.type === 'refuse' && frame.apdu.reason === 'cannotRecover') return keptInVain(step, conn);
  const association = frame.type === 'data' ? owned(step.after, conn) : undefined;
  return association === undefined ? null : executedEarly(association, step.effects.some(isStore));
}

/** An RTORQ over an X.400 connector must have the number of the recovery under way. */
function misnumbered({ before, after, effects }: Step): Breach | null {
  for (const effect of effects) {
    if (effect.type !== 'frame' || effect.link !== 'x400' || effect.frame.type !== 'connect') continue;
    const { recovery } = effect.frame.apdu;
    const association = owned(after, effect.conn) ?? owned(before, effect.conn);
    if (association === undefined || association.recovery === recovery) continue;
    const detail = `It sends the number ${recovery} for recovery ${association.recovery}.`;
    return { rule: 'recovery', association: association.name, detail };
  }
  return null;
}

/** A recovery must have a higher number than the last one. */
function recoveredLate({ before, effects }: Step, conn: number, name: string, recovery: number): Breach | null {
  const present = associations(before).find((each) => each.name === name);
  const accepted = effects.some(
    (effect) => effect.type === 'frame' && effect.link === 'x400' && effect.conn === conn && effect.frame.type === 'accept',
  );
  if (!accepted || present === undefined || present.recovery < recovery) return null;
  return {
    rule: 'recovery',
    association: name,
    detail: `It accepts recovery ${recovery} after recovery ${present.recovery}.`,
  };
}

function isStore({ type }: Effect): boolean {
  return type === 'store';
}

function owned(mta: Mta, conn: number): Association | undefined {
  const owner = ownerOfConnection(mta, conn);
  const entry = owner === null ? undefined : ltabOf(mta)[owner.entry - 1];
  return entry === undefined ? undefined : rowOf(entry.associations, owner?.association ?? -1);
}

function associations(mta: Mta): readonly Association[] {
  return ltabOf(mta).flatMap((entry) => entry.associations);
}

/** A timer has ended a working association. */
function endedByTimer({ before, after }: Step): Breach | null {
  if (after.phase !== 'running') return null;
  const left = new Set(associations(after).map(({ id }) => id));
  const ended = associations(before).find(({ id, state }) => state === 'open' && !left.has(id));
  if (ended === undefined) return null;
  return { rule: 'recovery', association: ended.name, detail: 'It is open, and a timer ends it without a close.' };
}

/** If the peer cannot recover an association, this side must forget it. */
function keptInVain({ before, after }: Step, conn: number): Breach | null {
  const recovering = owned(before, conn);
  if (recovering === undefined || recovering.recovery === 0) return null;
  const kept = associations(after).find(({ id }) => id === recovering.id);
  if (kept === undefined) return null;
  return { rule: 'recovery', association: kept.name, detail: 'The peer cannot recover it, but this side keeps it.' };
}

/** A MtaBindBack must belong to the present attempt. */
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
  const detail = `It accepts a MtaBindBack of recovery ${recovery} during recovery ${present?.recovery ?? 'none'}.`;
  return { rule: 'recovery', association: name, detail };
}

/** An APDU that has overtaken the RTOAC must wait. */
function early({ after, effects }: Step, conn: number, body: { readonly op: string }): Breach | null {
  const association = body.op === 'MtaSend' ? owned(after, conn) : undefined;
  if (association === undefined) return null;
  const done = effects.some(
    (effect) =>
      isStore(effect) ||
      (effect.type === 'frame' && effect.link === 'rpc' && effect.conn === conn && effect.frame.type === 'response'),
  );
  return executedEarly(association, done);
}

function executedEarly({ state, name }: Association, done: boolean): Breach | null {
  if (!done || (state !== 'opening' && state !== 'answering')) return null;
  return { rule: 'agreed-first', association: name, detail: `It executes an APDU in state ${state}.` };
}

/** A step that begins an Open Interval must not begin an attempt to open. */
function impatient({ before, after, effects }: Step): Breach | null {
  for (const effect of effects) {
    if (effect.type !== 'report' || effect.event.id !== 301) continue;
    const { entity, seconds } = effect.event.params;
    const [was, is] = [entryOf(before, entity), entryOf(after, entity)];
    const begun = is?.associations.find(
      ({ id, role, recovery }) => role === 'initiator' && recovery === 0 && rowOf(was?.associations ?? [], id) === undefined,
    );
    if (begun === undefined) continue;
    const detail = `After a failure to open an association to ${entity}, it must wait ${seconds} s, but it tries again at once.`;
    return { rule: 'open-interval', association: begun.name, detail };
  }
  return null;
}

function entryOf(mta: Mta, name: string): LtabEntry | undefined {
  return ltabOf(mta).find((entry) => entry.name === name);
}

/** An MTA must not end in order while its store still works. */
function haltedEarly({ after, effects }: Step): Breach | null {
  if (after.stores.size === 0 || !effects.some((effect) => effect.type === 'halt' && effect.clean)) return null;
  return { rule: 'stop-in-order', detail: `It ends before the store has answered ${after.stores.size} requests.` };
}
