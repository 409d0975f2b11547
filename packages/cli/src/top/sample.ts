/** One look at the MTAs of a run: what `mtalab top` shows is made of two or more. */
import type { Answer, MtaStatus, RunEntry } from '@mtalab/harness';
import type { AssociationView, QueueView } from '@mtalab/mta-core';
import { answerLimitMs, askMta, chosenMtas, type RunChoice } from '../running-mtas.js';

/** What one MTA shows of itself. */
export type TopSight = {
  readonly status: MtaStatus;
  readonly queues: readonly QueueView[];
  readonly associations: readonly AssociationView[];
};

export type TopSample = {
  /** Real time of a monotonic clock, ms. */
  readonly atMs: number;
  /** In the order of the run. */
  readonly answers: readonly Answer<TopSight>[];
};

/** Asks every chosen MTA at once. One that does not answer is part of the sample. */
export async function sampleRun(run: RunEntry, where: RunChoice): Promise<TopSample> {
  const atMs = performance.now();
  const answers = await Promise.all(
    chosenMtas(run, where.mta).map((one) =>
      askMta(one, answerLimitMs(where), async (client, limit) => {
        const [status, queues, associations] = await Promise.all([
          client.command('status', {}, limit),
          client.command('queues', {}, limit),
          client.command('associations', {}, limit),
        ]);
        return { status, queues, associations };
      }),
    ),
  );
  return { atMs, answers };
}
