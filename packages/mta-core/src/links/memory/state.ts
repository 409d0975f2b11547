/** State of the memory link: the one connection of each association. */
import type { Row, Table } from '../../collections/table.js';
import type { AssociationRef } from '../../machine/state.js';

export type MemoryConnection = Row & {
  /** `dialling` until it is up, `calling` until the RTORQ is answered; an accepted one is `answering` until its RTORQ has come. */
  readonly phase: 'dialling' | 'calling' | 'answering' | 'up';
  readonly remote: string;
  /** When the opening must be over; null once it is. */
  readonly deadlineMs: number | null;
  /** Null for one whose RTORQ has not come yet. */
  readonly owner: AssociationRef | null;
  readonly nextSerial: number;
  /** RTTRs and discards of this side that have not been answered. */
  readonly unanswered: readonly number[];
};

export type MemoryRuntime = { readonly connections: Table<MemoryConnection> };
