/** The work that every client process does in the same way: sends with a limit in flight, counts, and reports to the bench. */
import { monotonicMs } from '@mtalab/transport';
import { Arrivals, type ClientTask, contentOf, type Notice, type Order } from './client-messages.js';

const noticeMs = 10;

function tell(notice: Notice): void {
  process.send?.(notice);
}

/** Reports a count from time to time. */
class Progress {
  #count = 0;
  #timer: NodeJS.Timeout | undefined;

  get count(): number {
    return this.#count;
  }

  add(more: number): void {
    this.#count += more;
    this.#timer ??= setTimeout(() => this.report(), noticeMs);
  }

  report(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    tell({ type: 'progress', count: this.#count, atMs: monotonicMs() });
  }
}

function onOrder(take: (order: Order) => void): void {
  process.on('message', (message) => take(message as Order));
}

/** @param send resolves when the peer has confirmed the message. */
export async function produce(task: ClientTask, send: (content: Buffer) => Promise<unknown>): Promise<void> {
  const progress = new Progress();
  let next = 0;
  let below = 0;
  let end = task.messages;
  let waiting: (() => void)[] = [];
  onOrder((order) => {
    if (order.type === 'allow') below = order.below;
    else if (order.type === 'cut') end = Math.min(end, next);
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  });
  const lane = async (): Promise<void> => {
    while (next < end) {
      if (next >= below) {
        await new Promise<void>((resolve) => waiting.push(resolve));
        continue;
      }
      const content = contentOf(next);
      next += 1;
      await send(content);
      progress.add(1);
    }
  };
  tell({ type: 'ready' });
  await Promise.all(Array.from({ length: task.inFlight }, lane));
  progress.report();
  tell({ type: 'done', count: progress.count, wrong: 0 });
}

/** What a consumer reports to. */
export type Consumption = {
  /** A message has come. */
  readonly arrived: (octets: Uint8Array) => void;
  /** So many messages more are acknowledged. */
  readonly acknowledged: (messages: number) => void;
  /** Is there nothing more to come? */
  readonly over: () => boolean;
  /** Resolves when there is nothing more to come. */
  readonly end: Promise<void>;
  /** The last report, when the acknowledgements have left. */
  readonly finish: () => void;
};

export function consumption(task: ClientTask): Consumption {
  const progress = new Progress();
  const arrivals = new Arrivals(task.messages);
  let expected = Number.POSITIVE_INFINITY;
  let ended = (): void => {};
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const over = (): boolean => progress.count >= expected;
  const look = (): void => {
    if (over()) ended();
  };
  onOrder((order) => {
    if (order.type === 'expect') expected = order.messages;
    look();
  });
  return {
    arrived: (octets) => arrivals.take(octets),
    acknowledged: (messages) => {
      progress.add(messages);
      look();
    },
    over,
    end,
    finish: () => {
      progress.report();
      tell({ type: 'done', count: progress.count, wrong: arrivals.wrong });
    },
  };
}

/** Says that the consumer waits for messages. */
export function ready(): void {
  tell({ type: 'ready' });
}
