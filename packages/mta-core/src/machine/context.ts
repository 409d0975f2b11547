/** One step in the making: the state so far, the effects so far, and the links with what they have yet to pass on. */
import type { Links, LinkUser } from '../links/link.js';
import type { Indication } from '../links/rpc/state.js';
import type { Effect } from './effect.js';
import type { Mta } from './state.js';

export type Context = {
  /** Replaced, never changed in place. */
  mta: Mta;
  /** The instant of this step, in milliseconds of the lab's clock. */
  readonly nowMs: number;
  readonly effects: Effect[];
  /** Events of the RPC runtime. The RPC link handles them, in order, before the step ends. */
  readonly indications: Indication[];
  /** Entries whose threshold must be evaluated: something was stored, opened or lost. */
  readonly thresholdChecks: Set<number>;
  readonly links: Links;
  readonly user: LinkUser;
};
