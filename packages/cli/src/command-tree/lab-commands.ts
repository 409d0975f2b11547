/** Commands that run MTAs, look at running MTAs, and act on them. */

import { linkByName } from '@mtalab/mta-core';
import { type Command, Option } from 'commander';
import { deliveryKinds } from '../config/delivery-kinds.js';
import { topSorts } from '../top/sorts.js';
import { type CommandEntry, groups } from './command-entry.js';
import { commaList, filled, folder, positive, repeatable, whole, withJson, withMtas, withRun } from './shared-options.js';

function definePair(command: Command): Command {
  return withJson(
    command
      .option('--mail <path...>', 'submit these RFC 5322 files, or all files in these folders')
      .option('--count <n>', 'generate and submit this many messages', whole(1, 10_000_000))
      .addOption(new Option('--size <bytes>', 'length of each generated message').argParser(whole(0, 67_108_864)).default(1024))
      .option('--from <address>', 'originator; the MTA of this domain gets the mail (default: sender@a.example)')
      .option('--to <address>', 'recipient (default: user@ the domain of the far MTA)')
      .option('--both-ways', 'submit every second message at the other MTA, in the other direction')
      .option('--once', 'exit when all mail is delivered, or with 1 if it cannot be delivered')
      .option(
        '--patience <seconds>',
        'with --once: wait at most this long, in real time, for a retry and for retries to succeed',
        positive(86_400),
        30,
      )
      .option(
        '--legacy <articles>',
        'also switch on the legacy behaviour of these articles: Q166594 on both MTAs, or MTA-A=Q280449,MTA-B=Q181721; an article for one MTA replaces the articles for both',
        commaList,
      )
      .option(
        '--fixed <articles>',
        'switch off the legacy behaviour of these articles of the release; same syntax as --legacy',
        commaList,
      )
      .option(
        '--release <releases>',
        'Exchange release: 5.5sp4 for both MTAs, or MTA-A=5.5sp4,MTA-B=4.0sp3 (default: 2654.54)',
        commaList,
      )
      .option('--nt <releases>', 'Windows NT release, such as 4.0sp3; same syntax as --release (default: 4.0sp6a)', commaList)
      .option('--legacy-on <name>', 'apply the articles that --legacy gives for both MTAs to this MTA only', commaList)
      .option(
        '--bindings <mta=address,...>',
        'addresses that an MTA listens on and dials from, in this order, such as MTA-B=127.0.0.1,127.0.0.2; with label and port: LABEL@ADDRESS[PORT]; may be repeated',
        repeatable,
      )
      .addOption(
        new Option('--link <kind>', 'what joins the MTAs: RPC as between servers of a site, or an X.400 connector')
          .choices(Object.keys(linkByName))
          .default('lan'),
      )
      .option('--cluster <name>', 'make this MTA a server of a cluster', commaList)
      .option(
        '--mapper <mta=port>',
        'give an MTA an endpoint mapper on this port, for stock RPC tools, which look on port 135',
        commaList,
      )
      .option('--smtp <mta=port>', 'let an MTA take mail from mail tools over SMTP on this port of 127.0.0.1', commaList)
      .option(
        '--metrics <mta=port>',
        'let Prometheus scrape an MTA on this port of 127.0.0.1, such as MTA-A=9464,MTA-B=9465; 0: the system chooses',
        commaList,
      )
      .option('--time-scale <n>', 'run the clock of the lab this many times as fast', positive(100_000), 1)
      .option('--fault <text>', 'put a fault on the link, such as "cut before turn-give 1"; may be repeated', repeatable)
      .option('--proxy', 'put the fault proxy between the MTAs, even without --fault')
      .option('--page', 'serve the page of the pair (default, unless --once or --json is given)')
      .option('--no-page', 'serve no page')
      .option('--page-port <port>', 'serve the page on this port of 127.0.0.1 (default: the system chooses)', whole(0, 65_535))
      .option(
        '--twin [articles]',
        'start a second pair beside it for the page, which gets all the same and in which these articles are the other way about (default: all that the pair starts with)',
        commaList,
      )
      .addOption(
        new Option(
          '--capture <file>',
          'record what goes over the connections between the MTAs in this file, for Wireshark (with the fault proxy)',
        ).argParser(filled),
      )
      .option('--threshold <n>', 'messages queued per association before another association opens', whole(1, 1_000_000))
      .option('--set <name=value>', 'a setting of both MTAs, such as openRetryIntervalS=60; may be repeated', repeatable)
      .addOption(new Option('--delivery <kind>', 'how to deliver mail').choices([...deliveryKinds]).default('maildir'))
      .option('--smart-host <place>', 'with --delivery smtp: where the mail goes, as PORT or HOST[PORT]')
      .option('--journal', 'keep a journal of every step; give --dir to keep it after the run')
      .option(
        '--dir <folder>',
        'keep all files of the run in this folder (default: a temporary folder, removed at the end)',
        folder,
      ),
  );
}

