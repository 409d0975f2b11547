/** Postfix between smtp-source and smtp-sink: one queue, or two queues in a chain. Needs root, as Postfix does. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { monotonicMs } from '@mtalab/transport';
import { contentBytes } from './client-messages.js';
import type { Counted, Flow, Peer, RunTask } from './peer.js';
import { freePort, listening, type Program } from './processes.js';

const host = '127.0.0.1';
const daemons = '/usr/lib/postfix/sbin';
const user = 'postfix';
/** Time for the queues to empty after the source has ended, ms. */
const emptyLimitMs = 60_000;
const pollMs = 50;
const queues = ['maildrop', 'incoming', 'active', 'deferred', 'hold'];

/** The services of master.cf(5) that relaying needs: name, type, process limit (`-`: the default), command. */
const services = [
  'cleanup unix n - n - 0 cleanup',
  'qmgr unix n - n 300 1 qmgr',
  'rewrite unix - - n - - trivial-rewrite',
  'bounce unix - - n - 0 bounce',
  'defer unix - - n - 0 bounce',
  'trace unix - - n - 0 bounce',
  'verify unix - - n - 1 verify',
  'flush unix n - n 1000? 0 flush',
  'proxymap unix - - n - - proxymap',
  'proxywrite unix - - n - 1 proxymap',
  'smtp unix - - n - - smtp',
  'relay unix - - n - - smtp',
  'showq unix n - n - - showq',
  'error unix - - n - - error',
  'retry unix - - n - - error',
  'discard unix - - n - - discard',
  'anvil unix - - n - 1 anvil',
  'scache unix - - n - 1 scache',
];

/** Settings that let so many messages through at once; everything else keeps its default. */
const concurrency = (inFlight: number): string[] => [
  `default_process_limit = ${Math.max(100, inFlight + 50)}`,
  `smtp_destination_concurrency_limit = ${Math.max(20, inFlight)}`,
  `relay_destination_concurrency_limit = ${Math.max(20, inFlight)}`,
  `initial_destination_concurrency = ${Math.max(5, inFlight)}`,
];

function idOf(kind: '-u' | '-g'): number {
  return Number(spawnSync('id', [kind, user], { encoding: 'utf8' }).stdout);
}

/** A folder that Postfix's user owns. */
function ownFolder(path: string): string {
  mkdirSync(path);
  chownSync(path, idOf('-u'), idOf('-g'));
  return path;
}

/** Starts one Postfix that passes everything on to a port. @returns the master, when it listens. */
async function startQueue(task: RunTask, name: string, port: number, next: number): Promise<Program> {
  const home = join(task.dir, name);
  const [config, queue, data] = [join(home, 'etc'), join(home, 'queue'), join(home, 'data')];
  for (const folder of [home, config, queue]) mkdirSync(folder);
  ownFolder(data);
  const main = [
    'compatibility_level = 3.6',
    `queue_directory = ${queue}`,
    `data_directory = ${data}`,
    'command_directory = /usr/sbin',
    `daemon_directory = ${daemons}`,
    `mail_owner = ${user}`,
    'setgid_group = postdrop',
    `myhostname = ${name}.example`,
    'mydestination =',
    'local_recipient_maps =',
    'alias_maps =',
    'alias_database =',
    `inet_interfaces = ${host}`,
    'inet_protocols = ipv4',
    `mynetworks = ${host}/32`,
    'smtp_dns_support_level = disabled',
    'smtp_host_lookup = native',
    `relayhost = [${host}]:${next}`,
    ...concurrency(task.inFlight),
  ];
  writeFileSync(join(config, 'main.cf'), `${main.join('\n')}\n`);
  writeFileSync(join(config, 'master.cf'), `${[`${host}:${port} inet n - n - - smtpd`, ...services].join('\n')}\n`);
  const check = spawnSync('postfix', ['-c', config, 'check'], { encoding: 'utf8' });
  if (check.status !== 0) throw new Error(`postfix check refuses the configuration: ${check.stderr}`);
  const master = task.processes.start(`postfix ${name}`, join(daemons, 'master'), ['-d', '-c', config], {
    env: { MAIL_CONFIG: config },
    childrenFirst: true,
  });
  await listening(master, port);
  return master;
}

/** Files in the queues of one Postfix. */
function queued(dir: string, name: string): number {
  const under = (folder: string): number =>
    readdirSync(folder, { withFileTypes: true }).reduce(
      (sum, entry) => sum + (entry.isDirectory() ? under(join(folder, entry.name)) : 1),
      0,
    );
  return queues.map((queue) => join(dir, name, 'queue', queue)).reduce((sum, one) => sum + (existsSync(one) ? under(one) : 0), 0);
}

