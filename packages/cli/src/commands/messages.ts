/** `mtalab messages`: shows the messages that are not delivered yet. */

import { readable } from '@mtalab/harness';
import type { CommandRun } from '../command-tree/command-entry.js';
import { printAnswers } from '../print-answers.js';
import { paint } from '../render/colours.js';
import { renderMessages } from '../render/views.js';
import { chosenRun, type RunFlags, viewEach } from '../running-mtas.js';

export const run: CommandRun = async ({ io, options }) => {
  const { json, limit, ...where } = options as RunFlags & { readonly limit: number };
  const answers = await viewEach(await chosenRun(io, where, 'look'), where, 'messages', { limit });
  return printAnswers(io, answers, json === true, {
    json: ({ mta, value }) => ({ mta, ...readable({ nowMs: value.nowMs, messages: value.rows }) }),
    text: (values, failed) => renderMessages(values, paint(io.outColour, io.outColumns()), failed.length === 0),
  });
};
