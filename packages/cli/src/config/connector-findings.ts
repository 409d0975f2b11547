/** Checks rules over the keys of X.400 connectors among the peers. */
import { isConnectorAddress, maxConnectorNameLength } from '@mtalab/mta-core';
import { type Finding, type Path, shown } from './problems.js';

type Row = Readonly<Record<string, unknown>>;

function nameFinding(path: Path, name: unknown): Finding[] {
  if (typeof name !== 'string' || name.length <= maxConnectorNameLength) return [];
  const limit = `X.411 limits the name of an MTA to ${maxConnectorNameLength} characters on an X.400 connector`;
  return [{ path, message: `${shown(name)} has ${name.length} characters; ${limit}` }];
}

/** Keys that the link to a server of the same site does not have. */
function lanFindings(peer: Row, path: Path): Finding[] {
  const given = ['overrides', 'times'].filter((key) => peer[key] !== undefined);
  if (peer['activation'] !== undefined && peer['activation'] !== 'always') given.push('activation');
  return given.map((key) => ({
    path: [...path, key],
    message: `only an X.400 connector has ${key}; remove the key, or make the link x400`,
  }));
}

function endpointFindings(endpoints: unknown, path: Path): Finding[] {
  if (!Array.isArray(endpoints)) return [];
  return endpoints.flatMap((endpoint: unknown, at): Finding[] => {
    if (typeof endpoint !== 'string' || isConnectorAddress(endpoint)) return [];
    const message = `an X.400 connector takes HOST[PORT] or HOST, without a protocol and without an endpoint mapper; found ${shown(endpoint)}`;
    return [{ path: [...path, at], message }];
  });
}

function timesFindings({ activation, times }: Row, path: Path): Finding[] {
  const isSelected = activation === 'selected-times';
  if (isSelected && times === undefined)
    return [{ path: [...path, 'activation'], message: 'selected-times needs times; add them' }];
  if (isSelected || times === undefined) return [];
  return [{ path: [...path, 'times'], message: 'times need activation: selected-times; add it, or remove the times' }];
}

/** Does this peer have an X.400 connector? */
export function isConnector(peer: unknown): peer is Row {
  return typeof peer === 'object' && peer !== null && 'link' in peer && peer.link === 'x400';
}

/** The findings in the peers of a file of any shape. @param own the name of the MTA itself. */
export function connectorFindings(own: unknown, peers: unknown): Finding[] {
  if (!Array.isArray(peers)) return [];
  const findings = peers.some(isConnector) ? nameFinding(['name'], own) : [];
  peers.forEach((peer: unknown, at) => {
    const path = ['peers', at];
    if (typeof peer !== 'object' || peer === null) return;
    if (!isConnector(peer)) findings.push(...lanFindings(peer as Row, path));
    else {
      findings.push(
        ...nameFinding([...path, 'name'], peer['name']),
        ...endpointFindings(peer['endpoints'], [...path, 'endpoints']),
        ...timesFindings(peer, path),
      );
    }
  });
  return findings;
}
