/**
 * `npm run bench`: compares durable exactly-once hand-over between two processes with a bare baseline, in interleaved rounds.
 *
 *     npm run bench -- [--rounds N] [--messages N] [--seconds N] [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runBaseline } from './baseline.js';
import { runCore } from './core.js';
import { type Limits, median, medians, type RunFigures } from './figures.js';
import { runProduct } from './product.js';
import { runChecker, runSimulator } from './proof.js';

const usage = `usage: npm run bench -- [--rounds N] [--messages N] [--seconds N] [--json]
  --rounds N     rounds of product and baseline, 1 to 100 (5)
  --messages N   messages of a run with nine in flight, 3000 to 150000 (20000); with one in flight a third of it
  --seconds N    a run is cut short after so many seconds, 1 to 600 (6)
  --json         print the figures as JSON`;

/** `product` uses the LAN link, `x400` an X.400 connector at equal settings. */
type Pair = { readonly product: RunFigures; readonly x400: RunFigures; readonly baseline: RunFigures };
type Comparison = Pair & {
  readonly inFlight: number;
  readonly messages: number;
  /** `ratio` compares the medians of messages per second; `medianRatio` is the median of each round's ratio, whose runs are seconds apart. */
  readonly ratio: number;
  readonly medianRatio: number;
  /** Messages per second of the connector divided by those of the LAN link: the median of each round's ratio. */
  readonly x400Ratio: number;
  readonly runs: readonly Pair[];
};
type CoreMedians = {
  readonly associations: number;
  readonly adjacentMtas: number;
  readonly stepsPerS: number;
  readonly stepsPerMessage: number;
};

const coreMessages = 20_000;
const coreRuns = 5;

function number(text: string, what: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  process.stderr.write(`--${what} ${text}: expected a whole number from ${least} to ${most}\n${usage}\n`);
  process.exit(2);
}

function options(): Limits & { readonly rounds: number; readonly json: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string', default: '5' },
        messages: { type: 'string', default: '20000' },
        seconds: { type: 'string', default: '6' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(`${usage}\n`);
      process.exit(0);
    }
    return {
      rounds: number(values.rounds, 'rounds', 1, 100),
      messages: number(values.messages, 'messages', 3000, 150_000),
      seconds: number(values.seconds, 'seconds', 1, 600),
      json: values.json,
    };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`);
    process.exit(2);
  }
}

async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'mtalab-bench-'));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function ratiosOf(runs: readonly Pair[]): number[] {
  return runs.map((run) => run.product.messagesPerS / run.baseline.messagesPerS);
}

function compared(inFlight: number, messages: number, runs: readonly Pair[]): Comparison {
  const product = medians(runs.map((run) => run.product));
  const x400 = medians(runs.map((run) => run.x400));
  const baseline = medians(runs.map((run) => run.baseline));
  const x400Ratio = median(runs.map((run) => run.x400.messagesPerS / run.product.messagesPerS));
  const ratio = product.messagesPerS / baseline.messagesPerS;
  return { inFlight, messages, product, x400, baseline, ratio, medianRatio: median(ratiosOf(runs)), x400Ratio, runs };
}

/** Runs both links and the baseline in turn, so that a slow minute of the machine affects both alike. */
async function compare(rounds: number, loads: readonly (Limits & { readonly inFlight: number })[]): Promise<Comparison[]> {
  const runs = loads.map((): Pair[] => []);
  for (let round = 1; round <= rounds; round += 1) {
    for (const [index, { inFlight, ...limits }] of loads.entries()) {
      process.stderr.write(`round ${round} of ${rounds}, ${inFlight} in flight\n`);
      const product = await inFolder((dir) => runProduct(dir, limits, inFlight));
      const x400 = await inFolder((dir) => runProduct(dir, limits, inFlight, 'x400'));
      const baseline = await inFolder((dir) => runBaseline(dir, limits, inFlight));
      runs[index]?.push({ product, x400, baseline });
    }
  }
  return loads.map(({ inFlight, messages }, index) => compared(inFlight, messages, runs[index] ?? []));
}

/** Loads of the pure core. Most adjacent MTAs of the last one send and receive nothing, so they must cost nothing. */
const coreLoads = [
  { associations: 1, adjacentMtas: 1 },
  { associations: 9, adjacentMtas: 1 },
  { associations: 1, adjacentMtas: 1000 },
] as const;

/** Runs the loads in turn, so that a slow minute of the machine affects all alike. */
function compareCores(): CoreMedians[] {
  const runs = Array.from({ length: coreRuns }, () =>
    coreLoads.map(({ associations, adjacentMtas }) => runCore(coreMessages, associations, adjacentMtas - 1)),
  );
  return coreLoads.map((load, index) => ({
    ...load,
    stepsPerS: median(runs.map((round) => round[index]?.stepsPerS ?? 0)),
    stepsPerMessage: median(runs.map((round) => round[index]?.stepsPerMessage ?? 0)),
  }));
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const mebibytes = (value: number): string => `${Math.round(value / 2 ** 20)} MiB`;

function tableOf(comparison: Comparison): string {
  const { inFlight, messages, product, x400, baseline, ratio, medianRatio, x400Ratio, runs } = comparison;
  const row = (what: string, of: (figures: RunFigures) => string): string =>
    `  ${what.padEnd(34)}${of(product).padStart(12)}${of(x400).padStart(12)}${of(baseline).padStart(12)}`;
  const ratios = ratiosOf(runs);
  return [
    `${inFlight} in flight (${inFlight === 1 ? 'one association' : `${inFlight} associations`}), ${whole(messages)} messages a run`.padEnd(
      36,
    ),
    `  ${''.padEnd(34)}${'LAN link'.padStart(12)}${'X.400'.padStart(12)}${'baseline'.padStart(12)}`,
    row('messages per second', (figures) => whole(figures.messagesPerS)),
    row('CPU seconds per million messages', (figures) => whole(figures.cpuSPerMillion)),
    row('  of the sender', (figures) => whole(figures.senderCpuSPerMillion)),
    row('  of the receiver', (figures) => whole(figures.receiverCpuSPerMillion)),
    row('memory (RSS) of the sender', (figures) => mebibytes(figures.senderRssBytes)),
    row('memory (RSS) of the receiver', (figures) => mebibytes(figures.receiverRssBytes)),
    `  LAN link to baseline: ratio of medians ${ratio.toFixed(2)}`,
    `  ratios of the rounds: median ${medianRatio.toFixed(2)}, ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
    `  X.400 to LAN link: median of the rounds ${x400Ratio.toFixed(2)}`,
  ].join('\n');
}

