/** Finds listeners of one MTA that would take a port from each other: bindings, the endpoint mapper and the control channel. */
import { addressKey } from '@mtalab/harness';
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

/**
 * The findings in the ports of a file of any shape.
 * @param bindings the list; without one there is a binding with a port of the system's choice.
 * @param mapper the port of the endpoint mapper, which listens on the address of every enabled binding; undefined for no mapper.
 */
export function portFindings(bindings: readonly (Row | undefined)[], mapper: unknown, control: unknown): Finding[] {
  const listening = listeningOf(bindings);
  const findings = coveredFindings(listening);
  const own = typeof mapper === 'number' && mapper !== 0 ? listening.find(({ port }) => port === mapper) : undefined;
  if (own !== undefined) {
    const what = `${pathText(['bindings', own.at])}, and the endpoint mapper listens on the same address`;
    findings.push({
      path: ['endpointMapper', 'port'],
      message: `${shown(mapper)} is also the port of ${what}; choose another port`,
    });
  }
  if (typeof control !== 'number' || control === 0) return findings;
  const near = listening.filter(({ address }) => addressesMeet(address, controlAddress));
  const taken = near.find(({ port }) => port === control);
  const owner =
    taken !== undefined ? pathText(['bindings', taken.at]) : near.length > 0 && mapper === control ? 'endpointMapper' : null;
  if (owner !== null) {
    const message = `${control} is also the port of ${owner} on ${controlAddress}; choose another port`;
    findings.push({ path: ['control', 'port'], message });
  }
  return findings;
}
