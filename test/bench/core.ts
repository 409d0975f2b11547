/** Measures steps per second of the pure core, and the cost of a retry. */
import { type CoreNode, type CoreShape, hubAndReceivers, type Refusal } from './core-nodes.js';

export type CoreFigures = { readonly stepsPerS: number; readonly stepsPerMessage: number };

function deliveredBy(receivers: readonly CoreNode[]): number {
  return receivers.reduce((sum, { mta }) => sum + mta.counters.delivered, 0);
}

function mustHaveDelivered(receivers: readonly CoreNode[], messages: number): void {
  const delivered = deliveredBy(receivers);
  if (delivered !== messages) throw new Error(`the core delivered ${delivered} of ${messages} messages`);
}

/** Lets one MTA hand `messages` over to others. */
export function runCore(messages: number, shape: CoreShape): CoreFigures {
  const { network, receivers } = hubAndReceivers(messages, shape);
  const beganMs = performance.now();
  const steps = network.run();
  const seconds = (performance.now() - beganMs) / 1000;
  mustHaveDelivered(receivers, messages);
  return { stepsPerS: steps / seconds, stepsPerMessage: steps / messages };
}

/**
 * Makes all `messages` wait, for the Transfer Interval (`store`) or for their mailboxes (`deliver`), and retries them at once.
 * @returns microseconds that the step of the retry takes for each message.
 */
export function runRetry(messages: number, refusal: Exclude<Refusal, null>): number {
  const { network, hub, receivers } = hubAndReceivers(messages, { receivers: 1, associations: 1, idle: 0 });
  const [receiver] = receivers as [CoreNode];
  receiver.refuses = refusal;
  network.run();
  if (deliveredBy(receivers) !== 0) throw new Error('messages were delivered that should wait');
  receiver.refuses = null;
  const tookMs = (refusal === 'store' ? hub : receiver).command({ op: 'retry' });
  network.run();
  mustHaveDelivered(receivers, messages);
  return (tookMs * 1000) / messages;
}
