/** The public entry of scenarios: their model, the fault language and the checks. Runs in a browser. */
export { type AssociationSide, type JoinedAssociation, joinAssociations } from './associations.js';
export { type CaseCounts, countsOf } from './counts.js';
export { faultKinds, kindsOf } from './faults/kinds.js';
export { describeFault, type FaultSpec, parseFault } from './faults/language.js';
export { learn } from './faults/learn.js';
export { type ArmedFault, endAction, type FaultHandle, FaultPlan, type FaultState } from './faults/plan.js';
export { type Chance, chance } from './faults/seeded-chance.js';
export { FaultSyntaxError } from './faults/words.js';
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
export { runSteps, ScenarioEnded, type StepsOptions } from './run.js';
export type { LoggedEvent, Stage, StageExit, StageMessage } from './stage.js';
export { counted } from './words.js';
