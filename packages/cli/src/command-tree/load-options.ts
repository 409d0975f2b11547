/** The options and help of `mtalab load`. */
import { linkByName } from '@mtalab/mta-core';
import { type Command, Option } from 'commander';
import { commaList, folder, positive, repeatable, whole, withJson } from './shared-options.js';

export const loadDetail = `
Examples:
  mtalab load --rate 1000 --duration 30s                      1,000 messages a second, whatever the MTAs do
  mtalab load --stage 0:1000:10s,1000:5000:20s --arrival poisson
  mtalab load --in-flight 256 --count 100000 --both-ways      the next message when one is delivered
  mtalab load --rate 500 --duration 20s --threshold "p99<200ms" --threshold "associations<=3" --out run.json
  mtalab load --rate 1000 --duration 30s --in-flight 200 --fault "at 10s suspend MTA-B for 5s"
  mtalab load --legacy Q166594 --warm-up --fault "cut before turn-give 1" --prefill 49 --stage 0:0:3s,1:1:1s
                                                              49 messages stuck without the Turn, then the 50th
  mtalab load --running --rate 100 --duration 10s             the MTAs of a pair that runs already

A latency counts from the instant at which its message should have started (corrected), and beside it from the real start (raw).
After the load it waits until all is delivered, and compares what was submitted with what is on the disks of the MTAs.
docs/load.md explains the latencies, the metrics of thresholds, the faults and the verdict.
Exit code: 0 passed, 1 a check failed (such as a lost message), 2 wrong usage, 3 unknown (nothing measured, or the queues did not
become empty), 99 a threshold was missed. Ctrl-C ends the load in order; press it again to stop at once.`;

function defineSchedule(command: Command): Command {
  return command
    .option('--rate <n>', 'start this many messages a second; needs --duration or --count', positive(1_000_000))
    .option('--duration <time>', 'length of the load, such as 30s or 2min')
    .option('--stage <from:to:time,...>', 'rates that change in straight lines, such as 0:1000:10s,1000:5000:20s')
    .addOption(new Option('--arrival <kind>', 'gaps between the starts: equal, or by chance').choices(['constant', 'poisson']))
    .option(
      '--in-flight <n>',
      'alone: keep this many messages submitted and not delivered; with a rate: never more than this (default: 100000)',
      whole(1, 1_000_000),
    )
    .option('--count <n>', 'end after this many messages', whole(1, 10_000_000))
    .option(
      '--seed <n>',
      'the same seed gives the same starts and messages (default: a random one, which the result has)',
      whole(0, 4_294_967_295),
    );
}

function defineMail(command: Command): Command {
  return command
    .option('--size <bytes>', 'length of each generated message, or a range such as 512-16384 (default: 1024)')
    .option('--mail <folder>', 'send the mail in this folder in turn, instead of generated messages', folder)
    .option('--priority <weights>', 'priorities, such as urgent:1,normal:8,non-urgent:1 (default: normal)')
    .option('--both-ways', 'send every second message the other way; begins with a warm-up')
    .option('--warm-up', 'first send one message there and one back, which count nowhere')
    .option(
      '--prefill <n>',
      'hold the link, fill the queue of each sender with this many messages, then let go and begin',
      whole(1, 100_000),
    )
    .option('--from <name>', 'the MTA that sends (default: the first)')
    .option('--to <name>', 'the MTA that receives (default: the next)');
}

function defineOutcome(command: Command): Command {
  return withJson(
    command
      .option('--fault <text>', 'such as "at 10s cut" or "when turn-give 3 cut"; may be repeated', repeatable)
      .option('--threshold <expression>', 'such as "p99<200ms" or "lost==0"; may be repeated', repeatable)
      .option(
        '--patience <seconds>',
        'after the load, wait at most this long, in real time, without a delivery',
        positive(86_400),
        30,
      )
      .option('--interval <time>', 'length of an interval of the result (default: 1s)')
      .option('--label <text>', 'a name for comparisons')
      .option('--out <file>', 'write a report to this file: .txt, .json, .hlog or .html; may be repeated', repeatable),
  );
}

/** The options of the pair that the load starts. They have the meaning that they have for `mtalab pair`. */
function definePairOfLoad(command: Command): Command {
  return command
    .option('--running', 'load the MTAs of a run; --dir chooses it, and may be repeated for MTAs that run by themselves')
    .option('--dir <folder>', 'keep all files of the run in this folder; with --running: the run in this folder', repeatable)
    .option('--legacy <articles>', 'also switch on the legacy behaviour of these articles, as for `pair`', commaList)
    .option('--fixed <articles>', 'switch off the legacy behaviour of these articles of the release', commaList)
    .option('--release <releases>', 'Exchange release, as for `pair`', commaList)
    .option('--nt <releases>', 'Windows NT release, as for `pair`', commaList)
    .addOption(new Option('--link <kind>', 'what joins the MTAs (default: lan)').choices(Object.keys(linkByName)))
    .option('--time-scale <n>', 'run the clock of the lab this many times as fast (default: 1)', positive(100_000))
    .option('--proxy', 'put the fault proxy between the MTAs, even without --fault')
    .option(
      '--set <name=value>',
      'a setting of both MTAs, such as threshold=50 for the queue or maxAssociationsPerMta=32; may be repeated',
      repeatable,
    )
    .addOption(new Option('--delivery <kind>', 'how to store delivered mail (default: ledger)').choices(['maildir', 'ledger']))
    .option('--journal', 'keep a journal of every step; give --dir to keep it after the run');
}

export function defineLoad(command: Command): Command {
  return definePairOfLoad(defineOutcome(defineMail(defineSchedule(command))));
}
