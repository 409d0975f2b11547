/**
 * The protocol of the control channel of an MTA, once: it types both ends, and each end checks with it what arrives.
 *
 * A request is `{id, cmd, ...arguments}`. Its reply bears the same id. Streams are pushed as `{stream, entries}`. A binary frame is
 * a batch of submissions (`submit-batch.ts`), answered as a request is, or the piece of an upload, acknowledged with
 * `{upload, receivedBytes}`.
 */
import {
  type AssociationView,
  type BindingView,
  categories,
  type DiagnosticsLevel,
  diagnosticsLevels,
  type LtabView,
  type MessageView,
  type Mta,
  type QueueView,
} from '@mtalab/mta-core';
import * as z from 'zod';
import { bindingChanges, clockMove, number, oneOf, submission, text, texts, uploadId } from './argument-schemas.js';
import { captureCommands } from './capture-schema.js';
import { mtaStatus } from './status-schema.js';
import { streamNames } from './stream-schema.js';

/** Rows of a view. The core has their type; here they are checked to be objects. */
function rowsOf<T>(): z.ZodType<readonly T[]> {
  return z.array(z.looseObject({})) as unknown as z.ZodType<readonly T[]>;
}

type Nothing = Readonly<Record<never, never>>;
const nothing: z.ZodType<Nothing, Nothing> = z.object({});
const stream = oneOf(streamNames);
const levels = z.record(z.enum(categories), z.enum(Object.keys(diagnosticsLevels) as [DiagnosticsLevel, ...DiagnosticsLevel[]]));

/** Each command, by name: what it takes, and what it answers. */
export const commands = {
  status: { arguments: nothing, result: mtaStatus },
  ltab: { arguments: nothing, result: rowsOf<LtabView>() },
  associations: { arguments: nothing, result: rowsOf<AssociationView>() },
  queues: { arguments: nothing, result: rowsOf<QueueView>() },
  /**
   * The whole state of the core, for those who follow the journal from the middle: the state after the entry with number `n`.
   * It has the passwords of peers, as the journal has.
   */
  state: {
    arguments: nothing,
    result: z.object({ n: z.number(), t: z.number(), mta: z.looseObject({}) as unknown as z.ZodType<Mta> }),
  },
  /** At most `limit` copies that are here, oldest first. */
  messages: { arguments: z.object({ limit: number(1, 10_000).default(100) }), result: rowsOf<MessageView>() },
  /** Answered when the message is on disk. `known`: this submission id was there already, no second message was made. */
  submit: { arguments: submission, result: z.object({ mtsId: z.string(), known: z.boolean() }) },
  'upload-begin': { arguments: z.object({ upload: uploadId }), result: nothing },
  'upload-drop': { arguments: z.object({ upload: uploadId }), result: nothing },
  /** Switches an article's bug on or off, live. */
  set: {
    arguments: z.object({ article: text(32), mode: oneOf(['legacy', 'fixed']) }),
    result: z.object({ legacy: z.array(z.string()).readonly() }),
  },
  /** Ends the Open and Transfer Interval waits for one adjacent MTA, or for all. */
  retry: { arguments: z.object({ mta: text(256).optional() }), result: nothing },
  /** Replaces the remote string bindings of an adjacent MTA. */
  endpoints: {
    arguments: z.object({ mta: text(256), endpoints: texts(16, 256) }),
    result: z.object({ endpoints: z.array(z.string()).readonly() }),
  },
  /** Shows the local bindings; with a list of all of them, puts them into its order first. */
  bindings: { arguments: z.object({ bindings: bindingChanges.optional() }), result: rowsOf<BindingView>() },
  /** Answered at once. `limitMs` is the real time after which the MTA aborts the associations that are still open. */
  stop: { arguments: nothing, result: z.object({ limitMs: z.number() }) },
  /**
   * Moves lab time: sets its offset, goes on to an instant, or follows another line. `line`: a new scale, from the instant `baseMs`
   * of the machine's monotonic clock on, at which lab time is `epochMs` without the offset; without these two, from now on.
   */
  clock: { arguments: clockMove, result: z.object({ nowMs: z.number(), offsetMs: z.number(), timeScale: z.number() }) },
  /** Sets the level of a category, or of all; shows the level of every category. */
  diagnostics: { arguments: z.object({ category: text(64).default('all'), level: text(64).optional() }), result: levels },
  /** `latest` is the number of the stream's latest entry at that time. `since`: what is still kept after it comes first. */
  subscribe: {
    arguments: z.object({ since: number(0, Number.MAX_SAFE_INTEGER).optional(), stream }),
    result: z.object({ stream, latest: z.number() }),
  },
  unsubscribe: { arguments: z.object({ stream }), result: nothing },
  ...captureCommands,
} as const satisfies CommandSchemas;

/** What the commands of a control server take and answer, by name. An MTA has `commands`; another server has its own. */
export type CommandSchemas = Readonly<Record<string, { readonly arguments: z.ZodType; readonly result: z.ZodType }>>;
/** The arguments of a command as its client gives them. */
export type ArgumentsOf<Schemas extends CommandSchemas, Name extends keyof Schemas> = z.input<Schemas[Name]['arguments']>;
/** The same as the server has read them. */
export type ValuesOf<Schemas extends CommandSchemas, Name extends keyof Schemas> = z.output<Schemas[Name]['arguments']>;
export type ResultOf<Schemas extends CommandSchemas, Name extends keyof Schemas> = z.output<Schemas[Name]['result']>;

export type CommandName = keyof typeof commands;
export type CommandArguments<Name extends CommandName> = ArgumentsOf<typeof commands, Name>;
export type CommandValues<Name extends CommandName> = ValuesOf<typeof commands, Name>;
export type CommandResult<Name extends CommandName> = ResultOf<typeof commands, Name>;

const id = z.int();

/** What every request has beside its arguments. */
export const requestHead = z.object({ id, cmd: z.string().catch('') });

/** What a server sends. */
export const serverMessages = {
  /** A command has been carried out. */
  result: z.object({ id, ok: z.literal(true), result: z.unknown() }),
  /** It has not, or a piece of an upload has not been taken. `id` is null where the request had none. */
  refusal: z.object({ id: id.nullable(), ok: z.literal(false), error: z.string(), upload: z.string().optional() }),
  piece: z.object({ upload: z.string(), receivedBytes: z.number() }),
  entries: z.object({ stream, entries: z.array(z.looseObject({})) }),
  /** The subscriber has read too slowly: nothing more comes. */
  dropped: z.object({ stream, dropped: z.literal(true) }),
} as const;
export type ServerMessage = { readonly [Kind in keyof typeof serverMessages]: z.output<(typeof serverMessages)[Kind]> };
