/** Finds listeners of one MTA that would take a port from each other. */
import { addressKey, addressProblem } from '@mtalab/harness';
import { addressesMeet } from '@mtalab/mta-core';
import type { BindingRow } from './binding-clashes.js';
import { type Finding, pathText, shown } from './problems.js';

/** The control channel listens on no other address. */
const controlAddress = '127.0.0.1';

/** A binding that is listened on, and its place in the list. A port of 0 clashes with no other. */
type Listening = { readonly at: number; readonly address: string; readonly port: number };

type Row = BindingRow & { readonly enabled?: unknown };

function listeningOf(rows: readonly (Row | undefined)[]): readonly Listening[] {
  return rows.flatMap((row, at) => {
    const { address = controlAddress, port = 0, enabled = true } = row ?? { enabled: false };
    if (typeof address !== 'string' || typeof port !== 'number' || enabled === false) return [];
    return [{ at, address: addressKey(address), port }];
  });
}

/** Bindings at one port whose addresses cover each other. Equal addresses are found as bindings of one name. */
function coveredFindings(listening: readonly Listening[]): Finding[] {
  return listening.flatMap(({ at, address, port }, index): Finding[] => {
    const covers = (each: Listening): boolean =>
      each.port === port && each.address !== address && addressesMeet(each.address, address);
    const other = port === 0 ? undefined : listening.slice(0, index).find(covers);
    if (other === undefined) return [];
    const there = `${other.address}[${port}] of ${pathText(['bindings', other.at])}`;
    return [{ path: ['bindings', at], message: `${address}[${port}] and ${there} cover each other; choose another port` }];
  });
}

/** Listeners beside those of the bindings, on the address of every enabled one, and how messages call them. */
const besideNames = { endpointMapper: 'the endpoint mapper', x400: 'the X.400 connector' } as const;
type Beside = keyof typeof besideNames;

/**
 * The findings in the ports of a file of any shape.
 * @param bindings the list; without one there is a binding with a port of the system's choice.
 * @param beside the ports of the listeners beside them; undefined for none.
 * @param metrics the address and port of the metrics, as the file has them.
 */
export function portFindings(
  bindings: readonly (Row | undefined)[],
  beside: Readonly<Record<Beside, unknown>>,
  control: unknown,
  metrics: MetricsPlace = {},
): Finding[] {
  return [...listenerFindings(bindings, beside, control), ...metricsFindings(bindings, beside, control, metrics)];
}

export type MetricsPlace = { readonly address?: unknown; readonly port?: unknown };

/** The metrics must not take the port of another listener at their address. */
function metricsFindings(
  bindings: readonly (Row | undefined)[],
  beside: Readonly<Record<Beside, unknown>>,
  control: unknown,
  { address = controlAddress, port }: MetricsPlace,
): Finding[] {
  if (typeof address !== 'string') return [];
  const problem = addressProblem(address);
  if (problem !== undefined) return [{ path: ['metrics', 'address'], message: problem }];
  if (typeof port !== 'number' || port === 0) return [];
  const at = addressKey(address);
  const near = listeningOf(bindings).filter((each) => addressesMeet(each.address, at));
  const binding = near.find((each) => each.port === port);
  const kept = (Object.keys(besideNames) as Beside[]).find((key) => near.length > 0 && beside[key] === port);
  const sharesControl = control === port && addressesMeet(at, controlAddress);
  const owner = binding !== undefined ? pathText(['bindings', binding.at]) : (kept ?? (sharesControl ? 'control' : undefined));
  if (owner === undefined) return [];
  return [{ path: ['metrics', 'port'], message: `${port} is also the port of ${owner} on ${at}; choose another port` }];
}

/** The findings in the ports of the MTA's own listeners and of the control channel. */
function listenerFindings(
  bindings: readonly (Row | undefined)[],
  beside: Readonly<Record<Beside, unknown>>,
  control: unknown,
): Finding[] {
  const listening = listeningOf(bindings);
  const findings = coveredFindings(listening);
  const ports = (Object.keys(besideNames) as Beside[]).flatMap((key) => {
    const port = beside[key];
    return typeof port === 'number' && port !== 0 ? [{ key, port }] : [];
  });
  for (const [at, { key, port }] of ports.entries()) {
    const binding = listening.find((each) => each.port === port);
    const before = ports.slice(0, at).find((each) => each.port === port);
    const other = binding !== undefined ? pathText(['bindings', binding.at]) : before?.key;
    if (other === undefined || listening.length === 0) continue;
    const what = `${other}, and ${besideNames[key]} listens on the same address`;
    findings.push({ path: [key, 'port'], message: `${shown(port)} is also the port of ${what}; choose another port` });
  }
  if (typeof control !== 'number' || control === 0) return findings;
  const near = listening.filter(({ address }) => addressesMeet(address, controlAddress));
  const taken = near.find(({ port }) => port === control);
  const owner =
    taken !== undefined
      ? pathText(['bindings', taken.at])
      : near.length > 0
        ? ports.find(({ port }) => port === control)?.key
        : undefined;
  if (owner !== undefined) {
    const message = `${control} is also the port of ${owner} on ${controlAddress}; choose another port`;
    findings.push({ path: ['control', 'port'], message });
  }
  return findings;
}
