/** State of the memory link: the one connection of each association. */
import type { Row } from '../../collections/table.js';
import type { Tree } from '../../collections/tree.js';
import type { AssociationRef } from '../../machine/state.js';

export type MemoryConnection = Row & {
  /** `dialling` until it is up, `calling` until the RTORQ is answered; an accepted one is `answering` until its RTORQ has come. */
  readonly phase: 'dialling' | 'calling' | 'answering' | 'up';
  readonly remote: string;
  /** When the opening must be over, or the next answer must be here; null while nothing is awaited. */
  readonly deadlineMs: number | null;
  /** Null for one whose RTORQ has not come yet. */
  readonly owner: AssociationRef | null;
  readonly nextSerial: number;
  /** Serials of the RTTRs, discards and Turn-Gives of this side that have not been answered. */
  readonly unanswered: readonly number[];
};

export type MemoryRuntime = { readonly connections: Tree<MemoryConnection> };
