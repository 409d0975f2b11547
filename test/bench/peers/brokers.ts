/** The brokers among the peers: Redis, RabbitMQ and NATS, each with its durable settings on a port and in a folder of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientFlow } from './client-flow.js';
import type { Flow, Peer, RunTask } from './peer.js';
import { freePort, listening } from './processes.js';

const host = '127.0.0.1';
const node = 'bench@localhost';
const lookMs = 50;

const redisSettings = ['appendonly yes', 'appendfsync always', 'save ""'];

async function beginRedis(task: RunTask): Promise<Flow> {
  const port = await freePort();
  const file = join(task.dir, 'redis.conf');
  writeFileSync(file, [`bind ${host}`, `port ${port}`, `dir ${task.dir}`, 'daemonize no', ...redisSettings, ''].join('\n'));
  const server = task.processes.start('redis-server', 'redis-server', [file]);
  await listening(server, port);
  return clientFlow(task, 'redis', port, [server.pid]);
}

/**
 * Starts RabbitMQ with an Erlang port mapper of its own, which then is a child of this process: RabbitMQ would start one that stays
 * when RabbitMQ ends.
 */
async function beginRabbitmq(task: RunTask, type: 'classic' | 'quorum'): Promise<Flow> {
  const { dir, processes } = task;
  const [port, mapperPort, nodePort] = [await freePort(), await freePort(), await freePort()];
  const mapper = processes.start('epmd', 'epmd', ['-address', host, '-port', String(mapperPort)]);
  await listening(mapper, mapperPort);
  for (const folder of ['data', 'log']) mkdirSync(join(dir, folder));
  const [config, plugins] = [join(dir, 'rabbitmq.conf'), join(dir, 'enabled_plugins')];
  writeFileSync(config, `listeners.tcp.1 = ${host}:${port}\n`);
  writeFileSync(plugins, '[].\n');
  // Debian's command changes the user and the folder; the script behind it takes these variables as they are.
  const server = processes.start('rabbitmq-server', '/usr/lib/rabbitmq/bin/rabbitmq-server', [], {
    cwd: dir,
    env: {
      HOME: dir,
      ERL_EPMD_PORT: String(mapperPort),
      ERL_EPMD_ADDRESS: host,
      RABBITMQ_NODENAME: node,
      RABBITMQ_DIST_PORT: String(nodePort),
      RABBITMQ_MNESIA_BASE: join(dir, 'data'),
      RABBITMQ_LOG_BASE: join(dir, 'log'),
      RABBITMQ_PID_FILE: join(dir, 'pid'),
      RABBITMQ_CONFIG_FILE: config,
      RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    },
  });
  await listening(server, port);
  return clientFlow(task, `rabbitmq-${type}`, port, [server.pid, mapper.pid]);
}

async function beginNats(task: RunTask): Promise<Flow> {
  const port = await freePort();
  const args = ['--addr', host, '--port', String(port), '--jetstream', '--store_dir', task.dir];
  const server = task.processes.start('nats-server', 'nats-server', args);
  await listening(server, port);
  return clientFlow(task, 'nats', port, [server.pid]);
}

const rabbitmqSettings = (type: string, inFlight: number): string[] => [
  `x-queue-type ${type}, durable, persistent messages`,
  'publisher confirms',
  `prefetch ${inFlight}, manual acknowledgements`,
];

export const brokers: readonly Peer[] = [
  {
    name: 'redis',
    title: 'Redis stream',
    debianPackages: ['redis-server'],
    client: ['redis'],
    durable: 'fdatasync of the append-only file before each answer; one for all commands of a turn of its event loop',
    settings: (inFlight) => [...redisSettings, `XREADGROUP COUNT ${inFlight}, XACK, XDEL`],
    share: 10,
    lookMs,
    begin: beginRedis,
  },
  {
    name: 'rabbitmq-classic',
    title: 'RabbitMQ, classic queue',
    debianPackages: ['rabbitmq-server'],
    client: ['amqplib'],
    durable:
      'the confirm comes when the message is on disk, or when the consumer has acknowledged it before it was written; writes are synced in groups',
    settings: (inFlight) => rabbitmqSettings('classic', inFlight),
    share: 5,
    lookMs,
    begin: (task) => beginRabbitmq(task, 'classic'),
  },
  {
    name: 'rabbitmq-quorum',
    title: 'RabbitMQ, quorum queue of one node',
    debianPackages: ['rabbitmq-server'],
    client: ['amqplib'],
    durable: 'fdatasync of the write-ahead log before the confirm, in groups',
    settings: (inFlight) => rabbitmqSettings('quorum', inFlight),
    share: 5,
    lookMs,
    begin: (task) => beginRabbitmq(task, 'quorum'),
  },
  {
    name: 'nats',
    title: 'NATS JetStream (no sync per message)',
    debianPackages: ['nats-server'],
    client: ['@nats-io/jetstream'],
    durable:
      'NOT synced: this version writes each message to its file and syncs that every two minutes; a power failure loses confirmed messages',
    settings: (inFlight) => [
      'storage file, retention workqueue',
      'publish acknowledgements awaited',
      `explicit acknowledgements, max_ack_pending ${inFlight}`,
    ],
    share: 5,
    lookMs,
    begin: beginNats,
  },
];
