/** What a live feed of a lab carries: the merged journals of its MTAs, the PDUs of its links, and the state of its processes. */
import type { Mta } from '@mtalab/mta-core';
import type { JournalEntry } from '../journal/entry.js';
import type { LinkPdu } from '../ladder/link-pdu.js';

/** The whole state of an MTA, from which its next steps follow. */
export type StateItem = { readonly k: 'state'; readonly node: string; readonly n: number; readonly t: number; readonly mta: Mta };
export type StepItem = { readonly k: 'step'; readonly entry: JournalEntry };
/** A PDU as the fault proxy saw it. `t`: lab time, ms. */
export type PduItem = { readonly k: 'pdu'; readonly t: number; readonly pdu: LinkPdu };
/** A process began or ended. `says`: how it ended. */
export type ProcessItem = {
  readonly k: 'process';
  readonly t: number;
  readonly node: string;
  readonly state: 'up' | 'down';
  readonly pid: number | null;
  readonly says: string;
};
/** Steps of this MTA are left out from here until its next state: there are more than a reader can follow. */
export type GapItem = { readonly k: 'gap'; readonly t: number; readonly node: string; readonly says: string };
/** Figures of an MTA whose steps are not followed now. */
export type FiguresItem = {
  readonly k: 'figures';
  readonly t: number;
  readonly node: string;
  /** Copies queued for each adjacent MTA, by name. */
  readonly queued: Readonly<Record<string, number>>;
  /** Copies delivered since the MTA started. */
  readonly delivered: number;
};

/** An item of a feed of two labs. `twin`: of the second one. */
export type PairedItem = FeedItem & { readonly twin?: true };

export type FeedItem = StateItem | StepItem | PduItem | ProcessItem | GapItem | FiguresItem;
