/** The public entry of scenarios: their model, the fault language and the checks. Runs in a browser. */
export { type AssociationSide, type JoinedAssociation, type JoinedSide, joinAssociations } from './associations.js';
export { type CaseCounts, countsOf } from './case-counts.js';
export { counted } from './counted.js';
export { faultKindGroups, faultKinds, type PduStart } from './faults/fault-kinds.js';
export { describeFault, type FaultSpec, parseFault } from './faults/fault-language.js';
export { type ArmedFault, endAction, type FaultHandle, FaultPlan, type FaultState } from './faults/fault-plan.js';
export { FaultSyntaxError } from './faults/fault-words.js';
export { learn } from './faults/learn-association.js';
export { type Chance, chance } from './faults/seeded-chance.js';
export {
  type Bound,
  type Check,
  type CheckKey,
  type Mode,
  modes,
  type NetworkState,
  networkStates,
  type Scenario,
  type ScenarioBinding,
  type ScenarioMta,
  type ScenarioNeighbours,
  type Step,
} from './model.js';
export {
  type CaseResult,
  caseResult,
  casesOf,
  type Observation,
  type Played,
  type ScenarioResult,
  scenarioResult,
} from './result.js';
export { runSteps, ScenarioEnded, type StepsOptions } from './run-steps.js';
export type { LoggedEvent, Stage, StageExit, StageMessage } from './stage.js';
export { firstHops, linksOf, type Neighbour, neighboursOf, type ScenarioLab, type Topology } from './topology.js';
export {
  explainWaits,
  keepsBack,
  type LabReason,
  type LabSights,
  type LabWait,
  type MtaSight,
  type RawAssociation,
  type WaitExplanation,
} from './waits.js';
