/** Runs the steps of a scenario on a stage. */

import { countsOf } from './case-counts.js';
import type { Mode, Scenario, Step } from './model.js';
import { look, type RunState } from './observe.js';
import type { Observation, Played } from './result.js';
import type { Stage, StageMessage } from './stage.js';

/** The domain of an MTA of the scenario. */
function domainIn(scenario: Scenario, name: string): string {
  return scenario.mtas.find((mta) => mta.name === name)?.domain ?? name;
}

/** The same messages wherever the scenario runs, octet for octet. */
function* messagesOf(scenario: Scenario, { at, to, count, priority, sizeBytes }: SubmitOrder): Iterable<StageMessage> {
  const originator = `sender@${domainIn(scenario, at)}`;
  const recipient = `user@${domainIn(scenario, to)}`;
  for (let number = 1; number <= count; number += 1) {
    const head = `From: ${originator}\r\nTo: ${recipient}\r\nSubject: ${number} of ${count}\r\n\r\nHello.\r\n`;
    const missing = (sizeBytes ?? 0) - head.length;
    const content = missing > 0 ? head + 'x'.repeat(missing) : head;
    yield { originator, recipients: [recipient], priority, content };
  }
}

type SubmitOrder = Extract<Step, { readonly submit: unknown }>['submit'];

async function perform(scenario: Scenario, stage: Stage, state: RunState, step: Step): Promise<Observation | null> {
  if ('see' in step) {
    const { ok, seen } = await look(stage, state, step.check);
    return { says: step.see, ok, seen, ...(step.headline === true ? { headline: true } : {}) };
  }
  if ('submit' in step) {
    for (const message of messagesOf(scenario, step.submit)) await stage.submit(step.submit.at, message);
  } else if ('fault' in step) state.faults.set(step.fault.name, stage.fault(step.fault.does));
  else if ('release' in step) stage.release();
  else if ('heal' in step) stage.heal();
  else if ('cut' in step) stage.cut();
  else if ('network' in step) await stage.network(step.network);
  else if ('advanceMs' in step) await stage.advanceBy(step.advanceMs);
  else if ('kill' in step) await stage.kill(step.kill);
  else if ('stop' in step) await stage.stop(step.stop);
  else if ('start' in step) await stage.start(step.start);
  else if ('set' in step) await stage.set(step.set.article, step.set.mode, step.set.at ?? scenario.mtas.map((mta) => mta.name));
  else if ('mark' in step) await mark(scenario, stage, state);
  else await ordered(stage, step);
  await stage.settle();
  return null;
}

type Ordered = Extract<
  Step,
  { readonly attempt: unknown } | { readonly restart: unknown } | { readonly bindings: unknown } | { readonly retry: unknown }
>;

/** Steps that an operator takes at one MTA. */
async function ordered(stage: Stage, step: Ordered): Promise<void> {
  if ('attempt' in step) await stage.attempt(step.attempt);
  else if ('retry' in step) await stage.retry(step.retry);
  else if ('bindings' in step) {
    const { at, ...wish } = step.bindings;
    await stage.bindings(at, wish);
  } else {
    await stage.stop(step.restart);
    await stage.start(step.restart);
  }
}

async function mark(scenario: Scenario, stage: Stage, state: RunState): Promise<void> {
  state.marked = await stage.delivered();
  for (const { name } of scenario.mtas) state.logged.set(name, (await stage.events(name)).length);
}

export type StepsOptions = {
  readonly tell?: ((text: string) => void) | undefined;
  /** Checked before each step; true ends the scenario. */
  readonly ended?: (() => boolean) | undefined;
  /** Called after each step of the case, with its observation. The next step waits for it. */
  readonly after?: ((step: Step, observation: Observation | null) => Promise<void>) | undefined;
};

/** Thrown if the caller ends the scenario before its last step. */
export class ScenarioEnded extends Error {
  override readonly name = 'ScenarioEnded';

  constructor() {
    super('the scenario was ended before its last step');
  }
}

/**
 * Runs all steps of this case.
 * @returns the observations, and the figures at the end.
 * @throws ScenarioEnded
 */
export async function runSteps(
  scenario: Scenario,
  mode: Mode,
  stage: Stage,
  { tell, ended, after }: StepsOptions = {},
): Promise<Played> {
  const state: RunState = { faults: new Map(), marked: 0, logged: new Map() };
  const observations: Observation[] = [];
  for (const step of scenario.steps) {
    if (step.only !== undefined && step.only !== mode) continue;
    if (ended?.() === true) throw new ScenarioEnded();
    if (step.say !== undefined) tell?.(step.say);
    const observation = await perform(scenario, stage, state, step);
    if (observation !== null) observations.push(observation);
    await after?.(step, observation);
  }
  return {
    observations,
    counts: await countsOf(
      stage,
      scenario.mtas.map((mta) => mta.name),
    ),
  };
}
