/**
 * Limits in real time for waits on other processes. They keep a supervisor from waiting for ever. The timers of the protocol
 * run on the lab's clock, inside the MTAs.
 */
import { HarnessTimeout } from './errors.js';

/**
 * Waits for a promise, at most `timeoutMs` of real time.
 * @param describe gives the message of the timeout. It may look things up, within two seconds.
 * @throws HarnessTimeout after the limit.
 */
export async function within<T>(awaited: Promise<T>, timeoutMs: number, describe: () => string | Promise<string>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof tooLate>((resolve) => {
    timer = setTimeout(() => resolve(tooLate), timeoutMs);
  });
  try {
    const first = await Promise.race([awaited, late]);
    if (first !== tooLate) return first;
  } finally {
    clearTimeout(timer);
  }
  // A later failure must not become an unhandled rejection.
  awaited.catch(() => {});
  throw new HarnessTimeout(await briefly(describe));
}

const tooLate = Symbol('too late');

/** The description, or a fallback after two seconds. */
async function briefly(describe: () => string | Promise<string>): Promise<string> {
  const text = Promise.resolve(describe()).catch(() => 'a time limit passed');
  let timer: NodeJS.Timeout | undefined;
  const fallback = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('a time limit passed, and the processes do not answer'), 2000);
  });
  try {
    return await Promise.race([text, fallback]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after a time, or at once when the signal aborts. Real time: for polls and displays, never for the protocol. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** A duration as text: `1.5 s`, `200 ms`. */
export function durationText(ms: number): string {
  return ms >= 1000 ? `${Number((ms / 1000).toFixed(1))} s` : `${ms} ms`;
}
