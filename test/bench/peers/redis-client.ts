/** Producer and consumer of a Redis stream. The client joins commands of one turn of the event loop into one write. */
import { createClient, RESP_TYPES } from 'redis';
import type { ClientTask } from './client-messages.js';
import { consumption, produce, ready } from './client-work.js';

const stream = 'mail';
const group = 'mailboxes';
const consumer = 'ben';
const blockMs = 100;

type Entry = { readonly id: unknown; readonly message: Record<string, Uint8Array> };
type Streams = readonly { readonly messages: readonly Entry[] }[] | null;

export async function runRedisClient(task: ClientTask): Promise<void> {
  const client = createClient({ socket: { host: '127.0.0.1', port: task.port } }).withTypeMapping({
    [RESP_TYPES.BLOB_STRING]: Buffer,
  });
  await client.connect();
  if (task.role === 'producer') {
    await produce(task, (content) => client.xAdd(stream, '*', { content }));
    await client.close();
    return;
  }
  await client.xGroupCreate(stream, group, '0', { MKSTREAM: true });
  const work = consumption(task);
  ready();
  let ids: string[] = [];
  const remove = async (done: readonly string[]): Promise<void> => {
    if (done.length === 0) return;
    await Promise.all([client.xAck(stream, group, [...done]), client.xDel(stream, [...done])]);
    work.acknowledged(done.length);
  };
  while (!work.over()) {
    const removed = remove(ids);
    const key = { key: stream, id: '>' };
    const read = (await client.xReadGroup(group, consumer, key, { COUNT: task.inFlight, BLOCK: blockMs })) as unknown as Streams;
    const entries = read?.[0]?.messages ?? [];
    for (const { message } of entries) work.arrived(message['content'] ?? new Uint8Array());
    ids = entries.map(({ id }) => String(id));
    await removed;
  }
  work.finish();
  await client.close();
}
