/** The commands that run MTAs, look at what runs, and act on it. */

import { type Command, Option } from 'commander';
import { type CommandEntry, groups } from './command-entry.js';
import { commaList, folder, positive, repeatable, whole, withJson, withMtas, withRun } from './shared-options.js';

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
      .option(
        '--patience <seconds>',
        'with --once: longest wait, in real time, for a retry, and for anything to come of retries',
        positive(86_400),
        30,
      )
      .option(
        '--legacy <articles>',
        'switch on the legacy behaviour of these articles too: Q166594 on both, or MTA-A=Q280449,MTA-B=Q181721 on each its own, which goes before what is for both',
        commaList,
      )
      .option(
        '--fixed <articles>',
        'switch off the legacy behaviour of these articles, which the release has; written likewise',
        commaList,
      )
      .option(
        '--release <releases>',
        'Exchange releases: 5.5sp4 for both, or MTA-A=5.5sp4,MTA-B=4.0sp3 (default: 2654.54)',
        commaList,
      )
      .option('--nt <releases>', 'Windows NT releases, written likewise: 4.0sp3 (default: 4.0sp6a)', commaList)
      .option('--legacy-on <name>', 'what --legacy says for both is for this MTA only', commaList)
      .option(
        '--bindings <mta=address,...>',
        'addresses an MTA listens on and dials from, in this order, such as MTA-B=127.0.0.1,127.0.0.2, each as LABEL@ADDRESS[PORT] if wanted; may be repeated',
        repeatable,
      )
      .option('--cluster <name>', 'this MTA is a server of a cluster', commaList)
      .option('--mapper <mta=port>', 'give an MTA an endpoint mapper, for stock RPC tools; they look on port 135', commaList)
      .option('--time-scale <n>', 'run the clock of the lab this many times as fast', positive(100_000), 1)
      .option('--fault <text>', 'put a fault on the link, such as "cut before turn-give 1"; may be repeated', repeatable)
      .option('--proxy', 'put the fault proxy between the MTAs even without --fault')
      .option('--threshold <n>', 'messages queued per association before one more is opened', whole(1, 1_000_000))
      .option('--set <name=value>', 'any other setting of both MTAs, such as openRetryIntervalS=60', repeatable)
      .addOption(new Option('--delivery <kind>', 'what a mailbox is').choices(['maildir', 'ledger']).default('maildir'))
      .option('--journal', 'keep a journal of every step (needs --dir to outlive the run)')
      .option('--dir <folder>', 'keep everything of the run here (default: a temporary folder that is removed)', folder),
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

Faults need a pair that was started with --fault or --proxy. docs/faults.md has all faults and kinds.`;

export const runningCommands: readonly CommandEntry[] = [
  {
    group: groups.run,
    usage: 'pair',
    summary: 'run two MTAs that exchange mail',
    detail: `
Two processes on loopback, ports chosen by the system. Without --once they run until Ctrl-C.
Exit code with --once: 0 all delivered; 1 not (it says what waits and why, or which fault was never reached).`,
    define: definePair,
    load: () => import('../commands/pair.js'),
  },
  {
    group: groups.run,
    usage: 'mta',
    summary: 'run one MTA from a configuration file',
    detail: `
