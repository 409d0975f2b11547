/**
 * The library: your program starts pairs of MTAs as processes and controls them.
 *
 *     await using pair = await spawnPair({ legacy: { 'MTA-A': ['Q166594'] } });
 *     await pair.submit('MTA-A', { originator: 'ada@a.example', recipients: ['ben@b.example'], content });
 *     await pair.waitForDelivered(1);
 */
import { isRecord, type Lab, type LabOptions, spawnPair as spawnPairOf, wrongArgument } from '@mtalab/harness';
import { renderConfig } from './config/index.js';
import { mtaCommand } from './mta-command.js';

/**
 * Options of a pair. All have defaults. Releases are under `release`, further articles whose legacy behaviour is on under
 * `legacy`, both by name of the MTA.
 */
export type PairOptions = Omit<LabOptions, 'command' | 'renderConfig'>;

/**
 * Starts two MTAs as processes, by default `MTA-A` for a.example and `MTA-B` for b.example, and resolves when both are ready.
 * `close()` stops them in order and removes a temporary folder. A pair does not keep its process alive: a program that ends
 * without `close()`, or fails, takes the pair with it.
 * @throws HarnessError naming a wrong option, or an MTA that does not start, with its stderr. The reason of `signal`, if it aborts.
 */
export async function spawnPair(options: PairOptions = {}): Promise<Lab> {
  if (!isRecord(options)) throw wrongArgument('options', "an object, such as { legacy: { 'MTA-A': ['Q166594'] } }", options);
  return spawnPairOf({ ...options, command: mtaCommand, renderConfig });
}

/** What a pair takes, gives and throws. */
export {
  type Answer,
  type AnswerError,
  type ArrivalKind,
  type BindingOption,
  type CaptureOutcome,
  type Changes,
  type Effective,
  type EventFilter,
  type FaultHandle,
  HarnessError,
  HarnessTimeout,
  type Lab,
  type LabAssociation,
  type LabEvent,
  type LabLtab,
  type LabMessage,
  type LabMessages,
  type LabQueues,
  type LabStatus,
  type LabSummary,
  type Latencies,
  type LatencySummary,
  type LoadCheck,
  type LoadCounts,
  type LoadMark,
  type LoadMta,
  type LoadMtaSample,
  type LoadOptions,
  type LoadProgress,
  type LoadResult,
  type LoadSample,
  type LoadStage,
  type LoadVerdict,
  type Mailbox,
  type MailEnvelope,
  type MailItem,
  type MessageContent,
  type MtaEnded,
  type MtaLevels,
  type MtaProcess,
  type MtaStatus,
  type PriorityWeights,
  type Readable,
  type ReceivedMail,
  type Restarted,
  type SizeRange,
  type StopOutcome,
  SubmissionRefused,
  type SubmitAllOptions,
  type SubmitAllResult,
  type SubmitOptions,
  type Submitted,
  type ThresholdOutcome,
  type TurnHolders,
  type Unanswered,
  type WaitForEventOptions,
  type WaitOptions,
} from '@mtalab/harness';
/** Names of articles, releases and Windows NT releases, as literal types. */
/** What an MTA shows of itself. */
/** Configuration files and logs of one MTA, for programs that run MTAs by other means. */
export type {
  Article,
  BindingView,
  BindingWish,
  DiagnosticsLevels,
  EventCategory,
  EventId,
  LtabView,
  MessageView,
  MtaConfig,
  NtName,
  Priority,
  QueueView,
  ReleaseName,
  Settings,
} from '@mtalab/mta-core';
export { ConfigError, configSchema, type LoadedConfig, loadConfig, renderConfig, renderConfigSchema } from './config/index.js';
export { type LoadReportFormat, loadReportFormatOf, readLoadResult, writeLoadReport } from './load/report.js';
export { createLogs, type Logs, type LogsOptions } from './logs/mta-logs.js';
