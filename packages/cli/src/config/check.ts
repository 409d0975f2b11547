/** What no single key can show: names that must differ, names that must exist, keys that belong together. */

import { suggestion } from '../render/nearest.js';
import { type Path, pathText, shown } from './problems.js';

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
function duplicates(names: readonly Found[], what: string): Finding[] {
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

function checkNames(root: Readonly<Record<string, unknown>>, peers: readonly Found[], routes: readonly Found[]): Finding[] {
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

function checkListen(listen: unknown): Finding[] {
  if (!Array.isArray(listen)) return [];
  const findings: Finding[] = [];
  const seen = new Set<string>();
  listen.forEach((row: unknown, at) => {
    if (!isRecord(row) || typeof row['port'] !== 'number' || row['port'] === 0) return;
    const key = `${row['address'] ?? '127.0.0.1'}[${row['port']}]`;
    if (seen.has(key)) findings.push({ path: ['listen', at], message: `${key} is listened on already; remove one of them` });
    seen.add(key);
  });
  return findings;
}

/** The findings in a file of any shape; parts that are not of the right shape are passed over. */
export function checkConfig(root: unknown): Finding[] {
  if (!isRecord(root)) return [];
  const peers = textsOf(root['peers'], ['peers'], 'name');
  const routed = textsOf(root['routes'], ['routes'], 'domain');
  const local = isRecord(root['local']) ? textsOf(root['local']['domains'], ['local', 'domains']) : [];
  const localNames = new Set(local.map((domain) => domain.text.toLowerCase()));
  const findings = [
    ...duplicates(peers, 'the peer'),
    ...duplicates(routed, 'the route for'),
    ...duplicates(local, 'the domain'),
    ...duplicates(textsOf(root['legacy'], ['legacy']), 'the article'),
    ...checkNames(root, peers, textsOf(root['routes'], ['routes'], 'mta')),
    ...checkListen(root['listen']),
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
