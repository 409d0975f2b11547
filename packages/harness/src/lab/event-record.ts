/** Keeps the events that the MTAs of a lab report, over restarts of their processes, for programs that look for them. */
import { type EventCategory, type EventId, type EventText, eventsById } from '@mtalab/mta-core';
import type { StreamEntries } from '@mtalab/transport';
import { durationText, within } from '../process/deadline.js';
import { isoInstant } from '../readable.js';
import { isRecord, isText, numberArgument, timeoutArgument, wrongArgument } from './arguments.js';
import type { Members } from './members.js';

/** Limit of kept events. The oldest go first. */
const maxKept = 10_000;

/** An entry of the event log, as in `events.jsonl`. */
export type LabEvent = {
  /** Lab time, in the form of ISO 8601. */
  readonly time: string;
  /** Name of the MTA that reported it. */
  readonly mta: string;
} & EventText;

/** Which events: those that fit everything given. */
export type EventFilter = {
  /** Id of the event, such as 9316. */
  readonly id?: EventId | undefined;
  /** Name of the MTA that reported it. */
  readonly mta?: string | undefined;
  /** Category, such as `Interface`. */
  readonly category?: EventCategory | undefined;
};

/** @throws HarnessError if this MTA Lab has no event of this id. */
function eventIdArgument(argument: string, value: unknown): EventId {
  if (typeof value === 'number' && Object.hasOwn(eventsById, value)) return value as EventId;
  throw wrongArgument(argument, 'the id of an event, such as 9316 (docs/events.md lists them)', value);
}

function checkFilter(filter: EventFilter): void {
  if (!isRecord(filter)) throw wrongArgument('filter', "an object, such as { id: 9316, mta: 'MTA-A' }", filter);
  if (filter.id !== undefined) eventIdArgument('id', filter.id);
  if (filter.mta !== undefined && !isText(filter.mta)) throw wrongArgument('mta', 'the name of an MTA', filter.mta);
}

function fits({ id, mta, category }: EventFilter, event: LabEvent): boolean {
  return (
    (id === undefined || event.id === id) &&
    (mta === undefined || event.mta === mta) &&
    (category === undefined || event.category === category)
  );
}

export class EventRecord {
  #kept: LabEvent[] = [];
  readonly #listeners = new Set<(event: LabEvent) => void>();
  readonly #rejects = new Set<(error: Error) => void>();

  /** Rejects all waits with this error. */
  close(error: Error): void {
    for (const reject of this.#rejects) reject(error);
    this.#rejects.clear();
  }

  note({ t, node, n: _, ...text }: StreamEntries['events']): void {
    const event = { time: isoInstant(t), mta: node, ...text };
    this.#kept.push(event);
    // Removing in bulk keeps each note cheap.
    if (this.#kept.length >= 2 * maxKept) this.#kept = this.#kept.slice(-maxKept);
    for (const listener of this.#listeners) listener(event);
  }

  /** The kept events that fit, in the order in which they came. @throws HarnessError naming a wrong member of the filter. */
  matching(filter: EventFilter): readonly LabEvent[] {
    checkFilter(filter);
    return this.#kept.slice(-maxKept).filter((event) => fits(filter, event));
  }

  /** Resolves with the event that is number `count` of those that fit. `cancel` ends the wait. */
  when(filter: EventFilter, count: number): { readonly done: Promise<LabEvent>; cancel(): void } {
    const before = this.matching(filter);
    const found = before[count - 1];
    if (found !== undefined) return { done: Promise.resolve(found), cancel: () => undefined };
    let missing = count - before.length;
    let listener: (event: LabEvent) => void = () => undefined;
    let refuse: (error: Error) => void = () => undefined;
    const done = new Promise<LabEvent>((resolve, reject) => {
      refuse = reject;
      this.#rejects.add(refuse);
      listener = (event) => {
        if (fits(filter, event)) missing -= 1;
        if (missing === 0) resolve(event);
      };
      this.#listeners.add(listener);
    });
    const cancel = (): void => {
      this.#listeners.delete(listener);
      this.#rejects.delete(refuse);
    };
    return { done, cancel };
  }
}

/** The reporter, the number and the time limit of an event to wait for. */
export type WaitForEventOptions = {
  /** Name of the MTA that reports it. Default: any. */
  readonly mta?: string | undefined;
  /** Wait until this many have come since the lab started. Default 1. */
  readonly count?: number | undefined;
  /** Limit in real time, ms. Default 60,000. */
  readonly timeoutMs?: number | undefined;
};

/** See `Lab.waitForEvent`. */
export async function waitForEvent(members: Members, id: EventId, options: WaitForEventOptions): Promise<LabEvent> {
  members.requireOpen();
  const timeoutMs = timeoutArgument(options);
  const { mta, count = 1 } = options;
  eventIdArgument('id', id);
  numberArgument('count', count, 1, 'whole number');
  if (mta !== undefined) members.get(mta);
  const { events } = members;
  const wait = events.when({ id, mta }, count);
  const late = (): string => {
    const latest = events
      .matching({ mta })
      .slice(-5)
      .map((event) => `${event.mta} ${event.id}`);
    const seen = latest.length === 0 ? 'no event came' : `the latest events are ${latest.join(', ')}`;
    return `event ${id} did not come ${count === 1 ? '' : `${count} times `}within ${durationText(timeoutMs)}; ${seen}`;
  };
  try {
    return await within(wait.done, timeoutMs, late);
  } finally {
    wait.cancel();
  }
}
