/** What one run of two processes gives, and how it is taken: from samples while the backlog goes over. */

/** What a process says of itself at one instant. */
export type Sample = {
  /** Messages delivered (the receiver) so far. */
  readonly delivered: number;
  /** When, in milliseconds of a clock that both processes share. */
  readonly atMs: number;
  /** User and system time of the process so far, in seconds. */
  readonly cpuS: number;
  readonly rssBytes: number;
};

export type RunFigures = {
  readonly messagesPerS: number;
  /** CPU seconds of both processes per million messages. */
  readonly cpuSPerMillion: number;
  /** The same of each. */
  readonly senderCpuSPerMillion: number;
  readonly receiverCpuSPerMillion: number;
  /** Largest resident set of each process that was seen. */
  readonly senderRssBytes: number;
  readonly receiverRssBytes: number;
};

/** Part of the backlog that warms up and is not counted. */
const warmUpShare = 0.5;
const sampleIntervalMs = 20;

/**
 * Watch two processes until the backlog has gone over.
 * @param sample asks both, the sender first.
 * @throws Error when nothing has arrived for `stallMs`.
 */
export async function watch(
  messages: number,
  sample: () => Promise<readonly [Sample, Sample]>,
  stallMs = 20_000,
): Promise<RunFigures> {
  let begin: readonly [Sample, Sample] | undefined;
  let senderRssBytes = 0;
  let receiverRssBytes = 0;
  let last = -1;
  let lastAtMs = performance.now();
  for (;;) {
    const now = await sample();
    const [sender, receiver] = now;
    senderRssBytes = Math.max(senderRssBytes, sender.rssBytes);
    receiverRssBytes = Math.max(receiverRssBytes, receiver.rssBytes);
    if (begin === undefined && receiver.delivered >= messages * warmUpShare) begin = now;
    if (receiver.delivered >= messages) return figuresOf(begin ?? now, now, { senderRssBytes, receiverRssBytes });
    if (receiver.delivered > last) lastAtMs = performance.now();
    else if (performance.now() - lastAtMs > stallMs) {
      throw new Error(`${receiver.delivered} of ${messages} messages have arrived, and nothing more for ${stallMs / 1000} s`);
    }
    last = receiver.delivered;
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
  if (count <= 0 || seconds <= 0) throw new Error('the backlog was gone before it could be measured: take more --messages');
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

/** Figure by figure, the median over runs. */
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
