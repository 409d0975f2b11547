/** Checks rules over several keys of a scenario: names must be known, a step must do one thing, each case needs its words. */
import { listeningClash } from '@mtalab/harness';
import { type EventId, eventsById, wishedBindings } from '@mtalab/mta-core';
import { FaultSyntaxError, faultKinds, firstHops, linksOf, parseFault } from '@mtalab/scenario';
import { bindingFindings } from '../config/binding-clashes.js';
import type { Finding, Path } from '../config/problems.js';
import { suggestion, suggestionOrList } from '../render/suggestions.js';
import { actions, type ScenarioFile, type StepFile } from './schema.js';

/** The name of an MTA in a step, and its path. */
type Mention = { readonly path: Path; readonly name: string };

function mtasNamedIn(step: StepFile, path: Path): Mention[] {
  const mentions: Mention[] = [];
  const add = (name: string | undefined, ...more: readonly (string | number)[]): void => {
    if (name !== undefined) mentions.push({ path: [...path, ...more], name });
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
  return mentions;
}

function unknownMta(name: string, names: readonly string[], path: Path): Finding[] {
  return names.includes(name) ? [] : [{ path, message: `unknown MTA ${name}${suggestionOrList(name, names, 'the MTAs')}` }];
}

/** Checks on event logs must name events of the catalogue, and parameters of these events. */
function eventFindings(check: NonNullable<StepFile['check']>, path: Path): Finding[] {
  const findings: Finding[] = [];
  const known = (id: number, ...at: Path): void => {
    if (!Object.hasOwn(eventsById, id))
      findings.push({ path: [...path, ...at], message: `unknown event ${id}; docs/events.md lists the events` });
  };
  if (check.events !== undefined) {
    const { id, params } = check.events;
    known(id, 'events', 'id');
    const has = Object.keys(eventsById[id as EventId]?.labels ?? {});
    for (const key of Object.hasOwn(eventsById, id) ? Object.keys(params ?? {}) : []) {
      if (has.includes(key)) continue;
      const hint = has.length === 0 ? '; it has no parameters' : suggestionOrList(key, has, 'its parameters');
      findings.push({ path: [...path, 'events', 'params', key], message: `event ${id} has no parameter ${key}${hint}` });
    }
  }
  for (const [at, id] of (check.eventsInOrder?.ids ?? []).entries()) {
    known(id, 'eventsInOrder', 'ids', at);
    if (id === check.eventsInOrder?.ids[at - 1])
      findings.push({
        path: [...path, 'eventsInOrder', 'ids', at],
        message: `${id} comes twice in a row; once means any number of entries`,
      });
  }
  return findings;
}

/** A change of bindings must name bindings of the MTA. */
function bindingChangeFindings(
  { at, ...wish }: NonNullable<StepFile['bindings']>,
  path: Path,
  mtas: ScenarioFile['mtas'],
): Finding[] {
  const mta = mtas.find((each) => each.name === at);
  if (mta === undefined) return [];
  const rows = mta.bindings ?? [{ address: '127.0.0.1' }];
  const bindings = rows.map(({ address, port = 0, label = '' }, id) => ({ id, address, port, label, enabled: true }));
  const lists = Object.entries(wish).flatMap(([key, list]) => (list === undefined ? [] : [[key, list] as const]));
  if (lists.length === 0) return [{ path, message: 'this step changes nothing; add order, enable or disable' }];
  return lists.flatMap(([key, list]) => {
    const wished = list.map((name) => wishedBindings(bindings, { order: [name] }));
    const wrong = wished.flatMap((message, place) =>
      typeof message === 'string' ? [{ path: [...path, key, place], message }] : [],
    );
    const together = wrong.length > 0 ? [] : wishedBindings(bindings, { order: list });
    return typeof together === 'string' ? [{ path: [...path, key], message: together }] : wrong;
  });
}

function stepFindings(step: StepFile, path: Path, file: ScenarioFile, armed: Set<string>): Finding[] {
  const { mtas } = file;
  const names = mtas.map((mta) => mta.name);
  const findings: Finding[] = [];
  const does = actions.filter((action) => step[action] !== undefined);
  if (does.length === 0) findings.push({ path, message: `this step does nothing; add one of ${actions.join(', ')}` });
  if (does.length > 1)
    findings.push({
      path,
      message: `this step does ${does.join(' and ')}, but a step does one thing; make ${does.length} steps of it`,
    });
  if (step.see !== undefined && Object.values(step.check ?? {}).every((value) => value === undefined))
    findings.push({ path: [...path, 'see'], message: 'nothing says how to measure this; add a check' });
  if (step.see === undefined && step.check !== undefined)
    findings.push({ path: [...path, 'check'], message: 'this check has no sentence; add see' });
  if (step.see === undefined && step.headline !== undefined)
    findings.push({ path: [...path, 'headline'], message: 'a headline needs an observation; add see' });
  for (const { path: at, name } of mtasNamedIn(step, path)) {
    findings.push(...unknownMta(name, names, at));
  }
  if (step.submit !== undefined && step.submit.at === step.submit.to)
    findings.push({ path: [...path, 'submit'], message: `mail from ${step.submit.at} to itself crosses no link; name two MTAs` });
  if (step.check !== undefined) findings.push(...eventFindings(step.check, [...path, 'check']));
  if (step.bindings !== undefined) findings.push(...bindingChangeFindings(step.bindings, [...path, 'bindings'], mtas));
  if (step.fault !== undefined) findings.push(...faultFindings(step.fault, [...path, 'fault'], file, armed));
  const kind = step.check?.passed?.kind;
  if (kind !== undefined && !faultKinds.includes(kind)) {
    const message = `unknown kind of PDU, APDU or operation ${kind}${suggestionOrList(kind, faultKinds, 'the kinds')}`;
    findings.push({ path: [...path, 'check', 'passed', 'kind'], message });
  }
  const faultName = step.check?.fault?.name;
  if (faultName !== undefined && !armed.has(faultName)) {
    const message = `no earlier step arms a fault ${faultName}${suggestion(faultName, [...armed])}`;
    findings.push({ path: [...path, 'check', 'fault', 'name'], message });
  }
  return findings;
}

function faultFindings(
  { name, does }: NonNullable<StepFile['fault']>,
  path: Path,
  file: ScenarioFile,
  armed: Set<string>,
): Finding[] {
  const findings: Finding[] = [];
  if (armed.has(name))
    findings.push({ path: [...path, 'name'], message: `an earlier step arms a fault ${name}; choose another name` });
  armed.add(name);
  try {
    const names = file.mtas.map((mta) => mta.name);
    parseFault(does, names, linksOf(file));
  } catch (error) {
    if (!(error instanceof FaultSyntaxError)) throw error;
    findings.push({ path: [...path, 'does'], message: error.message });
  }
  return findings;
}

/** Every MTA needs an enabled binding, and no two may listen on one port of one address. */
function mtaFindings({ mtas }: ScenarioFile): Finding[] {
  const findings: Finding[] = [];
  for (const [at, { bindings = [] }] of mtas.entries()) {
    const path = ['mtas', at, 'bindings'];
    findings.push(...bindingFindings(bindings, path));
    if (bindings.length > 0 && bindings.every((binding) => binding.enabled === false))
      findings.push({ path, message: 'no binding is enabled; leave one enabled' });
  }
  // An MTA that is down at first may start after another has stopped, on the same port.
  const listening = mtas.filter(({ down }) => down !== true);
  const clash = listeningClash(listening.map(({ name, bindings = [] }) => ({ name, bindings })));
  if (clash !== undefined) findings.push({ path: ['mtas'], message: clash.message });
  return findings;
}

/** Neighbours are two MTAs of the scenario, and mail finds a way between any two. */
function neighbourFindings(file: ScenarioFile): Finding[] {
  const { neighbours } = file;
  if (neighbours === undefined) return [];
  const names = file.mtas.map((mta) => mta.name);
  const seen = new Set<string>();
  const findings = neighbours.flatMap(({ between }, at): Finding[] => {
    const path = ['neighbours', at, 'between'];
    const [one, other] = between;
    const pair = [...between].sort().join();
    if (one === other) return [{ path, message: `${one} is no neighbour of itself; name two MTAs` }];
    if (seen.has(pair)) return [{ path, message: `${one} and ${other} are neighbours already; remove one of the two` }];
    seen.add(pair);
    return between.flatMap((name, side) => unknownMta(name, names, [...path, side]));
  });
  const [first] = names;
  if (findings.length > 0 || first === undefined) return findings;
  const reached = firstHops(file, first);
  return names
    .filter((name) => name !== first && !reached.has(name))
    .map((name) => ({ path: ['neighbours'], message: `mail from ${first} has no way to ${name}; add neighbours` }));
}

/** Each case needs its verdict, and the legacy case its article. */
function caseFindings({ mtas, modes, legacy, verdict, steps }: ScenarioFile): Finding[] {
  const findings: Finding[] = [];
  const names = mtas.map((mta) => mta.name);
  if (new Set(modes).size < modes.length) findings.push({ path: ['modes'], message: 'a case is in the list twice' });
  if (modes.includes('legacy') && legacy === undefined)
    findings.push({ path: ['name'], message: 'legacy is missing; say which articles are on and where, or write modes: [fixed]' });
  if (!modes.includes('legacy') && legacy !== undefined)
    findings.push({ path: ['legacy'], message: 'the scenario has no legacy case; remove this, or add legacy to modes' });
  for (const mode of ['legacy', 'fixed'] as const) {
    const has = modes.includes(mode);
    if (has && verdict[mode] === undefined) findings.push({ path: ['verdict'], message: `the verdict for ${mode} is missing` });
    if (!has && verdict[mode] !== undefined)
      findings.push({
        path: ['verdict', mode],
        message: `the scenario has no ${mode} case; remove this, or add ${mode} to modes`,
      });
    for (const [at, { only }] of steps.entries())
      if (only === mode && !has) findings.push({ path: ['steps', at, 'only'], message: `the scenario has no ${mode} case` });
  }
  for (const [at, name] of (legacy?.at ?? []).entries()) {
    findings.push(...unknownMta(name, names, ['legacy', 'at', at]));
  }
  return findings;
}

/** The findings in a file that fits the schema. */
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
  findings.push(...mtaFindings(file), ...neighbourFindings(file), ...caseFindings(file));
  const armed = new Set<string>();
  for (const [at, step] of file.steps.entries()) findings.push(...stepFindings(step, ['steps', at], file, armed));
  if (!file.steps.some((step) => step.see !== undefined))
    findings.push({ path: ['steps'], message: 'the scenario has no observation; add a step with see and check' });
  return findings;
}
