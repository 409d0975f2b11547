/** Ctrl-C, SIGTERM, and the end of the terminal. */
import { exitCodes } from './errors.js';

/** With the code a shell expects of each. */
const exitCodeOf: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 129,
  SIGINT: exitCodes.interrupted,
  SIGTERM: 143,
};
const signals = Object.keys(exitCodeOf) as NodeJS.Signals[];

export type Interrupt = {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Asks for the orderly end as a first signal does. */
  readonly trigger: () => void;
  /** Listen no more. */
  readonly dispose: () => void;
};

/**
 * The first SIGINT, SIGTERM or SIGHUP asks for an orderly end; a second one ends the process at once, with the code a
 * shell expects of a signal.
 */
export function onInterrupt(also?: AbortSignal): Interrupt {
  const controller = new AbortController();
  const handler = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(exitCodeOf[name]);
    controller.abort();
  };
  const gone = (): void => controller.abort();
  for (const name of signals) process.on(name, handler);
  if (also?.aborted === true) gone();
  also?.addEventListener('abort', gone, { once: true });
  return {
    signal: controller.signal,
    trigger: gone,
    dispose: () => {
      for (const name of signals) process.off(name, handler);
      also?.removeEventListener('abort', gone);
    },
  };
}

/** Resolves when aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
