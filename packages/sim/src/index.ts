/** The public entry of the simulator, the checker, the journal and the ladder. Runs in a browser. */
export { check, reachable } from './check/check.js';
export { type EnvironmentName, environmentNames, environmentWords } from './check/environment.js';
export { type AbstractMoves, abstractMoves, type SeenConnection, type SeenState } from './check/graph.js';
export type {
  CheckBounds,
  CheckedCore,
  CheckOptions,
  CheckProgress,
  CheckResult,
  Counterexample,
  PropertyVerdict,
  StoryLine,
} from './check/options.js';
export { storyText } from './check/story.js';

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
} from './faults/kinds.js';
export { describeEffect, describeInput } from './journal/describe.js';
export type { JournalEntry, JournalStart, LocatedEntry } from './journal/entry.js';
export { JournalError, JournalReader, readJournalText } from './journal/read.js';
export { type ReplayCore, type Replayed, Replayer } from './journal/replay.js';
export { type Difference, JournalVerifier, type Verification, verifyJournal } from './journal/verify.js';
export { ladderMermaid, ladderPlantUml } from './ladder/diagram.js';
export { folded, withShortOpenings } from './ladder/fold.js';
export { isNote, type LadderLine, ladderLine, ladderLineFrom, nodesOf, noteLine } from './ladder/line.js';
export { ladderOf } from './ladder/link.js';
export { mergeTrails } from './ladder/merge.js';
export { ladderShiViz, shivizExpression } from './ladder/shiviz.js';
export { ladderAsText, ladderText, type TextOptions } from './ladder/text.js';
export { LadderError, type Moment, type PduMoment, Trail, Trails } from './ladder/trail.js';
export { type Finding, type RuleId, rules, type Verdict, Violation, verdictOf, verdictText } from './rules/catalogue.js';
export { beyondLimits, entryBeyondLimits, leftOver, tableBeyondLimits, thresholdBroken, undrained } from './rules/limits.js';
export { type MailCounts, MailLedger } from './rules/mail.js';
export { incarnationBroken, recoveryBroken } from './rules/recovery.js';
export { noHolder, twoHolders, unduePdus } from './rules/turn.js';
export { type AssociationSide, type JoinedAssociation, joinAssociations } from './scenario/associations.js';
export { type CaseCounts, countsOf } from './scenario/counts.js';
export { faultKinds, kindsOf } from './scenario/faults/kinds.js';
export { describeFault, type FaultSpec, parseFault } from './scenario/faults/language.js';
export { learn } from './scenario/faults/learn.js';
export { type Fate, type LinkPdu, withoutContent } from './scenario/faults/link.js';
export { type ArmedFault, endAction, type FaultHandle, FaultPlan, type FaultState } from './scenario/faults/plan.js';
export { type Chance, chance } from './scenario/faults/random.js';
export { FaultSyntaxError } from './scenario/faults/words.js';
export {
  type Bound,
  type Check,
  type CheckKey,
  type Mode,
  modes,
  type Scenario,
  type ScenarioBinding,
  type ScenarioMta,
  type Step,
} from './scenario/model.js';
export {
  type CaseResult,
  caseResult,
  casesOf,
  type Observation,
  type Played,
  type ScenarioResult,
  scenarioResult,
} from './scenario/result.js';
export { runSteps, ScenarioEnded, type StepsOptions } from './scenario/run.js';
export type { LoggedEvent, Stage, StageExit, StageMessage } from './scenario/stage.js';
export { VirtualLab, type VirtualLabOptions } from './scenario/virtual/lab.js';
export { Listeners } from './scenario/virtual/listeners.js';
export { VirtualLabError } from './scenario/virtual/node.js';
export { runOnSim, type VirtualOptions, type VirtualRecord } from './scenario/virtual/run.js';
export { type ShrinkOptions, type Shrunk, shrink, shrinkPlan } from './shrink/shrink.js';
export {
  defaultSimOptions,
  isSeed,
  mostMtas,
  type SimOptions,
  type SimOptionsGiven,
  simOptions,
  simOptionsText,
  type Topology,
  topologies,
} from './simulate/options.js';
export type { NetworkDelays, PlannedSubmission, SimPlan, SimSetup } from './simulate/plan.js';
export type { Ratio } from './simulate/random.js';
export { faultsText, type SimResult, simulate, simulatePlan } from './simulate/simulate.js';
export type { SimCore, WorldHooks } from './world/world.js';
