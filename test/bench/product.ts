/** Runs the product once: two processes of the `mtalab mta` command; the sender starts with the backlog. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type MtaProcess, type MtaStatus, spawnMta } from '@mtalab/harness';
import type { LinkName } from '@mtalab/mta-core';
import { renderConfig } from 'mtalab';
import { loadBacklog, proveExactlyOnce } from './backlog.js';
import { type Limits, type RunFigures, type Sample, type Watched, watch } from './figures.js';

const program = fileURLToPath(new URL('../../../packages/cli/bin/mtalab.js', import.meta.url));
/** A threshold so high that the sender never opens a second association. */
const never = 1_000_000;

type Side = {
  readonly name: 'MTA-A' | 'MTA-B';
  readonly domain: string;
  readonly peer: { readonly name: string; readonly domain: string; readonly endpoints: readonly string[] };
  readonly associations: number;
  readonly link: LinkName;
};

function writeConfig(folder: string, side: Side): string {
  const { name, domain, peer, associations, link } = side;
  const file = join(folder, 'mta.yaml');
  const config = {
    name,
    data: 'data',
    settings: { threshold: associations === 1 ? never : 1, maxAssociationsPerMta: associations },
    ...(link === 'x400' ? { x400: { port: 0 } } : {}),
    peers: [{ name: peer.name, link, endpoints: peer.endpoints }],
    routes: [{ domain: peer.domain, mta: peer.name }],
    local: { domains: [domain], delivery: 'ledger' },
    log: { console: false },
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, renderConfig(config));
  return file;
}

function sampleOf(status: MtaStatus): Sample {
  const { counters, nowMs, cpu, memory } = status;
  return { delivered: counters.delivered, atMs: nowMs, cpuS: cpu.userS + cpu.systemS, rssBytes: memory.rssBytes };
}

function started(name: string, configFile: string, nodeOptions: readonly string[]): Promise<MtaProcess> {
  return spawnMta({ command: [process.execPath, ...nodeOptions, program, 'mta'], name, configFile });
}

/** @param nodeOptions of the processes, for profiling. */
export async function runProduct(
  dir: string,
  limits: Limits,
  associations: number,
  link: LinkName = 'lan',
  nodeOptions: readonly string[] = [],
): Promise<RunFigures> {
  const folders = { a: join(dir, 'a'), b: join(dir, 'b') };
  loadBacklog(join(folders.a, 'data'), limits.messages);
  const a = { name: 'MTA-A', domain: 'a.example' } as const;
  const b = { name: 'MTA-B', domain: 'b.example' } as const;
  const running: MtaProcess[] = [];
  let watched: Watched;
  try {
    const receiver = await started(
      b.name,
      writeConfig(folders.b, { ...b, peer: { ...a, endpoints: [] }, associations, link }),
      nodeOptions,
    );
    running.push(receiver);
    const endpoints = link === 'x400' ? receiver.ready.x400 : receiver.ready.endpoints;
    const configOfA = writeConfig(folders.a, { ...a, peer: { ...b, endpoints }, associations, link });
    const sender = await started(a.name, configOfA, nodeOptions);
    running.push(sender);
    const statusOf = async (one: MtaProcess): Promise<Sample> => sampleOf(await one.client.command('status'));
    watched = await watch(limits, () => Promise.all([statusOf(sender), statusOf(receiver)]));
    const rows = await sender.client.command('associations');
    if (rows.length !== associations) throw new Error(`there were ${rows.length} associations, not ${associations}`);
  } finally {
    await Promise.all(running.map((one) => one.stop()));
  }
  proveExactlyOnce(join(folders.a, 'data'), join(folders.b, 'data'), limits.messages, watched.whole);
  return watched.figures;
}
