/** What no single key of a scenario can show: names that must be known, and steps that do one thing. */
import { listeningClash } from '@mtalab/harness';
import { type EventId, eventsById, wishedBindings } from '@mtalab/mta-core';
import { FaultSyntaxError, faultKinds, parseFault } from '@mtalab/scenario';
import { bindingFindings } from '../config/binding-clashes.js';
import type { Path } from '../config/problems.js';
import { suggestion } from '../render/suggestions.js';
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
  for (const key of ['kill', 'stop', 'start', 'attempt', 'restart', 'retry'] as const) add(step[key], key);
  add(step.bindings?.at, 'bindings', 'at');
  for (const [at, name] of (step.set?.at ?? []).entries()) add(name, 'set', 'at', at);
  for (const key of ['queued', 'up'] as const)
    for (const name of Object.keys(step.check?.[key] ?? {})) add(name, 'check', key, name);
  for (const key of ['events', 'eventsInOrder', 'exit'] as const) add(step.check?.[key]?.at, 'check', key, 'at');
  add(step.check?.passed?.from, 'check', 'passed', 'from');
  return places;
}

/** What is asked of event logs: entries that there are, with parameters that they have. */
function eventFindings(check: NonNullable<StepFile['check']>, path: Path): Finding[] {
  const findings: Finding[] = [];
  const known = (id: number, ...at: Path): void => {
    if (!Object.hasOwn(eventsById, id))
      findings.push({ path: [...path, ...at], message: `no event ${id} is ever logged; docs/events.md lists those there are` });
  };
  if (check.events !== undefined) {
    const { id, params } = check.events;
    known(id, 'events', 'id');
    const has = Object.keys(eventsById[id as EventId]?.labels ?? {});
    for (const key of Object.hasOwn(eventsById, id) ? Object.keys(params ?? {}) : []) {
      if (has.includes(key)) continue;
      const what = has.length === 0 ? '; it has none' : suggestion(key, has) || `; it has ${has.join(', ')}`;
      findings.push({ path: [...path, 'events', 'params', key], message: `event ${id} has no parameter ${key}${what}` });
    }
  }
  for (const [at, id] of (check.eventsInOrder?.ids ?? []).entries()) {
    known(id, 'eventsInOrder', 'ids', at);
    if (id === check.eventsInOrder?.ids[at - 1])
      findings.push({
        path: [...path, 'eventsInOrder', 'ids', at],
        message: `${id} stands here twice in a row; one stands for any number of entries`,
      });
  }
  return findings;
}

/** Bindings are named as the MTA has them. */
function bindingChangeFindings(
  { at, ...wish }: NonNullable<StepFile['bindings']>,
  path: Path,
  mtas: ScenarioFile['mtas'],
): Finding[] {
  const mta = mtas.find((each) => each.name === at);
  if (mta === undefined) return [];
  const given = mta.bindings ?? [{ address: '127.0.0.1' }];
  const bindings = given.map(({ address, port = 0, label = '' }, id) => ({ id, address, port, label, enabled: true }));
  const lists = Object.entries(wish).flatMap(([key, list]) => (list === undefined ? [] : [[key, list] as const]));
  if (lists.length === 0) return [{ path, message: 'this changes nothing; add order, enable or disable' }];
  return lists.flatMap(([key, list]) => {
    const wished = list.map((name) => wishedBindings(bindings, { order: [name] }));
    const wrong = wished.flatMap((message, place) =>
      typeof message === 'string' ? [{ path: [...path, key, place], message }] : [],
    );
    const together = wrong.length > 0 ? [] : wishedBindings(bindings, { order: list });
    return typeof together === 'string' ? [{ path: [...path, key], message: together }] : wrong;
  });
}

