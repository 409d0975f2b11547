/** Ctrl-C and SIGTERM. */

export type Interrupt = {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Asks for the orderly end as a first signal does. */
  readonly trigger: () => void;
  /** Listen no more. */
  readonly dispose: () => void;
};

/**
 * The first SIGINT or SIGTERM asks for an orderly end; a second one ends the process at once, with the code a shell
 * expects of a signal.
 */
export function onInterrupt(also?: AbortSignal): Interrupt {
  const controller = new AbortController();
  const handler = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143);
    controller.abort();
  };
  const gone = (): void => controller.abort();
  process.on('SIGINT', handler);
  process.on('SIGTERM', handler);
  if (also?.aborted === true) gone();
  also?.addEventListener('abort', gone, { once: true });
  return {
    signal: controller.signal,
    trigger: gone,
    dispose: () => {
      process.off('SIGINT', handler);
      process.off('SIGTERM', handler);
      also?.removeEventListener('abort', gone);
    },
  };
}

/** Resolves after a time, or at once when aborted. Real time: for the pace of a display, never for the protocol. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** Resolves when aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
