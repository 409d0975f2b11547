/** A simulation: a phase with load and faults, a phase without, and the rules all the way. */
import { ContentMismatch } from '@mtalab/engine';
import { describeInput } from '@mtalab/trace';
import { type Breach, type RuleVerdict, Violation, verdictOf } from '../rules/catalogue.js';
import type { MailCounts } from '../rules/mail.js';
import { type FaultCounts, type SimFault, simFaultText } from './faults/kinds.js';
import { DrawnFaults, type FaultSource, PlannedFaults } from './faults/source.js';
import { isSeed, type SimOptionsGiven, simOptions } from './options.js';
import { drawRatios, drawSetup, type SimPlan, type SimSetup } from './plan.js';
import { World, type WorldHooks } from './world.js';

/** After the faults everything must be at rest within this: longer than all retries of any setting together. */
const liveMs = 26 * 3600 * 1000;

export type SimResult = {
  readonly seed: number;
  readonly ok: boolean;
  /** The first rule that was broken. */
  readonly verdict: RuleVerdict | null;
  /** Steps of MTAs: each leads to a state. */
  readonly states: number;
  readonly events: number;
  readonly virtualMs: number;
  /** Things sent on connections. */
  readonly sent: number;
  readonly mail: MailCounts;
  readonly faults: FaultCounts;
  /** The run as data: `simulatePlan` repeats it. */
  readonly plan: SimPlan;
};

/**
 * Run one seed.
 * @throws RangeError for options or a seed out of range. A broken rule is no error: it is the result's verdict.
 */
export function simulate(given: SimOptionsGiven, seed: number, hooks: WorldHooks = {}): SimResult {
  if (!isSeed(seed)) throw new RangeError('a seed is a whole number from 0 to 2^53 - 1');
  const options = simOptions(given);
  const setup = drawSetup(options, seed);
  return run(setup, new DrawnFaults(seed, options.mtas, drawRatios(options, seed)), hooks);
}

/** Run a plan: the same one gives the same journal. */
export function simulatePlan(plan: SimPlan, hooks: WorldHooks = {}): SimResult {
  const { faults, ...setup } = plan;
  return run(setup, new PlannedFaults(faults), hooks);
}

function run(setup: SimSetup, source: FaultSource, hooks: WorldHooks): SimResult {
  const world = new World(setup, source, hooks);
  let verdict: RuleVerdict | null = null;
  try {
    phases(world);
  } catch (error) {
    const breach = breachOf(error);
    const { doing } = world;
    const event =
      doing === null ? undefined : `${doing.node.name} ${doing.input.type === 'start' ? 'start' : describeInput(doing.input)}`;
    verdict = verdictOf({ ...breach, ...(event === undefined || breach.event !== undefined ? {} : { event }) }, world.nowMs);
  }
  return {
    seed: setup.seed,
    ok: verdict === null,
    verdict,
    states: world.steps,
    events: world.events,
    virtualMs: world.nowMs,
    sent: world.network.sent,
    mail: world.watch.mail.counts(),
    faults: world.counts,
    plan: { ...setup, faults: world.faults },
  };
}

/** The broken rule behind an error. @throws the error itself where no rule was broken. */
function breachOf(error: unknown): Breach {
  if (error instanceof Violation) return error.breach;
  if (error instanceof ContentMismatch) return { rule: 'content', detail: error.message };
  throw error;
}

function phases(world: World): void {
  const { safetyMs, submissions } = world.setup;
  for (let next = world.nextAtMs(); next !== null && next < safetyMs; next = world.nextAtMs()) {
    world.advance();
    if (world.busy === 0) world.watch.quiet();
  }
  world.nowMs = safetyMs;
  world.endFaults();
  const endMs = safetyMs + liveMs;
  const mostEvents = world.events + 200_000 + 2000 * world.nodes.length + 5000 * submissions.length;
  for (let next = world.nextAtMs(); next !== null && next <= endMs; next = world.nextAtMs()) {
    world.advance();
    if (world.busy === 0) world.watch.quiet();
    if (world.events > mostEvents) break;
  }
  world.doing = null;
  world.watch.atEnd();
  if (world.pending > 0) {
    const detail = `After ${Math.round((world.nowMs - safetyMs) / 1000)} s without faults there is still no rest.`;
    throw new Violation({ rule: 'time-moves', detail });
  }
}

/** The faults of a run, one line each. */
export function faultsText(faults: readonly SimFault[]): readonly string[] {
  return faults.map(simFaultText);
}
