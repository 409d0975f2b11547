/** The parts of a driver, and its hooks. */
import type { Effect, Input, Mta, MtaConfig, Recovered, ReportedEvent } from '@mtalab/mta-core';
import type { MtaStatus } from '../control/status-schema.js';
import type { DeliveryNotice } from '../control/stream-schema.js';
import type { ContentsPort, CoreFunctions, DeliveryPort, NetworkPort, StorePort } from './driver-ports.js';
import type { LabClock } from './lab-clock.js';

/** The first entry of a journal: what the core was started with. */
export type StartInput = { readonly type: 'start'; readonly config: MtaConfig; readonly recovered: Recovered };
export type StepListener = (nowMs: number, input: Input | StartInput, effects: readonly Effect[]) => void;

export type DriverHooks = {
  /** An event-log entry. */
  readonly event?: (event: ReportedEvent, nowMs: number) => void;
  /** A delivery that is durable. */
  readonly delivery?: (notice: DeliveryNotice) => void;
  /** The phase of the MTA has changed. */
  readonly phase?: (phase: Mta['phase']) => void;
  /** Something is not as it should be, and is not for the event log. */
  readonly warn?: (text: string) => void;
};

/** How an MTA ended. `error` is there when it did not end by its own decision: a defect, or a store that broke. */
export type Ended = { readonly code: number; readonly clean: boolean; readonly error?: Error };

/** Takes what is recorded when it happens, for the metrics. */
export type MeasureHooks = {
  /** A commit of the store is over. @param writes that shared it. */
  readonly committed: (tookMs: number, writes: number) => void;
  /** A copy is in its mailbox. @param delayMs lab time since its submission. */
  readonly delivered: (delayMs: number) => void;
};

export type DriverOptions = {
  readonly core: CoreFunctions;
  readonly clock: LabClock;
  readonly store: StorePort;
  readonly network: NetworkPort;
  readonly delivery: DeliveryPort;
  /** Where the network puts octets that arrive. Absent where none do. */
  readonly contents?: ContentsPort;
  /** The Windows NT this MTA is said to run on, for its status. */
  readonly nt?: string | undefined;
  /** The state of its SMTP listener, for its status. Default: it has none. */
  readonly smtp?: () => MtaStatus['smtp'];
  readonly hooks?: DriverHooks;
  /** Absent: nothing is recorded. */
  readonly measures?: MeasureHooks | undefined;
  /** Where the metrics are, for its status. */
  readonly metricsUrl?: string | undefined;
};
