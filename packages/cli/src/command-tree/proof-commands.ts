/** Commands that run articles and scenarios, prove the core, and draw recordings. */

import { type Command, Option } from 'commander';
import { type CommandEntry, groups } from './command-entry.js';
import { commaList, folder, repeatable, whole, withJson } from './shared-options.js';

const simDetail = `
The simulated MTAs run the same core as the MTAs on sockets, on a virtual clock. A run has two phases. The first has mail
and faults. The second has neither: every queue must drain, and every message must end delivered or reported. The same seed
gives the same run, octet for octet. docs/verification/simulator.md describes the faults and the rules.
Exit code: 0 if the run keeps all rules, 1 if it breaks one.

Examples:
  mtalab sim --seeds 1000                              run a pair a thousand times
  mtalab sim --seed 7 --legacy Q166594 --shrink        find the smallest run that loses the Turn
  mtalab sim --seeds 100 --mtas 6 --topology ring --faults crash,cut=1/20
  mtalab sim --seeds 100 --mtas 4 --topology chain --link mixed
  mtalab sim --seed 7 --journal run.jsonl              then draw it: mtalab ladder run.jsonl`;

const checkDetail = `
The MTAs run the same core as the MTAs on sockets. The search tries every order in which mail comes, PDUs arrive, timers
fire, connections break and MTAs crash. It visits each state once, breadth first, so it finds the shortest way to a breach.
docs/verification/checker.md describes what the search covers and what it assumes.
Exit code: 0 if no rule is broken, 1 if one is.

--full widens the search. stores, binds: these take time, and other moves can come in between. cuts: a cut can take a single
connection. timers: a timer can fire while other work is under way. order: no order of moves and no mirror image is left out.

Examples:
  mtalab check --messages 1,1 --losses 1                     all that one cut can do to two messages
  mtalab check --messages 1,1 --losses 1 --legacy Q166594    the shortest way to lose the Turn
  mtalab check --messages 1,0 --losses 0 --legacy Q181721    the shortest way to a refused data connection
  mtalab check --messages 1,0 --losses 2 --legacy Q232602    the network is down for a while: a loss, and a refused dial
  mtalab check --messages 1,0 --losses 1 --full stores,binds,cuts,timers`;

function defineCheck(command: Command): Command {
  return withJson(
    command
      .option('--messages <a,b>', 'messages submitted at A for B, and at B for A', '1,1')
      .addOption(new Option('--losses <n>', 'how many times connections may break').argParser(whole(0, 9)).default(1))
      .addOption(
        new Option('--crashes <n>', 'how many times an MTA may crash; it restarts each time').argParser(whole(0, 9)).default(0),
      )
      .addOption(
        new Option('--threshold <n>', 'messages queued per association before another association opens')
          .argParser(whole(1, 100))
          .default(2),
      )
      .addOption(new Option('--segments <n>', 'segments of each message').argParser(whole(1, 9)).default(1))
      .addOption(
        new Option('--activities <n>', 'unconfirmed activities that an association may have').argParser(whole(1, 9)).default(1),
      )
      .option('--priorities <list>', 'priorities of the messages of each MTA, in order (default: normal)', commaList)
      .option('--legacy <articles>', 'switch on the legacy behaviour of these articles', commaList)
      .option(
        '--environment <name>',
        'addresses of the MTAs: plain, two-listeners, other-family-first, other-network-first, failing-adapter (default: one that shows the first article of --legacy)',
      )
      .addOption(
        new Option(
          '--link <kind>',
          'what joins the MTAs: RPC (lan) or X.400 connectors (default: lan, or x400 if an article of --legacy needs it)',
        ).choices(['lan', 'x400']),
      )
      .option('--cluster', 'make every MTA a server of a cluster')
      .option('--cure', 'the operator may switch the articles off, once at each MTA and at any moment')
      .option('--set <name=value>', 'a setting of all MTAs; may be repeated', repeatable)
      .option('--chain', 'use three MTAs in a chain; the mail goes from end to end')
      .option('--full <parts>', 'widen the search: stores, binds, cuts, timers, order', commaList)
      .option('--all', 'go on after the first breach, and show the first breach of each rule')
      .option('--journal <file>', 'write the counterexample to this file as a journal, for `mtalab replay` and `mtalab ladder`')
      .addOption(
        new Option('--max-states <n>', 'give up after this many states').argParser(whole(1, 1_000_000_000)).default(50_000_000),
      )
      .addOption(new Option('--heap <mb>', 'memory for the search, in MB').argParser(whole(64, 1_000_000)).default(4096)),
  );
}

