/** What can happen next in a simulated lab. */
import type { Input } from '@mtalab/mta-core';
import type { Timed } from './heap.js';
import type { DeliverEffect, DialEffect } from './node.js';
import type { Lane, Wire } from './wire.js';

export type WorldEvent = Timed &
  (
    | { readonly type: 'arrive'; readonly wire: Wire; readonly lane: Lane }
    /** A dial comes to its target, or finds none. */
    | { readonly type: 'dial'; readonly node: number; readonly incarnation: number; readonly dial: DialEffect }
    | { readonly type: 'timer'; readonly node: number }
    | { readonly type: 'commit'; readonly node: number; readonly incarnation: number }
    | { readonly type: 'deliver'; readonly node: number; readonly incarnation: number; readonly effect: DeliverEffect }
    | { readonly type: 'input'; readonly node: number; readonly incarnation: number; readonly input: Input }
    | { readonly type: 'start'; readonly node: number }
    /** A client looks after its submission. */
    | { readonly type: 'client'; readonly submission: number }
    /** A fault ends. */
    | { readonly type: 'over'; readonly run: () => void }
  );

type Without<T> = T extends unknown ? Omit<T, 'atMs' | 'order'> : never;
export type WorldEventBody = Without<WorldEvent>;

/** The MTA whose process an event needs; null when it needs none. */
export function processOf(event: WorldEvent): number | null {
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
    case 'client':
    case 'over':
      return null;
  }
}
