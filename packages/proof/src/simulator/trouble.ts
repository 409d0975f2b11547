/** The effects of faults on one node, and how long they last. They outlive the process unless a comment says otherwise. */
export type Trouble = {
  /** Until this instant each commit takes up to this much longer, ms. */
  slowUntilMs: number;
  slowByMs: number;
  /** After an orderly stop: when the process starts again, ms. */
  restartAfterMs: number;
  /** A listen of the present process has failed. */
  crippled: boolean;
  /** Names of contents: a connection is lost each time this node sends one. */
  readonly poisonous: Set<string>;
};

/** How soon a process starts again after an orderly stop, ms, unless a fault says otherwise. */
const usualRestartMs = 1000;

export function noTrouble(): Trouble {
  return { slowUntilMs: 0, slowByMs: 0, restartAfterMs: usualRestartMs, crippled: false, poisonous: new Set() };
}

/** The faults are over. The process must still find out itself that its adapter works again. */
export function endTrouble(trouble: Trouble): void {
  trouble.slowUntilMs = 0;
  trouble.restartAfterMs = usualRestartMs;
}
