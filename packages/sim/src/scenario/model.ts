/**
 * A scenario as plain data: MTAs, mail, faults, moves of the clock, and what must be seen. The file that holds one is read
 * elsewhere; here it is run, on real processes or on virtual time, with the same verdict.
 */
import type { Priority, Settings } from '@mtalab/mta-core';

/** `legacy`: the documented bug is on. `fixed`: nothing is. */
export type Mode = 'legacy' | 'fixed';
export const modes: readonly Mode[] = ['legacy', 'fixed'];

export type ScenarioMta = { readonly name: string; readonly domain: string };

/** What a number must be: this, or from `least` to `most`. */
export type Bound = number | { readonly least?: number | undefined; readonly most?: number | undefined };

/** What is looked at, at one moment. All that is given must hold; the first one is told in numbers. */
export type Check = {
  /** How often this fault has acted, by its name. */
  readonly fault?: { readonly name: string; readonly hits: Bound } | undefined;
  /** Associations that either side knows. */
  readonly associations?:
    | {
        readonly count?: Bound | undefined;
        /** On both sides of all of them. */
        readonly state?: string | undefined;
        /** Who has the Turn, on all of them: exactly one side, nobody, both. */
        readonly turn?: 'one' | 'nobody' | 'both' | undefined;
      }
    | undefined;
  /** Associations of which each side believes that the other has the Turn. */
  readonly stuck?: Bound | undefined;
  /** Recoveries that were asked for on the link. */
  readonly recoveries?: Bound | undefined;
  /** Associations opened afresh: first connections on which an MtaBind has passed. */
  readonly opened?: Bound | undefined;
  /** Copies delivered into mailboxes since the last `mark`. */
  readonly delivered?: Bound | undefined;
  /** Copies queued for other MTAs or mailboxes, by name of the MTA. */
  readonly queued?: Readonly<Record<string, Bound>> | undefined;
  /** Non-delivery reports made. */
  readonly reports?: Bound | undefined;
};
export type CheckKey = keyof Check;

type Common = {
  /** Told to whoever watches, before the step. */
  readonly say?: string | undefined;
  /** In this case alone. */
  readonly only?: Mode | undefined;
};

/** After each step the lab comes to rest: nothing but a timer, or the next step, can make anything happen. */
export type Step = Common &
  (
    | {
        readonly submit: {
          readonly at: string;
          readonly to: string;
          readonly count: number;
          readonly priority: Priority;
          /** Length of each content; without it a few lines. */
          readonly sizeBytes?: number | undefined;
        };
      }
    /** Arm a fault, in the fault language. It counts from now on. */
    | { readonly fault: { readonly name: string; readonly does: string } }
    /** Let go what faults hold, or end black holes. */
    | { readonly release: true }
    | { readonly heal: true }
    /** Cut all connections now. */
    | { readonly cut: true }
    /** Move the clock on; every timer on the way fires at its instant. */
    | { readonly advanceMs: number }
    /** End an MTA: `kill` at once (what is not on its disk is lost), `stop` in order. */
    | { readonly kill: string }
    | { readonly stop: string }
    | { readonly start: string }
    | { readonly set: { readonly article: string; readonly mode: Mode; readonly at?: readonly string[] | undefined } }
    /** Deliveries are counted from here. */
    | { readonly mark: true }
    /** What must be seen now, in plain words, and how it is measured. */
    | { readonly see: string; readonly check: Check }
  );

export type Scenario = {
  /** Name of the scenario: the article where it is one's. */
  readonly name: string;
  readonly title: string;
  /** What it is about, for the reader. */
  readonly about?: string | undefined;
  /** All are adjacent to each other. */
  readonly mtas: readonly ScenarioMta[];
  /** Settings that differ from Exchange's defaults, for all MTAs. */
  readonly settings: Partial<Settings>;
  /** Which articles are on in the legacy case, and at which MTAs. */
  readonly legacy: { readonly articles: readonly string[]; readonly at: readonly string[] };
  /** The fault, in words. */
  readonly fault: string;
  readonly steps: readonly Step[];
  /** What it means when all was seen as it must be. */
  readonly verdict: Readonly<Record<Mode, string>>;
};
