/**
 * A scenario as plain data: MTAs, mail, faults, moves of the clock, and what must be seen. The file that holds one is read
 * elsewhere; here it is run, on real processes or on virtual time, with the same verdict.
 */
import type { BindingWish, Priority, Settings } from '@mtalab/mta-core';

/** `legacy`: the documented bug is on. `fixed`: nothing is. */
export type Mode = 'legacy' | 'fixed';
export const modes: readonly Mode[] = ['legacy', 'fixed'];

/** A binding of an MTA; what is left out has its default. Port 0: one that the stage chooses. */
export type ScenarioBinding = {
  readonly address: string;
  readonly port?: number | undefined;
  readonly label?: string | undefined;
  readonly enabled?: boolean | undefined;
};

export type ScenarioMta = {
  readonly name: string;
  readonly domain: string;
  /** In the order in which they are dialled from. Default: 127.0.0.1 alone. */
  readonly bindings?: readonly ScenarioBinding[] | undefined;
  /** Is this a server of a cluster? */
  readonly cluster?: boolean | undefined;
  /** Not started at the beginning. */
  readonly down?: boolean | undefined;
};

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
  /** Binds that were refused: each bind_nak that has passed the link since the start. */
  readonly naks?: Bound | undefined;
  /** PDUs of a kind of the fault language that have passed the link since the start. */
  readonly passed?: { readonly kind: string; readonly from?: string | undefined; readonly count: Bound } | undefined;
  /** Entries of an MTA's event log since the last `mark`, with these parameters where some are given. */
  readonly events?:
    | {
        readonly at: string;
        readonly id: number;
        readonly count: Bound;
        readonly params?: Readonly<Record<string, string | Bound>> | undefined;
      }
    | undefined;
  /** Of the entries since the last `mark` those with these ids, and in this order; one id may stand for several in a row. */
  readonly eventsInOrder?: { readonly at: string; readonly ids: readonly number[] } | undefined;
  /** The exit code with which the last process of an MTA has ended. */
  readonly exit?: { readonly at: string; readonly code: Bound } | undefined;
  /** Is the MTA running? By its name. */
  readonly up?: Readonly<Record<string, boolean>> | undefined;
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
    /** Start an MTA that must come up, or one that may end instead. */
    | { readonly start: string }
    | { readonly attempt: string }
    /** Stop in order, and start again. */
    | { readonly restart: string }
    /** The bindings of an MTA in another order, some enabled or disabled: dials follow at once, listeners at its next start. */
    | { readonly bindings: BindingWish & { readonly at: string } }
    /** End what this MTA waits for: Open Intervals, Transfer Intervals. */
    | { readonly retry: string }
    | { readonly set: { readonly article: string; readonly mode: Mode; readonly at?: readonly string[] | undefined } }
    /** Deliveries and entries of the event logs are counted from here. */
    | { readonly mark: true }
    /** What must be seen now, in plain words, and how it is measured. `headline`: it sums the case up in a list of many. */
    | { readonly see: string; readonly check: Check; readonly headline?: boolean | undefined }
  );

export type Scenario = {
  /** Name of the scenario: the article where it is one's. */
  readonly name: string;
  readonly title: string;
  /** What it is about, for the reader. */
  readonly about?: string | undefined;
  /** The article whose story this is a further part of. */
  readonly companionTo?: string | undefined;
  /** The cases there are. Default: both. */
  readonly modes?: readonly Mode[] | undefined;
  /** All are adjacent to each other. */
  readonly mtas: readonly ScenarioMta[];
  /** Settings that differ from Exchange's defaults, for all MTAs. */
  readonly settings: Partial<Settings>;
  /** Which articles are on in the legacy case, and at which MTAs. */
  readonly legacy: { readonly articles: readonly string[]; readonly at: readonly string[] };
  /** The fault, in words. */
  readonly fault: string;
  readonly steps: readonly Step[];
  /** What it means when all was seen as it must be; for each case there is. */
  readonly verdict: { readonly [Each in Mode]?: string | undefined };
};
