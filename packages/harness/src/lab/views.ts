/** What the calls of a lab give. Several MTAs make an array, with what each shows of itself, or why it shows nothing. */
import type { DiagnosticsLevels, LtabView, MessageView, QueueView } from '@mtalab/mta-core';
import type { ControlClient, MtaStatus, RequestOptions } from '@mtalab/transport';
import type { Unanswered } from '../process/answers.js';
import type { StopOutcome } from '../process/mta-process.js';
import { type Readable, readable } from '../readable.js';
import type { Members } from './members.js';

/** The rows of each MTA under `Key`, in the order of the names in the options. `error` says why an MTA gave none. */
type RowsOf<Key extends string, Row> = readonly (
  | ({ readonly mta: string; readonly error?: undefined } & { readonly [Each in Key]: readonly Readable<Row>[] })
  | (Unanswered & { readonly [Each in Key]?: undefined })
)[];

/** The status of each MTA, in the order of their names in the options. `error` says why an MTA gave none. */
export type LabStatus = readonly ((Readable<MtaStatus> & { readonly error?: undefined }) | Unanswered)[];
/** The `messages` that each MTA holds. */
export type LabMessages = RowsOf<'messages', MessageView>;
/** The `queues` of each MTA. */
export type LabQueues = RowsOf<'queues', QueueView>;
/** The `ltab` of each MTA, which is its locality table. */
export type LabLtab = RowsOf<'ltab', LtabView>;

/** How an MTA ended with its lab. */
export type MtaEnded = {
  /** Name of the MTA. */
  readonly mta: string;
} & StopOutcome;

/** The diagnostics levels of an MTA. */
export type MtaLevels = {
  /** Name of the MTA. */
  readonly mta: string;
  /** The level of every category. */
  readonly levels: DiagnosticsLevels;
};

/** The result of a restart. */
export type Restarted = {
  /** Name of the MTA. */
  readonly mta: string;
  /** Why the old process was killed; null after an orderly stop, and for a kill that was asked for. */
  readonly killed: string | null;
};

/** The status of each MTA. */
export async function statusOf(members: Members): Promise<LabStatus> {
  return (await members.statuses()).map((answer) =>
    answer.ok ? readable(answer.value) : { mta: answer.mta, error: answer.error },
  );
}

/** The rows that each MTA answers, under this key. */
export async function rowsOf<Key extends string, Row>(
  members: Members,
  key: Key,
  ask: (client: ControlClient, limit: RequestOptions) => Promise<readonly Row[]>,
): Promise<RowsOf<Key, Row>> {
  const answers = await members.askEach(ask);
  return answers.map((answer) =>
    answer.ok ? { mta: answer.mta, [key]: readable(answer.value) } : { mta: answer.mta, error: answer.error },
  ) as unknown as RowsOf<Key, Row>;
}
