/** `mtalab status`: shows the state of the MTAs. */

import { readable } from '@mtalab/harness';
import type { CommandRun } from '../command-tree/command-entry.js';
import { printAnswers } from '../print-answers.js';
import { paint } from '../render/colours.js';
import { renderStatus } from '../render/views.js';
import { askEach, chosenRun, type RunFlags } from '../running-mtas.js';

export const run: CommandRun = async ({ io, options }) => {
  const { json, ...where } = options as RunFlags;
  const answers = await askEach(await chosenRun(io, where, 'look'), where, 'status');
  return printAnswers(io, answers, json === true, {
    json: ({ value }) => readable(value),
    text: (values, failed) => renderStatus(values, paint(io.outColour, io.outColumns()), failed),
  });
};
