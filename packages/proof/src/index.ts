/** The public entry of the proofs: the rules, the seeded simulator and the exhaustive checker. Runs in a browser. */

export { type AbstractMoves, abstractMoves, type SeenConnection, type SeenState } from './checker/abstract-moves.js';
export { check, reachable } from './checker/check.js';
export { type EnvironmentName, environmentNames, environmentWords } from './checker/environment.js';
export type {
  CheckBounds,
  CheckedCore,
  CheckOptions,
  CheckProgress,
  CheckResult,
  Counterexample,
  PropertyVerdict,
  StoryLine,
} from './checker/options.js';
export { storyText } from './checker/story.js';
export { type Breach, type RuleId, type RuleVerdict, rules, Violation, verdictOf, verdictText } from './rules/catalogue.js';
export { beyondLimits, entryBeyondLimits, leftOver, tableBeyondLimits, thresholdBroken, undrained } from './rules/limits.js';
export { type MailCounts, MailLedger } from './rules/mail.js';
export { incarnationBroken, recoveryBroken } from './rules/recovery.js';
export { noHolder, twoHolders, unduePdus } from './rules/turn.js';
export {
  type FaultCounts,
  type FaultInfo,
  infoOf,
  type Opportunity,
  type SimFault,
  type SimFaultKind,
  simFaultKinds,
  simFaults,
  simFaultText,
} from './simulator/faults/fault-kinds.js';
export {
  defaultSimOptions,
  isSeed,
  maxMtas,
  type SimLink,
  type SimOptions,
  type SimOptionsGiven,
  simOptions,
  simOptionsText,
  type Topology,
  topologies,
} from './simulator/options.js';
export type { NetworkDelays, PlannedSubmission, SimPlan, SimSetup } from './simulator/run-plan.js';
export type { Ratio } from './simulator/seeded-random.js';
export { type ShrinkOptions, type Shrunk, shrink, shrinkPlan } from './simulator/shrink.js';
export { faultsText, type SimResult, simulate, simulatePlan } from './simulator/simulate.js';
export type { SimHooks } from './simulator/simulation.js';