function defineSim(command: Command): Command {
  return withJson(
    command
      .addOption(
        new Option('--seed <n>', 'the seed, or the first of several').argParser(whole(0, Number.MAX_SAFE_INTEGER)).default(1),
      )
      .option('--seeds <n>', 'run this many seeds and sum up; stop at the fifth that fails', whole(1, 1_000_000_000))
      .option('--mtas <n>', 'number of MTAs (default: 2)', whole(2, 1000))
      .addOption(
        new Option('--topology <kind>', 'which MTAs are adjacent (default: pair, or mesh for more than two)').choices([
          'pair',
          'chain',
          'star',
          'mesh',
          'ring',
        ]),
      )
      .addOption(
        new Option(
          '--link <kind>',
          'what joins adjacent MTAs: RPC (lan), X.400 connectors, or either for each pair (default: lan, or x400 if an article of --legacy needs it)',
        ).choices(['lan', 'x400', 'mixed']),
      )
      .option('--faults <list>', 'all, none, or kinds of faults with ratios, such as cut,lose=1/50', 'all')
      .option('--messages <n>', 'submissions in a run (default: 24, or three per MTA)', whole(0, 100_000))
      .option('--no-swarm', 'use all faults and the default settings in every run, instead of a random choice of each')
      .option('--legacy <articles>', 'switch on the legacy behaviour of these articles, such as Q166594', commaList)
      .option('--set <name=value>', 'a setting of all MTAs, such as threshold=50; may be repeated', repeatable)
      .option('--journal <file>', 'write every step of the run to this file; with --shrink, of the shrunk run')
      .option('--shrink', 'find the fewest faults and messages with which a failing run still fails')
      .option('--save-plan <file>', 'write the plan of the run to this file; with --shrink, of the shrunk run')
      .option('--plan <file>', 'run the plan in this file instead of a seed'),
  );
}

const gradeDetail = `
The peer is a program in any language. It speaks the LAN link, takes commands as JSON lines on stdin, and answers on stdout:
docs/grade.md describes what it must do. Each schedule has messages both ways, and faults on the link between the peer and an
MTA in this process. The first schedule in which the peer breaks a rule is made as short as possible, and drawn.
Exit code: 0 if the peer keeps every rule, 1 if it breaks one, 2 for wrong usage, 3 if it cannot be judged: it does not
start, ends by itself, or does not answer.

Examples:
  mtalab grade examples/peer/peer.py                        play 100 schedules with the sample peer
  mtalab grade ./peer --seed 42 --schedules 1               repeat the schedule of one seed
  mtalab grade java -- -jar peer.jar                        a peer with arguments`;

function defineGrade(command: Command): Command {
  return withJson(
    command
      .argument('[args...]', 'arguments of the peer, after --')
      .addOption(new Option('--schedules <n>', 'play this many schedules').argParser(whole(1, 1_000_000)).default(100))
      .addOption(
        new Option('--seed <n>', 'seed of the first schedule; each further one has the next')
          .argParser(whole(0, 4_000_000_000))
          .default(1),
      )
      .addOption(
        new Option('--stall <ms>', 'the peer stands still when nothing has passed for this time')
          .argParser(whole(50, 600_000))
          .default(1000),
      ),
  );
}

function onPlace(standard: 'sim' | 'processes'): Option {
  return new Option('--on <place>', 'run on virtual time (sim), or on real processes')
    .choices(['sim', 'processes'])
    .default(standard);
}

