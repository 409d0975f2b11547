/** `mtalab repro ARTICLE`: runs an article with the legacy behaviour, then fixed. `repro all` runs all articles. */

import { join, resolve } from 'node:path';
import { runConcurrently } from '@mtalab/harness';
import { casesOf, type Scenario, ScenarioEnded } from '@mtalab/scenario';
import { type CommandIo, outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { exitCodes, UsageError } from '../errors.js';
import { onInterrupt } from '../interrupt.js';
import { paint } from '../render/colours.js';
import { renderReproduction, renderScenario, renderTotals } from '../render/scenario.js';
import { padded, widest } from '../render/table.js';
import { claimEmptyFolders, evidenceFolders } from '../scenario/evidence.js';
import { loadScenario, scenarioFileOf } from '../scenario/load.js';
import { candidates, type ReproduceOptions, type Reproduction, reproduce, reproduceOne } from '../scenario/reproduce.js';

type Options = {
  readonly on: ReproduceOptions['on'];
  readonly jobs: number;
  readonly dir?: string;
  readonly evidence?: string;
  readonly json?: boolean;
};

/** Makes the folders of --evidence and --dir before anything starts. `folderOf` names the folder of a scenario's processes. */
async function claimFolders(
  { dir, evidence }: ReproduceOptions,
  scenarios: readonly Scenario[],
  folderOf: (dir: string, name: string) => string,
): Promise<void> {
  if (evidence !== undefined) await claimEmptyFolders('--evidence', evidenceFolders(evidence, scenarios));
  if (dir === undefined) return;
  const folders = scenarios.flatMap((scenario) => casesOf(scenario).map((mode) => resolve(folderOf(dir, scenario.name), mode)));
  await claimEmptyFolders('--dir', folders);
}

async function reproduceArticle(io: CommandIo, name: string, { json }: Options, how: ReproduceOptions): Promise<number> {
  const scenario = loadScenario(scenarioFileOf(name));
  await claimFolders(how, [scenario], (dir) => dir);
  const result = await reproduceOne(scenario, how);
  const { scenario: article, asDocumented: reproduced, cases } = result;
  const outcome = cases.length > 1 ? 'legacy fails as documented, fixed passes' : 'every observation is as the scenario says';
  const last = reproduced ? `${article} is reproduced: ${outcome}.` : `${article} is NOT reproduced.`;
  if (json === true) outJson(io, result);
  else io.out(renderScenario(result, last, paint(io.outColour, io.outColumns())));
  return reproduced ? exitCodes.ok : exitCodes.failed;
}

async function reproduceAll(io: CommandIo, { json, jobs, on }: Options, how: ReproduceOptions): Promise<number> {
  const beganMs = performance.now();
  const style = paint(io.outColour, io.outColumns());
  const list = candidates();
  await claimFolders(
    how,
    list.flatMap(({ scenario }) => (scenario === null ? [] : [scenario])),
    join,
  );
  const width = widest(list.map(({ name }) => name));
  const results = await runConcurrently(list, jobs, async (candidate): Promise<Reproduction> => {
    const { name } = candidate;
    const result = await reproduce(candidate, {
      ...how,
      tell: (text) => io.err(`${padded(name, width)}  ${text}`),
      dir: how.dir === undefined ? undefined : join(how.dir, name),
    });
    if (json !== true) io.out(renderReproduction(result, width, style));
    return result;
  });
  const reproduced = results.every((each) => each.reproduced);
  const tookMs = Math.round(performance.now() - beganMs);
  if (json === true) outJson(io, { asDocumented: reproduced, on, jobs, tookMs, results: results.map(asJson) });
  else io.out(style.bold(renderTotals(results, tookMs)));
  return reproduced ? exitCodes.ok : exitCodes.failed;
}

/** One result, under the names that `mtalab scenario` uses. */
function asJson({ name: scenario, reproduced: asDocumented, ...rest }: Reproduction) {
  return { scenario, asDocumented, ...rest };
}

export const run: CommandRun = async ({ io, args, options }) => {
  const flags = options as Options;
  const { on, dir, evidence } = flags;
  const name = String(args[0]);
  if (on === 'sim' && dir !== undefined)
    throw new UsageError(
      '--dir keeps the folders of processes, and --on sim has no processes; --evidence keeps journals, ladders and logs',
    );
  const interrupt = onInterrupt(io.readerGone);
  const { signal } = interrupt;
  const how: ReproduceOptions = { on, dir, evidence, signal, tell: (text) => io.err(text) };
  signal.addEventListener('abort', () => io.err('stopping in order; press Ctrl-C to stop at once'), { once: true });
  try {
    const code = name.toLowerCase() === 'all' ? await reproduceAll(io, flags, how) : await reproduceArticle(io, name, flags, how);
    return signal.aborted ? exitCodes.interrupted : code;
  } catch (error) {
    if (error instanceof ScenarioEnded) return exitCodes.interrupted;
    throw error;
  } finally {
    interrupt.dispose();
  }
};
