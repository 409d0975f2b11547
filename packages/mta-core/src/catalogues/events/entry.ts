/** The form of an event's entry in the catalogue. */
import type { EventId, EventParameters } from './parameters.js';

/** Diagnostics categories in Exchange's order. */
export const categories = [
  'X.400 Service',
  'Resource',
  'Security',
  'Interface',
  'Field Engineering',
  'MTA Administration',
  'Configuration',
  'Directory Access',
  'Operating System',
  'Internal Processing',
  'Interoperability',
  'APDU',
] as const;
/** A diagnostics category, as Exchange names it. */
export type EventCategory = (typeof categories)[number];

/** Diagnostics levels: an event is shown when its own level is not above the chosen one. */
export const diagnosticsLevels = { none: 0, minimum: 1, medium: 3, maximum: 5 } as const;
export type DiagnosticsLevel = keyof typeof diagnosticsLevels;

export type EventType = 'Error' | 'Warning' | 'Information';

/** The part of the MTA that reports an event, as the trailer names it. Null: no source gives the field. */
export type EventOrigin = {
  readonly product: string | null;
  readonly process: string | null;
  readonly thread: number | null;
  readonly procedure: number | null;
};

/** The versions of Exchange, as an MTA states its own. */
export type ExchangeVersion = '4.0' | '5.0' | '5.5';

/** How an entry looks in some versions of Exchange. What the form leaves out is as in the entry itself. */
export type EventForm<Id extends EventId = EventId> = {
  readonly versions: readonly ExchangeVersion[];
  readonly severity?: number;
  readonly origin?: EventOrigin;
  /** The parameters that these versions print, with their labels, in order. The others stay unprinted. */
  readonly labels?: { readonly [Key in keyof EventParameters[Id]]?: string };
};

export type EventEntry<Id extends EventId = EventId> = {
  readonly type: EventType;
  readonly category: EventCategory;
  /** From 16 (gravest) down to 6; printed at the end of the trailer. */
  readonly severity: number;
  /** Shown from this diagnostics level on. */
  readonly level: (typeof diagnosticsLevels)[DiagnosticsLevel];
  /** Null if no source names it: the trailer is then the severity alone. */
  readonly origin: EventOrigin | null;
  /** The origin if the called side of an opening reports the event. Absent if that is the same. */
  readonly calledOrigin?: EventOrigin;
  /**
   * Origins of further entries on record, for the reader who compares. The number of a thread differs from machine to machine.
   */
  readonly alsoSeen?: readonly EventOrigin[];
  /** Other forms, by version of Exchange. */
  readonly forms?: readonly EventForm<Id>[];
  /** Words before the origin in the trailer, if any. */
  readonly lead?: (params: EventParameters[Id]) => readonly (string | number)[];
  /** Label of each parameter, in the order they are printed. */
  readonly labels: { readonly [Key in keyof EventParameters[Id]]: string };
  /** What happened, in this project's words, without a full stop. */
  readonly says: string;
  /** What the event means and what to do, in plain words for the reader of the log. */
  readonly explanation: string;
  /** Knowledge Base articles in which the event plays a part. */
  readonly articles: readonly string[];
};

export type EventCatalogue = { readonly [Id in EventId]: EventEntry<Id> };

/** An origin from its four parts. */
export function originOf(
  product: string | null,
  process: string | null,
  thread: number | null,
  procedure: number | null,
): EventOrigin {
  return { product, process, thread, procedure };
}
