/** Drives a broker with two processes of `client.ts`, a producer and a consumer. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ClientKind, ClientRole, ClientTask, Notice, Order } from './client-messages.js';
import type { Counted, Flow, RunTask } from './peer.js';
import type { Program } from './processes.js';

const module = fileURLToPath(new URL('./client.js', import.meta.url));
/** How far the producer may be ahead of the consumer: the queue between them stays short, and neither waits for the bench. */
const aheadMost = 4096;

type Client = {
  readonly program: Program;
  readonly order: (order: Order) => void;
  readonly progress: () => Counted;
  readonly done: Promise<Extract<Notice, { type: 'done' }>>;
};

async function startClient(
  task: RunTask,
  role: ClientRole,
  kind: ClientKind,
  port: number,
  onProgress: (counted: Counted) => void,
): Promise<Client> {
  const { inFlight, messages } = task;
  const client: ClientTask = { kind, role, port, inFlight, messages };
  const program = task.processes.fork(`${role} of ${kind}`, module, [JSON.stringify(client)]);
  const { child } = program;
  let progress: Counted = { count: 0, atMs: 0 };
  const ended = once(child, 'exit').then((): never => {
    throw program.failure('it ended too early');
  });
  const on = <Type extends Notice['type']>(type: Type, take: (notice: Extract<Notice, { type: Type }>) => void): void => {
    child.on('message', (message) => {
      const notice = message as Notice;
      if (notice.type === type) take(notice as Extract<Notice, { type: Type }>);
    });
  };
  on('progress', ({ count, atMs }) => {
    progress = { count, atMs };
    onProgress(progress);
  });
  const done = new Promise<Extract<Notice, { type: 'done' }>>((resolve) => on('done', resolve));
  await Promise.race([new Promise<void>((resolve) => on('ready', () => resolve())), ended]);
  const order = (message: Order): void => {
    if (child.connected) child.send(message);
  };
  const whole = Promise.race([done, ended]);
  // The bench awaits it later; until then a failure is nobody's.
  whole.catch(() => {});
  return { program, order, progress: () => progress, done: whole };
}

/** @param servers process ids of the broker. */
export async function clientFlow(task: RunTask, kind: ClientKind, port: number, servers: readonly number[]): Promise<Flow> {
  let allow = (_: Counted): void => {};
  const consumer = await startClient(task, 'consumer', kind, port, (counted) => allow(counted));
  const producer = await startClient(task, 'producer', kind, port, () => {});
  allow = ({ count }) => producer.order({ type: 'allow', below: count + aheadMost });
  const prove = async (): Promise<void> => {
    const produced = await Promise.race([producer.done, consumer.done]);
    if (produced.count > task.messages) throw new Error(`${produced.count} messages of ${task.messages} were confirmed`);
    consumer.order({ type: 'expect', messages: produced.count });
    const consumed = await consumer.done;
    if (consumed.count === produced.count && consumed.wrong === 0) return;
    throw new Error(
      `not every message once: ${produced.count} confirmed, ${consumed.count} consumed, ${consumed.wrong} of them damaged or repeated`,
    );
  };
  const proven = prove();
  proven.catch(() => {});
  allow({ count: 0, atMs: 0 });
  return {
    servers,
    clients: [producer.program.pid, consumer.program.pid],
    delivered: consumer.progress,
    cut: () => producer.order({ type: 'cut' }),
    proven,
  };
}