Runs until SIGINT or SIGTERM, which stop it in order; a second one ends it at once.
\`mtalab schema\` describes the file.`,
    define: (command) => withJson(command.requiredOption('--config <file>', 'the configuration, in YAML')),
    load: () => import('../commands/mta.js'),
  },
  {
    group: groups.look,
    usage: 'runs',
    summary: 'list what runs on this machine',
    define: withJson,
    load: () => import('../commands/runs.js'),
  },
  {
    group: groups.look,
    usage: 'status',
    summary: 'how the MTAs are: queues, counters, delays, next timer',
    define: withMtas,
    load: () => import('../commands/status.js'),
  },
  {
    group: groups.look,
    usage: 'ltab',
    summary: 'the locality table: one line per adjacent MTA',
    define: withMtas,
    load: () => import('../commands/ltab.js'),
  },
  {
    group: groups.look,
    usage: 'associations',
    summary: 'the associations, with what each side believes about the Turn',
    define: withMtas,
    load: () => import('../commands/associations.js'),
  },
  {
    group: groups.look,
    usage: 'queues',
    summary: 'what is queued for whom, by priority',
    define: withMtas,
    load: () => import('../commands/queues.js'),
  },
  {
    group: groups.look,
    usage: 'bindings [change...]',
    summary: 'the local bindings, in the order they are dialled from; or change them',
    detail: `
What to do:
  mtalab bindings                                    show those of all MTAs of the run
  mtalab bindings order lan2 --mta MTA-A             dial from lan2 first; the others follow as they are
  mtalab bindings disable 192.0.2.1 --mta MTA-B      no longer dial from it, nor listen on it
  mtalab bindings enable 192.0.2.1 --mta MTA-B       use it again

A binding is named by its label, its address, or as address[port]. Dials follow at once, listeners at the MTA's next start.
A new run begins with what its command line or configuration file says, so change that as well.`,
    define: withMtas,
    load: () => import('../commands/bindings.js'),
  },
  {
    group: groups.look,
    usage: 'messages',
    summary: 'the messages that are not delivered yet',
    define: (command) => withMtas(command).option('--limit <n>', 'at most this many of each MTA', whole(1, 10_000), 100),
    load: () => import('../commands/messages.js'),
  },
  {
    group: groups.look,
    usage: 'events',
    summary: 'the event log',
    detail: `
Categories: X.400 Service, Resource, Security, Interface, Field Engineering and more: \`mtalab diagnostics\` shows them all.
Times are lab time in UTC: 2026-01-02T03:04:05, 2026-01-02, or a span back from now: 10min, 90s, 1h30min.
With --dir also after the run: the folder of a pair, or the data folder of one MTA.`,
    define: (command) =>
      withMtas(command)
        .option('--id <ids>', 'these events only, such as 9316,9318', commaList)
        .option('--category <categories>', 'these categories only, such as interface', commaList)
        .option('--type <types>', 'error, warning or information', commaList)
        .option('--severity <n>', 'of this severity or a higher one: 16 is the gravest', whole(0, 16))
        .option('--since <time>', 'from this time on')
        .option('--until <time>', 'up to this time')
        .option('--explain', 'say under each what it means')
        .option('--follow', 'go on with new events until Ctrl-C, or until the time of --until has passed')
        .option('--limit <n>', 'the last so many of those chosen', whole(0, 1_000_000), 100),
    load: () => import('../commands/events.js'),
  },
  {
    group: groups.look,
    usage: 'explain [words...]',
    summary: 'what an event, an error number in one, or an article is: explain 9316 1727 Q181721',
    detail: `
Nothing needs to run. Articles are those of the quirks and of the releases.`,
    define: (command) => withJson(command.option('--all', 'explain every event there is')),
    load: () => import('../commands/explain.js'),
  },
  {
    group: groups.look,
    usage: 'deliveries',
    summary: 'deliveries to mailboxes, as they happen, until Ctrl-C',
    define: withMtas,
    load: () => import('../commands/deliveries.js'),
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
        .option('--to <address>', 'recipient; may be repeated (default: user@ the domain of the far MTA)', repeatable)
        .addOption(new Option('--priority <priority>', 'priority').choices(['urgent', 'normal', 'non-urgent']).default('normal'))
        .option('--content-type <type>', 'content type of the envelope', 'message/rfc822')
        .option('--id <id>', 'submission id: asking again with the same id makes no second message (default: a new one)'),
    load: () => import('../commands/submit.js'),
  },
  {
    group: groups.act,
    usage: 'set <mode> <article>',
    summary: 'switch an article to legacy or fixed, live',
    define: (command) => {
      withMtas(command);
      return command;
    },
    load: () => import('../commands/set.js'),
  },
  {
    group: groups.act,
    usage: 'diagnostics [category] [level]',
    summary: 'show or set how much is logged, by category; live',
    detail: `
What to do:
  mtalab diagnostics                              show the levels of every category
  mtalab diagnostics "X.400 Service" medium       log each message sent and received too
  mtalab diagnostics interoperability maximum     log each APDU decoded, in ap0.log of the MTA's log folder
  mtalab diagnostics apdu maximum                 log each APDU in hex, in bf0.log
  mtalab diagnostics all none                     log the usual events only

Levels: none, minimum, medium, maximum (0, 1, 3, 5). docs/event-log.md tells more.`,
    define: withMtas,
    load: () => import('../commands/diagnostics.js'),
  },
  {
    group: groups.act,
    usage: 'retry [mta]',
    summary: 'try waiting mail now, instead of at the next interval; for this adjacent MTA, or for all',
    define: withMtas,
    load: () => import('../commands/retry.js'),
  },
  {
    group: groups.act,
    usage: 'fault <words...>',
    summary: 'cut, hold, delay or black-hole what is on the link',
    detail: faultDetail,
    define: withRun,
    load: () => import('../commands/fault.js'),
  },
  {
    group: groups.act,
    usage: 'restart',
    summary: 'stop MTAs of a pair in order, or kill them, and start them again',
    detail: `
All MTAs of the pair, one after the other, or those of --mta. What was changed live (articles, bindings, diagnostics levels) is kept. One that does
not start is down, with the reasons in its event log, and the rest of the pair goes on: mend what it is, and restart it once more.
Exit code: 0 when all run again, 1 when one does not.`,
    define: (command) => withMtas(command).option('--kill', 'as if the power had failed: the store is checked at the start'),
    load: () => import('../commands/restart.js'),
  },
  {
    group: groups.act,
    usage: 'stop',
    summary: 'stop the run in order',
    define: withMtas,
    load: () => import('../commands/stop.js'),
  },
  {
    group: groups.other,
    usage: 'releases',
    summary: 'print the releases of Exchange and Windows NT, and which article each of them has',
    define: withJson,
    load: () => import('../commands/releases.js'),
  },
  {
    group: groups.other,
    usage: 'schema',
    summary: 'print the JSON schema of the configuration file',
    load: () => import('../commands/schema.js'),
  },
];
