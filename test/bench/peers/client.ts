/**
 * One client process of a peer.
 *
 *     node client.js TASK     TASK: a `ClientTask` as JSON
 */
import type { ClientTask } from './client-messages.js';
import { runNatsClient } from './nats-client.js';
import { runRabbitmqClient } from './rabbitmq-client.js';
import { runRedisClient } from './redis-client.js';

const task = JSON.parse(process.argv[2] ?? '{}') as ClientTask;
const run = {
  redis: runRedisClient,
  'rabbitmq-classic': (one: ClientTask) => runRabbitmqClient(one, 'classic'),
  'rabbitmq-quorum': (one: ClientTask) => runRabbitmqClient(one, 'quorum'),
  nats: runNatsClient,
}[task.kind];
process.on('disconnect', () => process.exit(1));
// Its channel keeps this process alive until the bench has read its processor time, and ends it.
await run(task);
