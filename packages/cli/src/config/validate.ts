/** What no single key can show: names that must differ, names that must exist, keys that belong together. */
import { addressKey } from '@mtalab/harness';
import { isUnspecified } from '@mtalab/mta-core';
import { suggestion } from '../render/suggestions.js';
import { bindingFindings } from './binding-clashes.js';
import { type Path, pathText, shown } from './problems.js';
import { releaseProblem } from './releases.js';

/** A finding at a path of the file. */
export type Finding = { readonly path: Path; readonly message: string };
type Found = { readonly path: Path; readonly text: string };

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The texts found at `key` of each row (or at the rows themselves, without a key). What is no text is the schema's matter. */
function textsOf(rows: unknown, path: Path, key?: string): Found[] {
  if (!Array.isArray(rows)) return [];
  const found: Found[] = [];
  rows.forEach((row: unknown, at) => {
    const value = key === undefined ? row : isRecord(row) ? row[key] : undefined;
    if (typeof value === 'string') found.push({ path: key === undefined ? [...path, at] : [...path, at, key], text: value });
  });
  return found;
}

/** Names are compared without regard to case, so that no two differ by it alone. */
function duplicateFindings(names: readonly Found[], what: string): Finding[] {
  const first = new Map<string, Found>();
  const findings: Finding[] = [];
  for (const name of names) {
    const before = first.get(name.text.toLowerCase());
    if (before === undefined) first.set(name.text.toLowerCase(), name);
    else
      findings.push({
        path: name.path,
        message: `${what} ${shown(name.text)} is in ${pathText(before.path)} already; remove one of them`,
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
      findings.push({ path: peer.path, message: `${shown(peer.text)} is the name of this MTA itself; a peer is another one` });
  }
  for (const route of routes) {
    if (names.includes(route.text)) continue;
    const hint =
      names.length === 0
        ? '; there are no peers'
        : suggestion(route.text, names) || `; the peers are ${names.slice(0, 10).join(', ')}`;
    findings.push({ path: route.path, message: `there is no peer ${shown(route.text)}${hint}` });
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
    const message = `${String(open?.['address'])} is no address that other MTAs can call back; say in advertise which they can`;
    if (open !== undefined) findings.push({ path: ['bindings', bindings.indexOf(open), 'address'], message });
  }
  if (rows.length > 0 && rows.every((row) => row['enabled'] === false))
    findings.push({ path: ['bindings'], message: 'no binding is enabled, so nobody could reach this MTA; enable one' });
  return findings;
}

/** The endpoint mapper listens on the address of every enabled binding, so its port must be none of theirs. */
function mapperFindings(mapper: unknown, bindings: unknown): Finding[] {
  if (!isRecord(mapper) || !Array.isArray(bindings)) return [];
  const { port = 135 } = mapper;
  const at = bindings.findIndex((row) => isRecord(row) && row['enabled'] !== false && row['port'] === port && port !== 0);
  if (at < 0) return [];
  const message = `${shown(port)} is the port of bindings[${at}], on whose address the endpoint mapper listens too; choose another`;
  return [{ path: ['endpointMapper', 'port'], message }];
}

/** A release and a Windows NT that exist; no article that is both added to theirs and taken away. */
function releaseFindings(root: Readonly<Record<string, unknown>>): Finding[] {
  const findings: Finding[] = [];
  for (const product of ['release', 'nt'] as const) {
    const value = root[product];
    // Any other text is no text for the schema either.
    const message = typeof value === 'string' && /^\P{Cc}{0,64}$/u.test(value) ? releaseProblem(product, value) : undefined;
    if (message !== undefined) findings.push({ path: [product], message });
  }
  const legacy = textsOf(root['legacy'], ['legacy']);
  for (const { path, text } of textsOf(root['fixed'], ['fixed'])) {
    const added = legacy.find((each) => each.text === text);
    if (added === undefined) continue;
    findings.push({ path, message: `the article ${shown(text)} is in ${pathText(added.path)} too; remove one of them` });
  }
  return findings;
}

/** The findings in a file of any shape; parts that are not of the right shape are passed over. */
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
    ...mapperFindings(root['endpointMapper'], root['bindings']),
  ];
  for (const route of routed) {
    if (localNames.has(route.text.toLowerCase())) {
      findings.push({
        path: route.path,
        message: `the domain ${shown(route.text)} is local to this MTA; it cannot be routed to another one too`,
      });
    }
  }
  const clock = root['clock'];
  if (isRecord(clock) && (clock['epochMs'] === undefined) !== (clock['baseMs'] === undefined)) {
    findings.push({ path: ['clock'], message: 'epochMs and baseMs belong together; give both, or neither' });
  }
  return findings;
}
