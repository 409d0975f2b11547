/** `mtalab repro ARTICLE`: an article on two real processes, first with the legacy behaviour, then fixed. */
import { runOnProcesses } from '@mtalab/harness';
import { mtaCommand } from '../command.js';
import { renderConfig } from '../config/index.js';
import { outJson } from '../io.js';
import { renderScenario } from '../render/scenario.js';
import { paint } from '../render/text.js';
import { loadScenario, scenarioFileOf } from '../scenario/load.js';
import type { CommandRun } from '../tree/entry.js';

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, dir } = options as { readonly json?: boolean; readonly dir?: string };
  const result = await runOnProcesses(loadScenario(scenarioFileOf(String(args[0]))), {
    command: mtaCommand,
    renderConfig,
    ...(dir === undefined ? {} : { dir }),
    tell: (text) => io.err(text),
  });
  const { scenario: article, title, fault, between, asDocumented: reproduced, cases } = result;
  const last = reproduced
    ? `${article} is reproduced: legacy fails as documented, fixed passes.`
    : `${article} is NOT reproduced.`;
  if (json === true) outJson(io, { article, title, fault, between, reproduced, cases });
  else io.out(renderScenario(result, last, paint(io.outColour)));
  return reproduced ? 0 : 1;
};
