/** `mtalab queues`: shows what is queued for each adjacent MTA and for mailboxes. */

import { readable } from '@mtalab/harness';
import type { CommandRun } from '../command-tree/command-entry.js';
import { printAnswers } from '../print-answers.js';
import { paint } from '../render/colours.js';
import { renderQueues } from '../render/views.js';
import { chosenRun, type RunFlags, viewEach } from '../running-mtas.js';

export const run: CommandRun = async ({ io, options }) => {
  const { json, ...where } = options as RunFlags;
  const answers = await viewEach(await chosenRun(io, where, 'look'), where, 'queues');
  return printAnswers(io, answers, json === true, {
    json: ({ mta, value }) => ({ mta, ...readable({ nowMs: value.nowMs, queues: value.rows }) }),
    text: (values) => renderQueues(values, paint(io.outColour, io.outColumns())),
  });
};
