/** What faults have done to one node, and how long it lasts. Outlives the process where nothing else is said. */
export type Trouble = {
  /** Until then each commit takes up to so much longer, ms. */
  slowUntilMs: number;
  slowByMs: number;
  /** After a stop in order: when the process is started again, ms. */
  restartAfterMs: number;
  /** An address could not be listened on in this life of the process. */
  crippled: boolean;
};

/** How soon a process that has stopped in order starts again, where no fault says otherwise. */
const usualRestartMs = 1000;

export function noTrouble(): Trouble {
  return { slowUntilMs: 0, slowByMs: 0, restartAfterMs: usualRestartMs, crippled: false };
}

/** The faults are over. The process itself still has to find that its adapter works again. */
export function endTrouble(trouble: Trouble): void {
  trouble.slowUntilMs = 0;
  trouble.restartAfterMs = usualRestartMs;
}
