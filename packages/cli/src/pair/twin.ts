/** The twin of a pair: a second pair of the same description, in which some articles are the other way about. */
import { join } from 'node:path';
import type { Lab } from '@mtalab/harness';
import type { Article } from '@mtalab/mta-core';
import { knownArticle } from '../config/releases.js';
import { CliError, UsageError } from '../errors.js';
import type { LiveStatus } from '../render/live-status.js';
import type { PairFlags, PairPlan } from './pair-plan.js';
import { startPair } from './start-pair.js';

/**
 * The articles of `--twin`; without a list all that the pair starts with. Null: no twin is wanted.
 * @throws UsageError if a twin is not possible, or would be the same.
 */
export function twinArticles({ twin, page, once }: PairFlags, plan: PairPlan): readonly Article[] | null {
  if (twin === undefined) return null;
  if (page === false) throw new UsageError('--twin shows two pairs on the page; remove --no-page');
  if (once === true) throw new UsageError('--twin is for a pair that a person watches; remove --once');
  const problem = portProblem(plan);
  if (problem !== null) throw new UsageError(`--twin: ${problem}`);
  const articles = twin === true ? Object.values(plan.profiles).flatMap(({ legacy }) => legacy) : twin;
  if (articles.length === 0)
    throw new UsageError('--twin: the pair has no legacy bug in which the twin could differ; name one, such as --twin Q166594');
  return [...new Set(articles.map(knownArticle))];
}

/** Why two pairs of this description cannot run on one machine; null if they can. */
function portProblem({ bindings, mapperPorts, smtpPorts, metricsPorts }: PairPlan): string | null {
  const named = [mapperPorts, smtpPorts, metricsPorts].flatMap((ports) => Object.values(ports));
  const bound = Object.values(bindings).flatMap((each) => each.map(({ port }) => port ?? 0));
  const port = [...named, ...bound].find((each) => each !== 0);
  return port === undefined ? null : `both pairs would listen on port ${port}; let the system choose the ports`;
}

/** The description of the pair as it is now, with these articles the other way about at both MTAs. */
async function planOfTwin(lab: Lab, plan: PairPlan, articles: readonly string[]): Promise<PairPlan> {
  const answers = await lab.ask((client, limit) => client.command('status', {}, limit));
  const present = new Map(answers.map((answer) => [answer.mta, answer.ok ? answer.value.legacy : null]));
  const states = Object.keys(plan.profiles).map((name) => {
    const legacy = present.get(name);
    if (legacy === undefined || legacy === null) throw new CliError(`${name} does not answer, so it can have no twin now`);
    return { name, legacy };
  });
  const isOn = (article: string): boolean => states.some(({ legacy }) => legacy.includes(article));
  const added = articles.filter((article) => !isOn(article));
  const wanted = states.map(({ name, legacy }) => {
    const own = plan.profiles[name]?.own ?? [];
    const on = [...legacy.filter((article) => !articles.includes(article)), ...added];
    return {
      name,
      legacy: on.filter((article) => !own.includes(article)) as readonly Article[],
      fixed: own.filter((article) => !on.includes(article)) as readonly Article[],
    };
  });
  return {
    ...plan,
    legacy: Object.fromEntries(wanted.map(({ name, legacy }) => [name, legacy])),
    fixed: Object.fromEntries(wanted.map(({ name, fixed }) => [name, fixed])),
  };
}

/**
 * Starts the twin on the clock of the pair.
 * @param articles those in which it is the other way about.
 * @throws CliError or HarnessError if it cannot start.
 */
export async function startTwin(
  lab: Lab,
  live: LiveStatus,
  flags: PairFlags,
  plan: PairPlan,
  articles: readonly string[],
): Promise<Lab> {
  const problem = portProblem(plan);
  if (problem !== null) throw new CliError(`there can be no twin: ${problem}`);
  const { capture: _, ...others } = flags;
  const dir = flags.dir === undefined ? {} : { dir: join(flags.dir, 'twin') };
  const known = articles.map(knownArticle);
  return startPair(live, { ...others, ...dir }, await planOfTwin(lab, plan, known), {
    proxied: lab.proxy !== undefined,
    clockOf: lab,
  });
}
