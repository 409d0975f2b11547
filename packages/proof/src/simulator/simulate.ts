/** Runs a simulation: a phase with load and faults, then a phase without; the rules apply in both. */
import { ContentMismatch, RestlessTimer } from '@mtalab/engine';
import { describeInput } from '@mtalab/trace';
import { type Breach, type RuleVerdict, Violation, verdictOf } from '../rules/catalogue.js';
import type { MailCounts } from '../rules/mail.js';
import { type FaultCounts, type SimFault, simFaultText } from './faults/fault-kinds.js';
import { DrawnFaults, type FaultSource, PlannedFaults } from './faults/fault-source.js';
import { isSeed, type SimOptionsGiven, simOptions } from './options.js';
import { drawRatios, drawSetup, type SimPlan, type SimSetup } from './run-plan.js';
import { type SimHooks, Simulation } from './simulation.js';

/** After the faults the lab must be at rest within this time, ms: longer than all retries of any setting together. */
const liveMs = 26 * 3600 * 1000;

export type SimResult = {
  readonly seed: number;
  readonly ok: boolean;
  /** The first broken rule. */
  readonly verdict: RuleVerdict | null;
  /** Number of steps of the MTAs; each step leads to a state. */
  readonly states: number;
  readonly events: number;
  readonly virtualMs: number;
  /** Number of items sent on connections. */
  readonly sent: number;
  readonly mail: MailCounts;
  readonly faults: FaultCounts;
  /** The run as data: `simulatePlan` repeats it. */
  readonly plan: SimPlan;
};

/**
 * Runs one seed.
 * @throws RangeError for options or a seed out of range. A broken rule is not an error: the result has it as verdict.
 */
export function simulate(given: SimOptionsGiven, seed: number, hooks: SimHooks = {}): SimResult {
  if (!isSeed(seed)) throw new RangeError('a seed is a whole number from 0 to 2^53 - 1');
  const options = simOptions(given);
  const setup = drawSetup(options, seed);
  return run(setup, new DrawnFaults(seed, options.mtas, drawRatios(options, seed)), hooks);
}

/** Runs a plan: the same plan gives the same journal. */
export function simulatePlan(plan: SimPlan, hooks: SimHooks = {}): SimResult {
  const { faults, ...setup } = plan;
  return run(setup, new PlannedFaults(faults), hooks);
}

function run(setup: SimSetup, source: FaultSource, hooks: SimHooks): SimResult {
  const simulation = new Simulation(setup, source, hooks);
  const { engine } = simulation;
  let verdict: RuleVerdict | null = null;
  try {
    phases(simulation);
  } catch (error) {
    const breach = breachOf(error);
    const { doing } = engine;
    const event =
      doing === null ? undefined : `${doing.node.name} ${doing.input.type === 'start' ? 'start' : describeInput(doing.input)}`;
    verdict = verdictOf({ ...breach, ...(event === undefined || breach.event !== undefined ? {} : { event }) }, engine.nowMs);
  }
  return {
    seed: setup.seed,
    ok: verdict === null,
    verdict,
    states: engine.steps,
    events: engine.events,
    virtualMs: engine.nowMs,
    sent: engine.network.sent,
    mail: simulation.watch.mail.counts(),
    faults: simulation.counts,
    plan: { ...setup, faults: simulation.faults },
  };
}

/** The broken rule behind an error. @throws the error itself if it shows no broken rule. */
function breachOf(error: unknown): Breach {
  if (error instanceof Violation) return error.breach;
  if (error instanceof ContentMismatch) return { rule: 'content', detail: error.message };
  if (error instanceof RestlessTimer) {
    return { rule: 'time-moves', mta: error.node.name, detail: `Its timer fires ${error.firings} times at one instant.` };
  }
  throw error;
}

function phases(simulation: Simulation): void {
  const { engine, watch } = simulation;
  const { safetyMs, submissions } = simulation.setup;
  const advance = (): void => {
    engine.step();
    if (engine.busy === 0) watch.quiet();
  };
  for (let next = engine.next; next !== undefined && next.atMs < safetyMs; next = engine.next) advance();
  engine.passTo(safetyMs);
  simulation.endFaults();
  const endMs = safetyMs + liveMs;
  const maxEvents = engine.events + 200_000 + 2000 * engine.nodes.length + 5000 * submissions.length;
  for (let next = engine.next; next !== undefined && next.atMs <= endMs; next = engine.next) {
    advance();
    if (engine.events > maxEvents) break;
  }
  engine.doing = null;
  watch.atEnd();
  if (engine.pending > 0) {
    const detail = `After ${Math.round((engine.nowMs - safetyMs) / 1000)} s without faults the lab is still not at rest.`;
    throw new Violation({ rule: 'time-moves', detail });
  }
}

/** The faults of a run, one line each. */
export function faultsText(faults: readonly SimFault[]): readonly string[] {
  return faults.map(simFaultText);
}
