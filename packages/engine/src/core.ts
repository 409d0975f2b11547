/** The functions of the core that the engine calls. */
import { nextDeadline, start, step } from '@mtalab/mta-core';

/** A user can replace the real functions, for example with those of a core with a planted fault. */
export type EngineCore = {
  readonly start: typeof start;
  readonly step: typeof step;
  readonly nextDeadline: typeof nextDeadline;
};

export const realCore: EngineCore = { start, step, nextDeadline };
