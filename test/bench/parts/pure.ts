/** Measures what runs without sockets and disks: the pure core, a retry, the simulator and the checker. */
import { runCore, runRetry } from '../core.js';
import { median } from '../figures.js';
import { runChecker, runSimulator } from '../proof.js';
import { interleaved, ratioOf, ratioText } from '../rounds.js';
import { type Table, whole } from '../tables.js';
import type { Part } from './part.js';

/** A second of work is short, so these always run a few times. */
const runs = 5;

/** Loads of the core. Equal numbers of associations carry the mail of two MTAs and of 200. */
const coreLoads = {
  '1 association, 1 adjacent MTA': { receivers: 1, associations: 1, idle: 0 },
  '9 associations, 1 adjacent MTA': { receivers: 1, associations: 9, idle: 0 },
  '1 association, 256 activities in flight': { receivers: 1, associations: 1, idle: 0, activities: 256 },
  '1 association, 1,000 adjacent MTAs, 999 without mail': { receivers: 1, associations: 1, idle: 999 },
  '200 associations to 2 MTAs': { receivers: 2, associations: 100, idle: 0 },
  '200 associations to 200 MTAs': { receivers: 200, associations: 1, idle: 0 },
} as const;
type CoreLoad = keyof typeof coreLoads;

export const core: Part = {
  name: 'core',
  about: 'steps per second of the pure core',
  run: async ({ coreMessages, say }) => {
    const names = Object.keys(coreLoads) as CoreLoad[];
    const load = (name: CoreLoad) => [name, async () => runCore(coreMessages, coreLoads[name])] as const;
    const figures = await interleaved<CoreLoad, ReturnType<typeof runCore>>(
      runs,
      Object.fromEntries(names.map(load)) as Record<CoreLoad, () => Promise<ReturnType<typeof runCore>>>,
      (text) => say(`core, ${text}`),
    );
    const rates = (name: CoreLoad): number[] => figures[name].map(({ stepsPerS }) => stepsPerS);
    const rate = ratioOf(rates('200 associations to 200 MTAs'), rates('200 associations to 2 MTAs'));
    const table: Table = {
      title: `The pure core, ${whole(coreMessages)} messages, all MTAs in one process`,
      columns: ['', 'steps per second', 'steps a message'],
      rows: names.map((name) => [
        name,
        whole(median(rates(name))),
        median(figures[name].map(({ stepsPerMessage }) => stepsPerMessage)).toFixed(1),
      ]),
      notes: [ratioText('200 adjacent MTAs to 2, steps per second', rate)],
    };
    return { tables: [table], figures: { rate, figures } };
  },
};

const shortList = 10;
const retries = { 'for the Transfer Interval': 'store', 'for a mailbox': 'deliver' } as const;

export const retry: Part = {
  name: 'retry',
  about: 'the cost of `mtalab retry` with a long waiting list against that with a short one',
  run: async ({ waiting, say }) => {
    const short = Math.ceil(waiting / shortList);
    const measured = [];
    for (const [what, refusal] of Object.entries(retries)) {
      const figures = await interleaved<'short' | 'long', number>(
        runs,
        { short: async () => runRetry(short, refusal), long: async () => runRetry(waiting, refusal) },
        (text) => say(`retry, ${what}, ${text}`),
      );
      measured.push({ what, microseconds: figures, cost: ratioOf(figures.long, figures.short) });
    }
    const table: Table = {
      title: 'Microseconds of a retry for each message that waits',
      columns: ['', `${whole(short)} wait`, `${whole(waiting)} wait`],
      rows: measured.map(({ what, microseconds }) => [
        what,
        median(microseconds.short).toFixed(2),
        median(microseconds.long).toFixed(2),
      ]),
      notes: measured.map(({ what, cost }) => ratioText(`${what}, the long list to the short one`, cost)),
    };
    return { tables: [table], figures: measured };
  },
};

export const proofs: Part = {
  name: 'proofs',
  about: 'the simulator and the checker',
  run: async ({ coreMessages, say }) => {
    say('simulator and checker');
    const seeds = Math.max(1, Math.round(coreMessages / 100));
    const simulated = [runSimulator(2, seeds), runSimulator(100, Math.max(1, Math.round(seeds / 50)))];
    const checked = runChecker();
    const simulator: Table = {
      title: 'The simulator, with faults, every rule checked after every step',
      columns: ['MTAs', 'virtual hours per second', 'seeds per second', 'steps per second'],
      rows: simulated.map(({ mtas, virtualHoursPerS, seedsPerS, stepsPerS }) => [
        String(mtas),
        virtualHoursPerS.toFixed(1),
        seedsPerS.toFixed(1),
        whole(stepsPerS),
      ]),
      notes: [],
    };
    const checker: Table = {
      title: 'The checker, one message each way and one loss',
      columns: ['states', 'transitions', 'states per second'],
      rows: [[whole(checked.states), whole(checked.transitions), whole(checked.statesPerS)]],
      notes: [],
    };
    return { tables: [simulator, checker], figures: { simulator: simulated, checker: checked } };
  },
};
