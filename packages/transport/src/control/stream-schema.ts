/** Entries of the streams of the control channel. */
import { type Effect, type EventText, type Input, type Priority, priorities } from '@mtalab/mta-core';
import * as z from 'zod';
import type { StartInput } from '../driver/driver-options.js';

/** `n` counts the entries of one stream in one run of the process. `t` is lab time, ms. */
const numbered = { t: z.number(), node: z.string(), n: z.number() };

const typed = z.looseObject({ type: z.string() });

/** One finished delivery into a mailbox. */
const delivery = z.object({
  ...numbered,
  /** Copy id: unique within the node's store, for ever. */
  copy: z.number(),
  mtsId: z.string(),
  /** Address of the mailbox, or `dead-letters`. */
  mailbox: z.string(),
  /** Empty for a report. */
  originator: z.string(),
  priority: z.enum(priorities as [Priority, ...Priority[]]),
  contentType: z.string(),
  submittedAtMs: z.number(),
  /** From submission, at whatever MTA, to delivery, ms. */
  delayMs: z.number(),
  sizeBytes: z.number(),
});
export type DeliveryNotice = Omit<z.output<typeof delivery>, 'n'>;

/** An event-log entry in its JSON form; `t` is lab time in milliseconds. */
export type EventLine = { readonly t: number; readonly node: string } & EventText;

/** One step. What an input and an effect look like is the core's affair. */
type JournalEntry = {
  readonly t: number;
  readonly node: string;
  readonly n: number;
  readonly input: Input | StartInput;
  readonly effects: readonly Effect[];
};

/** A schema that checks only some members of what the core has a type for. */
function partOf<T>(schema: z.ZodType): z.ZodType<T> {
  return schema as z.ZodType<T>;
}

/** Each stream, by name, with its entries. */
export const streams = {
  journal: partOf<JournalEntry>(z.looseObject({ ...numbered, input: typed, effects: z.array(typed) })),
  events: partOf<EventLine & { readonly n: number }>(z.looseObject({ ...numbered, id: z.number(), text: z.string() })),
  deliveries: delivery,
};
export type StreamName = keyof typeof streams;
export const streamNames = Object.keys(streams) as [StreamName, ...StreamName[]];
export type StreamEntries = { readonly [Name in StreamName]: z.output<(typeof streams)[Name]> };
