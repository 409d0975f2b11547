/** The working data of one step: its state, its effects so far, and what it must still do. */
import type { Links, LinkUser } from '../links/link.js';
import type { RpcStep } from '../links/rpc/state.js';
import type { Mutable } from './copies.js';
import type { Drafts } from './drafts.js';
import type { Effect } from './effect.js';
import type { Association, LtabEntry, Mta } from './state.js';

export type Context = {
  /**
   * This step's own copy. Its fields are written in place; the objects in them belong to earlier states too, and are never
   * written.
   */
  readonly mta: Mutable<Mta>;
  /** The instant of this step, in milliseconds of the lab's clock. */
  readonly nowMs: number;
  effects: Effect[];
  /** Entries that have changed since `pumpEntry` last ran for them. */
  changed: readonly number[];
  /** Entries whose threshold must be evaluated: something was stored, opened or lost. */
  thresholdChecks: readonly number[];
  /**
   * Rows of this step: copied at their first change, then written in place, and put into their tables when the step ends. Read them
   * through `entryAt` and `associationOf`.
   */
  readonly entries: Drafts<LtabEntry>;
  readonly associations: Drafts<Association>;
  /** What the RPC link keeps during the step. */
  readonly rpc: RpcStep;
  readonly links: Links;
  readonly user: LinkUser;
};
