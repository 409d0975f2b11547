/** Computes the figures of one run from samples of both processes during the transfer. */

/** The figures of one process at one instant. */
export type Sample = {
  /** Messages that the receiver has delivered so far. */
  readonly delivered: number;
  /** Time of the sample, in milliseconds of a clock that both processes share. */
  readonly atMs: number;
  /** User and system time of the process so far, in seconds. */
  readonly cpuS: number;
  readonly rssBytes: number;
  /** The process has opened all its associations. Until then a run warms up. */
  readonly isOpen: boolean;
};

export type RunFigures = {
  readonly messagesPerS: number;
  /** CPU seconds of both processes per million messages. */
  readonly cpuSPerMillion: number;
  /** CPU seconds of each process per million messages. */
  readonly senderCpuSPerMillion: number;
  readonly receiverCpuSPerMillion: number;
  /** Largest resident set seen in each process. */
  readonly senderRssBytes: number;
  readonly receiverRssBytes: number;
};

export type Watched = {
  readonly figures: RunFigures;
  /** The run was not cut short: the receiver has the whole backlog. */
  readonly whole: boolean;
};

/** Share of the backlog, or of the time, that warms up and does not count. */
const warmUpShare = 0.5;
const sampleIntervalMs = 50;
/** Time that the associations may take to open, in seconds. */
const openLimitS = 180;

export type Limits = {
  /** Messages that are handed over in a run. */
  readonly messages: number;
  /** Time limit of a run in seconds from the opening of its associations on, because a shared disk can be very slow. */
  readonly seconds: number;
};

/**
 * Watches two processes until the receiver has the backlog, or the time is up.
 * @param sample samples both, the sender first.
 * @throws Error when too few messages have arrived to measure anything.
 */
export async function watch({ messages, seconds }: Limits, sample: () => Promise<readonly [Sample, Sample]>): Promise<Watched> {
  let begin: readonly [Sample, Sample] | undefined;
  let senderRssBytes = 0;
  let receiverRssBytes = 0;
  const beganMs = performance.now();
  let openedMs: number | undefined;
  for (;;) {
    const now = await sample();
    const [sender, receiver] = now;
    senderRssBytes = Math.max(senderRssBytes, sender.rssBytes);
    receiverRssBytes = Math.max(receiverRssBytes, receiver.rssBytes);
    if (sender.isOpen && receiver.isOpen) openedMs ??= performance.now();
    const passed = Math.max(receiver.delivered / messages, (performance.now() - (openedMs ?? Infinity)) / 1000 / seconds);
    if (begin === undefined && openedMs !== undefined && passed >= warmUpShare) begin = now;
    if (passed >= 1) {
      const figures = figuresOf(begin ?? now, now, { senderRssBytes, receiverRssBytes });
      return { figures, whole: receiver.delivered >= messages };
    }
    if (openedMs === undefined && performance.now() - beganMs > openLimitS * 1000) {
      throw new Error(`not all associations were open after ${openLimitS} s`);
    }
    await new Promise((resolve) => setTimeout(resolve, sampleIntervalMs));
  }
}

function figuresOf(
  begin: readonly [Sample, Sample],
  end: readonly [Sample, Sample],
  memory: Pick<RunFigures, 'senderRssBytes' | 'receiverRssBytes'>,
): RunFigures {
  const count = end[1].delivered - begin[1].delivered;
  const seconds = (end[1].atMs - begin[1].atMs) / 1000;
  if (count <= 0 || seconds <= 0) {
    throw new Error(
      `nothing could be measured: ${end[1].delivered} messages arrived, perhaps before all associations were open. ` +
        'Take more --messages or --seconds',
    );
  }
  const perMillion = (which: 0 | 1): number => ((end[which].cpuS - begin[which].cpuS) / count) * 1e6;
  return {
    messagesPerS: count / seconds,
    cpuSPerMillion: perMillion(0) + perMillion(1),
    senderCpuSPerMillion: perMillion(0),
    receiverCpuSPerMillion: perMillion(1),
    ...memory,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >>> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** The median of each figure over the runs. */
export function medians(runs: readonly RunFigures[]): RunFigures {
  const of = (name: keyof RunFigures): number => median(runs.map((run) => run[name]));
  return {
    messagesPerS: of('messagesPerS'),
    cpuSPerMillion: of('cpuSPerMillion'),
    senderCpuSPerMillion: of('senderCpuSPerMillion'),
    receiverCpuSPerMillion: of('receiverCpuSPerMillion'),
    senderRssBytes: of('senderRssBytes'),
    receiverRssBytes: of('receiverRssBytes'),
  };
}
