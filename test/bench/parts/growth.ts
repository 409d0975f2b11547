/** Shows what a deep backlog, a wide locality table and a full store cost: nothing that a step does may depend on them. */
import { join } from 'node:path';
import { loadBacklog } from '../backlog.js';
import { median, medians, type RunFigures } from '../figures.js';
import { type ProductOptions, runProduct, runStart, type StartFigures } from '../product.js';
import { inFolder, interleaved, ratioOf, ratioText } from '../rounds.js';
import { shapeOf, shapeText } from '../shape.js';
import { mebibytes, type Table, whole } from '../tables.js';
import { messageBytes, type Part, type PartResult } from './part.js';

/** The short backlog and the narrow table, which the others are compared with. */
const short = 200;
const narrow = 2;
const inFlight = 9;

/** A comparison of two runs of the product. */
function compared(title: string, names: readonly [string, string], runs: Readonly<Record<string, RunFigures[]>>): PartResult {
  const figures = names.map((name) => medians(runs[name] ?? []));
  const row = (what: string, text: (of: RunFigures) => string): string[] => [what, ...figures.map(text)];
  const rates = (name: string): number[] => (runs[name] ?? []).map((run) => run.messagesPerS);
  const [base, grown] = names;
  const rate = ratioOf(rates(grown), rates(base));
  const table: Table = {
    title,
    columns: ['', ...names],
    rows: [
      row('messages per second', ({ messagesPerS }) => whole(messagesPerS)),
      row('CPU seconds per million messages', ({ cpuSPerMillion }) => whole(cpuSPerMillion)),
      row('memory (RSS) of the sender', ({ senderRssBytes }) => mebibytes(senderRssBytes)),
    ],
    notes: [ratioText(`${grown} to ${base}, messages per second`, rate)],
  };
  return { tables: [table], figures: { rate, runs } };
}

export const backlog: Part = {
  name: 'backlog',
  about: 'the rate with a deep backlog against that with a short one',
  run: ({ rounds, messages, seconds, backlog: deep, say }) =>
    inFolder(async (kept) => {
      const load = { messages, seconds, bytes: messageBytes };
      const stored = (stay: number) => {
        const from = join(kept, String(stay));
        say(`storing a backlog of ${whole(messages + stay)}`);
        loadBacklog(from, { ...load, stay });
        return () => inFolder((dir) => runProduct(dir, { ...load, stay, from }, { shape: shapeOf(inFlight) }));
      };
      const names = [`${whole(short)} left`, `${whole(deep)} left`] as const;
      const runs = await interleaved(rounds, { [names[0]]: stored(short), [names[1]]: stored(deep) }, say);
      return compared(
        `Messages that are still queued when ${whole(messages)} have gone, ${shapeText(shapeOf(inFlight))}`,
        names,
        runs,
      );
    }),
};

export const adjacent: Part = {
  name: 'adjacent',
  about: 'the rate with many adjacent MTAs against that with two',
  run: async ({ rounds, messages, seconds, adjacent: wide, say }) => {
    const load = { messages, seconds, bytes: messageBytes };
    const run = (mtas: number) => () => {
      const options: ProductOptions = { shape: shapeOf(inFlight), idle: mtas - 1 };
      return inFolder((dir) => runProduct(dir, load, options));
    };
    const names = [`${narrow} adjacent MTAs`, `${wide} adjacent MTAs`] as const;
    const runs = await interleaved(rounds, { [names[0]]: run(narrow), [names[1]]: run(wide) }, say);
    return compared(`Adjacent MTAs of each side; one of them has mail, ${shapeText(shapeOf(inFlight))}`, names, runs);
  },
};

export const start: Part = {
  name: 'start',
  about: 'time and memory of a start with a full queue',
  run: ({ rounds, seconds, backlog: queued, say }) =>
    inFolder(async (kept) => {
      const stored = (messages: number) => {
        const from = join(kept, String(messages));
        say(`storing a backlog of ${whole(messages)}`);
        loadBacklog(from, { messages, seconds, bytes: messageBytes });
        return () => inFolder((dir) => runStart(dir, { messages, seconds, bytes: messageBytes, from }));
      };
      const runs = await interleaved<'empty' | 'full', StartFigures>(rounds, { empty: stored(0), full: stored(queued) }, say);
      const of = (which: 'empty' | 'full', what: keyof StartFigures): number => median(runs[which].map((run) => run[what]));
      const each = (of('full', 'heldBytes') - of('empty', 'heldBytes')) / queued;
      const table: Table = {
        title: 'Start with queued messages of 1 KiB',
        columns: ['', 'empty', `${whole(queued)} queued`],
        rows: [
          ['seconds until ready', of('empty', 'startS').toFixed(2), of('full', 'startS').toFixed(2)],
          ['memory (RSS)', mebibytes(of('empty', 'rssBytes')), mebibytes(of('full', 'rssBytes'))],
          ['of that in use, garbage collected', mebibytes(of('empty', 'heldBytes')), mebibytes(of('full', 'heldBytes'))],
        ],
        notes: [`memory of a queued message: ${whole(each)} octets`],
      };
      return { tables: [table], figures: { bytesPerQueuedMessage: each, runs } };
    }),
};
