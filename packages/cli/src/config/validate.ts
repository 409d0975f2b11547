/** Checks rules over several keys of a configuration: names that must differ, names that must exist, keys that need each other. */
import { addressKey } from '@mtalab/harness/single';
import { addressesMeet, isoPort, isUnspecified } from '@mtalab/mta-core';
import { suggestionOrList } from '../render/suggestions.js';
import { bindingFindings } from './binding-clashes.js';
import { connectorFindings, isConnector } from './connector-findings.js';
import { portFindings, type ServiceRow } from './port-clashes.js';
import { type Finding, type Path, pathText, shown } from './problems.js';
import { releaseProblem } from './releases.js';

/** A text of the file, and its path. */
type Found = { readonly path: Path; readonly text: string };

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The texts at `key` of each row, or the rows themselves without a key. Skips other values: the schema reports them. */
function textsOf(rows: unknown, path: Path, key?: string): Found[] {
  if (!Array.isArray(rows)) return [];
  const found: Found[] = [];
  rows.forEach((row: unknown, at) => {
    const value = key === undefined ? row : isRecord(row) ? row[key] : undefined;
    if (typeof value === 'string') found.push({ path: key === undefined ? [...path, at] : [...path, at, key], text: value });
  });
  return found;
}

/** Names that occur twice. Names that differ only in case are the same. */
function duplicateFindings(names: readonly Found[], what: string): Finding[] {
  const first = new Map<string, Found>();
  const findings: Finding[] = [];
  for (const name of names) {
    const before = first.get(name.text.toLowerCase());
    if (before === undefined) first.set(name.text.toLowerCase(), name);
    else
      findings.push({
        path: name.path,
        message: `${what} ${shown(name.text)} is also in ${pathText(before.path)}; remove one of them`,
      });
  }
  return findings;
}

function nameFindings(root: Readonly<Record<string, unknown>>, peers: readonly Found[], routes: readonly Found[]): Finding[] {
  const findings: Finding[] = [];
  const own = typeof root['name'] === 'string' ? root['name'].toLowerCase() : undefined;
  const names = peers.map((peer) => peer.text);
  for (const peer of peers) {
    if (peer.text.toLowerCase() === own)
      findings.push({ path: peer.path, message: `${shown(peer.text)} is the name of this MTA itself; name another MTA` });
  }
  for (const route of routes) {
    if (names.includes(route.text)) continue;
    const hint = names.length === 0 ? '; peers is empty' : suggestionOrList(route.text, names.slice(0, 10), 'the peers');
    findings.push({ path: route.path, message: `unknown peer ${shown(route.text)}${hint}` });
  }
  return findings;
}

function bindingsFindings(bindings: unknown, advertises: boolean): Finding[] {
  if (!Array.isArray(bindings)) return [];
  const rows = bindings.filter(isRecord);
  const findings: Finding[] = bindingFindings(
    bindings.map((row: unknown) => (isRecord(row) ? row : undefined)),
    ['bindings'],
  );
  if (!advertises) {
    const open = rows.find(({ address }) => typeof address === 'string' && isUnspecified(addressKey(address)));
    const message = `other MTAs cannot call back to ${String(open?.['address'])}; add the addresses for them to advertise`;
    if (open !== undefined) findings.push({ path: ['bindings', bindings.indexOf(open), 'address'], message });
  }
  if (rows.length > 0 && rows.every((row) => row['enabled'] === false))
    findings.push({ path: ['bindings'], message: 'no binding is enabled, so other MTAs cannot reach this MTA; enable one' });
  return findings;
}

function listenerFindings(root: Readonly<Record<string, unknown>>): Finding[] {
  const { bindings, endpointMapper: mapper, x400, control, metrics, peers, smtp } = root;
  const rows = Array.isArray(bindings) ? bindings.map((row: unknown) => (isRecord(row) ? row : undefined)) : [{}];
  const mapperPort = isRecord(mapper) ? (mapper['port'] ?? 135) : undefined;
  const connects = Array.isArray(peers) && peers.some(isConnector);
  const x400Port = isRecord(x400) ? (x400['port'] ?? isoPort) : connects ? isoPort : undefined;
  const beside = { endpointMapper: mapperPort, x400: x400Port };
  const services: readonly ServiceRow[] = [
    { key: 'control', address: '127.0.0.1', port: isRecord(control) ? control['port'] : undefined },
    ...(isRecord(smtp) ? [{ key: 'smtp', address: '127.0.0.1', port: 2525, ...smtp }] : []),
    ...(isRecord(metrics) ? [{ key: 'metrics', address: '127.0.0.1', port: undefined, ...metrics }] : []),
  ];
  return portFindings(rows, beside, services);
}