export const proofCommands: readonly CommandEntry[] = [
  {
    group: groups.run,
    usage: 'repro <article>',
    summary: 'reproduce an article, or all of them, on real processes, legacy and fixed',
    detail: `
Articles: Q166594, Q181721, Q185934, Q187929, Q229643, Q232602, Q280449, Q285350.
Companions: Q166594-neighbour, 9277, Q232602-interval, Q280449-cluster, Q285350-cluster.
The legacy run must fail as the article says. The fixed run must pass under the same fault. \`all\` runs every article and its
companions, a few at a time, and prints one line for each.
--evidence keeps the journals, ladder, event logs and figures of each article and case.
Exit code: 0 if everything is reproduced, 1 if anything is not.`,
    define: (command) =>
      withJson(
        command
          .addOption(onPlace('processes'))
          .addOption(new Option('--jobs <n>', 'with `all`: run this many at a time').argParser(whole(1, 16)).default(2))
          .option('--evidence <folder>', 'keep the journals, ladder, event logs and figures of each case in this folder', folder)
          .option('--dir <folder>', 'keep the configuration, stores, logs and journals of the processes in this folder', folder),
      ),
    load: () => import('../commands/repro.js'),
  },
  {
    group: groups.run,
    usage: 'scenario <file>',
    summary: 'run a scenario file on virtual time, or on real processes',
    detail: `
Give a file, or the name of a scenario that comes with MTA Lab, such as Q166594. docs/scenarios.md describes the file.
Exit code: 0 if every observation is as the scenario says, 1 if not.`,
    define: (command) =>
      withJson(
        command
          .addOption(onPlace('sim'))
          .addOption(
            new Option('--mode <mode>', 'run with the documented bug (legacy), without it (fixed), or both')
              .choices(['legacy', 'fixed', 'both'])
              .default('both'),
          )
          .option(
            '--dir <folder>',
            'keep the journals and the PDUs of the link in this folder, in a subfolder for each mode',
            folder,
          ),
      ),
    load: () => import('../commands/scenario.js'),
  },
  {
    group: groups.run,
    usage: 'learn [lesson]',
    summary: 'learn with short lessons on real processes, from the first word to the bugs of the articles',
    detail: `
Without a lesson it lists them, with your progress. Give the number, the name or the article of a lesson to take it. A lesson
tells a story up to its decisive moment, asks for your prediction, shows what two real MTAs did, and explains it. At a question
"? WORD" explains a word, and q leaves. docs/learn.md describes the files of the lessons.
--check runs every lesson unattended, and compares what it claims with what the MTAs did.
Exit code: 0 if done or left; with --check 1 if a claim is false or a lesson cannot run.

Examples:
  mtalab learn                            list the lessons
  mtalab learn 1                          take the first one
  mtalab learn Q166594                    who held the Turn, and why did message 50 help?
  mtalab learn find-the-bug --seed 7      name the bug from the evidence`,
    define: (command) =>
      withJson(
        command
          .option('--check', 'run the lessons unattended, and check what they claim')
          .addOption(
            new Option('--seed <n>', 'in a lesson with several stories, which one is played (default: by chance)').argParser(
              whole(0, Number.MAX_SAFE_INTEGER),
            ),
          )
          .addOption(new Option('--jobs <n>', 'with --check: run this many stories at a time').argParser(whole(1, 16)).default(2))
          .option('--lessons <folder>', 'take the lessons in this folder instead of those of MTA Lab', folder),
      ),
    load: () => import('../commands/learn.js'),
  },
  {
    group: groups.prove,
    usage: 'sim',
    summary: 'simulate MTAs on virtual time with seeded faults, and check that they keep the rules',
    detail: simDetail,
    define: defineSim,
    load: () => import('../commands/sim.js'),
  },
  {
    group: groups.prove,
    usage: 'check',
    summary: 'search every interleaving of two MTAs, within bounds, for a broken rule',
    detail: checkDetail,
    define: defineCheck,
    load: () => import('../commands/model-check.js'),
  },
  {
    group: groups.prove,
    usage: 'grade <peer>',
    summary: 'judge a peer of your own, in any language, over seeded schedules with faults',
    detail: gradeDetail,
    define: defineGrade,
    load: () => import('../commands/grade.js'),
  },
  {
    group: groups.prove,
    usage: 'replay <file...>',
    summary: 'run journals through the core again',
    detail: `
--verify compares every effect with the journal. So it shows whether the MTAs on sockets did what the core does.
Exit code: 0 without a difference; 1 with a difference (it shows the first), or if a journal cannot be read.`,
    define: (command) => withJson(command.option('--verify', 'compare every effect with the journal')),
    load: () => import('../commands/replay.js'),
  },
  {
    group: groups.prove,
    usage: 'ladder [file...]',
    summary: 'draw the PDUs that passed between MTAs, or follow them in a running lab',
    detail: `
The files are journals (of each MTA, of a whole simulation, or of a counterexample), the PDUs of a link (link.jsonl), or the
output of --format json. A long row of transfers becomes one line, unless you give --all.

--follow prints lines as they come, from journals that grow: those of the files, or of the run of --dir. Without --dir it takes
the only run, or the latest. The MTAs must keep journals: \`mtalab pair --journal\`, or \`journal: true\` in the configuration of an MTA. A line appears
when its PDU has arrived or is lost, or after two seconds. It ends with Ctrl-C, or with the run.

Examples:
  mtalab ladder run.jsonl --format svg > run.svg     a picture for a page or a slide
  mtalab ladder --follow                             what passes from now on in the run
  mtalab ladder --follow --from-start --dir lab      with all that has passed before`,
    define: (command) =>
      command
        .addOption(
          new Option('--format <format>', 'format of the drawing')
            .choices(['text', 'mermaid', 'plantuml', 'shiviz', 'svg', 'json'])
            .default('text'),
        )
        .option('--follow', 'go on with what passes, until Ctrl-C or the end of the run')
        .option('--from-start', 'with --follow: begin with what has passed already')
        .option('--dir <folder>', 'with --follow: use the run in this folder', folder)
        .option('--association <name>', 'draw only this association, such as MTA-A/1/3')
        .option('--all', 'draw a line for every PDU')
        .option('--short-openings', 'draw each opening and recovery of an association as one line')
        .option('--no-legend', 'leave out the legend under the drawing')
        .option(
          '--width <columns>',
          'width of an arrow and its text, in columns (default: what fits the terminal, at most 100; with --follow, whole rows of at most 100)',
          whole(40, 1000),
        ),
    load: () => import('../commands/ladder.js'),
  },
];
