/** `mtalab repro ARTICLE`: an article on two real processes, first with the legacy behaviour, then fixed. */
import { type CaseResult, ladderText, type ReproductionResult, reproduce } from '@mtalab/harness';
import { mtaCommand } from '../command.js';
import { renderConfig } from '../config/index.js';
import { type Io, outJson } from '../io.js';
import { paint } from '../render/text.js';
import type { CommandRun } from '../tree.js';

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, dir } = options as { readonly json?: boolean; readonly dir?: string };
  const result = await reproduce(String(args[0]), {
    command: mtaCommand,
    renderConfig,
    ...(dir === undefined ? {} : { dir }),
    tell: (text) => io.err(text),
  });
  if (json === true) outJson(io, result);
  else io.out(render(result, io));
  return result.reproduced ? 0 : 1;
};

function render(result: ReproductionResult, io: Io): string {
  const { bold } = paint(io.outColour);
  const head = [bold(`${result.article}: ${result.title}`), `The fault, the same both times: ${result.fault}.`];
  const cases = result.cases.map((each) => renderCase(result, each, io));
  const last = result.reproduced
    ? `${result.article} is reproduced: legacy fails as documented, fixed passes.`
    : `${result.article} is NOT reproduced.`;
  return [...head, ...cases, bold(last)].join('\n\n');
}

function renderCase(result: ReproductionResult, each: CaseResult, io: Io): string {
  const { bold, green, red } = paint(io.outColour);
  const [left, right] = result.between;
  const lines = each.observations.map(({ says, ok, seen }) => `  ${ok ? green('seen   ') : red('MISSING')} ${says} (${seen})`);
  const colour = each.asDocumented ? green : red;
  return [
    bold(`== ${each.mode} ==`),
    ladderText(each.ladder, left, right),
    '',
    ...lines,
    `  ${colour(each.verdict)}`,
  ].join('\n');
}
