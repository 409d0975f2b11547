/** `mtalab retry [MTA]`: ends the waits for the Open and Transfer Intervals. */

import type { CommandRun } from '../command-tree/command-entry.js';
import { printAnswers } from '../print-answers.js';
import { askEach, type RunChoice } from '../running-mtas.js';

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, ...where } = options as RunChoice & { readonly json?: boolean };
  const peer = args[0] === undefined ? undefined : String(args[0]);
  const answers = await askEach<unknown>(where, 'retry', peer === undefined ? {} : { mta: peer });
  // Nobody is adjacent to itself: with a name, those that do not know it are no failure as long as one does.
  const told = peer !== undefined && answers.some((answer) => answer.ok) ? answers.filter((answer) => answer.ok) : answers;
  return printAnswers(io, told, json === true, {
    json: (values) => values.map(({ mta }) => ({ mta, retry: peer ?? 'all' })),
    text: (values) => values.map(({ mta }) => `${mta}: tries ${peer ?? 'all adjacent MTAs'} now`).join('\n'),
  });
};
