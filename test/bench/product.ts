/** Runs the product once: two processes of the `mtalab mta` command; the sender starts with the backlog. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type MtaProcess, type MtaStatus, spawnMta } from '@mtalab/harness';
import type { LinkName } from '@mtalab/mta-core';
import { renderConfig } from 'mtalab';
import { mtaCommand } from 'mtalab/internal';
import { type Load, loadBacklog, proveExactlyOnce } from './backlog.js';
import { type RunFigures, type Sample, type Watched, watch } from './figures.js';
import { type Shape, shapeOf } from './shape.js';

const heldModule = new URL('./held.js', import.meta.url).href;
/** A threshold so high that the sender never opens a second association. */
const never = 1_000_000;

export type StartFigures = {
  /** From the start of the process until it is ready. */
  readonly startS: number;
  /** Resident set just after that. */
  readonly rssBytes: number;
  /** Octets on the heap and beside it once garbage has been collected. */
  readonly heldBytes: number;
};

/** How a run of the product differs from the plain one. */
export type ProductOptions = {
  readonly shape: Shape;
  readonly link?: LinkName;
  /** Further adjacent MTAs of each side, which never send or get mail. */
  readonly idle?: number;
  /** Options of Node for both processes, for profiling. */
  readonly nodeOptions?: readonly string[];
};

type Side = {
  readonly name: 'MTA-A' | 'MTA-B';
  readonly domain: string;
  readonly peer: { readonly name: string; readonly domain: string; readonly endpoints: readonly string[] };
};

/** Settings that let the load use its shape from the first message on. */
function settingsOf({ associations, perAssociation }: Shape): Record<string, number> {
  return {
    threshold: associations === 1 ? never : 1,
    maxAssociationsPerMta: associations,
    maxAssociations: Math.max(240, associations + 1),
    controlBlocks: Math.max(20, associations + 10),
    // A setting of its own only where it is asked for: an MTA without the extension refuses it by name.
    ...(perAssociation === 1 ? {} : { activitiesInFlight: perAssociation }),
    maxQueuedCopies: 10_000_000,
  };
}

function writeConfig(folder: string, side: Side, { shape, link = 'lan', idle = 0 }: ProductOptions): string {
  const { name, domain, peer } = side;
  const file = join(folder, 'mta.yaml');
  const idlers = Array.from({ length: idle }, (_, index) => `IDLE-${index + 1}`);
  const config = {
    name,
    data: 'data',
    settings: settingsOf(shape),
    ...(link === 'x400' ? { x400: { port: 0 } } : {}),
    peers: [...idlers.map((each) => ({ name: each, link })), { name: peer.name, link, endpoints: peer.endpoints }],
    routes: [
      ...idlers.map((each) => ({ domain: `${each.toLowerCase()}.example`, mta: each })),
      { domain: peer.domain, mta: peer.name },
    ],
    local: { domains: [domain], delivery: 'ledger' },
    log: { console: false },
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, renderConfig(config));
  return file;
}

/** @param associations that the process has to open. */
function sampleOf(status: MtaStatus, associations: number): Sample {
  const { counters, nowMs, cpu, memory, associationsOpened } = status;
  const isOpen = associationsOpened >= associations;
  return { delivered: counters.delivered, atMs: nowMs, cpuS: cpu.userS + cpu.systemS, rssBytes: memory.rssBytes, isOpen };
}

function started(name: string, configFile: string, nodeOptions: readonly string[]): Promise<MtaProcess> {
  const [node = '', ...rest] = mtaCommand;
  return spawnMta({ command: [node, ...nodeOptions, ...rest], name, configFile });
}

export async function runProduct(dir: string, load: Load, options: ProductOptions): Promise<RunFigures> {
  const folders = { a: join(dir, 'a'), b: join(dir, 'b') };
  const { shape, link, nodeOptions = [] } = options;
  loadBacklog(join(folders.a, 'data'), load);
  const a = { name: 'MTA-A', domain: 'a.example' } as const;
  const b = { name: 'MTA-B', domain: 'b.example' } as const;
  const running: MtaProcess[] = [];
  let watched: Watched;
  try {
    const configOfB = writeConfig(folders.b, { ...b, peer: { ...a, endpoints: [] } }, options);
    const receiver = await started(b.name, configOfB, nodeOptions);
    running.push(receiver);
    const endpoints = (link === 'x400' ? receiver.ready.x400 : receiver.ready.endpoints) ?? [];
    const configOfA = writeConfig(folders.a, { ...a, peer: { ...b, endpoints } }, options);
    const sender = await started(a.name, configOfA, nodeOptions);
    running.push(sender);
    const look = async (one: MtaProcess, opens: number): Promise<Sample> => sampleOf(await one.client.command('status'), opens);
    watched = await watch(load, () => Promise.all([look(sender, shape.associations), look(receiver, 0)]));
    const rows = await sender.client.command('associations');
    if (rows.length !== shape.associations) {
      throw new Error(`there were ${rows.length} associations, not ${shape.associations}`);
    }
  } finally {
    await Promise.all(running.map((one) => one.stop()));
  }
  proveExactlyOnce(join(folders.a, 'data'), join(folders.b, 'data'), load, watched.whole);
  return watched.figures;
}

/** The text of a file that another process is about to write. @throws Error if it is not there after a minute. */
async function textOf(file: string): Promise<string> {
  const untilMs = performance.now() + 60_000;
  while (!existsSync(file)) {
    if (performance.now() > untilMs) throw new Error(`the MTA has not written ${file}`);
    await setTimeout(20);
  }
  return readFileSync(file, 'utf8');
}

/** Starts one MTA whose queue is full, and looks at it. */
export async function runStart(dir: string, load: Load): Promise<StartFigures> {
  const folder = join(dir, 'a');
  loadBacklog(join(folder, 'data'), load);
  // The adjacent MTA has no address, so the mail stays.
  const side = { name: 'MTA-A', domain: 'a.example', peer: { name: 'MTA-B', domain: 'b.example', endpoints: [] } } as const;
  const configFile = writeConfig(folder, side, { shape: shapeOf(1) });
  const heldFile = join(folder, 'held');
  const beganMs = performance.now();
  const mta = await started(side.name, configFile, ['--import', `${heldModule}?to=${encodeURIComponent(heldFile)}`]);
  const startS = (performance.now() - beganMs) / 1000;
  try {
    const { queuedCopies, memory } = await mta.client.command('status');
    if (queuedCopies !== load.messages)
      throw new Error(`${queuedCopies} of ${load.messages} messages are queued after the start`);
    process.kill(mta.pid, 'SIGUSR2');
    return { startS, rssBytes: memory.rssBytes, heldBytes: Number(await textOf(heldFile)) };
  } finally {
    await mta.stop();
  }
}
