/**
 * Rules of the activities that are not confirmed yet. The states of an MTA must respect what both sides have agreed; the watch also counts
 * the activities on each connection by itself, from the APDUs that pass.
 */
import {
  type Association,
  describeActivity,
  type Effect,
  type Input,
  type LtabEntry,
  type Mta,
  rowsIn,
  type Transfer,
} from '@mtalab/mta-core';
import type { Breach } from './catalogue.js';
import { associationOfConnection } from './sent-apdus.js';

const broken = (mta: Mta, { name }: Association, detail: string): Breach => ({
  rule: 'in-flight',
  mta: mta.name,
  association: name,
  detail,
});

/** Is this activity still being sent? */
const isUnderWay = ({ ended, discarding }: Transfer): boolean => !ended && !discarding;

/** The unconfirmed activities of each association with one adjacent MTA, both ways. */
export function flightBroken(mta: Mta, entry: LtabEntry): Breach | null {
  for (const association of entry.associations) {
    const { transfers, activitiesInFlight: agreed, sending, unanswered } = association;
    const most = entry.link === 'x400' ? 1 : mta.settings.activitiesInFlight;
    if (agreed < 1 || agreed > most) return broken(mta, association, `It may have ${agreed} activities in flight, of ${most}.`);
    if (transfers.size > agreed)
      return broken(mta, association, `${transfers.size} activities are unconfirmed, and ${agreed} agreed.`);
    const [first, second] = rowsIn(transfers).filter((transfer) => isUnderWay(transfer) && transfer.copy.damage === undefined);
    if (second !== undefined) return broken(mta, association, 'An activity begins before another one is sent whole.');
    if (first !== undefined && sending !== first.id)
      return broken(mta, association, `Nothing goes on sending ${describeActivity(first.id)}.`);
    const storing = rowsIn(entry.storing).filter((row) => row.association === association.id).length;
    if (storing !== unanswered)
      return broken(mta, association, `${unanswered} activities are counted as unanswered, and there are ${storing}.`);
    const arriving = entry.incoming.filter((row) => row.association === association.id && row.untilMs === null).length;
    if (storing + arriving > agreed)
      return broken(mta, association, `${storing + arriving} activities have arrived and are unanswered, and ${agreed} agreed.`);
  }
  return null;
}

/** Both ends of an open association keep to the same number. @param mine one MTA's entry for the other, and the other way round. */
export function flightsDiffer(mine: LtabEntry, theirs: LtabEntry): Breach | null {
  for (const one of mine.associations) {
    const other = theirs.associations.find(({ name, recovery }) => name === one.name && recovery === one.recovery);
    if (one.state !== 'open' || other?.state !== 'open' || one.activitiesInFlight === other.activitiesInFlight) continue;
    const detail = `${theirs.name} may have ${one.activitiesInFlight} activities in flight, ${mine.name} ${other.activitiesInFlight}.`;
    return { rule: 'in-flight', association: one.name, detail };
  }
  return null;
}

/** Counts the unconfirmed activities of one MTA from its APDUs. */
export class FlightWatch {
  /** Activities that were begun and have no last answer, by connection. */
  readonly #flights = new Map<number, Set<number>>();

  stepped(before: Mta, after: Mta, input: Input | undefined, effects: readonly Effect[]): Breach | null {
    if (input?.type === 'frame' && input.link === 'rpc') this.#answered(input);
    for (const effect of effects) {
      if (effect.type === 'close') this.#flights.delete(effect.conn);
      if (effect.type !== 'frame' || effect.link !== 'rpc' || effect.frame.type !== 'request') continue;
      const { body } = effect.frame;
      const breach = body.op === 'MtaSend' ? this.#sent(before, after, effect.conn, body.apdu) : null;
      if (breach !== null) return breach;
    }
    return null;
  }

  #sent(
    before: Mta,
    after: Mta,
    conn: number,
    apdu: { readonly kind: string; readonly activity?: number; readonly start?: object },
  ): Breach | null {
    const association = associationOfConnection(before, after, conn)?.association;
    const flight = this.#flights.get(conn) ?? new Set<number>();
    if (association === undefined) return null;
    if (apdu.kind === 'turn-give' && flight.size > 0)
      return broken(after, association, `It gives the Turn while ${flight.size} activities are unconfirmed.`);
    if (apdu.kind !== 'rttr' || apdu.start === undefined || apdu.activity === undefined) return null;
    flight.add(apdu.activity);
    this.#flights.set(conn, flight);
    const agreed = association.activitiesInFlight;
    if (flight.size <= agreed) return null;
    return broken(after, association, `It begins activity number ${flight.size} without a confirmation, and ${agreed} agreed.`);
  }

  #answered({ conn, frame: pdu }: Extract<Input, { type: 'frame'; link: 'rpc' }>): void {
    if (pdu.type !== 'response' || pdu.body.op !== 'MtaSend') return;
    const { apdu } = pdu.body;
    const isLast = apdu.kind === 'refuse' || apdu.kind === 'discarded' || (apdu.kind === 'confirm' && apdu.stored);
    if (isLast) this.#flights.get(conn)?.delete(apdu.activity);
  }
}
