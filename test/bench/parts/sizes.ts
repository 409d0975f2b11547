/** Compares octets per second with the bare baseline, which sends large messages in the same pieces with the same window. */
import { runBaseline } from '../baseline.js';
import { medians, type RunFigures } from '../figures.js';
import { runProduct } from '../product.js';
import { inFolder, interleaved, type Ratio, ratioOf, ratioText } from '../rounds.js';
import { type Shape, shapeOf, shapeText } from '../shape.js';
import { mebibytes, type Table, whole } from '../tables.js';
import type { Part, PartOptions } from './part.js';

type SizeLoad = { readonly bytes: number; readonly messages: number; readonly shape: Shape };
type Comparison = SizeLoad & {
  readonly product: RunFigures;
  readonly baseline: RunFigures;
  readonly rate: Ratio;
  readonly runs: { readonly product: readonly RunFigures[]; readonly baseline: readonly RunFigures[] };
};

const sizeText = (bytes: number): string =>
  bytes < 2 ** 20 ? `${bytes / 1024} KiB` : `${Number((bytes / 2 ** 20).toFixed(1))} MiB`;

async function compare({ bytes, messages, shape }: SizeLoad, { rounds, seconds, say }: PartOptions): Promise<Comparison> {
  const load = { messages, seconds, bytes };
  const runs = await interleaved<'product' | 'baseline', RunFigures>(
    rounds,
    {
      product: () => inFolder((dir) => runProduct(dir, load, { shape })),
      baseline: () => inFolder((dir) => runBaseline(dir, load, shape)),
    },
    (text) => say(`${sizeText(bytes)}, ${text}`),
  );
  const rates = (of: readonly RunFigures[]): number[] => of.map((run) => run.messagesPerS);
  const rate = ratioOf(rates(runs.product), rates(runs.baseline));
  return { bytes, messages, shape, product: medians(runs.product), baseline: medians(runs.baseline), rate, runs };
}

function tableOf({ bytes, messages, shape, product, baseline, rate }: Comparison): Table {
  const row = (what: string, text: (figures: RunFigures) => string): string[] => [what, text(product), text(baseline)];
  return {
    title: `${whole(messages)} messages of ${sizeText(bytes)}, ${shapeText(shape)}`,
    columns: ['', 'LAN link', 'baseline'],
    rows: [
      row('MiB per second', ({ messagesPerS }) => ((messagesPerS * bytes) / 2 ** 20).toFixed(1)),
      row('CPU seconds per GiB', ({ cpuSPerMillion }) => (((cpuSPerMillion / 1e6) * 2 ** 30) / bytes).toFixed(1)),
      row('memory (RSS) of the sender', ({ senderRssBytes }) => mebibytes(senderRssBytes)),
      row('memory (RSS) of the receiver', ({ receiverRssBytes }) => mebibytes(receiverRssBytes)),
    ],
    notes: [ratioText('LAN link to baseline, octets per second', rate)],
  };
}

export const sizes: Part = {
  name: 'sizes',
  about: 'messages of 16 KiB and of 20 MiB, in octets per second, beside the baseline',
  run: async (options) => {
    const loads = options.sizes.map(({ bytes, messages, inFlight }): SizeLoad => {
      return { bytes, messages, shape: shapeOf(inFlight, options.perAssociation) };
    });
    const comparisons: Comparison[] = [];
    for (const load of loads) comparisons.push(await compare(load, options));
    return { tables: comparisons.map(tableOf), figures: comparisons };
  },
};
