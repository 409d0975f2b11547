/** What the checker is asked, and what it answers. */
import type { Priority, Settings, start, step } from '@mtalab/mta-core';
import type { JournalEntry } from '@mtalab/trace';
import type { RuleId } from '../rules/catalogue.js';
import { type EnvironmentName, environmentFor, settingsFor } from './environment.js';

/** The core that is checked: two functions. Others may be put in its place, to see whether the checker would tell. */
export type CheckedCore = { readonly start: typeof start; readonly step: typeof step };

export type CheckOptions = {
  /** Messages submitted at the one end for the other, and the other way. Default 1 and 1. */
  readonly messages?: readonly [number, number];
  /** Connections the network may lose: one connection, or all of one association together. Default 1. */
  readonly losses?: number;
  /** Crashes with an immediate restart, of any MTA. Default 0. */
  readonly crashes?: number;
  /** Temp-Assoc-Threshold of all MTAs. Default 2. */
  readonly threshold?: number;
  /** Articles whose legacy behaviour is on, at all MTAs. */
  readonly legacy?: readonly string[];
  /** Which addresses the MTAs have. Default: where the first of these articles can show; without any, one address each. */
  readonly environment?: EnvironmentName;
  /** Are all MTAs servers of clusters? Default false. */
  readonly cluster?: boolean;
  /** May the operator switch the articles off, at each MTA once and at any moment? What they have broken must then mend. Default false. */
  readonly cure?: boolean;
  /** Three MTAs in a chain; the ends send to each other through the middle. Default false: two. */
  readonly chain?: boolean;
  /** Priorities of the messages of one MTA, in turn. Default: normal. */
  readonly priorities?: readonly Priority[];
  /** Segments per message. Default 1. */
  readonly segments?: number;
  /** Any other setting of all MTAs. */
  readonly settings?: Partial<Settings>;
  /** The states after which the search gives up. Default 50 million. */
  readonly maxStates?: number;
  /** End at the first breach of a rule (default), or go through the whole space and find the first breach of each rule. */
  readonly stopAtFirst?: boolean;
  /** `at-once` (default): a write is on disk when the step that asked for it ends. `in-time`: at any later moment. */
  readonly stores?: 'at-once' | 'in-time';
  /** `at-once` (default): dial, accept, bind and bind_ack are one move, made before any other. `in-time`: each is a move. */
  readonly binds?: 'at-once' | 'in-time';
  /** What one loss takes: all connections of an association (default), or these or any single one. */
  readonly cuts?: 'association' | 'any';
  /** `quiet` (default): any armed timer may fire whenever nothing is under way. `any`: at any moment. */
  readonly timers?: 'quiet' | 'any';
  /** Search mirror images of a state only once. Default true; has no effect where the two ends are not alike. */
  readonly symmetry?: boolean;
  /** Deliver what is no more than an end of a finished conversation before anything else. Default true. */
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
    cluster: options.cluster ?? false,
    cure: options.cure ?? false,
    chain: options.chain ?? false,
    priorities: options.priorities ?? ['normal'],
    segments: options.segments ?? 1,
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

/** One line of a counterexample: an APDU, a fault, or what somebody did. */
export type StoryLine = {
  /** Who did it, or sent it; null for the network. */
  readonly from: string | null;
  /** For whom an APDU was; null for all other lines. */
  readonly to: string | null;
  readonly text: string;
  /** Did the APDU not arrive? */
  readonly lost: boolean;
  /** Whose Turn each MTA believes it to be after this line, by the names of the MTAs. */
  readonly believes: Readonly<Record<string, string>>;
};

export type Counterexample = {
  /** Moves from the start. */
  readonly moves: number;
  readonly lines: readonly StoryLine[];
  /** Every step of every MTA, in the form that `mtalab replay` takes; null where the moves cannot be put on one clock. */
  readonly journal: readonly JournalEntry[] | null;
};

export type PropertyVerdict = {
  readonly rule: RuleId;
  readonly words: string;
  readonly clause: string;
  /** `holds` in the whole bounded space; `open`: the search ended before it could be said. */
  readonly verdict: 'holds' | 'fails' | 'open';
  /** What was seen, where it fails. */
  readonly detail: string | null;
  readonly counterexample: Counterexample | null;
};

export type CheckResult = {
  readonly bounds: CheckBounds;
  /** Was every reachable state of the bounded space visited? */
  readonly exhausted: boolean;
  readonly states: number;
  readonly transitions: number;
  /** Moves on the longest shortest way to a state. */
  readonly depth: number;
  /** States from which the MTAs can do nothing more by themselves. */
  readonly atRest: number;
  /** States in which every accepted message has been delivered or reported and no copy is left. */
  readonly drained: number;
  readonly properties: readonly PropertyVerdict[];
  readonly holds: boolean;
};

export type CheckProgress = {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** States waiting to be looked at. */
  readonly frontier: number;
};
