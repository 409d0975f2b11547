/**
 * A scenario as plain data: MTAs, mail, faults, moves of the clock, and what must be seen. It runs on real processes or on
 * virtual time, with the same verdict.
 */
import type { BindingWish, LinkName, Priority, Settings } from '@mtalab/mta-core';

/** `legacy`: the documented bug is on. `fixed`: no bug is on. */
export type Mode = 'legacy' | 'fixed';
export const modes: readonly Mode[] = ['legacy', 'fixed'];

/** A binding of an MTA. A missing field has its default; with port 0 the stage chooses one. */
export type ScenarioBinding = {
  readonly address: string;
  readonly port?: number | undefined;
  readonly label?: string | undefined;
  readonly enabled?: boolean | undefined;
};

export type ScenarioMta = {
  readonly name: string;
  readonly domain: string;
  /** In the order in which the MTA dials from them. Default: 127.0.0.1 alone. */
  readonly bindings?: readonly ScenarioBinding[] | undefined;
  /** Whether this is a server of a cluster. */
  readonly cluster?: boolean | undefined;
  /** Not started at the beginning. */
  readonly down?: boolean | undefined;
  /** Settings of this MTA that differ from those of all MTAs. */
  readonly settings?: Partial<Settings> | undefined;
};

/** Two adjacent MTAs. */
export type ScenarioNeighbours = { readonly between: readonly [string, string]; readonly link?: LinkName | undefined };

/** The expected number: exactly this, or from `least` to `most`. */
export type Bound = number | { readonly least?: number | undefined; readonly most?: number | undefined };

/** What must hold at one moment. All given checks must hold; the result shows the first in numbers. */
export type Check = {
  /** How often the fault with this name has acted. */
  readonly fault?: { readonly name: string; readonly hits: Bound } | undefined;
  /** Associations that either side knows. */
  readonly associations?:
    | {
        readonly count?: Bound | undefined;
        /** The state on both sides of every association. */
        readonly state?: string | undefined;
        /** Who has the Turn on every association: exactly one side, nobody, or both. */
        readonly turn?: 'one' | 'nobody' | 'both' | undefined;
      }
    | undefined;
  /** Associations on which each side believes that the other has the Turn. */
  readonly stuck?: Bound | undefined;
  /** Recovery requests that passed the link. */
  readonly recoveries?: Bound | undefined;
  /** New associations: first connections on which an RTORQ has passed. */
  readonly opened?: Bound | undefined;
  /** Copies delivered into mailboxes since the last `mark`. */
  readonly delivered?: Bound | undefined;
  /** Copies queued for other MTAs or mailboxes, by name of the MTA. */
  readonly queued?: Readonly<Record<string, Bound>> | undefined;
  /** Non-delivery reports made. */
  readonly reports?: Bound | undefined;
  /** Refused binds: each bind_nak that has passed the link since the start. */
  readonly naks?: Bound | undefined;
  /** PDUs of a kind of the fault language that have passed the link since the start. */
  readonly passed?: { readonly kind: string; readonly from?: string | undefined; readonly count: Bound } | undefined;
  /** Entries of an MTA's event log since the last `mark`, with these parameters if some are given. */
  readonly events?:
    | {
        readonly at: string;
        readonly id: number;
        readonly count: Bound;
        readonly params?: Readonly<Record<string, string | Bound>> | undefined;
      }
    | undefined;
  /** The entries with these ids since the last `mark` must come in this order; one id may stand for several in a row. */
  readonly eventsInOrder?: { readonly at: string; readonly ids: readonly number[] } | undefined;
  /** The exit code of an MTA's last process. */
  readonly exit?: { readonly at: string; readonly code: Bound } | undefined;
  /** Whether each MTA runs, by its name. */
  readonly up?: Readonly<Record<string, boolean>> | undefined;
};
export type CheckKey = keyof Check;

type Common = {
  /** Shown to the viewer before the step. */
  readonly say?: string | undefined;
  /** The step belongs to this case alone. */
  readonly only?: Mode | undefined;
};

/**
 * What the network between the MTAs does from now on. `silent`: the connections that are up carry nothing any more, not even their
 * end, so that one side does not notice if the other gives up; new connections work. `down`: the same, and new connections fail.
 * `up`: it works again, and the connections that were silent are lost.
 */
export const networkStates = ['up', 'silent', 'down'] as const;
export type NetworkState = (typeof networkStates)[number];

/** After each step the lab comes to rest: nothing but a timer, or the next step, can make anything happen. */
export type Step = Common &
  (
    | {
        readonly submit: {
          readonly at: string;
          readonly to: string;
          readonly count: number;
          readonly priority: Priority;
          /** Length of each content. Default: a few lines. */
          readonly sizeBytes?: number | undefined;
        };
      }
    /** Arm a fault, in the fault language. It counts from now on. */
    | { readonly fault: { readonly name: string; readonly does: string } }
    /** `release` lets held PDUs go; `heal` ends black holes. */
    | { readonly release: true }
    | { readonly heal: true }
    /** Cut all connections now. */
    | { readonly cut: true }
    /** Take the network between the MTAs away, or give it back. */
    | { readonly network: NetworkState }
    /** Move the clock on; every timer on the way fires at its instant. */
    | { readonly advanceMs: number }
    /** End an MTA: `kill` at once (what is not on its disk is lost), `stop` in order. */
    | { readonly kill: string }
    | { readonly stop: string }
    /** `start` an MTA that must come up, or `attempt` to start one that may end instead. */
    | { readonly start: string }
    | { readonly attempt: string }
    /** Stop in order, and start again. */
    | { readonly restart: string }
    /** Reorder, enable or disable an MTA's bindings: dials follow at once, listeners at its next start. */
    | { readonly bindings: BindingWish & { readonly at: string } }
    /** End the Open and Transfer Intervals that this MTA waits for. */
    | { readonly retry: string }
    | { readonly set: { readonly article: string; readonly mode: Mode; readonly at?: readonly string[] | undefined } }
    /** Count deliveries and event log entries from here. */
    | { readonly mark: true }
    /** What must be seen now, in plain words, and how it is measured. `headline`: a list of many cases shows it. */
    | { readonly see: string; readonly check: Check; readonly headline?: boolean | undefined }
  );

export type Scenario = {
  /** The scenario's name: its article, if it has one. */
  readonly name: string;
  readonly title: string;
  /** What it is about, for the reader. */
  readonly about?: string | undefined;
  /** The article that this scenario adds to. */
  readonly companionTo?: string | undefined;
  /** The cases that the scenario has. Default: both. */
  readonly modes?: readonly Mode[] | undefined;
  readonly mtas: readonly ScenarioMta[];
  /** The link between all neighbours that do not name theirs. Default: `lan`. */
  readonly link?: LinkName | undefined;
  /** The MTAs that are adjacent; mail between the others goes a shortest way. Default: all are adjacent to each other. */
  readonly neighbours?: readonly ScenarioNeighbours[] | undefined;
  /** Settings that differ from Exchange's defaults, for all MTAs. */
  readonly settings: Partial<Settings>;
  /** Which articles are on in the legacy case, and at which MTAs. */
  readonly legacy: { readonly articles: readonly string[]; readonly at: readonly string[] };
  /** The fault, in words. */
  readonly fault: string;
  readonly steps: readonly Step[];
  /** The verdict of each case in which everything expected was seen. */
  readonly verdict: { readonly [Each in Mode]?: string | undefined };
};
