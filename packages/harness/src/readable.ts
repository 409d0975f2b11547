/**
 * The form of results for people, in JSON and in the library: an instant is a text in ISO 8601, in UTC, and its name ends in
 * `At`. Inside, instants are milliseconds of the lab's clock, and their names end in `Ms`, as those of durations do.
 */

/** Instants whose names inside do not end in `AtMs`, and their names in results. */
const otherInstants = {
  nowMs: 'now',
  nextDeadlineMs: 'nextDeadlineAt',
  deadlineMs: 'deadlineAt',
  sinceMs: 'arrivedAt',
  openByMs: 'openDeadlineAt',
  untilMs: 'untilAt',
  // Exchange's names of performance counters stay.
  'Next Association Retry': 'Next Association Retry',
  'Oldest Message Queued': 'Oldest Message Queued',
  'Last Inbound Association': 'Last Inbound Association',
  'Last Outbound Association': 'Last Outbound Association',
} as const;
type OtherInstants = typeof otherInstants;

type ReadableKey<Key> = Key extends keyof OtherInstants
  ? OtherInstants[Key]
  : Key extends `${infer Base}AtMs`
    ? `${Base}At`
    : Key;
type ReadableValue<Key, Value> = Key extends keyof OtherInstants | `${string}AtMs`
  ? string | Extract<Value, null>
  : Readable<Value>;

/** A view with its instants as texts. */
export type Readable<T> = T extends readonly unknown[]
  ? { readonly [Index in keyof T]: Readable<T[Index]> }
  : T extends object
    ? { readonly [Key in keyof T as ReadableKey<Key>]: ReadableValue<Key, T[Key]> }
    : T;

/** Largest instant that a Date can hold. */
const maxDateMs = 8.64e15;

/** An instant of the lab's clock in ISO 8601, in UTC. */
export function isoInstant(atMs: number): string {
  return new Date(Math.min(maxDateMs, Math.max(-maxDateMs, atMs))).toISOString();
}

function instantName(key: string): string | undefined {
  if (Object.hasOwn(otherInstants, key)) return otherInstants[key as keyof OtherInstants];
  return /AtMs$/.test(key) ? key.slice(0, -2) : undefined;
}

function converted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(converted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]: [string, unknown]) => {
      const name = instantName(key);
      if (name === undefined) return [key, converted(each)];
      return [name, typeof each === 'number' ? isoInstant(each) : each];
    }),
  );
}

/** The view with every instant in it as a text. */
export function readable<T>(view: T): Readable<T> {
  return converted(view) as Readable<T>;
}