/** The release and the Windows NT must exist. No article may be both added and removed. */
function releaseFindings(root: Readonly<Record<string, unknown>>): Finding[] {
  const findings: Finding[] = [];
  for (const product of ['release', 'nt'] as const) {
    const value = root[product];
    // The schema reports any other value.
    const message = typeof value === 'string' && /^\P{Cc}{0,64}$/u.test(value) ? releaseProblem(product, value) : undefined;
    if (message !== undefined) findings.push({ path: [product], message });
  }
  const legacy = textsOf(root['legacy'], ['legacy']);
  for (const { path, text } of textsOf(root['fixed'], ['fixed'])) {
    const added = legacy.find((each) => each.text === text);
    if (added === undefined) continue;
    findings.push({ path, message: `the article ${shown(text)} is also in ${pathText(added.path)}; remove one of them` });
  }
  return findings;
}

/** A smart host is needed for delivery over SMTP, and only there. Mail that it sent back to this MTA would go round for ever. */
function smartHostFindings({ local, smtp }: Readonly<Record<string, unknown>>): Finding[] {
  if (!isRecord(local)) return [];
  const { delivery, smtp: host } = local;
  if (delivery === 'smtp' && host === undefined)
    return [{ path: ['local', 'delivery'], message: 'smtp needs a smart host; add local.smtp with its port' }];
  if (delivery !== 'smtp' && host !== undefined)
    return [{ path: ['local', 'smtp'], message: 'only delivery: smtp has a smart host; add it, or remove the key' }];
  if (!isRecord(host) || !isRecord(smtp)) return [];
  const { address = '127.0.0.1', port = 2525 } = smtp;
  const { host: name = '127.0.0.1', port: there } = host;
  const isHere = typeof name === 'string' && typeof address === 'string' && addressesMeet(addressKey(name), addressKey(address));
  if (!isHere || port !== there) return [];
  const message = `${shown(there)} is the port of the SMTP listener of this MTA itself, so mail would go round; name another port`;
  return [{ path: ['local', 'smtp', 'port'], message }];
}

/** The findings in a file of any shape. Skips parts of a wrong shape: the schema reports them. */
export function validateConfig(root: unknown): Finding[] {
  if (!isRecord(root)) return [];
  const peers = textsOf(root['peers'], ['peers'], 'name');
  const routed = textsOf(root['routes'], ['routes'], 'domain');
  const local = isRecord(root['local']) ? textsOf(root['local']['domains'], ['local', 'domains']) : [];
  const localNames = new Set(local.map((domain) => domain.text.toLowerCase()));
  const findings = [
    ...duplicateFindings(peers, 'the peer'),
    ...duplicateFindings(routed, 'the route for'),
    ...duplicateFindings(local, 'the domain'),
    ...duplicateFindings(textsOf(root['legacy'], ['legacy']), 'the article'),
    ...duplicateFindings(textsOf(root['fixed'], ['fixed']), 'the article'),
    ...releaseFindings(root),
    ...nameFindings(root, peers, textsOf(root['routes'], ['routes'], 'mta')),
    ...bindingsFindings(root['bindings'], Array.isArray(root['advertise']) && root['advertise'].length > 0),
    ...listenerFindings(root),
    ...connectorFindings(root['name'], root['peers']),
    ...smartHostFindings(root),
  ];
  for (const route of routed) {
    if (localNames.has(route.text.toLowerCase())) {
      findings.push({
        path: route.path,
        message: `the domain ${shown(route.text)} is local to this MTA; remove it from routes or from local.domains`,
      });
    }
  }
  const clock = root['clock'];
  if (isRecord(clock) && (clock['epochMs'] === undefined) !== (clock['baseMs'] === undefined)) {
    findings.push({ path: ['clock'], message: 'epochMs and baseMs need each other; give both, or neither' });
  }
  return findings;
}
