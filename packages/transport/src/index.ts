export {
  ControlClient,
  ControlError,
  type ControlErrorCode,
  type RequestOptions,
  type StreamHandlers,
  type SubmitArguments,
} from './control/client.js';
export { nearestName } from './control/nearest.js';
export { controlLimits, type EventLine, type StreamEntries, type StreamName } from './control/protocol.js';
export { type ControlBackend, ControlServer, type ControlServerOptions, type StreamSource } from './control/server.js';
export { type DeliverEffect, type Delivery, type DeliveryInput, deadLetters } from './delivery/delivery.js';
export { exists } from './delivery/exists.js';
export { type LedgerOptions, ledgerDelivery } from './delivery/ledger.js';
export { addressPart, fileName, folderName, mailboxFolders } from './delivery/mailbox-path.js';
export { MaildirDelivery, type MaildirOptions } from './delivery/maildir.js';
export { renderReport } from './delivery/report.js';
export type { ApduHook, LoggedApdu } from './driver/apdu-trace.js';
export { LabClock, type LabClockOptions, type MonotonicSource, monotonicMs } from './driver/clock.js';
export type { DelaySummary, DeliveryNotice } from './driver/deliveries.js';
export { type ApduForms, Diagnostics } from './driver/diagnostics.js';
export { Driver, failureCode } from './driver/driver.js';
export { Journal, JournalFile, type JournalFileOptions } from './driver/journal.js';
export type { DriverHooks, DriverOptions, Ended, StartInput, StepListener } from './driver/options.js';
export type * from './driver/ports.js';
export { type MtaHooks, type RunningMta, type StartOptions, startMta } from './driver/start.js';
export type { DriverStatus } from './driver/status.js';
export { DriverStreams } from './driver/streams.js';
export { SubmitRefused, type SubmitResult } from './driver/submissions.js';
export type { LogLevel } from './driver/wiring.js';
export { Network, type NetworkHooks, type NetworkOptions, type SocketView } from './net/network.js';
export { Outgoing } from './net/outgoing.js';
export { wireLimits } from './rpc/checks.js';
export { type CodecOptions, defaultMaxStubBytes, PduCodec } from './rpc/codec.js';
export { keepContent, type LoadContent, takeContent } from './rpc/contents.js';
export { Conversation } from './rpc/conversation.js';
export { agreedFragmentBytes, MalformedPdu } from './rpc/header.js';
export { protoUrl } from './rpc/schema.js';
export { ConnectionTap, PduSplitter, type TapFragment } from './rpc/tap.js';
export type { StubListener, StubPdu, StubTrace, TracedStub } from './rpc/trace.js';
export { DiskFull, MemoryStore, type MemoryStoreOptions } from './store/memory.js';
export { openSqliteStore } from './store/sqlite.js';
export {
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
