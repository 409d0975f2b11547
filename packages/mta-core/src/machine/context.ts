/** One step in the making: the state so far, the effects so far, and what the RPC runtime has yet to tell the MTA. */

import type { Indication } from '../links/rpc/state.js';
import type { Effect } from './effect.js';
import type { Mta } from './state.js';

export type Context = {
  /** Replaced, never changed in place. */
  mta: Mta;
  /** The instant of this step, in milliseconds of the lab's clock. */
  readonly nowMs: number;
  readonly effects: Effect[];
  /** Handled, in order, before the step ends. */
  readonly indications: Indication[];
  /** Entries for which it must be asked whether one more association is needed: something was stored, opened or lost. */
  readonly evaluate: Set<number>;
};
