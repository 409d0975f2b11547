/** `mtalab retry [MTA]`: ends the present waits for the Open and Transfer Intervals. */

import type { CommandRun } from '../command-tree/command-entry.js';
import { printAnswers } from '../print-answers.js';
import { askEach, type RunFlags } from '../running-mtas.js';

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, ...where } = options as RunFlags;
  const peer = args[0] === undefined ? undefined : String(args[0]);
  const answers = await askEach(where, 'retry', peer === undefined ? {} : { mta: peer });
  // The named MTA does not know itself, so one MTA that knows it is enough.
  const shown = peer !== undefined && answers.some((answer) => answer.ok) ? answers.filter((answer) => answer.ok) : answers;
  return printAnswers(io, shown, json === true, {
    json: (values) => values.map(({ mta }) => ({ mta, retry: peer ?? 'all' })),
    text: (values) => values.map(({ mta }) => `${mta}: retries ${peer ?? 'all adjacent MTAs'} now`).join('\n'),
  });
};
