/**
 * What a load run found: plain data, JSON-able, the same for the command, the library and every report. Times are real time,
 * not lab time. An instant is given in seconds after the first intended start.
 */
import type { Priority } from '@mtalab/mta-core';

/** The form of a result file. It changes when a program that reads the old form would misread the new one. */
export const loadFormat = 'mtalab-load/1';

/** A latency distribution, ms. `count` 0: nothing was measured, and the other members are 0. */
export type LatencySummary = {
  /** Latencies that were counted. */
  readonly count: number;
  /** The shortest. */
  readonly minMs: number;
  /** The mean. */
  readonly meanMs: number;
  /** Half of them took at most this. */
  readonly p50Ms: number;
  /** 90 % took at most this. */
  readonly p90Ms: number;
  /** 99 % took at most this. */
  readonly p99Ms: number;
  /** 99.9 % took at most this. */
  readonly p999Ms: number;
  /** The longest. */
  readonly maxMs: number;
};

/** The latencies of a run. Each is counted once for each delivered copy, except `accept`: once for each accepted message. */
export type Latencies = {
  /** From the intended start to the mailbox. A stall of the MTA or of the generator counts in full (coordinated omission). */
  readonly corrected: LatencySummary;
  /** From the real start of the submission to the mailbox. */
  readonly raw: LatencySummary;
  /** From the real start of the submission to the MTA's answer that the message is on disk. */
  readonly accept: LatencySummary;
};
/** The name of one of them. */
export type LatencyName = keyof Latencies;
/** The names of all of them. */
export const latencyNames = ['corrected', 'raw', 'accept'] as const satisfies readonly LatencyName[];

/** Counts of a whole run. */
export type LoadCounts = {
  /** Starts that the plan asked for. */
  readonly intended: number;
  /** Submissions that were really started. `intended` is `started` plus `dropped`. */
  readonly started: number;
  /** Starts more than the tolerance after their intended instant. They count in `started` too. */
  readonly late: number;
  /** Starts that never happened: too many submissions waited for an answer, or the run was ended. */
  readonly dropped: number;
  /** Messages that an MTA has on disk. */
  readonly accepted: number;
  /** Submissions that an MTA refused. */
  readonly refused: number;
  /** Submissions without an answer: nobody knows what became of them. */
  readonly unanswered: number;
  /** Messages delivered, by the ledgers or mailboxes of the MTAs. */
  readonly delivered: number;
  /** Messages that came back as non-delivery reports. */
  readonly reported: number;
  /** Messages still in a queue at the end. */
  readonly queued: number;
  /** Accepted, and in no mailbox, report or queue. */
  readonly lost: number;
  /** Deliveries beyond the first of the same message. */
  readonly duplicated: number;
  /** Delivered with another content than was submitted, or set aside as damaged. */
  readonly damaged: number;
  /** Delivered after a message of the same priority, way and association of which they should have been ahead. */
  readonly outOfOrder: number;
};

/** Who holds the Turn, as counts of associations: both ends of an association are compared. */
export type TurnHolders = {
  /** By name of the MTA: associations whose Turn it holds, and the other end agrees. */
  readonly held: Readonly<Record<string, number>>;
  /** Associations whose Turn is under way, from one end to the other. */
  readonly passing: number;
  /** Associations of which each end believes that the other has the Turn, and no Turn is under way: it is lost. */
  readonly nobody: number;
};

/** One MTA at one instant. */
export type LoadMtaSample = {
  /** Name of the MTA. */
  readonly mta: string;
  /** False: the MTA did not answer, or has no process; the other members are those of its last answer. */
  readonly answers: boolean;
  /** Messages in its queues for adjacent MTAs. */
  readonly queued: number;
  /** The largest number of messages for each open association in one queue: what the threshold is compared with. */
  readonly queuedPerAssociation: number;
  /** Age of its oldest queued message, s. */
  readonly oldestS: number;
  /** Open associations that it has. */
  readonly associations: number;
  /** Turns that it gave since the run began. */
  readonly turnsGiven: number;
  /** Memory of its process. */
  readonly rssBytes: number;
  /** Processor time since the run began, s. */
  readonly cpuS: number;
};

/** One interval of a run. Counts are those of the interval, latencies those of the deliveries in it. */
export type LoadSample = {
  /** End of the interval. */
  readonly atS: number;
  /** Its length. */
  readonly lengthS: number;
  /** Starts that were due. */
  readonly intended: number;
  /** Submissions that were started. */
  readonly started: number;
  /** Those of them that were late. */
  readonly late: number;
  /** Messages accepted. */
  readonly accepted: number;
  /** Deliveries whose notice came. */
  readonly delivered: number;
  /** From the intended start to the mailbox. */
  readonly corrected: LatencySummary;
  /** From the real start to the mailbox. */
  readonly raw: LatencySummary;
  /** Each MTA at the end of the interval. */
  readonly mtas: readonly LoadMtaSample[];
  /** Who held the Turn then. */
  readonly turn: TurnHolders;
};

