/** Finds, reads and checks scenario files. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConnectorSettings, Settings } from '@mtalab/mta-core';
import type { Scenario, Step } from '@mtalab/scenario';
import { ConfigError, type Problem, pathText } from '../config/problems.js';
import { type DocumentKind, distinct, problemsOf, readYaml, type Yaml } from '../config/yaml-file.js';
import { UsageError } from '../errors.js';
import { suggestionOrList } from '../render/suggestions.js';
import { type ScenarioFile, type StepFile, scenarioSchema } from './schema.js';
import { validateScenario } from './validate.js';

const kind: DocumentKind = { file: 'a scenario file', content: 'a scenario', one: 'a file holds one scenario' };

/** Folder of the scenarios that come with this package. */
const scenarioFolder = fileURLToPath(new URL('../../scenarios/', import.meta.url));

/** Names of the scenarios that come with this package: the names of their files. */
export function knownScenarios(): readonly string[] {
  if (!existsSync(scenarioFolder)) return [];
  return readdirSync(scenarioFolder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/**
 * The file of a scenario that comes with this package, such as `Q166594`.
 * @throws UsageError if there is no such scenario.
 */
export function scenarioFileOf(name: string): string {
  const known = knownScenarios();
  const found = known.find((each) => each.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return join(scenarioFolder, `${found}.yaml`);
  const upper = known.map((each) => each.toUpperCase());
  throw new UsageError(`unknown scenario ${name}${suggestionOrList(name, upper, 'the scenarios')}`);
}

function stepOf(step: StepFile): Step {
  const { advance, check, see, headline, ...rest } = step;
  const action = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  if (advance !== undefined) return { ...action, advanceMs: advance } as Step;
  if (see !== undefined) return { ...action, see, check: check ?? {}, headline } as Step;
  return action as Step;
}

function toScenario(file: ScenarioFile, written: unknown): Scenario {
  // A scenario has only the settings that its file has, without their defaults.
  const keys = Object.keys((written as { readonly settings?: object }).settings ?? {}) as (keyof Settings)[];
  const settings = Object.fromEntries(keys.map((key) => [key, file.settings[key]]));
  return {
    ...file,
    legacy: file.legacy ?? { articles: [], at: [] },
    mtas: file.mtas.map(({ settings: own, ...mta }) => ({
      ...mta,
      domain: mta.domain.toLowerCase(),
      ...(own === undefined ? {} : { settings: own as Partial<ConnectorSettings> }),
    })),
    settings,
    steps: file.steps.map(stepOf),
  };
}

/** A scenario in a document, or all that is wrong with it. */
export type CheckedScenario = { readonly scenario: Scenario } | { readonly problems: readonly Problem[] };

/** Checks the scenario in a document. */
export function checkScenario(yaml: Yaml): CheckedScenario {
  const parsed = scenarioSchema.safeParse(yaml.root);
  const problems = parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOf(issue, scenarioSchema, yaml));
  if (parsed.success) {
    for (const { path, message } of validateScenario(parsed.data)) {
      problems.push({ ...yaml.places.ofValue(path), message: `${pathText(path)}: ${message}` });
    }
  }
  if (!parsed.success || problems.length > 0) return { problems: distinct(problems) };
  return { scenario: toScenario(parsed.data, yaml.root) };
}

/**
 * Reads and checks a scenario file.
 * @throws ConfigError with every problem, one line each, if the file is unreadable or wrong.
 */
export function loadScenario(file: string): Scenario {
  const checked = checkScenario(readYaml(file, kind));
  if ('problems' in checked) throw new ConfigError(file, checked.problems);
  return checked.scenario;
}
