/** One step in the making: the state so far, the effects so far, and the links with what they have yet to pass on. */
import type { Links, LinkUser } from '../links/link.js';
import type { Connection, Indication } from '../links/rpc/state.js';
import type { Mutable } from './copies.js';
import type { Drafts } from './drafts.js';
import type { Effect } from './effect.js';
import type { Association, LtabEntry, Mta } from './state.js';

export type Context = {
  /** This step's own copy: its fields are written in place. What they lead to belongs to earlier states too, and is never written. */
  readonly mta: Mutable<Mta>;
  /** The instant of this step, in milliseconds of the lab's clock. */
  readonly nowMs: number;
  readonly effects: Effect[];
  /** Events of the RPC runtime. The RPC link handles them, in order, before the step ends. */
  readonly indications: Indication[];
  /** Entries that have changed since they last did what they can. */
  changed: readonly number[];
  /** Entries whose threshold must be evaluated: something was stored, opened or lost. */
  thresholdChecks: readonly number[];
  /**
   * Rows of this step: copied at their first change, then written in place, and put into their tables when the step ends. Read them
   * through `entryAt`, `associationOf` and `connectionOf`.
   */
  readonly entries: Drafts<LtabEntry>;
  readonly associations: Drafts<Association>;
  readonly connections: Drafts<Connection>;
  readonly links: Links;
  readonly user: LinkUser;
};
