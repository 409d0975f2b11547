/** `mtalab associations`: shows both sides' view of each association. */

import { type AssociationRow, joinAssociations } from '@mtalab/harness';
import type { CommandRun } from '../command-tree/command-entry.js';
import { printAnswers } from '../print-answers.js';
import { renderAssociations } from '../render/associations.js';
import { paint } from '../render/colours.js';
import { askEach, type RunFlags } from '../running-mtas.js';

export const run: CommandRun = async ({ io, options }) => {
  const { json, ...where } = options as RunFlags;
  const answers = await askEach(where, 'associations');
  const joined = (values: readonly { readonly mta: string; readonly value: readonly AssociationRow[] }[]) =>
    joinAssociations(new Map(values.map(({ mta, value }) => [mta, value])));
  return printAnswers(io, answers, json === true, {
    json: joined,
    text: (values) => renderAssociations(joined(values), paint(io.outColour, io.outColumns())),
  });
};
