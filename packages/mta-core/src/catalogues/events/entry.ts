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
export type EventCategory = (typeof categories)[number];

/** Diagnostics levels: an event is shown when its own level is not above the one chosen. */
export const diagnosticsLevels = { none: 0, minimum: 1, medium: 3, maximum: 5 } as const;
export type DiagnosticsLevel = keyof typeof diagnosticsLevels;

export type EventType = 'Error' | 'Warning' | 'Information';

/** The part of the MTA that an entry names in its trailer. A part that no source gives is null. */
export type EventOrigin = {
  readonly product: string | null;
  readonly process: string | null;
  readonly thread: number | null;
  readonly procedure: number | null;
};

export type EventEntry<Id extends EventId = EventId> = {
  readonly type: EventType;
  readonly category: EventCategory;
  /** 16 and 14 the gravest, 6 the least; printed at the end of the trailer. */
  readonly severity: number;
  /** Shown from this diagnostics level on. */
  readonly level: (typeof diagnosticsLevels)[DiagnosticsLevel];
  /** Null where no source names it: the trailer is then the severity alone. */
  readonly origin: EventOrigin | null;
  /** What stands before the origin in the trailer, where something does. */
  readonly lead?: (params: EventParameters[Id]) => readonly (string | number)[];
  /** Label of each parameter, in the order they are printed. */
  readonly labels: { readonly [Key in keyof EventParameters[Id]]: string };
  /** What has happened, in words of this project, without a full stop. */
  readonly says: string;
  /** One plain sentence for the person who reads the log: what it means and what to do. */
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