const faultDetail = `
Examples:
  mtalab fault cut before turn-give 1    cut before the first Turn-Give; \`cut after\` cuts after it
  mtalab fault hold rttr 3               hold the third RTTR until \`fault release\`
  mtalab fault black-hole MtaBindBack    swallow the first MtaBindBack and all after it, until \`fault heal\`
  mtalab fault delay confirm 2 500       delay the second confirm by 500 ms
  mtalab fault list                      show the faults of this run, and whether they were reached
  mtalab fault remove 2                  remove fault 2
  mtalab fault release | heal            release held PDUs | end black holes
  mtalab fault cut [association]         cut now: this association, or all
  mtalab fault step on | off             stop the link | let it go on
  mtalab fault step                      while it is stopped: let the PDU go that has waited longest
  mtalab fault network silent            what is up carries nothing any more, not even its end; new connections work
  mtalab fault network down | up         new connections fail too | the network is back

Faults need a pair that runs with --fault or --proxy. docs/faults.md describes all faults and kinds.`;

export const runningCommands: readonly CommandEntry[] = [
  {
    group: groups.run,
    usage: 'pair',
    summary: 'run two MTAs that exchange mail',
    detail: `
The MTAs are two processes on loopback. The system chooses their ports. Without --once they run until Ctrl-C.
Exit code with --once: 0 if all mail is delivered; 1 if not, or if a fault was never reached. It says what waits and why.`,
    define: definePair,
    load: () => import('../commands/pair.js'),
  },
  {
    group: groups.run,
    usage: 'mta',
    summary: 'run one MTA from a configuration file',
    detail: `
The MTA runs until SIGINT or SIGTERM stops it in order. A second signal ends it at once.
\`mtalab schema\` describes the configuration file.`,
    define: (command) => withJson(command.requiredOption('--config <file>', 'the configuration, in YAML')),
    load: () => import('../commands/mta.js'),
  },
  {
    group: groups.look,
    usage: 'runs',
    summary: 'list the runs on this machine',
    define: withJson,
    load: () => import('../commands/runs.js'),
  },
  {
    group: groups.look,
    usage: 'status',
    summary: 'show the state of the MTAs: queues, counters, delays, next timer',
    define: withMtas,
    load: () => import('../commands/status.js'),
  },
  {
    group: groups.look,
    usage: 'top',
    summary: 'watch queues, associations, the Turn and rates of all MTAs',
    detail: `
Redraws the terminal twice a second. Keys: q quits, p pauses, s sorts by name, queue, oldest message or deliveries.
The bar of a queue has a mark at the length at which another association opens. The sign of an association: = both sides agree
about the Turn, ! they do not, ~ the Turn is on its way, ? one side does not say. Rates are per second of real time.
Without a terminal it prints a block every --interval, or with --json a line. It ends with the run.`,
    define: (command) =>
      withMtas(command)
        .option('--once', 'print one block and end')
        .option('--interval <seconds>', 'time between two looks (default: 0.5 on a terminal, else 2)', positive(86_400))
        .addOption(new Option('--sort <order>', 'order of the MTAs').choices([...topSorts]).default('name')),
    load: () => import('../commands/top.js'),
  },
  {
    group: groups.look,
    usage: 'ltab',
    summary: 'show the locality table: one line for each adjacent MTA',
    define: withMtas,
    load: () => import('../commands/ltab.js'),
  },
  {
    group: groups.look,
    usage: 'associations',
    summary: 'show the associations, and what each side believes about the Turn',
    define: withMtas,
    load: () => import('../commands/associations.js'),
  },
  {
    group: groups.look,
    usage: 'queues',
    summary: 'show what is queued for each adjacent MTA and for mailboxes, by priority',
    define: withMtas,
    load: () => import('../commands/queues.js'),
  },
  {
    group: groups.look,
    usage: 'bindings [change...]',
    summary: 'show or change the local bindings, in the order that the MTA dials from them',
    detail: `
Examples:
  mtalab bindings                                    show the bindings of all MTAs of the run
  mtalab bindings order lan2 --mta MTA-A             dial from lan2 first, then from the others in their order
  mtalab bindings disable 192.0.2.1 --mta MTA-B      stop dialling from it and listening on it
  mtalab bindings enable 192.0.2.1 --mta MTA-B       use it again

Name a binding by its label, its address, or as address[port]. A change affects dials at once, and listeners at the next start
of the MTA. A new run starts with the bindings of its command line or configuration file, so change them there as well.`,
    define: withMtas,
    load: () => import('../commands/bindings.js'),
  },
  {
    group: groups.look,
    usage: 'messages',
    summary: 'show the messages that are not delivered yet',
    define: (command) => withMtas(command).option('--limit <n>', 'show at most this many for each MTA', whole(1, 10_000), 100),
    load: () => import('../commands/messages.js'),
  },
  {
    group: groups.look,
    usage: 'why',
    summary: 'say why mail waits, and what happens next',
    detail: `
Says for each queue: how many messages wait and for how long, the reasons, the last error, when something next happens by
itself, and a command that may help. It asks all MTAs of the run, because one side of an association often knows what the
other does not.`,
    define: withMtas,
    load: () => import('../commands/why.js'),
  },
  {
    group: groups.look,
    usage: 'events',
    summary: 'show the event log',
    detail: `
Categories: X.400 Service, Resource, Security, Interface, Field Engineering and more. \`mtalab diagnostics\` shows them all.
Times are lab time in UTC: 2026-01-02T03:04:05, 2026-01-02, or a time before now: 10min, 90s, 1h30min.
After a run, give --dir: the folder of the pair, or the data folder of one MTA.`,
    define: (command) =>
      withMtas(command)
        .option('--id <ids>', 'only these events, such as 9316,9318', commaList)
        .option('--category <categories>', 'only these categories, such as interface', commaList)
        .option('--type <types>', 'only these types: error, warning, information', commaList)
        .option('--severity <n>', 'only this severity or higher; 16 is the highest', whole(0, 16))
        .option('--since <time>', 'only events from this time on')
        .option('--until <time>', 'only events up to this time')
        .option('--explain', 'explain each event')
        .option('--follow', 'go on with new events until Ctrl-C, or until the time of --until')
        .option('--limit <n>', 'only this many of the chosen events, the last ones', whole(0, 1_000_000), 100),
    load: () => import('../commands/events.js'),
  },
  {
    group: groups.look,
    usage: 'explain [words...]',
    summary: 'explain events, error numbers, articles and words, such as 9316 1727 Q181721 Turn',
    detail: `
No MTA needs to run. The words are those of docs/glossary.md, the PDUs of ladders and faults, and the states of tables. The articles are those that MTA Lab emulates and those of the releases.`,
    define: (command) => withJson(command.option('--all', 'explain every event')),
    load: () => import('../commands/explain.js'),
  },
  {
    group: groups.look,
    usage: 'deliveries',
    summary: 'follow the deliveries to mailboxes until Ctrl-C',
    define: withMtas,
    load: () => import('../commands/deliveries.js'),
  },
  {
    group: groups.look,
    usage: 'capture [file]',
    summary: 'record what goes over the connections of a running pair or MTA, for Wireshark (- is standard output)',
    detail: `
Writes a pcapng file until Ctrl-C, until the run ends, or as far as --count and --duration say. The octets are those that
each MTA sent and received, with real times and ports; an interface of the file shows one MTA. A capture that begins late has
the beginning of each open connection too. It needs no privileges. A pair needs --proxy, --fault or --capture; an MTA that was
started singly needs nothing, and is chosen by --dir.
A capture holds passwords and mail. With the script that --plugin prints, Wireshark names every
APDU. docs/wireshark.md describes the file and the script.

Examples:
  mtalab capture run.pcapng --duration 60             record a minute
  mtalab capture - | wireshark -k -i - -X lua_script:"$(mtalab capture --plugin)"
  mtalab pair --count 10 --once --capture run.pcapng  record a whole run, from its first packet on`,
    define: (command) =>
      withRun(command)
        .option('--count <n>', 'end after this many packets', whole(1, 1_000_000_000))
        .option('--duration <seconds>', 'end after this real time', positive(86_400))
        .option('--plugin', 'record nothing; print where the script for Wireshark and tshark is'),
    load: () => import('../commands/capture.js'),
  },
  {
    group: groups.act,
    usage: 'submit <file...>',
    summary: 'submit messages (- is standard input)',
    detail: `
The MTA takes the content octet for octet. The envelope comes from --from and --to, never from the headers of the message.
A file may be a pipe. A message has at most 1000 recipients; docs/limits.md has all limits.

Examples:
  mtalab submit letter.eml --to ben@b.example,eve@b.example
  mtalab submit letter.eml --to '"ben smith"@b.example'      a local part with a blank needs quotes of its own
  generate-mail | mtalab submit -                            - and /dev/stdin are standard input`,
    define: (command) =>
      withRun(command)
        .option('--mta <name>', 'submit at this MTA (default: the MTA of the domain of --from, else the first of the run)')
        .option('--from <address>', 'originator (default: sender@ the domain of that MTA)')
        .option(
          '--to <address>',
          'recipient, or a list with commas; may be repeated (default: user@ the domain of the other MTA of the run)',
          repeatable,
        )
        .addOption(
          new Option('--priority <priority>', 'priority of the message')
            .choices(['urgent', 'normal', 'non-urgent'])
            .default('normal'),
        )
        .option('--content-type <type>', 'content type of the envelope', 'message/rfc822')
        .option('--id <id>', 'submission id; a second submission with the same id makes no second message (default: a new id)'),
    load: () => import('../commands/submit.js'),
  },
  {
    group: groups.act,
    usage: 'set <mode> <article>',
    summary: 'switch an article to legacy or fixed on running MTAs',
    define: (command) => {
      withMtas(command);
      return command;
    },
    load: () => import('../commands/set.js'),
  },
  {
    group: groups.act,
    usage: 'diagnostics [category] [level]',
    summary: 'show or set the diagnostics levels of running MTAs, by category',
    detail: `
Examples:
  mtalab diagnostics                              show the level of every category
  mtalab diagnostics "X.400 Service" medium       also log each message sent and received
  mtalab diagnostics interoperability maximum     log each APDU, decoded, in ap0.log in the MTA's log folder
  mtalab diagnostics apdu maximum                 log each APDU, in hex, in bf0.log
  mtalab diagnostics all none                     log the usual events only

Levels: none, minimum, medium, maximum (0, 1, 3, 5). docs/event-log.md has more.`,
    define: withMtas,
    load: () => import('../commands/diagnostics.js'),
  },
  {
    group: groups.look,
    usage: 'page [journals...]',
    summary: 'print an address of the page of a running pair, or make a page of recorded journals',
    detail: `
Without a journal: an address that opens the page of the running pair once. With journals: one HTML file that shows them, with
the ladder and the states of both sides at any instant. It opens from a disk, without a network. If the folder of the lab has the
record of its fault proxy (faults.jsonl, which \`pair --journal\` writes), it names the fault that lost a PDU.

Examples:
  mtalab page                                                  a new address for the pair that runs
  mtalab page lab/MTA-*/data/journal.jsonl --out turn.html     what \`mtalab pair --journal --dir lab\` has recorded
  mtalab page legacy/*/data/journal.jsonl --twin fixed/*/data/journal.jsonl --out twin.html
                                                               two recordings side by side`,
    define: (command) => {
      withRun(command)
        .option('--twin <journals...>', 'journals of a second pair, which the page shows beside the first')
        .option('--out <file>', 'where the page of the journals goes')
        .option('--title <text>', 'its title (default: the names of the journals)')
        .option('--force', 'replace a file that is there');
      return command;
    },
    load: () => import('../commands/page.js'),
  },
  {
    group: groups.act,
    usage: 'retry [mta]',
    summary: 'retry waiting mail now, before its interval ends; for this adjacent MTA, or for all',
    define: withMtas,
    load: () => import('../commands/retry.js'),
  },
  {
    group: groups.act,
    usage: 'time',
    summary: 'show lab time, change how fast it runs, or let some of it pass at once',
    detail: `
Without an option: lab time at each MTA, and how many times faster than real time it runs.
--scale changes the clocks of all MTAs and of the fault proxy at one instant. Lab time goes on from where it is, and never goes back;
timers that wait fire at their instants of lab time. The scale holds for restarts too. A load that measures the pair must end first.
--advance waits until nothing moves, goes from timer to timer, and fires each at its instant.

Examples:
  mtalab time --scale 60         a minute of lab time in each second
  mtalab time --scale 0.1        slow enough to watch
  mtalab time --advance 600      ten minutes of lab time, the Open Interval, pass now`,
    define: (command) =>
      withRun(command)
        .option('--scale <n>', 'lab seconds in a real second', positive(1_000_000))
        .addOption(new Option('--advance <seconds>', 'let so much lab time pass').argParser(positive(86_400)).conflicts('scale')),
    load: () => import('../commands/time.js'),
  },
  {
    group: groups.act,
    usage: 'fault <words...>',
    summary: 'cut, hold, delay or black-hole PDUs on the link',
    detail: faultDetail,
    define: withRun,
    load: () => import('../commands/fault.js'),
  },
  {
    group: groups.act,
    usage: 'restart',
    summary: 'stop MTAs of a pair in order, or kill them, and start them again',
    detail: `
Restarts all MTAs of the pair, one after the other, or those of --mta. An MTA keeps the articles, bindings and diagnostics
levels that you changed while it ran. An MTA that does not stop in time is killed. An MTA that does not start is down. Its event log says why, and the rest of the pair
goes on. Correct the cause, then restart it again.
Exit code: 0 if all run again, 1 if one does not.`,
    define: (command) =>
      withMtas(command).option('--kill', 'kill the MTA, as a power failure does; it checks its store at the start'),
    load: () => import('../commands/restart.js'),
  },
  {
    group: groups.act,
    usage: 'stop',
    summary: 'stop a run in order, and kill what does not stop in time',
    detail: `
Waits until the processes have ended. A process that is suspended, does not answer or does not end in time is killed.
Exit code: 0 if all MTAs ended in order, 1 if one was killed.`,
    define: withMtas,
    load: () => import('../commands/stop.js'),
  },
  {
    group: groups.other,
    usage: 'releases',
    summary: 'print the releases of Exchange and Windows NT, and the articles of each release',
    define: withJson,
    load: () => import('../commands/releases.js'),
  },
  {
    group: groups.other,
    usage: 'completion <shell>',
    summary: 'print a script that completes the command line, for bash, zsh or fish',
    detail: `
  bash    eval "$(mtalab completion bash)" in ~/.bashrc
  zsh     eval "$(mtalab completion zsh)" in ~/.zshrc, after compinit
  fish    mtalab completion fish > ~/.config/fish/completions/mtalab.fish

The scripts complete commands, options, and values that do not depend on a run. They leave out the names of MTAs, associations
and bindings, the language of faults after its first word, and numbers.`,
    define: (command) => {
      command.registeredArguments[0]?.choices(['bash', 'zsh', 'fish']);
      return command;
    },
    load: () => import('../commands/completion.js'),
  },
  {
    group: groups.other,
    usage: 'man',
    summary: 'show the manual page, or print it in roff into a pipe or a file',
    load: () => import('../commands/man.js'),
  },
  {
    group: groups.other,
    usage: 'schema',
    summary: 'print the JSON schema of the configuration file',
    load: () => import('../commands/schema.js'),
  },
];
