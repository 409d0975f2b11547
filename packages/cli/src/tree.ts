/**
 * The command tree. It holds names, options and help only; what a command does is in its own module, loaded when the
 * command runs, so that `mtalab --help` and a start of an MTA do not wait for code they do not need.
 */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Io } from './io.js';

/** What a command's module exports. Arguments and options come as commander parsed them. Resolves with the exit code. */
export type CommandRun = (call: {
  readonly io: Io;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
}) => Promise<number>;

/** One command of the tree. To add one: add an entry to `commands`. */
type CommandEntry = {
  /** Heading it stands under in the help. */
  readonly group: string;
  /** Name and arguments, in commander's notation. */
  readonly usage: string;
  readonly summary: string;
  /** Further help, printed after the summary. */
  readonly detail?: string;
  readonly define?: (command: Command) => Command;
  readonly load: () => Promise<{ readonly run: CommandRun }>;
};

const groups = {
  run: 'Run:',
  look: 'Look at what runs:',
  act: 'Act on what runs:',
  other: 'Other:',
} as const;

/** A whole number within a range, or commander's complaint. */
function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    return value;
  };
}

function positive(most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value > 0 && value <= most)) throw new InvalidArgumentError(`Expected a number above 0 and up to ${most}.`);
    return value;
  };
}

