/** Schedules: which side sends what, and which faults act, as plain data that a seed gives. */

import type { Priority } from '@mtalab/mta-core';
import { type Chance, chance } from '@mtalab/scenario';

/** The names of the two sides on the wire. */
export const gradedName = 'PEER';
/** The name of this side on the wire. */
export const graderName = 'GRADER';

/** One message of a schedule. */
export type ScheduledMessage = {
  readonly id: string;
  readonly from: typeof gradedName | typeof graderName;
  readonly priority: Priority;
  /** Octets of the content. */
  readonly sizeBytes: number;
  /** It is sent when this many messages of the schedule have been delivered. */
  readonly afterDelivered: number;
};

/** One fault. `drop` swallows the PDU and all behind it on its connection, and a moment later cuts the association. */
export type ScheduledFault = {
  readonly action: 'cut before' | 'cut after' | 'delay' | 'drop';
  /** A kind of the fault language, such as `turn-give`. */
  readonly kind: string;
  /** The N-th of its kind, from 1. */
  readonly nth: number;
  readonly from: typeof gradedName | typeof graderName;
  /** Of a delay: real milliseconds; null for the others. */
  readonly delayMs: number | null;
};

/** What happens in one run. */
export type Schedule = {
  readonly seed: number;
  readonly messages: readonly ScheduledMessage[];
  readonly faults: readonly ScheduledFault[];
};

const limits = { messages: 8, faults: 3, size: 4000, delayMs: 8 };
const faultKinds = ['rttr', 'confirm', 'turn-please', 'please-noted', 'turn-give', 'turn-give-ack', 'rttr', 'turn-give'] as const;
const openingKinds = ['rtorq', 'rtoac', 'MtaBindBack', 'MtaBindBack-answer', 'data-bind'] as const;
const actions = ['cut before', 'cut after', 'delay', 'drop'] as const;

function pick<T>(of: Chance, list: readonly T[]): T {
  return list[of.below(list.length)] as T;
}

function messageOf(of: Chance, at: number, batch: boolean): ScheduledMessage {
  const from = of.below(2) === 0 ? gradedName : graderName;
  const priority = pick(of, ['urgent', 'normal', 'normal', 'non-urgent'] as const);
  const size = of.below(3) === 0 ? 1 + of.below(limits.size) : 20 + of.below(100);
  return { id: `m${at + 1}`, from, priority, sizeBytes: Math.max(size, 8), afterDelivered: batch ? 0 : of.below(at + 1) };
}

function faultOf(of: Chance): ScheduledFault {
  const action = pick(of, actions);
  const kind = of.below(6) === 0 ? pick(of, openingKinds) : pick(of, faultKinds);
  const from = of.below(2) === 0 ? gradedName : graderName;
  return { action, kind, nth: 1 + of.below(3), from, delayMs: action === 'delay' ? 1 + of.below(limits.delayMs) : null };
}

/** The schedule of a seed: the same seed gives the same schedule. */
export function scheduleOf(seed: number): Schedule {
  const of = chance(seed);
  const count = 1 + of.below(limits.messages);
  const batch = of.below(3) === 0;
  const messages = Array.from({ length: count }, (_, at) => messageOf(of, at, batch));
  const faults = Array.from({ length: of.below(limits.faults + 1) }, () => faultOf(of));
  return { seed, messages, faults };
}

/** A fault in the fault language of the proxy. */
export function faultText({ action, kind, nth, from, delayMs }: ScheduledFault): string {
  if (action === 'delay') return `delay ${kind} ${nth} ${delayMs ?? 1}ms from ${from}`;
  return `${action === 'drop' ? 'black-hole' : action} ${kind} ${nth} from ${from}`;
}

/** A schedule in words, one line for each part. */
export function scheduleLines({ messages, faults }: Schedule): readonly string[] {
  return [
    ...messages.map(({ id, from, priority, sizeBytes, afterDelivered }) => {
      const when = afterDelivered === 0 ? 'at once' : `after ${afterDelivered} deliveries`;
      return `${from} sends ${id}, ${priority}, ${sizeBytes} octets, ${when}`;
    }),
    ...faults.map((fault) => (fault.action === 'drop' ? `drop ${fault.kind} ${fault.nth} from ${fault.from}` : faultText(fault))),
  ];
}