/** Something that happened at an instant, for charts and for the text report. */
export type LoadMark = {
  /** When. Before the first intended start: below 0. */
  readonly atS: number;
  /** What kind of thing happened. */
  readonly kind: 'stage' | 'fault' | 'association' | 'hold' | 'release' | 'process' | 'end-of-load' | 'drained';
  /** Such as `cut after turn-give 3`, or `MTA-A: second association to MTA-B opens`. */
  readonly text: string;
  /** Name of the MTA, if one alone was concerned. */
  readonly mta?: string;
};

/** A check that a run makes by itself, such as that nothing is lost. */
export type LoadCheck = {
  /** Such as `lost`. */
  readonly name: string;
  /** Did the run pass it? */
  readonly passed: boolean;
  /** What was found, in words. */
  readonly text: string;
};

/** A threshold of the user, such as `p99<200ms`. */
export type ThresholdOutcome = {
  /** As it was given. */
  readonly threshold: string;
  /** Did the run keep it? */
  readonly passed: boolean;
  /** What it was compared with, in its own unit; null: there was no sample, so it failed. */
  readonly value: number | null;
  /** In words. */
  readonly text: string;
};

/** An MTA that took part, as it was configured. */
export type LoadMta = {
  /** Name of the MTA. */
  readonly mta: string;
  /** Exchange release. */
  readonly version: string;
  /** Build of Exchange. */
  readonly build: string;
  /** Windows NT release; null if unknown. */
  readonly nt: string | null;
  /** Articles whose legacy behaviour was on at the start. */
  readonly legacy: readonly string[];
  /** Queued messages for each association above which another one opens. */
  readonly threshold: number;
  /** Limit of associations to one adjacent MTA. */
  readonly associationsPerMta: number;
};

/** `unknown`: nothing was measured, or the queues did not drain, so the checks say nothing. */
export type LoadVerdict = 'passed' | 'check-failed' | 'unknown' | 'threshold-missed';

/** What a load run found. */
export type LoadResult = {
  /** The form of this object. */
  readonly format: typeof loadFormat;
  /** A name for comparisons. */
  readonly label: string;
  /** Version of MTA Lab. */
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The options of the run, as a person would write them. Run again with these, a run has the same schedule. */
  readonly options: readonly string[];
  /** Of the starts and messages. */
  readonly seed: number;
  /** Lab time ran this many times faster than real time. */
  readonly timeScale: number;
  /** The MTAs that sent and received. */
  readonly mtas: readonly LoadMta[];
  /** Spans of time, s. */
  readonly seconds: {
    /** From the first to the last intended start. */
    readonly load: number;
    /** From the first intended start to the last delivery. */
    readonly delivering: number;
    /** From the last start until all queues were empty; null when they never were. */
    readonly drain: number | null;
  };
  /** Counts of the whole run. */
  readonly counts: LoadCounts;
  /** Latencies of each priority. */
  readonly byPriority: Readonly<Record<Priority, Latencies>>;
  /** Latencies of all messages. */
  readonly latencies: Latencies;
  /** Mean rates: messages per second, and octets of content per second. */
  readonly rates: {
    readonly intended: number;
    readonly accepted: number;
    readonly delivered: number;
    readonly deliveredOctets: number;
    readonly turnsGiven: number;
  };
  /** Each HdrHistogram as its compressed V2 text, base64. Values are microseconds. */
  readonly histograms: Readonly<Record<LatencyName, string>>;
  /** The intervals, in order. */
  readonly samples: readonly LoadSample[];
  /** What happened, in order of time. */
  readonly marks: readonly LoadMark[];
  /** What the generator itself used: it was the limit when its processor time is near the run's time. */
  readonly generator: { readonly cpuS: number; readonly maxInFlight: number; readonly wasTheLimit: boolean };
  /** The checks that every run makes. */
  readonly checks: readonly LoadCheck[];
  /** The thresholds of the user. */
  readonly thresholds: readonly ThresholdOutcome[];
  /** What a reader should know before trusting the figures. */
  readonly warnings: readonly string[];
  /** The outcome. */
  readonly verdict: LoadVerdict;
  /** 0 passed, 1 a check failed, 3 unknown, 99 a threshold was missed. 2, usage, has no result. */
  readonly exitCode: 0 | 1 | 3 | 99;
};
