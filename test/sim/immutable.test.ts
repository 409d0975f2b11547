/**
 * A state never changes after the step that made it. The checker keeps states and compares them, so a step that wrote into an older state
 * would make its proofs worthless. Each state here is frozen, so such a write throws.
 */
import type { EngineCore } from '@mtalab/engine';
import { nextDeadline, start, step } from '@mtalab/mta-core';
import { simulate, verdictText } from '@mtalab/proof';
import { test } from 'tap';
import { grounds } from '../mutants/mutant.js';

/** Freezes plain data. What is frozen already was frozen as a whole. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) frozen(part);
  return value;
}

const frozenCore: EngineCore = {
  start: (config, recovered, nowMs) => frozen(start(frozen(config), frozen(recovered), nowMs)),
  step: (mta, input, nowMs) => frozen(step(mta, frozen(input), nowMs)),
  nextDeadline,
};

test('a step writes into no earlier state, no input and no effect of an earlier step', async (t) => {
  for (const [name, ground] of Object.entries(grounds)) {
    for (let seed = 1; seed <= 3; seed += 1) {
      const { verdict } = simulate(ground, seed, { core: frozenCore });
      t.equal(verdict === null ? null : verdictText(verdict), null, `'${name}', seed ${seed}`);
    }
  }
});

test('a core that writes into an earlier state is found', async (t) => {
  const core: EngineCore = {
    ...frozenCore,
    step: (mta, input, nowMs) => {
      const stepped = frozenCore.step(mta, input, nowMs);
      (mta as { queuedCopies: number }).queuedCopies = stepped.mta.queuedCopies;
      return stepped;
    },
  };
  const { verdict } = simulate({}, 1, { core });
  t.equal(verdict?.rule, 'total');
  t.match(verdict?.detail, /read only property 'queuedCopies'/);
});
