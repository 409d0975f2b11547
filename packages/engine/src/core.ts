/** The functions of the core that the engine calls. */
import { nextDeadline, start, step } from '@mtalab/mta-core';

/** Others can take the place of the real ones, such as those of a core with a planted fault. */
export type EngineCore = {
  readonly start: typeof start;
  readonly step: typeof step;
  readonly nextDeadline: typeof nextDeadline;
};

export const realCore: EngineCore = { start, step, nextDeadline };
