/** Grades a peer program: plays seeded schedules with it, and shrinks the first that fails. */
import { type LadderLine, ladderOf, noteLine } from '@mtalab/trace';
import { FaultProxy } from '../proxy/fault-proxy.js';
import { PeerProcess, PeerUnfit } from './peer-process.js';
import { type Ground, type Played, play } from './play.js';
import { type Breach, gradeRules } from './rules.js';
import { gradedName, graderName, type Schedule, scheduleOf } from './schedule.js';
import { shrink } from './shrink.js';

export type GradeOptions = {
  /** The peer program and its arguments. */
  readonly command: string;
  readonly args: readonly string[];
  /** Schedules to play. */
  readonly schedules: number;
  /** Seed of the first; each further schedule has the next. */
  readonly seed: number;
  /** Real time without a PDU or a delivery after which the peer has stalled, ms. Default 1000. */
  readonly stallMs?: number;
  /** Real time in which the peer must be ready, and answer a reset, ms. Default 10,000. */
  readonly answerMs?: number;
  /** Called after each schedule with their number so far. */
  readonly progress?: (played: number) => void;
  /** Ends the grading early. */
  readonly signal?: AbortSignal;
};

export type Failure = Breach & {
  /** What the rule demands. */
  readonly expected: string;
  /** Where the rule is written. */
  readonly where: string;
  /** Seed of the schedule that failed first. */
  readonly seed: number;
  /** The shortest failing schedule. */
  readonly schedule: Schedule;
  /** Parts (messages and faults) of the schedule of the seed. */
  readonly partsBefore: number;
  readonly ladder: readonly LadderLine[];
};

export type Grade = {
  readonly pass: boolean;
  /** Schedules that were played, the failing one included. */
  readonly schedules: number;
  readonly seed: number;
  readonly failure: Failure | null;
};

const defaults = { stallMs: 1000, answerMs: 10_000 };
/** What shrinking may take. */
const shrinkLimits = { plays: 200, ms: 30_000 };

async function groundFor(options: GradeOptions, proxy: FaultProxy): Promise<Ground> {
  const deliveredTo: Ground['deliveredTo'] = { current: () => undefined };
  const peer = new PeerProcess({
    command: options.command,
    args: options.args,
    env: {
      MTALAB_NAME: gradedName,
      MTALAB_PEER: graderName,
      MTALAB_ADVERTISE: proxy.endpoint(gradedName),
      MTALAB_CONNECT: proxy.endpoint(graderName),
    },
    answerMs: options.answerMs ?? defaults.answerMs,
    delivered: (id) => deliveredTo.current(id),
  });
  try {
    await proxy.setTarget(gradedName, '127.0.0.1', await peer.ready());
  } catch (error) {
    await peer.stop();
    throw error;
  }
  return { proxy, peer, deliveredTo, stallMs: options.stallMs ?? defaults.stallMs };
}

/**
 * Grade a peer program. It and everything else that was started is stopped at the end.
 * @throws PeerUnfit when it cannot be judged: it does not start, ends, or does not answer.
 */
export async function grade(options: GradeOptions): Promise<Grade> {
  const proxy = await FaultProxy.start({ links: [{ name: graderName }, { name: gradedName }] });
  try {
    const ground = await groundFor(options, proxy);
    try {
      return await playAll(options, ground);
    } finally {
      await ground.peer.stop();
    }
  } finally {
    await proxy.close();
  }
}

async function playAll(options: GradeOptions, ground: Ground): Promise<Grade> {
  const { schedules, seed, progress, signal } = options;
  let runs = 0;
  const playNext = (schedule: Schedule): Promise<Played> => {
    signal?.throwIfAborted();
    runs += 1;
    return play(schedule, ground, runs);
  };
  for (let at = 0; at < schedules; at += 1) {
    const schedule = scheduleOf(seed + at);
    const played = await named(schedule, () => playNext(schedule));
    progress?.(at + 1);
    if (played.breach === null) continue;
    const { rule } = played.breach;
    const shrunk = await shrink({ schedule, played }, rule, playNext, shrinkLimits);
    const breach = shrunk.played.breach ?? played.breach;
    const failure: Failure = {
      ...breach,
      ...gradeRules[rule],
      seed: schedule.seed,
      schedule: shrunk.schedule,
      partsBefore: schedule.messages.length + schedule.faults.length,
      ladder: ladderIn(shrunk.played, breach),
    };
    return { pass: false, schedules: at + 1, seed, failure };
  }
  return { pass: true, schedules, seed, failure: null };
}

/** The ladder of a run. The Turn in it is that of the peer, as the PDUs on the link show it. */
function ladderIn({ pdus, turns }: Played, { rule, detail, association }: Breach): readonly LadderLine[] {
  const seqs = new Set<number>();
  for (const { seq } of pdus) {
    // The ladder has each PDU where it was last reported.
    seqs.delete(seq);
    seqs.add(seq);
  }
  const order = [...seqs];
  const lines = ladderOf(pdus, new Map()).map((line, at) => {
    const turn = turns.get(order[at] ?? -1);
    return turn === undefined ? line : { ...line, believes: { [gradedName]: turn } };
  });
  return [...lines, noteLine('', `${rule}: ${detail}`, { association })];
}

/** A peer that ends within a schedule: say in which. */
async function named(schedule: Schedule, act: () => Promise<Played>): Promise<Played> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof PeerUnfit)) throw error;
    throw new PeerUnfit(`${error.message}\nIt happened in the schedule of seed ${schedule.seed}.`);
  }
}
