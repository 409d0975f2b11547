/** Producer and consumer of a JetStream work queue in a file: awaited publish acknowledgements, explicit acknowledgements. */
import { setTimeout as pause } from 'node:timers/promises';
import { AckPolicy, jetstream, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { ClientTask } from './client-messages.js';
import { consumption, produce, ready } from './client-work.js';

const stream = 'MAIL';
const subject = 'mail';
const consumer = 'mailboxes';
const emptyLimitMs = 10_000;
const pollMs = 20;

export async function runNatsClient(task: ClientTask): Promise<void> {
  const connection = await connect({ servers: `127.0.0.1:${task.port}` });
  const js = jetstream(connection);
  if (task.role === 'producer') {
    await produce(task, (content) => js.publish(subject, content));
    await connection.close();
    return;
  }
  const manager = await jetstreamManager(connection);
  await manager.streams.add({
    name: stream,
    subjects: [subject],
    storage: StorageType.File,
    retention: RetentionPolicy.Workqueue,
  });
  const { inFlight } = task;
  await manager.consumers.add(stream, { durable_name: consumer, ack_policy: AckPolicy.Explicit, max_ack_pending: inFlight });
  const messages = await (await js.consumers.get(stream, consumer)).consume({ max_messages: inFlight });
  const work = consumption(task);
  ready();
  void work.end.then(() => messages.stop());
  for await (const message of messages) {
    work.arrived(message.data);
    message.ack();
    work.acknowledged(1);
  }
  await connection.flush();
  const left = async (): Promise<number> => (await manager.streams.info(stream)).state.messages;
  // The server takes acknowledgements without an answer, some time after they have come.
  for (const endMs = performance.now() + emptyLimitMs; (await left()) > 0; await pause(pollMs)) {
    if (performance.now() > endMs) throw new Error(`${await left()} messages are left in the stream`);
  }
  work.finish();
  await connection.close();
}