/** The last number after `mark` in the counters that smtp-sink and smtp-source write over and over. */
export function lastCounter(text: string, mark: RegExp): number | undefined {
  const last = [...text.matchAll(mark)].at(-1);
  return last === undefined ? undefined : Number(last[1]);
}

/** Recipients in a dump of smtp-sink, all of them and different ones. smtp-source numbers them. */
export function recipientsOf(dump: string): { readonly count: number; readonly distinct: number } {
  const recipients = [...dump.matchAll(/^X-Rcpt-Args: <(\d+)ben@b\.example>/gm)].map((match) => match[1]);
  return { count: recipients.length, distinct: new Set(recipients).size };
}

async function beginPostfix(task: RunTask, names: readonly string[]): Promise<Flow> {
  const { dir, processes, messages, inFlight } = task;
  // The daemons run as another user.
  chmodSync(dir, 0o711);
  const dump = join(ownFolder(join(dir, 'sink')), 'mail');
  const sinkPort = await freePort();
  let delivered: Counted = { count: 0, atMs: 0 };
  const sink = processes.start('smtp-sink', 'smtp-sink', ['-c', '-u', user, '-D', dump, `${host}:${sinkPort}`, '1000'], {
    onOutput: (text) => {
      delivered = { count: lastCounter(text, /mesg=(\d+)/g) ?? delivered.count, atMs: monotonicMs() };
    },
  });
  await listening(sink, sinkPort);
  const servers: Program[] = [];
  let port = sinkPort;
  for (const name of [...names].reverse()) {
    const next = port;
    port = await freePort();
    servers.push(await startQueue(task, name, port, next));
  }
  let accepted = 0;
  const load = ['-c', '-d', '-N', '-s', String(Math.min(inFlight, messages)), '-m', String(messages), '-l', String(contentBytes)];
  const source = processes.start(
    'smtp-source',
    'smtp-source',
    [...load, '-f', 'ada@a.example', '-t', 'ben@b.example', `${host}:${port}`],
    {
      onOutput: (text) => {
        accepted = lastCounter(text, /(\d+)[\r\n]/g) ?? accepted;
      },
    },
  );
  let isCut = false;
  const prove = async (): Promise<void> => {
    await new Promise((resolve) => source.child.once('close', resolve));
    if (!isCut && source.child.exitCode !== 0) throw source.failure('it failed');
    if (!isCut && accepted !== messages) throw source.failure(`it says that ${accepted} of ${messages} messages were accepted`);
    const endMs = performance.now() + emptyLimitMs;
    const left = (): number => names.reduce((sum, name) => sum + queued(dir, name), 0);
    while (left() > 0 || delivered.count < accepted) {
      const ended = [sink, ...servers].find((program) => program.ended);
      if (ended !== undefined) throw ended.failure('it ended too early');
      if (performance.now() > endMs) throw new Error(`${left()} messages are still queued, and ${delivered.count} have arrived`);
      await pause(pollMs);
    }
    const { count, distinct } = recipientsOf(readFileSync(dump, 'latin1'));
    // A source that was cut short may have had answers that its counter does not show.
    const most = isCut ? accepted + inFlight : messages;
    if (count === distinct && count >= accepted && count <= most) return;
    throw new Error(`not every message once: ${accepted} accepted, ${count} arrived, ${distinct} different ones`);
  };
  const proven = prove();
  proven.catch(() => {});
  return {
    servers: servers.map(({ pid }) => pid),
    clients: [source.pid, sink.pid],
    delivered: () => delivered,
    cut: () => {
      isCut = true;
      source.signal('SIGTERM');
    },
    proven,
  };
}

function peer(name: string, title: string, share: number, names: readonly string[]): Peer {
  return {
    name,
    title,
    debianPackages: ['postfix'],
    client: [],
    durable: 'fsync of the queue file before the answer to the end of the message, one for each message',
    settings: (inFlight) => [...concurrency(inFlight), `smtp-source -d -s ${inFlight}`],
    share,
    lookMs: 500,
    begin: (task) => beginPostfix(task, names),
  };
}

export const postfixes: readonly Peer[] = [
  peer('postfix', 'Postfix, one queue', 0.25, ['queue-a']),
  peer('postfix-two', 'Postfix, two queues in a chain', 0.125, ['queue-a', 'queue-b']),
];
