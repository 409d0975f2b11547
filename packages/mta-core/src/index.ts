/** The public entry of the protocol core. */
export { type CitedArticle, citedArticles } from './catalogues/articles.js';
export {
  type Article,
  type Behaviour,
  corrected,
  correctedRpc,
  type Quirk,
  type RpcBehaviour,
  type TurnSide,
} from './catalogues/behaviour.js';
export {
  describeEvent,
  describeEventLines,
  type EventPrint,
  type EventText,
  errorMeaning,
  eventsById,
  printable,
  printOf,
  usualVersion,
} from './catalogues/events/catalogue.js';
export {
  categoryNamed,
  type DiagnosticsLevels,
  isShown,
  levelNamed,
  levelNames,
  levelsOf,
} from './catalogues/events/diagnostics.js';
export {
  categories,
  type DiagnosticsLevel,
  diagnosticsLevels,
  type EventCatalogue,
  type EventCategory,
  type EventEntry,
  type EventForm,
  type EventOrigin,
  type EventType,
  type ExchangeVersion,
} from './catalogues/events/entry.js';
export { type ErrorEntry, errorsByNumber, ntErrorText } from './catalogues/events/nt-errors.js';
export type { EventId, EventParameters, ReportedEvent } from './catalogues/events/parameters.js';
export { eventIds, sampleEvent, sampleParameters } from './catalogues/events/samples.js';
export { glossary, glossaryWords, termOf } from './catalogues/glossary/glossary.js';
export type { Term } from './catalogues/glossary/term.js';
export { quirkOf, quirks } from './catalogues/quirks/index.js';
export {
  defaultNt,
  defaultRelease,
  exchangeReleases,
  type NtName,
  ntReleases,
  type Product,
  type Profile,
  type ProfileRequest,
  type Release,
  type ReleaseCell,
  type ReleaseName,
  type ReleaseReason,
  releaseArticles,
  releaseReasons,
  resolveNt,
  resolveProfile,
  resolveRelease,
  UnknownReleaseError,
} from './catalogues/releases.js';
export {
  type Activation,
  associationLimit,
  type BindingConfig,
  type ConnectorSettings,
  defaultSettings,
  isoPort,
  type LinkName,
  linkByName,
  type MtaConfig,
  maxConnectorNameLength,
  overridable,
  type PeerConfig,
  type Route,
  type Settings,
  type WeeklyTime,
} from './catalogues/settings.js';
export {
  arrived,
  type CopyQueue,
  emptyCopyQueue,
  frontOf,
  giveBackCopy,
  parkedCopies,
  pushCopy,
  recalled,
  shiftCopy,
  toRecall,
} from './collections/copy-queue.js';
export { emptyFifo, type Fifo, giveBack, peek, push, rowsOf, shift } from './collections/fifo.js';
export { contains, excluding, excludingAll, type Intervals, including, intervalsOf } from './collections/intervals.js';
export { type Row, rowOf, type Table, withRow } from './collections/table.js';
export { dropRow, dueRows, emptyTree, findRow, firstRow, putRow, rowsIn, type Tree, treeOf } from './collections/tree.js';
export { ownerOfConnection } from './links/connection-owner.js';
export { describeFrame } from './links/describe-frame.js';
export { type BareFrame, contentIn, kindsIn } from './links/frame-kinds.js';
export type { Frames, Link, LinkFrame, LinkKind, LinkPhase, Links, LinkUser, LinkView } from './links/link.js';
export {
  type Binding,
  type BindingChange,
  type BindingWish,
  changedBindings,
  type DialPath,
  nameOfBinding,
  wishedBindings,
} from './links/local-bindings.js';
export type { MemoryFrame } from './links/memory/frame.js';
export type { MemoryConnection, MemoryRuntime } from './links/memory/state.js';
export { carrierDue, carrierOf } from './links/rpc/carrier.js';
export { maxOutstandingCalls } from './links/rpc/connections.js';
export { fragmentBytes } from './links/rpc/contexts.js';
export { describeCarried, describePdu } from './links/rpc/describe.js';
export {
  type ApduKind,
  type CarriedApdu,
  type Close,
  type CloseAck,
  isMtaBody,
  operationOf,
  opnumOf,
  type PleaseNoted,
  type RpcArgument,
  type RpcOperation,
  type RpcResult,
  type SendAnswer,
  type TurnGiveAck,
} from './links/rpc/operations.js';
export {
  type BareCallPdu,
  type BindAckPdu,
  type BindNakPdu,
  type BindPdu,
  bindTimePrefix,
  type ContextResult,
  type FaultPdu,
  faultStatus,
  managementInterface,
  mapperInterface,
  maxFragmentBytes,
  mtaInterface,
  type NakReason,
  ndr64Syntax,
  ndrSyntax,
  ntError,
  type Pdu,
  type PduType,
  type PresentationContext,
  type RequestPdu,
  type ResponsePdu,
  type Syntax,
} from './links/rpc/pdu.js';
export {
  type BindRequest,
  rpcBind,
  rpcCall,
  rpcCancel,
  rpcClose,
  rpcFault,
  rpcInput,
  rpcListen,
  rpcOwn,
  rpcReply,
} from './links/rpc/runtime.js';
export { ownerOfGroup } from './links/rpc/sending.js';
export {
  interfaceOf,
  type LookupHandle,
  type MapperEntry,
  nilHandle,
  nilUuid,
  type RpcInterface,
  type ServiceArgument,
  type ServiceOperation,
  type ServiceResult,
  serviceOperation,
  serviceOpnumOf,
  serviceStatus,
  type Tower,
} from './links/rpc/services.js';
export {
  type AcceptedContext,
  type Carrier,
  type Connection,
  type DataConnection,
  type Group,
  type HeldCall,
  type Indication,
  idleRuntime,
  type ListeningAddress,
  mapperIds,
  type OutstandingCall,
  type RpcRuntime,
} from './links/rpc/state.js';
export { rpcDeadline, rpcTimer } from './links/rpc/timer.js';
export {
  addressesMeet,
  familyOf,
  isConnectorAddress,
  isUnspecified,
  type ParsedBinding,
  parseStringBinding,
} from './links/string-binding.js';
export {
  type ActivityHead,
  type DisconnectReason,
  disconnectReason,
  type X400Frame,
  type X400FrameType,
} from './links/x400/frame.js';
export { headSizeBound } from './links/x400/head-size.js';
export { awaitedCheckpoint } from './links/x400/receiving.js';
export {
  firstX400Binding,
  type InterruptedActivity,
  idleX400,
  type ReceivedActivity,
  type SentActivity,
  type X400Connection,
  type X400Runtime,
} from './links/x400/state.js';
export { beginStep, endStep } from './machine/begin-step.js';
export type { Context } from './machine/context.js';
export { nextDeadline } from './machine/deadlines.js';
export type { Effect, EffectType, StoreEffect, SubmitRefusal } from './machine/effect.js';
export type {
  Input,
  InputType,
  MeasuredContent,
  OperatorCommand,
  Recovered,
  StoreFailure,
  Submission,
} from './machine/input.js';
export { turnSeconds, viewMailboxLoad, viewPerformance } from './machine/performance.js';
export type {
  Association,
  AssociationRef,
  AssociationState,
  EntryCounters,
  Incoming,
  LocalCopy,
  LtabEntry,
  Mailboxes,
  Mta,
  MtaCounters,
  PendingForget,
  PendingStore,
  QueuedCopy,
  Transfer,
  TurnState,
  WaitingCopy,
} from './machine/state.js';
export { type Stepped, start, step } from './machine/step.js';
export { withEntry } from './machine/update.js';
export {
  ltabOf,
  receivedOf,
  shownState,
  viewAssociations,
  viewBindings,
  viewLtab,
  viewMessages,
  viewQueues,
  viewWaits,
} from './machine/view.js';
export type {
  AssociationView,
  BindingView,
  ConnectionCounters,
  LastErrorView,
  LtabView,
  MessageView,
  QueueView,
  QueueWaitView,
  ShownState,
  TransferView,
  WaitReason,
  WaitView,
} from './machine/view-model.js';
export { nextAssociationThreshold } from './machine/waits.js';
export {
  domainOf,
  envelopeProblem,
  mailAddressProblem,
  mailboxName,
  mailDomainPattern,
  maxAddressBytes,
  maxLocalBytes,
  maxRecipients,
} from './mail/address.js';
export {
  byAge,
  type ContentHandle,
  type Copy,
  type Destination,
  describeActivity,
  type Envelope,
  type NonDeliveryDiagnostic,
  type NonDeliveryReason,
  type Priority,
  priorities,
  type ReportFacts,
  type StoredMessage,
  type TraceStep,
  type TransferEnvelope,
  turnPriority,
} from './mail/message.js';
export {
  type AbortReason,
  type Apdu,
  type AssociationId,
  abortReason,
  type Confirm,
  type DialogueMode,
  type Discard,
  type Discarded,
  type MtaCredentials,
  mostActivities,
  type Refuse,
  type RefuseReason,
  type Role,
  type Rtab,
  type Rtoac,
  type Rtorj,
  type Rtorq,
  type Rttp,
  type Rttr,
  refuseReason,
  type SendApdu,
  type TransferAnswer,
  type TurnGive,
} from './reliable-transfer/apdu.js';
export { type AssociationEvent, associationTable } from './reliable-transfer/association/table.js';
export { describeApdu } from './reliable-transfer/describe-apdu.js';
export { inOrder } from './reliable-transfer/transfer/outgoing.js';
export { believes, type TurnEvent, turnTable } from './reliable-transfer/turn/table.js';
