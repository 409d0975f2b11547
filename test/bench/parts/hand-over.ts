/** Compares durable hand-over between two processes with the bare baseline, at several numbers of messages in flight. */
import { runBaseline } from '../baseline.js';
import { medians, type RunFigures } from '../figures.js';
import { runProduct } from '../product.js';
import { inFolder, interleaved, type Ratio, ratioOf, ratioText } from '../rounds.js';
import { type Shape, shapeOf, shapeText } from '../shape.js';
import { mebibytes, type Table, whole } from '../tables.js';
import { messageBytes, messagesFor, type Part, type PartOptions } from './part.js';

type Competitor = 'LAN link' | 'X.400' | 'baseline';

type Comparison = {
  readonly shape: Shape;
  readonly messages: number;
  readonly medians: Readonly<Record<Competitor, RunFigures>>;
  /** Of the LAN link to the baseline, and of the connector to the LAN link. */
  readonly rate: Ratio;
  readonly cpu: Ratio;
  readonly x400Rate: Ratio;
  readonly runs: Readonly<Record<Competitor, readonly RunFigures[]>>;
};

async function compare(inFlight: number, options: PartOptions): Promise<Comparison> {
  const { rounds, seconds, say } = options;
  const shape = shapeOf(inFlight, options.perAssociation);
  // An X.400 association has one activity under way at a time.
  const x400Shape = shapeOf(inFlight, 1);
  const messages = messagesFor(inFlight, options);
  const load = { messages, seconds, bytes: messageBytes };
  const runs = await interleaved<Competitor, RunFigures>(
    rounds,
    {
      'LAN link': () => inFolder((dir) => runProduct(dir, load, { shape })),
      'X.400': () => inFolder((dir) => runProduct(dir, load, { shape: x400Shape, link: 'x400' })),
      baseline: () => inFolder((dir) => runBaseline(dir, load, shape)),
    },
    (text) => say(`${shapeText(shape)}, ${text}`),
  );
  const figure = (name: Competitor, of: keyof RunFigures): number[] => runs[name].map((run) => run[of]);
  return {
    shape,
    messages,
    medians: { 'LAN link': medians(runs['LAN link']), 'X.400': medians(runs['X.400']), baseline: medians(runs.baseline) },
    rate: ratioOf(figure('LAN link', 'messagesPerS'), figure('baseline', 'messagesPerS')),
    cpu: ratioOf(figure('LAN link', 'cpuSPerMillion'), figure('baseline', 'cpuSPerMillion')),
    x400Rate: ratioOf(figure('X.400', 'messagesPerS'), figure('LAN link', 'messagesPerS')),
    runs,
  };
}

function tableOf(comparison: Comparison): Table {
  const { shape, messages, rate, cpu, x400Rate } = comparison;
  const columns = ['LAN link', 'X.400', 'baseline'] as const;
  const row = (what: string, of: keyof RunFigures, text: (value: number) => string): string[] => [
    what,
    ...columns.map((name) => text(comparison.medians[name][of])),
  ];
  return {
    title: `${shapeText(shape)}, ${whole(messages)} messages of 1 KiB a run`,
    columns: ['', ...columns],
    rows: [
      row('messages per second', 'messagesPerS', whole),
      row('CPU seconds per million messages', 'cpuSPerMillion', whole),
      row('of the sender', 'senderCpuSPerMillion', whole),
      row('of the receiver', 'receiverCpuSPerMillion', whole),
      row('memory (RSS) of the sender', 'senderRssBytes', mebibytes),
      row('memory (RSS) of the receiver', 'receiverRssBytes', mebibytes),
    ],
    notes: [
      ratioText('LAN link to baseline, messages per second', rate),
      ratioText('LAN link to baseline, CPU', cpu),
      ratioText('X.400 to LAN link, messages per second', x400Rate),
    ],
  };
}

export const handOver: Part = {
  name: 'hand-over',
  about: 'durable exactly-once hand-over between two processes, beside a bare baseline',
  run: async (options) => {
    const comparisons: Comparison[] = [];
    for (const inFlight of options.inFlight) comparisons.push(await compare(inFlight, options));
    return { tables: comparisons.map(tableOf), figures: comparisons };
  },
};
