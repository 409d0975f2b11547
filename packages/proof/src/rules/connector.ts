/** Rules of the X.400 connector: its control blocks and checkpoints, and what it keeps. Pure functions over states and effects. */
import { describeActivity, type Effect, findRow, type Mta, rowsIn } from '@mtalab/mta-core';
import type { Breach } from './catalogue.js';
import { associationOfConnection } from './sent-apdus.js';

/** Does each connection have one control block at most, and are there no others? Q229643 breaks this. */
export function controlBlocksBroken({ name, settings, x400 }: Mta): Breach | null {
  const broken = (detail: string): Breach => ({ rule: 'control-blocks', mta: name, detail });
  const { controlBlocks, connections, listeners } = x400;
  const inUse = controlBlocks.length + (listeners.length > 0 ? 1 : 0);
  if (inUse > settings.controlBlocks && controlBlocks.length > 0)
    return broken(`${inUse} control blocks are in use, and ${settings.controlBlocks} are configured.`);
  for (const { id, conn } of controlBlocks) {
    const connection = conn === null ? undefined : findRow(connections, conn);
    if (connection?.controlBlock !== id) return broken(`Control block ${id} is in use, and no connection has it.`);
  }
  const held = rowsIn(connections).filter(({ controlBlock }) => controlBlock > 0).length;
  return held === controlBlocks.length ? null : broken(`${held} connections have ${controlBlocks.length} control blocks.`);
}

/** Does each segment of this step begin where the transfer has come to, and a resumed transfer at its last confirmed checkpoint? */
export function checkpointsBroken(before: Mta, after: Mta, effects: readonly Effect[]): Breach | null {
  /** Where the next segment of each connection must begin. */
  const next = new Map<number, number>();
  for (const effect of effects) {
    if (effect.type !== 'frame' || effect.link !== 'x400') continue;
    const { conn, frame } = effect;
    if (frame.type === 'activity-start' || frame.type === 'activity-resume') {
      const found = associationOfConnection(before, after, conn);
      const confirmed = found === null ? 0 : (findRow(found.association.transfers, frame.activity)?.confirmedUpTo ?? 0);
      const resumes = frame.type === 'activity-resume';
      if (resumes !== confirmed > 0) {
        const detail = `It ${resumes ? 'resumes' : 'starts'} an activity with ${confirmed} octets confirmed.`;
        return { rule: 'checkpoints', mta: after.name, message: describeActivity(frame.activity), detail };
      }
      next.set(conn, confirmed);
    } else if (frame.type === 'data') {
      const { offset = 0, length } = frame.content;
      const due = next.get(conn) ?? sentUpTo(before, conn);
      if (due !== null && offset !== due)
        return {
          rule: 'checkpoints',
          mta: after.name,
          detail: `It sends octets from ${offset} on connection ${conn}, after ${due}.`,
        };
      next.set(conn, offset + length);
    }
  }
  return null;
}

/** Octets that the activity on a connection has sent; null if there is none. */
function sentUpTo(mta: Mta, conn: number): number | null {
  const sent = findRow(mta.x400.connections, conn)?.sent;
  if (sent === undefined || sent === null) return null;
  return sent.unconfirmed.at(-1)?.upTo ?? sent.confirmed.offset;
}

/** A connection that waits for the other side. With nothing under way it would wait for ever, or until a timer gives it up. */
export function waitsInVain(mta: Mta): Breach | null {
  for (const { id, phase, sent, giving, leaving } of rowsIn(mta.x400.connections)) {
    const awaits =
      phase !== 'up' || giving || leaving || (sent !== null && (sent.state === 'ending' || sent.unconfirmed.length > 0));
    if (!awaits) continue;
    const what =
      phase === 'up' ? (sent === null ? 'the end of its Turn or session' : `activity ${describeActivity(sent.activity)}`) : phase;
    return {
      rule: 'answered',
      mta: mta.name,
      detail: `Connection ${id} waits for an answer (${what}), and nothing is under way.`,
    };
  }
  return null;
}

/** What the connector still holds at rest. */
export function connectorLeftOver(mta: Mta): Breach | null {
  const { connections, associations, interrupted } = mta.x400;
  const counts = [
    [connections.size, 'connections'],
    [associations.size, 'associations'],
    [interrupted.size, 'interrupted activities'],
  ] as const;
  const found = counts.find(([count]) => count > 0);
  if (found === undefined) return null;
  return { rule: 'rest', mta: mta.name, detail: `The X.400 connector still has ${found[0]} ${found[1]}.` };
}
