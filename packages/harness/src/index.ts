/** The public entry of the harness: labs of MTA processes, the fault proxy, mail, the registry of runs, scenarios. */
export {
  type Chance,
  chance,
  describeFault,
  explainWaits,
  type FaultHandle,
  type FaultSpec,
  type FaultState,
  FaultSyntaxError,
  faultKinds,
  type JoinedSide,
  joinAssociations,
  keepsBack,
  type LabReason,
  type LabSights,
  type LabWait,
  type MtaSight,
  parseFault,
  type RawAssociation,
  type WaitExplanation,
} from '@mtalab/scenario';
export type { Fate } from '@mtalab/trace';
export type { MtaStatus } from '@mtalab/transport';
export type { Capture, CaptureOptions } from './capture/capture.js';
export type { CaptureOutcome } from './capture/capture-file.js';
export { MtaCaptures } from './capture/mta-captures.js';
export { type Failure, type Grade, type GradeOptions, grade } from './grade/grade.js';
export { PeerUnfit } from './grade/peer-process.js';
export { type GradeRule, gradeRules } from './grade/rules.js';
export { type Schedule, type ScheduledFault, type ScheduledMessage, scheduleLines, scheduleOf } from './grade/schedule.js';
export { addressKey, addressProblem, type ListeningMta, listeningClash, plainAddress } from './lab/addresses.js';
export { articleArgument, isRecord, wrongArgument } from './lab/arguments.js';
export type { MailEnvelope, ReceivedMail } from './lab/arrivals.js';
export { joinAnswers, type LabAssociation } from './lab/associations.js';
export type { Changes, Effective } from './lab/changes.js';
export type { EventFilter, LabEvent, WaitForEventOptions } from './lab/event-record.js';
export { makeFolder } from './lab/folder.js';
export { Lab, type WaitOptions } from './lab/lab.js';
export { LabCounters } from './lab/lab-counters.js';
export { dataFolderOf, journalFileOf, logFolderOf } from './lab/lab-paths.js';
export type { Mailbox } from './lab/mailbox.js';
export type { LabMessage, MessageContent } from './lab/message.js';
export type { BindingOption, LabOptions, MtaFile } from './lab/options.js';
export { judgeRest, type Look, type ProxyJoint } from './lab/quiescence.js';
export { type DeliveryKind, ownListener, type SmartHostOption } from './lab/smart-host.js';
export { spawnPair, startLab } from './lab/start.js';
export type { SubmitAllOptions, SubmitAllResult } from './lab/submit-all.js';
export { SubmissionRefused, type SubmitOptions, type Submitted } from './lab/submitter.js';
export type { LabSummary } from './lab/summary.js';
export type { LabLtab, LabMessages, LabQueues, LabStatus, MtaEnded, MtaLevels, Restarted } from './lab/views.js';
export { type LoadFault, parseLoadFault } from './load/load-faults.js';
export type { PriorityWeights, SizeRange } from './load/messages.js';
export { type LoadOptions, type LoadPlan, type LoadProgress, planLoad } from './load/options.js';
export * from './load/result.js';
export { runLoad } from './load/run-load.js';
export { type ArrivalKind, arrivalKinds, type LoadStage } from './load/schedule.js';
export type { LinkControl, LoadTarget, MtaPlaces, MtaSetup } from './load/target.js';
export { loadMetrics, parseThreshold } from './load/thresholds.js';
export { parsePriorities, parseSeconds, parseSize, parseStages } from './load/words.js';
export { type GenerateOptions, generateMail, smallestGenerated } from './mail/generate.js';
export { InFlight } from './mail/in-flight.js';
export { countMail, isPipe, type MailItem, octetsOf, readMail } from './mail/read.js';
export { LabPage, type LabPageOptions } from './page/lab-page.js';
export type { PageLessons } from './page/page-actions.js';
export { type Recording, readRecording, recordingPage, writePage } from './page/recording.js';
export { readStaticFiles, type StaticFile } from './page/static-files.js';
export { type Answer, type AnswerError, answerOf, type Unanswered, unanswered } from './process/answers.js';
export { durationText, pause } from './process/deadline.js';
export { HarnessError, HarnessTimeout, messageOf } from './process/errors.js';
export {
  describeExit,
  type ExitStatus,
  MtaProcess,
  type SpawnMtaOptions,
  type StopOutcome,
  spawnMta,
} from './process/mta-process.js';
export { onParentExit } from './process/parent-exit.js';
export { endOf, isRunning, killProcess, type ProcessIdentity } from './process/process-facts.js';
export type { ReadyMessage } from './process/ready-message.js';
export type { SocketRow } from './proxy/connection.js';
export type { FaultProxyOptions, ProxiedPdu, ProxyConnectionView, ProxyLink } from './proxy/fault-proxy.js';
export { FaultProxy } from './proxy/fault-proxy.js';
export type { ProxyClock } from './proxy/lab-timers.js';
export { isoInstant, type Readable, readable } from './readable.js';
export {
  type ControlAddress,
  endLeftovers,
  findRun,
  listRuns,
  type Registration,
  type RunEntry,
  type RunMta,
  registerRun,
  registryFolder,
} from './registry/registry.js';
export { eventLogFiles, logEntries } from './scenario/event-log.js';
export { jsonLines, linesOf, readJournal, readTrails } from './scenario/journal-file.js';
export { type CaseMoment, journalOf, type ProcessOptions, type ProcessRecord, runOnProcesses } from './scenario/run.js';
export { runConcurrently } from './scenario/run-concurrently.js';
export { ProcessStage } from './scenario/stage.js';
export { shellWord } from './shell-word.js';