function stepFindings(step: StepFile, path: Path, { mtas }: ScenarioFile, armed: Set<string>): Finding[] {
  const names = mtas.map((mta) => mta.name);
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
  if (step.see === undefined && step.headline !== undefined)
    findings.push({ path: [...path, 'headline'], message: 'a headline is something seen; add see' });
  for (const { path: at, name } of mtasNamedIn(step, path)) {
    if (!names.includes(name))
      findings.push({
        path: at,
        message: `there is no MTA ${name}${suggestion(name, names) || `; there are ${names.join(', ')}`}`,
      });
  }
  if (step.submit !== undefined && step.submit.at === step.submit.to)
    findings.push({ path: [...path, 'submit'], message: `mail from ${step.submit.at} to itself passes no link; name two MTAs` });
  if (step.check !== undefined) findings.push(...eventFindings(step.check, [...path, 'check']));
  if (step.bindings !== undefined) findings.push(...bindingChangeFindings(step.bindings, [...path, 'bindings'], mtas));
  if (step.fault !== undefined) findings.push(...faultFindings(step.fault, [...path, 'fault'], names, armed));
  const kind = step.check?.passed?.kind;
  if (kind !== undefined && !faultKinds.includes(kind)) {
    const message = `there is no kind of PDU, APDU or operation ${kind}${suggestion(kind, faultKinds) || `; there are ${faultKinds.join(', ')}`}`;
    findings.push({ path: [...path, 'check', 'passed', 'kind'], message });
  }
  const asked = step.check?.fault?.name;
  if (asked !== undefined && !armed.has(asked)) {
    const message = `no step before this one arms a fault ${asked}${suggestion(asked, [...armed])}`;
    findings.push({ path: [...path, 'check', 'fault', 'name'], message });
  }
  return findings;
}

function faultFindings(
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

/** An MTA that is down cannot be told much, and one without a binding that is enabled listens nowhere. */
function mtaFindings({ mtas }: ScenarioFile): Finding[] {
  const findings: Finding[] = [];
  for (const [at, { bindings = [] }] of mtas.entries()) {
    const path = ['mtas', at, 'bindings'];
    findings.push(...bindingFindings(bindings, path));
    if (bindings.length > 0 && bindings.every((binding) => binding.enabled === false))
      findings.push({ path, message: 'no binding is enabled; leave one enabled' });
  }
  // One that is down may be meant to start when another has gone.
  const listening = mtas.filter(({ down }) => down !== true);
  const clash = listeningClash(listening.map(({ name, bindings = [] }) => ({ name, bindings })));
  if (clash !== undefined) findings.push({ path: ['mtas'], message: clash.message });
  return findings;
}

/** Each case has its words, and the legacy case its article. */
function caseFindings({ mtas, modes, legacy, verdict, steps }: ScenarioFile): Finding[] {
  const findings: Finding[] = [];
  const names = mtas.map((mta) => mta.name);
  if (new Set(modes).size < modes.length) findings.push({ path: ['modes'], message: 'a case stands here twice' });
  if (modes.includes('legacy') && legacy === undefined)
    findings.push({ path: ['name'], message: 'legacy is missing: which articles are on, and where; or say modes: [fixed]' });
  if (!modes.includes('legacy') && legacy !== undefined)
    findings.push({ path: ['legacy'], message: 'there is no legacy case; leave this out, or name it in modes' });
  for (const mode of ['legacy', 'fixed'] as const) {
    const has = modes.includes(mode);
    if (has && verdict[mode] === undefined) findings.push({ path: ['verdict'], message: `the words for ${mode} are missing` });
    if (!has && verdict[mode] !== undefined)
      findings.push({ path: ['verdict', mode], message: `there is no ${mode} case; leave this out, or name it in modes` });
    for (const [at, { only }] of steps.entries())
      if (only === mode && !has) findings.push({ path: ['steps', at, 'only'], message: `there is no ${mode} case` });
  }
  for (const [at, name] of (legacy?.at ?? []).entries()) {
    if (!names.includes(name))
      findings.push({
        path: ['legacy', 'at', at],
        message: `there is no MTA ${name}${suggestion(name, names) || `; there are ${names.join(', ')}`}`,
      });
  }
  return findings;
}

/** The findings in a file of the right shape. */
export function validateScenario(file: ScenarioFile): Finding[] {
  const findings: Finding[] = [];
  for (const key of ['name', 'domain'] as const) {
    const seen = new Set<string>();
    for (const [at, mta] of file.mtas.entries()) {
      const value = mta[key].toLowerCase();
      if (seen.has(value)) findings.push({ path: ['mtas', at, key], message: `two MTAs have the ${key} ${mta[key]}` });
      seen.add(value);
    }
  }
  findings.push(...mtaFindings(file), ...caseFindings(file));
  const armed = new Set<string>();
  for (const [at, step] of file.steps.entries()) findings.push(...stepFindings(step, ['steps', at], file, armed));
  if (!file.steps.some((step) => step.see !== undefined))
    findings.push({ path: ['steps'], message: 'nothing is to be seen; add a step with see and check' });
  return findings;
}
