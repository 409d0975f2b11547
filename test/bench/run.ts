/**
 * `npm run bench`: measures the product part by part, hand-over beside a bare baseline, in interleaved rounds.
 *
 *     npm run bench -- [--only PARTS] [--rounds N] [--messages N] [--seconds N] [--write] [--json]
 */
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chosen, readOptions, wholeNumber } from './options.js';
import { parts } from './parts/index.js';
import type { Part, PartOptions, PartResult } from './parts/part.js';
import { markdownOf, textOf, writeSections } from './tables.js';

const page = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url));

const usage = `usage: npm run bench -- [options]
  --only PARTS          some of the parts below, with commas between them (all)
  --rounds N            rounds of every comparison, 1 to 100 (5)
  --messages N          messages of a run with nine in flight, 3000 to 150000 (20000); the other runs follow from it
  --seconds N           a run is cut short after so many seconds, 1 to 600 (6)
  --in-flight LIST      numbers of messages in flight of the hand-over, 1 to 512 (1,9,16,256)
  --per-association N   most unconfirmed activities on one association (activitiesInFlight) of the LAN link, 1 to 512 (64)
  --backlog N           messages of the deep backlog, 1000 to 1000000 (200000)
  --write               write the tables into docs/benchmarks.md
  --json                print the figures as JSON
parts:
${parts.map(({ name, about }) => `  ${name.padEnd(20)}  ${about}`).join('\n')}`;

type Options = PartOptions & { readonly only: readonly Part[]; readonly write: boolean; readonly json: boolean };

const options = readOptions(usage, (): Options | 'help' => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      messages: { type: 'string', default: '20000' },
      seconds: { type: 'string', default: '6' },
      'in-flight': { type: 'string', default: '1,9,16,256' },
      'per-association': { type: 'string', default: '64' },
      backlog: { type: 'string', default: '200000' },
      write: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    only: chosen(parts, values.only),
    rounds: wholeNumber(values.rounds, 'rounds', 1, 100),
    messages: wholeNumber(values.messages, 'messages', 3000, 150_000),
    seconds: wholeNumber(values.seconds, 'seconds', 1, 600),
    inFlight: values['in-flight'].split(',').map((text) => wholeNumber(text.trim(), 'in-flight', 1, 512)),
    perAssociation: wholeNumber(values['per-association'], 'per-association', 1, 512),
    backlog: wholeNumber(values.backlog, 'backlog', 1000, 1_000_000),
    adjacent: 200,
    // The second half of the large messages must have enough to measure.
    sizes: [
      { bytes: 16 * 1024, messages: wholeNumber(values.messages, 'messages', 3000, 150_000), inFlight: 256 },
      { bytes: 20 * 2 ** 20, messages: 12, inFlight: 1 },
    ],
    waiting: 20_000,
    pageEventsPerS: 5000,
    pageSeconds: 60,
    coreMessages: 20_000,
    write: values.write,
    json: values.json,
    say: (text) => process.stderr.write(`${text}\n`),
  };
});

const results: { readonly name: string; readonly result: PartResult }[] = [];
for (const part of options.only) {
  const result = await part.run(options);
  results.push({ name: part.name, result });
  // At once: a later part that fails must not cost the figures of this one.
  if (options.write && result.tables.length > 0)
    writeSections(page, [{ name: part.name, text: result.tables.map(markdownOf).join('\n\n') }]);
}
if (options.json) {
  const figures = Object.fromEntries(results.map(({ name, result }) => [name, result.figures]));
  process.stdout.write(`${JSON.stringify({ rounds: options.rounds, ...figures }, null, 2)}\n`);
} else {
  process.stdout.write(`Medians of ${options.rounds} rounds, Node ${process.versions.node}, ${cpus().length} processors\n`);
  for (const { result } of results) for (const table of result.tables) process.stdout.write(`\n${textOf(table)}\n`);
}
