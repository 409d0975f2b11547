/** Ends a command in order on Ctrl-C, on SIGTERM, and when its terminal closes. */
import { exitCodes } from './errors.js';

/** The exit code that a shell expects of each signal. */
const exitCodeOf: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 129,
  SIGINT: exitCodes.interrupted,
  SIGTERM: 143,
};
const signals = Object.keys(exitCodeOf) as NodeJS.Signals[];

export type Interrupt = {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Does what a first signal does. */
  readonly trigger: () => void;
  /** Stops listening. */
  readonly dispose: () => void;
};

/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP, or when `also` aborts. A second signal ends the process at once.
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

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
