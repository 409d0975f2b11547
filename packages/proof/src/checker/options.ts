/** The options and the result of the checker. */
import type { Priority, Settings, start, step } from '@mtalab/mta-core';
import type { JournalEntry } from '@mtalab/trace';
import type { RuleId } from '../rules/catalogue.js';
import { type EnvironmentName, environmentFor, linkFor, settingsFor } from './environment.js';

/** The two functions of the checked core. Tests replace them with a faulty core, to see whether the checker finds the fault. */
export type CheckedCore = { readonly start: typeof start; readonly step: typeof step };

export type CheckOptions = {
  /** Number of messages from the first end to the last, and the other way. Default 1 and 1. */
  readonly messages?: readonly [number, number];
  /** Number of losses: each takes one connection, or all connections of one association. Default 1. */
  readonly losses?: number;
  /** Number of crashes with an immediate restart, of any MTA. Default 0. */
  readonly crashes?: number;
  /** Temp-Assoc-Threshold of all MTAs. Default 2. */
  readonly threshold?: number;
  /** Articles whose legacy behaviour is on at all MTAs. */
  readonly legacy?: readonly string[];
  /** The addresses of the MTAs. Default: an environment that shows the first of the articles; without an article, one address each. */
  readonly environment?: EnvironmentName;
  /** What joins the MTAs: RPC, or X.400 connectors. Default: X.400 if an article needs a connector, else RPC. */
  readonly link?: 'lan' | 'x400';
  /** Are all MTAs servers of clusters? Default false. */
  readonly cluster?: boolean;
  /** May the operator switch the articles off, once at each MTA, at any moment? Then the MTAs must recover. Default false. */
  readonly cure?: boolean;
  /** Three MTAs in a chain; the ends send to each other through the middle. Default false: two. */
  readonly chain?: boolean;
  /** Priorities of the successive messages of each MTA. Default: normal. */
  readonly priorities?: readonly Priority[];
  /** Segments per message. Default 1. */
  readonly segments?: number;
  /** Unconfirmed activities that an association may have (`activitiesInFlight`). Default 1. */
  readonly activities?: number;
  /** Other settings of all MTAs. */
  readonly settings?: Partial<Settings>;
  /** Number of states after which the search stops. Default 50 million. */
  readonly maxStates?: number;
  /** End at the first breach of a rule (default), or search the whole space for the first breach of each rule. */
  readonly stopAtFirst?: boolean;
  /** `at-once` (default): a write is on disk when the step that requests it ends. `in-time`: at any later moment. */
  readonly stores?: 'at-once' | 'in-time';
  /** `at-once` (default): dial, accept, bind and bind_ack are one move, before any other. `in-time`: each is a move. */
  readonly binds?: 'at-once' | 'in-time';
  /** The connections that one loss takes: all of an association (default), or all or any single one. */
  readonly cuts?: 'association' | 'any';
  /** `quiet` (default): any armed timer may fire whenever nothing is under way. `any`: at any moment. */
  readonly timers?: 'quiet' | 'any';
  /** Search mirror images of a state only once. Default true; no effect if the two ends differ. */
  readonly symmetry?: boolean;
  /** Deliver the last PDU of a finished conversation before anything else. Default true. */
  readonly eager?: boolean;
  /** The core to check; default: the real one. */
  readonly core?: CheckedCore;
};

/** Every option with its value. */
export type CheckBounds = Required<Omit<CheckOptions, 'core'>>;

export function boundsOf(options: CheckOptions): CheckBounds {
  const { losses = 1, crashes = 0 } = options;
  const environment = options.environment ?? environmentFor(options.legacy ?? []);
  return {
    messages: options.messages ?? [1, 1],
    losses,
    crashes,
    threshold: options.threshold ?? 2,
    legacy: options.legacy ?? [],
    environment,
    link: options.link ?? linkFor(options.legacy ?? []),
    cluster: options.cluster ?? false,
    cure: options.cure ?? false,
    chain: options.chain ?? false,
    priorities: options.priorities ?? ['normal'],
    segments: options.segments ?? 1,
    activities: options.activities ?? 1,
    settings: { ...settingsFor(environment, losses, crashes), ...options.settings },
    maxStates: options.maxStates ?? 50_000_000,
    stopAtFirst: options.stopAtFirst ?? true,
    stores: options.stores ?? 'at-once',
    binds: options.binds ?? 'at-once',
    cuts: options.cuts ?? 'association',
    timers: options.timers ?? 'quiet',
    symmetry: options.symmetry ?? true,
    eager: options.eager ?? true,
  };
}

/** One line of a counterexample: an APDU, a fault, or an action. */
export type StoryLine = {
  /** The actor or sender; null for the network. */
  readonly from: string | null;
  /** The receiver of an APDU; null for all other lines. */
  readonly to: string | null;
  readonly text: string;
  /** Did the APDU not arrive? */
  readonly lost: boolean;
  /** Who each MTA believes holds the Turn after this line, by MTA name. */
  readonly believes: Readonly<Record<string, string>>;
};

export type Counterexample = {
  /** Moves from the start. */
  readonly moves: number;
  readonly lines: readonly StoryLine[];
  /** Every step of every MTA, in the form that `mtalab replay` reads; null if the moves do not fit on one clock. */
  readonly journal: readonly JournalEntry[] | null;
};

export type PropertyVerdict = {
  readonly rule: RuleId;
  readonly words: string;
  readonly clause: string;
  /** `holds`: in the whole bounded space. `open`: the search ended before it could decide. */
  readonly verdict: 'holds' | 'fails' | 'open';
  /** The breach, if the rule fails. */
  readonly detail: string | null;
  readonly counterexample: Counterexample | null;
};

export type CheckResult = {
  readonly bounds: CheckBounds;
  /** Did the search visit every reachable state of the bounded space? */
  readonly exhausted: boolean;
  readonly states: number;
  readonly transitions: number;
  /** Number of moves on the shortest path to the farthest state. */
  readonly depth: number;
  /** Number of states in which the MTAs can do nothing more by themselves. */
  readonly atRest: number;
  /** Number of states in which every accepted message has been delivered or reported and no copy is left. */
  readonly drained: number;
  readonly properties: readonly PropertyVerdict[];
  readonly holds: boolean;
};

export type CheckProgress = {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** Number of states still to visit. */
  readonly frontier: number;
};