const { rounds, messages, seconds, json } = options();
const pure = compareCores();
const simulated = [runSimulator(2, 200), runSimulator(100, 4)];
const checked = runChecker();
const comparisons = await compare(rounds, [
  { inFlight: 1, messages: Math.ceil(messages / 3), seconds },
  { inFlight: 9, messages, seconds },
]);
if (json) {
  process.stdout.write(
    `${JSON.stringify({ rounds, core: pure, simulator: simulated, checker: checked, handOver: comparisons }, null, 2)}\n`,
  );
} else {
  const lines = [`Durable exactly-once hand-over of 1 KiB messages between two processes; medians of ${rounds} rounds`, ''];
  for (const comparison of comparisons) lines.push(tableOf(comparison), '');
  lines.push('The pure core, two MTAs in one process');
  for (const { associations, adjacentMtas, stepsPerS, stepsPerMessage } of pure) {
    const load = `${associations} association${associations === 1 ? '' : 's'}, ${whole(adjacentMtas)} adjacent MTA${adjacentMtas === 1 ? '' : 's'}`;
    lines.push(`  ${`${load}:`.padEnd(36)}${whole(stepsPerS)} steps per second, ${stepsPerMessage.toFixed(1)} steps a message`);
  }
  lines.push('', 'The simulator, with faults, every rule checked after every step');
  for (const { mtas, seedsPerS, virtualHoursPerS, stepsPerS } of simulated) {
    const speed = `${virtualHoursPerS.toFixed(1)} virtual hours per second, ${seedsPerS.toFixed(1)} seeds/s, ${whole(stepsPerS)} steps/s`;
    lines.push(`  ${String(mtas).padStart(3)} MTAs: ${speed}`);
  }
  lines.push('', 'The checker, one message each way and one loss');
  lines.push(
    `  ${whole(checked.states)} states, ${whole(checked.transitions)} transitions, ${whole(checked.statesPerS)} states per second`,
  );
  process.stdout.write(`${lines.join('\n')}\n`);
}