/** Options that may be given several times. */
function collected(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

/** `A,B` and repetition alike. */
function listed(text: string, before: readonly string[] | undefined): readonly string[] {
  return [
    ...(before ?? []),
    ...text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ];
}

const withJson = (command: Command): Command => command.option('--json', 'print JSON');

/** Options of every command that talks to running processes. */
const withRun = (command: Command): Command =>
  withJson(command.option('--dir <folder>', 'the run that was started with this --dir (needed when several run)'));
const withMtas = (command: Command): Command =>
  withRun(command.option('--mta <name>', 'this MTA only; default: all of the run', listed));

function definePair(command: Command): Command {
  return withJson(
    command
      .option('--mail <path...>', 'submit these RFC 5322 files, or all files of these folders')
      .option('--count <n>', 'submit this many generated messages', whole(1, 10_000_000))
      .addOption(new Option('--size <bytes>', 'length of each generated message').argParser(whole(0, 67_108_864)).default(1024))
      .option('--from <address>', 'originator; its domain decides which MTA gets the mail (default: sender@a.example)')
      .option('--to <address>', 'recipient (default: user@ the domain of the far MTA)')
      .option('--both-ways', 'submit every second message at the other MTA, for the way back')
      .option('--once', 'exit when all is delivered, or with 1 when it cannot be')
      .option('--patience <seconds>', 'with --once: longest wait, in real time, for a retry timer', positive(86_400), 30)
      .option('--legacy <articles>', 'switch on the legacy behaviour of these articles, such as Q166594', listed)
      .option('--legacy-on <name>', 'on this MTA only; default: on both', listed)
      .option('--time-scale <n>', 'run the clock of the lab this many times as fast', positive(100_000), 1)
      .option('--fault <text>', 'put a fault on the link, such as "cut before turn-give 1"; may be repeated', collected)
      .option('--proxy', 'put the fault proxy between the MTAs even without --fault')
      .option('--threshold <n>', 'messages queued per association before one more is opened', whole(1, 1_000_000))
      .option('--set <name=value>', 'any other setting of both MTAs, such as openRetryIntervalS=60', collected)
      .addOption(new Option('--delivery <kind>', 'what a mailbox is').choices(['maildir', 'ledger']).default('maildir'))
      .option('--journal', 'keep a journal of every step (needs --dir to outlive the run)')
      .option('--dir <folder>', 'keep everything of the run here (default: a temporary folder that is removed)'),
  );
}

const faultDetail = `
What to do:
  mtalab fault cut before turn-give 1    put a fault on the link; before or after the n-th PDU, APDU or call of a kind
  mtalab fault hold rttr 3               keep it back until \`fault release\`
  mtalab fault black-hole MtaBindBack    swallow it and all that follows it, until \`fault heal\`
  mtalab fault delay confirm 2 500       let it wait 500 ms
  mtalab fault list                      faults of this run, and whether they were reached
  mtalab fault remove 2                  take fault 2 away
  mtalab fault release | heal            let held PDUs go | end black holes
  mtalab fault cut [association]         cut now: this association, or everything

Faults need a pair that was started with --fault or --proxy.`;

const simDetail = `
The MTAs are the core that runs on sockets, on a clock that jumps. First a phase with mail and faults, then one without, in
which every queue must drain and every message must end delivered or reported. The same seed gives the same run, octet for
octet. docs/verification.md describes faults and rules.
Exit code: 0 when all rules are kept, 1 when one is broken.

Examples:
  mtalab sim --seeds 1000                              a thousand runs of a pair
  mtalab sim --seed 1 --legacy Q166594 --shrink        the smallest story of how the Turn gets lost
  mtalab sim --seeds 100 --mtas 6 --topology ring --faults crash,cut=1/20
  mtalab sim --seed 7 --journal run.jsonl              and then: mtalab ladder run.jsonl`;

const checkDetail = `
The MTAs are the core that runs on sockets. Breadth-first over every order in which mail can come, PDUs arrive, timers fire,
the network lose connections and MTAs crash: each state once, so that a breach is shown by the shortest way to it.
docs/verification.md tells what the search covers and what it takes for granted.
Exit code: 0 when no rule is broken, 1 when one is.

--full widens the search: stores and binds take their time; cuts take single connections, too; timers fire also while
something is under way; order leaves out no order of moves and no mirror image.

Examples:
  mtalab check --messages 1,1 --losses 1                     everything that one cut can do to two messages
  mtalab check --messages 1,1 --losses 1 --legacy Q166594    the shortest story of how the Turn gets lost
  mtalab check --messages 1,0 --losses 1 --full stores,binds,cuts,timers`;

function defineCheck(command: Command): Command {
  return withJson(
    command
      .option('--messages <a,b>', 'messages handed in at A for B, and at B for A', '1,1')
      .addOption(new Option('--losses <n>', 'losses of connections').argParser(whole(0, 9)).default(1))
      .addOption(new Option('--crashes <n>', 'crashes, each with a restart').argParser(whole(0, 9)).default(0))
      .addOption(
        new Option('--threshold <n>', 'messages queued per association before one more is opened')
          .argParser(whole(1, 100))
          .default(2),
      )
      .addOption(new Option('--segments <n>', 'segments of each message').argParser(whole(1, 9)).default(1))
      .option('--priorities <list>', 'priorities of the messages of each MTA, in turn (default: normal)', listed)
      .option('--legacy <articles>', 'switch on the legacy behaviour of these articles', listed)
      .option('--set <name=value>', 'any other setting of all MTAs', collected)
      .option('--chain', 'three MTAs in a chain; the mail goes from end to end')
      .option('--full <parts>', 'widen the search: stores, binds, cuts, timers, order', listed)
      .option('--all', 'go on after the first breach, and show the first of each rule')
      .option('--journal <file>', 'write the counterexample as a journal, for `mtalab replay` and `mtalab ladder`')
      .addOption(
        new Option('--max-states <n>', 'give up after so many states').argParser(whole(1, 1_000_000_000)).default(50_000_000),
      )
      .addOption(new Option('--heap <mb>', 'memory for the search').argParser(whole(64, 1_000_000)).default(4096)),
  );
}

function defineSim(command: Command): Command {
  return withJson(
    command
      .addOption(
        new Option('--seed <n>', 'the seed, or the first of several').argParser(whole(0, Number.MAX_SAFE_INTEGER)).default(1),
      )
      .option('--seeds <n>', 'run so many seeds and sum up', whole(1, 1_000_000_000))
      .option('--mtas <n>', 'how many MTAs (default: 2)', whole(2, 1000))
      .addOption(
        new Option('--topology <kind>', 'who is adjacent to whom (default: pair, or mesh for more than two)').choices([
          'pair',
          'chain',
          'star',
          'mesh',
          'ring',
        ]),
      )
      .option('--faults <list>', 'all, none, or kinds with ratios, such as cut,lose=1/50', 'all')
      .option('--messages <n>', 'submissions in a run (default: 24, or three per MTA)', whole(0, 100_000))
      .option('--no-swarm', 'all faults in each run and the default settings, instead of some, drawn from the seed')
      .option('--legacy <articles>', 'switch on the legacy behaviour of these articles, such as Q166594', listed)
      .option('--set <name=value>', 'a setting of all MTAs, such as threshold=50', collected)
      .option('--journal <file>', 'write every step of the run, the shrunk one if there is one, to this file')
      .option('--shrink', 'find the fewest faults and messages with which a failing run still fails')
      .option('--save-plan <file>', 'write the run, shrunk or not, to this file as data')
      .option('--plan <file>', 'run such a file instead of a seed'),
  );
}

const commands: readonly CommandEntry[] = [
  {
    group: groups.run,
    usage: 'pair',
    summary: 'run two MTAs that exchange mail',
    detail: `
Two processes on loopback, ports chosen by the system. Without --once they run until Ctrl-C.
Exit code with --once: 0 all delivered; 1 not (it says what waits and why, or which fault was never reached).`,
    define: definePair,
    load: () => import('./commands/pair.js'),
  },
  {
    group: groups.run,
    usage: 'mta',
    summary: 'run one MTA from a configuration file',
    detail: `
Runs until SIGINT or SIGTERM, which stop it in order; a second one ends it at once.
\`mtalab schema\` describes the file.`,
    define: (command) => withJson(command.requiredOption('--config <file>', 'the configuration, in YAML')),
    load: () => import('./commands/mta.js'),
  },
  {
    group: groups.run,
    usage: 'repro <article>',
    summary: 'make an article happen on two real processes, legacy and fixed',
    detail: `
Articles: Q166594. The legacy run must fail as the article says, the fixed one must pass under the same fault.
Exit code: 0 when both do, 1 when not.`,
    define: (command) =>
      withJson(command.option('--dir <folder>', 'keep configuration, stores, logs and journals of both runs here')),
    load: () => import('./commands/repro.js'),
  },
  {
    group: groups.run,
    usage: 'scenario <file>',
    summary: 'run a scenario file: on virtual time, or on real processes',
    detail: `
The file, or the name of a scenario that comes with MTA Lab (Q166594). docs/scenarios.md tells what stands in it.
Exit code: 0 when everything was seen as the scenario says, 1 when not.`,
    define: (command) =>
      withJson(
        command
          .addOption(new Option('--on <place>', 'virtual time, or real processes').choices(['sim', 'processes']).default('sim'))
          .addOption(
            new Option('--mode <mode>', 'with the documented bug, without, or both')
              .choices(['legacy', 'fixed', 'both'])
              .default('both'),
          )
          .option('--dir <folder>', 'keep journals and what the link saw here, in a folder for each mode'),
      ),
    load: () => import('./commands/scenario.js'),
  },
  {
    group: groups.look,
    usage: 'runs',
    summary: 'list what runs on this machine',
    define: withJson,
    load: () => import('./commands/runs.js'),
  },
  {
    group: groups.look,
    usage: 'status',
    summary: 'how the MTAs are: queues, counters, delays, next timer',
    define: withMtas,
    load: () => import('./commands/status.js'),
  },
  {
    group: groups.look,
    usage: 'ltab',
    summary: 'the locality table: one line per adjacent MTA',
    define: withMtas,
    load: () => import('./commands/ltab.js'),
  },
  {
    group: groups.look,
    usage: 'associations',
    summary: 'the associations, with what each side believes about the Turn',
    define: withMtas,
    load: () => import('./commands/associations.js'),
  },
  {
    group: groups.look,
    usage: 'queues',
    summary: 'what is queued for whom, by priority',
    define: withMtas,
    load: () => import('./commands/queues.js'),
  },
  {
    group: groups.look,
    usage: 'messages',
    summary: 'the messages that are not delivered yet',
    define: (command) => withMtas(command).option('--limit <n>', 'at most this many of each MTA', whole(1, 10_000), 100),
    load: () => import('./commands/messages.js'),
  },
  {
    group: groups.look,
    usage: 'events',
    summary: 'the event log',
    define: (command) =>
      withMtas(command)
        .option('--follow', 'go on with new events until Ctrl-C')
        .option('--limit <n>', 'the last so many', whole(0, 1_000_000), 100),
    load: () => import('./commands/events.js'),
  },
  {
    group: groups.look,
    usage: 'deliveries',
    summary: 'deliveries to mailboxes, as they happen, until Ctrl-C',
    define: withMtas,
    load: () => import('./commands/deliveries.js'),
  },
  {
    group: groups.act,
    usage: 'submit <file...>',
    summary: 'submit messages (- is standard input)',
    detail: `
The content is taken as it is, octet for octet. The envelope is --from and --to, never the message's headers.`,
    define: (command) =>
      withRun(command)
        .option('--mta <name>', 'submit at this MTA (default: the one of the domain of --from, else the first)')
        .option('--from <address>', 'originator (default: sender@ the domain of that MTA)')
        .option('--to <address>', 'recipient; may be repeated (default: user@ the domain of the far MTA)', collected)
        .addOption(new Option('--priority <priority>', 'priority').choices(['urgent', 'normal', 'non-urgent']).default('normal'))
        .option('--content-type <type>', 'content type of the envelope', 'message/rfc822')
        .option('--id <id>', 'submission id: asking again with the same id makes no second message (default: a new one)'),
    load: () => import('./commands/submit.js'),
  },
  {
    group: groups.act,
    usage: 'set <mode> <article>',
    summary: 'switch an article to legacy or fixed, live',
    define: (command) => {
      withMtas(command);
      return command;
    },
    load: () => import('./commands/set.js'),
  },
  {
    group: groups.act,
    usage: 'retry [mta]',
    summary: 'try waiting mail now, instead of at the next interval; for this adjacent MTA, or for all',
    define: withMtas,
    load: () => import('./commands/retry.js'),
  },
  {
    group: groups.act,
    usage: 'fault <words...>',
    summary: 'cut, hold, delay or black-hole what is on the link',
    detail: faultDetail,
    define: withRun,
    load: () => import('./commands/fault.js'),
  },
  {
    group: groups.act,
    usage: 'stop',
    summary: 'stop the run in order',
    define: withMtas,
    load: () => import('./commands/stop.js'),
  },
  {
    group: groups.other,
    usage: 'sim',
    summary: 'simulate MTAs on virtual time, with seeded faults, and see whether they keep the rules',
    detail: simDetail,
    define: defineSim,
    load: () => import('./commands/sim.js'),
  },
  {
    group: groups.other,
    usage: 'check',
    summary: 'search every interleaving of two MTAs, within bounds, for a breach of the rules',
    detail: checkDetail,
    define: defineCheck,
    load: () => import('./commands/check.js'),
  },
  {
    group: groups.other,
    usage: 'replay <file...>',
    summary: 'run journals through the core once more',
    detail: `
With --verify every effect is compared with the journal: what ran on sockets is what the core does.
Exit code: 0 no difference, 1 a difference (the first is shown), or a journal that cannot be read.`,
    define: (command) => withJson(command.option('--verify', 'compare every effect')),
    load: () => import('./commands/replay.js'),
  },
  {
    group: groups.other,
    usage: 'ladder <file...>',
    summary: 'draw what passed between MTAs',
    detail: `
Files: journals (of each MTA, or of a whole simulation), what a link saw (link.jsonl), or a counterexample.
Long stretches of transfers become one line, unless --all is given.`,
    define: (command) =>
      command
        .addOption(
          new Option('--format <format>', 'what is drawn')
            .choices(['text', 'mermaid', 'plantuml', 'shiviz', 'json'])
            .default('text'),
        )
        .option('--association <name>', 'this association only, such as MTA-A/1/3')
        .option('--all', 'every PDU has its line')
        .option('--short-openings', 'each opening and recovery of an association is one line')
        .option('--width <columns>', 'columns of an arrow and its text', whole(40, 1000), 100),
    load: () => import('./commands/ladder.js'),
  },
  {
    group: groups.other,
    usage: 'schema',
    summary: 'print the JSON schema of the configuration file',
    load: () => import('./commands/schema.js'),
  },
];

const examples = `
Examples:
  mtalab pair --mail examples                     two MTAs, the sample mail, a live status, until Ctrl-C
  mtalab pair --once --count 1000 --json          a thousand messages, then the figures as JSON
  mtalab pair --legacy Q166594 --fault "cut before turn-give 1"
                                                  lose the Turn, the way Exchange 4.0 did
  mtalab associations                             ... and see what each side believes
  mtalab submit letter.eml --to ben@b.example     one letter more
  mtalab events --follow                          the event log, live
  mtalab stop

Data goes to stdout, progress and errors to stderr. Exit codes: 0 done, 1 failed, 2 asked wrongly.`;

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** The whole program. `done` is told the exit code of the command that ran. */
export function buildProgram(io: Io, done: (exitCode: number) => void): Command {
  const program = new Command('mtalab')
    .description('A networked emulator of the Microsoft Exchange 4.0-5.5 message transfer agent.')
    .usage('<command> [options]')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpCommand(new Command('help').argument('[command]').description('print help for a command').helpGroup(groups.other))
    // Commander says `error:`; here every complaint begins with who complains.
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'mtalab: ')) })
    .configureHelp({ subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' ') })
    .showHelpAfterError('(--help tells what there is)')
    .exitOverride()
    .addHelpText('after', examples);
  for (const entry of commands) {
    const command = program.command(entry.usage).summary(entry.summary).helpGroup(entry.group);
    command.description(`${entry.summary[0]?.toUpperCase()}${entry.summary.slice(1)}.`);
    if (entry.detail !== undefined) command.addHelpText('after', entry.detail);
    entry.define?.(command);
    command.action(async (...given: unknown[]) => {
      const args = given.slice(0, -2);
      const { run } = await entry.load();
      done(await run({ io, args, options: command.opts() }));
    });
  }
  return program;
}

function argumentTerm(argument: { readonly required: boolean; readonly variadic: boolean; name(): string }): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}
