/** The events of the engine. */
import type { Effect, Input } from '@mtalab/mta-core';
import type { Lane } from './connection.js';
import type { VirtualNode } from './node.js';

export type DialEffect = Extract<Effect, { type: 'dial' }>;
export type DeliverEffect = Extract<Effect, { type: 'deliver' }>;
export type ListenEffect = Extract<Effect, { type: 'listen' }>;

/** Work of one process; void once that process has ended. */
type Work = { readonly node: VirtualNode; readonly incarnation: number };

export type EventBody =
  /** The first item under way on a lane arrives. */
  | { readonly type: 'arrive'; readonly lane: Lane }
  /** A dial reaches its target, or finds none. */
  | (Work & { readonly type: 'dial'; readonly dial: DialEffect })
  /** Void if the core has set the timer again since. */
  | { readonly type: 'timer'; readonly node: VirtualNode }
  | (Work & { readonly type: 'commit' })
  | (Work & { readonly type: 'deliver'; readonly effect: DeliverEffect })
  | (Work & { readonly type: 'input'; readonly input: Input })
  | { readonly type: 'start'; readonly node: VirtualNode }
  /** A job of the user of the engine; null once cancelled. */
  | { readonly type: 'run'; readonly job: { run: (() => void) | null }; readonly background: boolean };

export type EngineEvent = EventBody & {
  readonly atMs: number;
  /** Orders events of one instant: see `EnginePolicy.rank`. */
  readonly rank: number;
  /** Set by the agenda: of two events with the same instant and rank, the older one comes first. */
  readonly order: number;
};

/** The node whose process the event needs; null if it needs none. */
export function processOf(event: EventBody): VirtualNode | null {
  switch (event.type) {
    case 'arrive':
      return event.lane.to.node;
    case 'timer':
    case 'commit':
    case 'deliver':
    case 'input':
      return event.node;
    case 'dial':
    case 'start':
    case 'run':
      return null;
  }
}

/** Does the event keep a lab busy? Timers, and jobs that the user of the engine marks as background, do not. */
export function keepsBusy(event: EventBody): boolean {
  if (event.type === 'run') return !event.background && event.job.run !== null;
  return event.type !== 'timer';
}
