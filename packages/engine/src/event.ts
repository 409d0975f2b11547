/** What can happen next in the engine. */
import type { Effect, Input } from '@mtalab/mta-core';
import type { Lane } from './connection.js';
import type { VirtualNode } from './node.js';

export type DialEffect = Extract<Effect, { type: 'dial' }>;
export type DeliverEffect = Extract<Effect, { type: 'deliver' }>;
export type ListenEffect = Extract<Effect, { type: 'listen' }>;

/** Work of one process; it is void once that process has ended. */
type Work = { readonly node: VirtualNode; readonly incarnation: number };

export type EventBody =
  /** The first thing under way on a lane arrives. */
  | { readonly type: 'arrive'; readonly lane: Lane }
  /** A dial gets to its target, or finds none. */
  | (Work & { readonly type: 'dial'; readonly dial: DialEffect })
  /** Void when the timer has been set anew since. */
  | { readonly type: 'timer'; readonly node: VirtualNode }
  | (Work & { readonly type: 'commit' })
  | (Work & { readonly type: 'deliver'; readonly effect: DeliverEffect })
  | (Work & { readonly type: 'input'; readonly input: Input })
  | { readonly type: 'start'; readonly node: VirtualNode }
  /** Something of the user of the engine; null when it was called off. */
  | { readonly type: 'run'; readonly job: { run: (() => void) | null }; readonly background: boolean };

export type EngineEvent = EventBody & {
  readonly atMs: number;
  /** Order within one instant: see `EnginePolicy.rank`. */
  readonly rank: number;
  /** Given by the agenda: the earlier made comes first where instant and rank are the same. */
  readonly order: number;
};

/** The node whose process an event needs; null when it needs none. */
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

/** Timers, and what the user of the engine marks as background, do not keep a lab busy: all else that is on the agenda does. */
export function keepsBusy(event: EventBody): boolean {
  if (event.type === 'run') return !event.background && event.job.run !== null;
  return event.type !== 'timer';
}
