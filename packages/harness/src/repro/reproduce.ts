/** Running an article on two real processes: legacy, then fixed, under the same fault. */
import { join } from 'node:path';
import { folded, type LadderLine, ladderOf } from '../ladder/ladder.js';
import { momentsOf } from '../ladder/replay.js';
import type { Lab } from '../lab/lab.js';
import type { LabOptions } from '../lab/options.js';
import { spawnPair } from '../lab/start.js';
import type { ProxiedPdu } from '../proxy/fault-proxy.js';
import { HarnessError } from '../process/errors.js';
import { type Observation, Observations } from './observe.js';
import { q166594 } from './q166594.js';

export type Mode = 'legacy' | 'fixed';

/** A running lab with its eyes open: every PDU that passes the proxy is kept. */
export type Stage = {
  readonly lab: Lab;
  readonly mode: Mode;
  readonly pdus: readonly ProxiedPdu[];
  readonly observed: Observations;
  /** Say what is being done, for whoever watches. */
  readonly tell: (text: string) => void;
};

export type Reproduction = {
  readonly article: string;
  readonly title: string;
  /** The MTAs on which the legacy behaviour is switched on. */
  readonly legacyOn: readonly string[];
  /** The fault, in words. */
  readonly fault: string;
  readonly settings?: LabOptions['settings'];
  /** Do everything, and note what was seen. */
  readonly run: (stage: Stage) => Promise<void>;
  /** What it means when all was seen as it must be. */
  readonly verdict: Readonly<Record<Mode, string>>;
};

export type CaseResult = {
  readonly mode: Mode;
  /** Legacy: it failed as documented. Fixed: it passed. */
  readonly asDocumented: boolean;
  readonly verdict: string;
  readonly observations: readonly Observation[];
  readonly ladder: readonly LadderLine[];
};

export type ReproductionResult = {
  readonly article: string;
  readonly title: string;
  readonly fault: string;
  readonly between: readonly [string, string];
  /** Legacy failed as documented and fixed passed. */
  readonly reproduced: boolean;
  readonly cases: readonly CaseResult[];
};

/** Every article that can be reproduced. */
export const reproductions: readonly Reproduction[] = [q166594];

/** PDUs kept for the ladder of one case. */
const mostPdus = 50_000;

/** @throws HarnessError when nobody knows the article. */
export function reproductionOf(article: string): Reproduction {
  const found = reproductions.find((each) => each.article.toLowerCase() === article.toLowerCase());
  if (found === undefined) {
    const known = reproductions.map((each) => each.article).join(', ');
    throw new HarnessError(`there is no reproduction of '${article}'; there is one of ${known}`);
  }
  return found;
}

export type ReproduceOptions = Pick<LabOptions, 'command' | 'renderConfig'> & {
  /** Keep each case's folder (configuration, stores, logs, journals) under this one. */
  readonly dir?: string;
  readonly tell?: (text: string) => void;
};

/** Both cases, one after the other. */
export async function reproduce(article: string, options: ReproduceOptions): Promise<ReproductionResult> {
  const reproduction = reproductionOf(article);
  const cases: CaseResult[] = [];
  for (const mode of ['legacy', 'fixed'] as const) cases.push(await runCase(reproduction, mode, options));
  return {
    article: reproduction.article,
    title: reproduction.title,
    fault: reproduction.fault,
    between: ['MTA-A', 'MTA-B'],
    reproduced: cases.every((each) => each.asDocumented),
    cases,
  };
}

async function runCase(reproduction: Reproduction, mode: Mode, options: ReproduceOptions): Promise<CaseResult> {
  const tell = options.tell ?? (() => undefined);
  tell(`${reproduction.article}, ${mode}: starting two MTAs`);
  const lab = await spawnPair({
    command: options.command,
    renderConfig: options.renderConfig,
    ...(options.dir === undefined ? {} : { dir: join(options.dir, mode) }),
    ...(reproduction.settings === undefined ? {} : { settings: reproduction.settings }),
    legacy: Object.fromEntries((mode === 'legacy' ? reproduction.legacyOn : []).map((name) => [name, [reproduction.article]])),
    proxy: true,
    journal: true,
  });
  const pdus: ProxiedPdu[] = [];
  const observed = new Observations();
  let journals: Map<string, Awaited<ReturnType<typeof momentsOf>>>;
  try {
    lab.proxy?.subscribe((pdu) => {
      if (pdus.length < mostPdus) pdus.push(pdu);
    });
    await reproduction.run({ lab, mode, pdus, observed, tell });
    await lab.settle();
    journals = new Map();
    for (const name of lab.processes.keys()) journals.set(name, await momentsOf(join(lab.dir, name, 'data', 'journal.jsonl')));
  } finally {
    await lab.close();
  }
  const asDocumented = observed.allSeen;
  const missed = observed.list.filter((each) => !each.ok).map((each) => each.says);
  const verdict = asDocumented ? reproduction.verdict[mode] : `Not as documented: ${missed.join(' ')}`;
  return { mode, asDocumented, verdict, observations: observed.list, ladder: folded(ladderOf([...pdus], journals)) };
}
