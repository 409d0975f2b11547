/**
 * `npm run bench:peers`: compares the product and its bare baseline with what else hands messages over durably, in interleaved
 * rounds on this machine. The peers come from Debian's packages.
 *
 *     npm run bench:peers -- [--only NAMES] [--in-flight N] [--rounds N] [--messages N] [--seconds N] [--no-write] [--json]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chosen, readOptions, wholeNumber } from '../options.js';
import { inFolder } from '../rounds.js';
import { markdownOf, textOf, writeSections } from '../tables.js';
import { type Competition, type Competitor, competitors } from './competitors.js';
import type { PeerFigures } from './measure.js';
import { install, missingOf } from './packages.js';
import { figuresTable, type Row, settingsTable, settingsText } from './report.js';

const page = fileURLToPath(new URL('../../../../docs/benchmarks.md', import.meta.url));

const usage = `usage: npm run bench:peers -- [options]
  --only NAMES          some of ${competitors.map(({ name }) => name).join(', ')} (all)
  --in-flight N         messages in flight, 1 to 512 (256)
  --per-association N   most unconfirmed activities on one association of the product (activitiesInFlight), 1 to 512 (64)
  --rounds N            rounds, 1 to 100 (5)
  --messages N          messages of the unit in which the runs are sized, 100 to 100000 (10000): twenty of it for the product and
                        the baseline, ten for Redis, five for the other brokers, a quarter and an eighth for Postfix
  --seconds N           a run is cut short after so many seconds, 1 to 600 (20)
  --no-write            leave docs/benchmarks.md alone
  --json                print the figures as JSON
On Debian, root installs the packages that are missing.`;

type Options = Omit<Competition, 'stop'> & {
  readonly only: readonly Competitor[];
  readonly rounds: number;
  readonly write: boolean;
  readonly json: boolean;
};

const say = (text: string): void => void process.stderr.write(`${text}\n`);

const options = readOptions(usage, (): Options | 'help' => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      'in-flight': { type: 'string', default: '256' },
      'per-association': { type: 'string', default: '64' },
      rounds: { type: 'string', default: '5' },
      messages: { type: 'string', default: '10000' },
      seconds: { type: 'string', default: '20' },
      'no-write': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    only: chosen(competitors, values.only),
    inFlight: wholeNumber(values['in-flight'], 'in-flight', 1, 512),
    perAssociation: wholeNumber(values['per-association'], 'per-association', 1, 512),
    rounds: wholeNumber(values.rounds, 'rounds', 1, 100),
    messages: wholeNumber(values.messages, 'messages', 100, 100_000),
    seconds: wholeNumber(values.seconds, 'seconds', 1, 600),
    write: !values['no-write'],
    json: values.json,
  };
});

/** Those whose packages are there, after an attempt to install them. Says which are left out. */
function available(all: readonly Competitor[]): readonly Competitor[] {
  const wanted = missingOf([...new Set(all.flatMap(({ debianPackages }) => debianPackages))]);
  if (wanted.length > 0) {
    say(`installing ${wanted.join(', ')} ...`);
    const problem = install(wanted);
    if (problem !== undefined) say(problem);
  }
  return all.filter((one) => {
    const missing = missingOf(one.debianPackages);
    // The programs of Postfix change users, and the brokers need no privileges.
    const needsRoot = one.debianPackages.includes('postfix') && process.getuid?.() !== 0;
    if (missing.length > 0) say(`left out: ${one.title} (Debian package ${missing.join(', ')})`);
    else if (needsRoot) say(`left out: ${one.title} (only root can run it)`);
    return missing.length === 0 && !needsRoot;
  });
}

/** Runs everyone once in each round. A run that fails does not count, and is told about. */
async function compete(
  all: readonly Competitor[],
  competition: Competition,
  rounds: number,
): Promise<{ rows: Row[]; failed: number }> {
  const runs = new Map<string, PeerFigures[]>(all.map(({ name }) => [name, []]));
  let failed = 0;
  for (let round = 1; round <= rounds; round += 1) {
    for (const one of all) {
      say(`round ${round} of ${rounds}: ${one.title}`);
      try {
        runs.get(one.name)?.push(await inFolder((dir) => one.run(dir, competition)));
      } catch (error) {
        if (!competition.stop.aborted) {
          failed += 1;
          say(`this run does not count: ${(error as Error).message}`);
        }
      }
      if (competition.stop.aborted) throw new Error('interrupted; nothing is left running');
    }
  }
  const rows = all.map(({ name, title, version, durable, settings }) => ({
    name,
    title,
    version: version(),
    durable,
    settings: settings(competition.inFlight),
    runs: runs.get(name) ?? [],
  }));
  return { rows, failed };
}

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first ends the present run in order. The second kills what runs, as this process kills its children when it exits.
    if (interrupt.signal.aborted) process.exit(130);
    say('interrupted: stopping ...');
    interrupt.abort();
  });
}

try {
  const { inFlight, rounds } = options;
  const { rows, failed } = await compete(available(options.only), { ...options, stop: interrupt.signal }, rounds);
  const figures = figuresTable(rows, inFlight, rounds);
  if (options.json) process.stdout.write(`${JSON.stringify({ inFlight, rounds, failed, rows }, null, 2)}\n`);
  else process.stdout.write(`${textOf(figures)}\n\n${settingsText(rows)}\n`);
  if (options.write) writeSections(page, [{ name: 'peers', text: [figures, settingsTable(rows)].map(markdownOf).join('\n\n') }]);
  if (failed > 0) say(`${failed} runs failed and do not count`);
  process.exitCode = failed > 0 || rows.length < options.only.length ? 1 : 0;
} catch (error) {
  say((error as Error).message);
  process.exitCode = interrupt.signal.aborted ? 130 : 1;
}
