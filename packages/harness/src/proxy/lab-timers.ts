/** Timers of the fault proxy on the clock of its lab: when the clock changes its scale, what waits is set again. */
import type { LabClock } from '@mtalab/transport';

/** The clock for delays. */
export type ProxyClock = {
  /** Calls `run` after `labMs` of lab time. Returns a function that cancels it. */
  after(labMs: number, run: () => void): () => void;
};

type Waiting = { readonly atMs: number; readonly run: () => void; timer: NodeJS.Timeout };

export function labTimers(clock: LabClock): ProxyClock {
  const waiting = new Set<Waiting>();
  const fire = (each: Waiting): void => {
    const leftMs = clock.realDelayUntil(each.atMs);
    if (leftMs > 0) {
      each.timer = setTimeout(fire, leftMs, each);
      return;
    }
    waiting.delete(each);
    each.run();
  };
  clock.onLine(() => {
    for (const each of waiting) {
      clearTimeout(each.timer);
      each.timer = setTimeout(fire, clock.realDelayUntil(each.atMs), each);
    }
  });
  return {
    after(labMs, run) {
      const atMs = clock.nowMs() + labMs;
      const each: Waiting = { atMs, run, timer: setTimeout(() => fire(each), clock.realDelayUntil(atMs)) };
      waiting.add(each);
      return () => {
        clearTimeout(each.timer);
        waiting.delete(each);
      };
    },
  };
}
