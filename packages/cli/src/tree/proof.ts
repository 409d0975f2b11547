/** The commands that make articles and scenarios happen, prove the core, and draw what was recorded. */
import { type Command, Option } from 'commander';
import { type CommandEntry, collected, folder, groups, listed, whole, withJson } from './entry.js';

const simDetail = `
The MTAs are the core that runs on sockets, on a clock that jumps. First a phase with mail and faults, then one without, in
which every queue must drain and every message must end delivered or reported. The same seed gives the same run, octet for
octet. docs/verification/simulator.md describes faults and rules.
Exit code: 0 when all rules are kept, 1 when one is broken.

Examples:
  mtalab sim --seeds 1000                              a thousand runs of a pair
  mtalab sim --seed 7 --legacy Q166594 --shrink        the smallest story of how the Turn gets lost
  mtalab sim --seeds 100 --mtas 6 --topology ring --faults crash,cut=1/20
  mtalab sim --seed 7 --journal run.jsonl              and then: mtalab ladder run.jsonl`;

const checkDetail = `
The MTAs are the core that runs on sockets. Breadth-first over every order in which mail can come, PDUs arrive, timers fire,
the network lose connections and MTAs crash: each state once, so that a breach is shown by the shortest way to it.
docs/verification/checker.md says what the search covers and what it takes for granted.
Exit code: 0 when no rule is broken, 1 when one is.

--full widens the search: stores and binds take their time; cuts take single connections, too; timers fire also while
something is under way; order leaves out no order of moves and no mirror image.

Examples:
  mtalab check --messages 1,1 --losses 1                     everything that one cut can do to two messages
  mtalab check --messages 1,1 --losses 1 --legacy Q166594    the shortest story of how the Turn gets lost
  mtalab check --messages 1,0 --losses 0 --legacy Q181721    the shortest story of a data connection that is refused
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
      .option(
        '--environment <name>',
        'which addresses the MTAs have: plain, two-listeners, other-family-first, other-network-first, failing-adapter (default: where the first article of --legacy can show)',
      )
      .option('--cluster', 'all MTAs are servers of clusters')
      .option('--cure', 'the operator may switch the articles off, at each MTA once and at any moment')
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
      .option('--seeds <n>', 'run so many seeds and sum up; the fifth that fails is the last', whole(1, 1_000_000_000))
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

export const proofCommands: readonly CommandEntry[] = [
  {
    group: groups.run,
    usage: 'repro <article>',
    summary: 'make an article, or all of them, happen on real processes, legacy and fixed',
    detail: `
Articles: Q166594, Q181721, Q280449, Q285350; companions: Q166594-neighbour, 9277, Q280449-cluster, Q285350-cluster. The legacy run must fail as the article says, the fixed one must pass under the
same fault. \`all\` runs every article and its companions, a few at a time, with one line for each.
--evidence keeps, for each article and case: journals, ladder, event logs, and the figures.
Exit code: 0 when all is so, 1 when anything is not.`,
    define: (command) =>
      withJson(
        command
          .addOption(
            new Option('--on <place>', 'virtual time, or real processes').choices(['sim', 'processes']).default('processes'),
          )
          .addOption(new Option('--jobs <n>', 'with `all`: so many at a time').argParser(whole(1, 16)).default(2))
          .option('--evidence <folder>', 'keep journals, ladder, event logs and figures of each case here', folder)
          .option('--dir <folder>', 'keep configuration, stores, logs and journals of the processes here', folder),
      ),
    load: () => import('../commands/repro.js'),
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
          .option('--dir <folder>', 'keep journals and what the link saw here, in a folder for each mode', folder),
      ),
    load: () => import('../commands/scenario.js'),
  },
  {
    group: groups.prove,
    usage: 'sim',
    summary: 'simulate MTAs on virtual time, with seeded faults, and see whether they keep the rules',
    detail: simDetail,
    define: defineSim,
    load: () => import('../commands/sim.js'),
  },
  {
    group: groups.prove,
    usage: 'check',
    summary: 'search every interleaving of two MTAs, within bounds, for a breach of the rules',
    detail: checkDetail,
    define: defineCheck,
    load: () => import('../commands/check.js'),
  },
  {
    group: groups.prove,
    usage: 'replay <file...>',
    summary: 'run journals through the core once more',
    detail: `
With --verify every effect is compared with the journal: what ran on sockets is what the core does.
Exit code: 0 no difference, 1 a difference (the first is shown), or a journal that cannot be read.`,
    define: (command) => withJson(command.option('--verify', 'compare every effect')),
    load: () => import('../commands/replay.js'),
  },
  {
    group: groups.prove,
    usage: 'ladder <file...>',
    summary: 'draw what passed between MTAs',
    detail: `
Files: journals (of each MTA, of a whole simulation, or of a counterexample), what a link saw (link.jsonl), or the output of
--format json.
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
    load: () => import('../commands/ladder.js'),
  },
];
