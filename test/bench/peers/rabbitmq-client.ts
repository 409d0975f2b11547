/** Producer and consumer of a RabbitMQ queue: persistent messages, publisher confirms, manual acknowledgements. */
import { type Channel, type ConsumeMessage, connect } from 'amqplib';
import type { ClientTask } from './client-messages.js';
import { consumption, produce, ready } from './client-work.js';

const queue = 'mail';

async function declare(channel: Channel, type: string): Promise<void> {
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': type } });
}

export async function runRabbitmqClient(task: ClientTask, type: 'classic' | 'quorum'): Promise<void> {
  const connection = await connect({ hostname: '127.0.0.1', port: task.port }, { noDelay: true });
  if (task.role === 'producer') {
    const channel = await connection.createConfirmChannel();
    await declare(channel, type);
    const send = (content: Buffer): Promise<void> =>
      new Promise((resolve, reject) => {
        channel.publish('', queue, content, { persistent: true }, (error) => (error ? reject(error as Error) : resolve()));
      });
    await produce(task, send);
    await connection.close();
    return;
  }
  const channel = await connection.createChannel();
  await declare(channel, type);
  await channel.prefetch(task.inFlight);
  const work = consumption(task);
  let last: ConsumeMessage | null = null;
  let unacknowledged = 0;
  // One acknowledgement covers everything that one read of the socket brought.
  const acknowledge = (): void => {
    if (last !== null) channel.ack(last, true);
    last = null;
    const count = unacknowledged;
    unacknowledged = 0;
    work.acknowledged(count);
  };
  await channel.consume(queue, (message) => {
    if (message === null) throw new Error('the broker has cancelled the consumer');
    work.arrived(message.content);
    unacknowledged += 1;
    if (last === null) setImmediate(acknowledge);
    last = message;
  });
  ready();
  await work.end;
  await channel.close();
  const after = await connection.createChannel();
  const { messageCount } = await after.checkQueue(queue);
  if (messageCount !== 0) throw new Error(`${messageCount} messages are left in the queue`);
  work.finish();
  await connection.close();
}
