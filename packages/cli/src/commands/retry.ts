/** `mtalab retry [MTA]`: ends the present waits for the Open and Transfer Intervals. */

import type { CommandRun } from '../command-tree/command-entry.js';
import { printAnswers } from '../print-answers.js';
import { askEach, chosenRun, type RunFlags } from '../running-mtas.js';

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, ...where } = options as RunFlags;
  const peer = args[0] === undefined ? undefined : String(args[0]);
  const answers = await askEach(await chosenRun(io, where, 'act'), where, 'retry', peer === undefined ? {} : { mta: peer });
  // The named MTA does not know itself, so one MTA that knows it is enough.
  const accepted = answers.some((answer) => answer.ok);
  const shown = answers.filter((answer) => answer.ok || !accepted || peer === undefined || answer.error.code !== 'refused');
  return printAnswers(io, shown, json === true, {
    json: ({ mta }) => ({ mta, peer: peer ?? null }),
    text: (values) => values.map(({ mta }) => `${mta}: retries ${peer ?? 'all adjacent MTAs'} now`).join('\n'),
  });
};
