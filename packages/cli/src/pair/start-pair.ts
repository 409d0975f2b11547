/** Starts the MTAs of a pair from the options of a command line. */
import { resolve } from 'node:path';
import { type Lab, type LabOptions, listRuns, shellWord, startLab } from '@mtalab/harness';
import { printable } from '@mtalab/mta-core';
import { renderConfig } from '../config/index.js';
import { CliError } from '../errors.js';
import { mtaCommand } from '../mta-command.js';
import type { LiveStatus } from '../render/live-status.js';
import { pairDomains, pairNames } from './pair-mtas.js';
import type { PairFlags, PairPlan } from './pair-plan.js';

/** Prints what MTAs write to stderr, such as a failure to write their logs. The error of a failed start has it already. */
class StderrRelay {
  readonly #print: (line: string) => void;
  /** Lines that wait until the lab is up; null from then on. */
  #waiting: string[] | null = [];

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  readonly take: NonNullable<LabOptions['onOutput']> = (name, text, stream) => {
    if (stream !== 'stderr') return;
    const lines = text.split('\n').filter((line) => line !== '');
    const relayed = lines.map((line) => `${name}: ${printable(line)}`);
    if (this.#waiting === null) for (const line of relayed) this.#print(line);
    else this.#waiting.push(...relayed);
  };

  up(): void {
    for (const line of this.#waiting ?? []) this.#print(line);
    this.#waiting = null;
  }
}

/**
 * Starts the MTAs of a pair.
 * @param more `proxied`: put the fault proxy between them, also without a fault in the plan. `clockOf`: a lab whose clock they share.
 * @throws CliError if another run uses the folder.
 */
export async function startPair(
  live: LiveStatus,
  flags: PairFlags,
  plan: PairPlan,
  { proxied = flags.proxy === true, clockOf }: { readonly proxied?: boolean; readonly clockOf?: Lab } = {},
): Promise<Lab> {
  // A second pair in this folder would overwrite the configuration of the first before the locks of the stores stop it.
  const dir = flags.dir === undefined ? undefined : resolve(flags.dir);
  const other = (await listRuns()).find((run) => run.dir === dir);
  if (other !== undefined) {
    throw new CliError(
      `another run uses ${other.dir} (pid ${other.pid}); stop it with \`mtalab stop --dir ${shellWord(other.dir)}\``,
    );
  }
  // A line between two drawings of the status would be erased with it.
  const relay = new StderrRelay((line) => live.note(line));
  const lab = await startLab({
    command: mtaCommand,
    onOutput: relay.take,
    renderConfig,
    dir: flags.dir,
    names: pairNames,
    domains: pairDomains,
    timeScale: flags.timeScale,
    clockOf,
    release: plan.release,
    nt: plan.nt,
    legacy: plan.legacy,
    fixed: plan.fixed,
    bindings: plan.bindings,
    cluster: plan.cluster,
    link: flags.link,
    mapper: plan.mapperPorts,
    smtp: plan.smtpPorts,
    metrics: plan.metricsPorts,
    smartHost: plan.smartHost,
    settings: plan.settings,
    delivery: flags.delivery,
    journal: flags.journal === true,
    faults: plan.faults,
    proxy: proxied,
    capture: flags.capture,
    answerTimeoutMs: 2000,
  });
  relay.up();
  return lab;
}
