export { number, oneOf, text, texts } from './control/argument-schemas.js';
export { type CaptureService, captureCommands } from './control/capture-schema.js';
export {
  type CommandGiven,
  ControlClient,
  type Given,
  type RequestOptions,
  type StreamHandlers,
} from './control/client.js';
export { type CommandHandlers, checkedCommands } from './control/command-session.js';
export { ControlError, type ControlErrorCode } from './control/control-error.js';
export { controlLimits } from './control/control-limits.js';
export { nearestName } from './control/nearest-name.js';
export type { ArgumentsOf, CommandArguments, CommandName, CommandResult, CommandSchemas, ResultOf } from './control/schema.js';
export { type ControlBackend, ControlServer, type ControlServerOptions, type StreamSource } from './control/server.js';
export type { DelaySummary, MtaStatus, SocketCounts } from './control/status-schema.js';
export type { DeliveryNotice, EventLine, StreamEntries, StreamName } from './control/stream-schema.js';
export { isBatch, readBatch, type SubmitArguments, type SubmitOutcome } from './control/submit-batch.js';
export { type DeliverEffect, type Delivery, type DeliveryInput, deadLetters } from './delivery/delivery-sink.js';
export { type LedgerOptions, ledgerDelivery } from './delivery/ledger-delivery.js';
export { addressPart, fileName, folderName, mailboxFolders } from './delivery/mailbox-path.js';
export { MaildirDelivery, type MaildirOptions } from './delivery/maildir-delivery.js';
export { renderReport } from './delivery/nondelivery-report.js';
export { exists } from './delivery/path-exists.js';
export type { SmartHostSettings } from './delivery/smart-host.js';
export { SmtpDelivery, type SmtpDeliveryOptions } from './delivery/smtp-delivery.js';
export type { ApduHook, LoggedApdu } from './driver/apdu-trace.js';
export { ArrivedContents, type ArrivedContentsOptions } from './driver/arrived-contents.js';
export { DriverStreams } from './driver/control-streams.js';
export { type ApduForms, Diagnostics } from './driver/diagnostics.js';
export { Driver, failureCode } from './driver/driver.js';
export type { DriverHooks, DriverOptions, Ended, StartInput, StepListener } from './driver/driver-options.js';
export type * from './driver/driver-ports.js';
export { Journal, JournalFile, type JournalFileOptions } from './driver/journal.js';
export type { LogLevel } from './driver/kept-port-network.js';
export {
  type ClockLine,
  LabClock,
  type LabClockOptions,
  type MonotonicSource,
  maxTimeScale,
  monotonicMs,
} from './driver/lab-clock.js';
export { type MtaHooks, type RunningMta, type StartOptions, startMta } from './driver/start-mta.js';
export { SubmitRefused, type SubmitResult } from './driver/submissions.js';
export { metricGroups, mtaLabel } from './metrics/metric-list.js';
export { metricsLimits } from './metrics/metrics-limits.js';
export type { MetricsAddress } from './metrics/metrics-server.js';
export { mailboxesLabel, restLabel } from './metrics/peer-metrics.js';
export { type CodecsByLink, type ConnectionEnd, type FrameCodec, type FrameCodecs, MalformedFrame } from './net/frame-codec.js';
export { Network, type NetworkHooks, type NetworkOptions, type SocketView } from './net/network.js';
export { OutgoingOctets } from './net/outgoing-octets.js';
export type { SocketTap } from './net/socket-tap.js';
export { ConnectionTap, PduSplitter, type TapFragment } from './rpc/connection-tap.js';
export type { KeepContent, LoadContent } from './rpc/content-octets.js';
export { Conversation } from './rpc/conversation.js';
export { wireLimits } from './rpc/field-checks.js';
export { heldContents } from './rpc/held-contents.js';
export { type CodecOptions, defaultMaxStubBytes, PduCodec } from './rpc/pdu-codec.js';
export { MalformedPdu } from './rpc/pdu-header.js';
export { protoUrl } from './rpc/protobuf-schema.js';
export { RpcCodecs, type RpcCodecsOptions } from './rpc/rpc-codecs.js';
export type { StubListener, StubPdu, StubTrace, TracedStub } from './rpc/stub-trace.js';
export { type FrameOctets, frameOctets } from './shown/frame-octets.js';
export type { OctetField } from './shown/octet-fields.js';
export type { SmtpSettings } from './smtp/smtp-listener.js';
export { DiskFull, MemoryStore, type MemoryStoreOptions } from './store/memory-store.js';
export { openSqliteStore } from './store/sqlite-store.js';
export {
  DamagedContent,
  defaultMaxSubmissionIds,
  type LedgerEntry,
  type LedgerRow,
  type LedgerSummary,
  minFreeBytes,
  type Store,
  type StoreCounts,
  StoreError,
  type StoreOptions,
  type StoreOutcome,
  type StoreWork,
  subjectHeadBytes,
} from './store/store.js';
export { type ReadDelivery, type StoredHead, StoreReader } from './store/store-reader.js';
export { type FrameListener, X400Codec, type X400CodecOptions } from './x400/x400-codec.js';
export { type FrameTrace, type TracedFrame, X400Codecs, type X400CodecsOptions } from './x400/x400-codecs.js';
export { X400Tap } from './x400/x400-tap.js';
