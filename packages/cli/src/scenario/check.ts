/** What no single key of a scenario can show: names that must be known, and steps that do one thing. */
import { FaultSyntaxError, parseFault } from '@mtalab/sim';
import type { Path } from '../config/problems.js';
import { suggestion } from '../render/nearest.js';
import { actions, type ScenarioFile, type StepFile } from './schema.js';

export type Finding = { readonly path: Path; readonly message: string };

type Place = { readonly path: Path; readonly name: string };

function mtasNamedIn(step: StepFile, path: Path): Place[] {
  const places: Place[] = [];
  const add = (name: string | undefined, ...more: readonly (string | number)[]): void => {
    if (name !== undefined) places.push({ path: [...path, ...more], name });
  };
  add(step.submit?.at, 'submit', 'at');
  add(step.submit?.to, 'submit', 'to');
  for (const key of ['kill', 'stop', 'start'] as const) add(step[key], key);
  for (const [at, name] of (step.set?.at ?? []).entries()) add(name, 'set', 'at', at);
  for (const name of Object.keys(step.check?.queued ?? {})) add(name, 'check', 'queued', name);
  return places;
}

function checkStep(step: StepFile, path: Path, names: readonly string[], armed: Set<string>): Finding[] {
  const findings: Finding[] = [];
  const does = actions.filter((action) => step[action] !== undefined);
  if (does.length === 0) findings.push({ path, message: `a step does one of ${actions.join(', ')}; this one does none` });
  if (does.length > 1)
    findings.push({
      path,
      message: `a step does one thing, this one does ${does.join(' and ')}; make them ${does.length} steps`,
    });
  if (step.see !== undefined && Object.values(step.check ?? {}).every((value) => value === undefined))
    findings.push({ path: [...path, 'see'], message: 'nothing says how this is measured; add a check' });
  if (step.see === undefined && step.check !== undefined)
    findings.push({ path: [...path, 'check'], message: 'a check belongs to a sentence; add see' });
  for (const { path: at, name } of mtasNamedIn(step, path)) {
    if (!names.includes(name))
      findings.push({
        path: at,
        message: `there is no MTA ${name}${suggestion(name, names) || `; there are ${names.join(', ')}`}`,
      });
  }
  if (step.submit !== undefined && step.submit.at === step.submit.to)
    findings.push({ path: [...path, 'submit'], message: `mail from ${step.submit.at} to itself passes no link; name two MTAs` });
  if (step.fault !== undefined) findings.push(...checkFault(step.fault, [...path, 'fault'], names, armed));
  const asked = step.check?.fault?.name;
  if (asked !== undefined && !armed.has(asked)) {
    const message = `no step before this one arms a fault ${asked}${suggestion(asked, [...armed])}`;
    findings.push({ path: [...path, 'check', 'fault', 'name'], message });
  }
  return findings;
}

function checkFault(
  { name, does }: NonNullable<StepFile['fault']>,
  path: Path,
  names: readonly string[],
  armed: Set<string>,
): Finding[] {
  const findings: Finding[] = [];
  if (armed.has(name))
    findings.push({ path: [...path, 'name'], message: `a fault ${name} is armed before; give this one another name` });
  armed.add(name);
  try {
    parseFault(does, names);
  } catch (error) {
    if (!(error instanceof FaultSyntaxError)) throw error;
    findings.push({ path: [...path, 'does'], message: error.message });
  }
  return findings;
}

/** The findings in a file of the right shape. */
export function checkScenario(file: ScenarioFile): Finding[] {
  const findings: Finding[] = [];
  const names = file.mtas.map((mta) => mta.name);
  for (const key of ['name', 'domain'] as const) {
    const seen = new Set<string>();
    for (const [at, mta] of file.mtas.entries()) {
      const value = mta[key].toLowerCase();
      if (seen.has(value)) findings.push({ path: ['mtas', at, key], message: `two MTAs have the ${key} ${mta[key]}` });
      seen.add(value);
    }
  }
  for (const [at, name] of file.legacy.at.entries()) {
    if (!names.includes(name))
      findings.push({
        path: ['legacy', 'at', at],
        message: `there is no MTA ${name}${suggestion(name, names) || `; there are ${names.join(', ')}`}`,
      });
  }
  const armed = new Set<string>();
  for (const [at, step] of file.steps.entries()) findings.push(...checkStep(step, ['steps', at], names, armed));
  if (!file.steps.some((step) => step.see !== undefined))
    findings.push({ path: ['steps'], message: 'nothing is to be seen; add a step with see and check' });
  return findings;
}
