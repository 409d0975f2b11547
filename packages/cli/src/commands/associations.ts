/** `mtalab associations`: shows both sides' view of each association. */

import { joinAnswers, readable } from '@mtalab/harness';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { reportFailures } from '../print-answers.js';
import { renderAssociations } from '../render/associations.js';
import { paint } from '../render/colours.js';
import { askEach, chosenRun, type RunFlags } from '../running-mtas.js';

export const run: CommandRun = async ({ io, options }) => {
  const { json, ...where } = options as RunFlags;
  const answers = await askEach(await chosenRun(io, where, 'look'), where, 'associations');
  const joined = joinAnswers(answers);
  if (json === true) outJson(io, readable(joined));
  else if (answers.some((answer) => answer.ok)) io.out(renderAssociations(joined, paint(io.outColour, io.outColumns())));
  return reportFailures(io, answers);
};
