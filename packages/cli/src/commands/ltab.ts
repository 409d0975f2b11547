/** `mtalab ltab`: shows the locality tables. */

import { readable } from '@mtalab/harness';
import type { CommandRun } from '../command-tree/command-entry.js';
import { printAnswers } from '../print-answers.js';
import { paint } from '../render/colours.js';
import { renderLtab } from '../render/ltab.js';
import { chosenRun, type RunFlags, viewEach } from '../running-mtas.js';

export const run: CommandRun = async ({ io, options }) => {
  const { json, ...where } = options as RunFlags;
  const answers = await viewEach(await chosenRun(io, where, 'look'), where, 'ltab');
  return printAnswers(io, answers, json === true, {
    json: ({ mta, value }) => ({ mta, ...readable({ nowMs: value.nowMs, ltab: value.rows }) }),
    text: (values) => renderLtab(values, paint(io.outColour, io.outColumns())),
  });
};
