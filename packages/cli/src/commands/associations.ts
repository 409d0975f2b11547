/** `mtalab associations`: both sides' view of each association, joined by its name. */
import { type AssociationRow, joinAssociations } from '@mtalab/harness';
import type { CommandRun } from '../command-tree/command-entry.js';
import { present } from '../print-answers.js';
import { renderAssociations } from '../render/associations.js';
import { paint } from '../render/text.js';
import { askEach, type RunOptions } from '../running-mtas.js';

export const run: CommandRun = async ({ io, options }) => {
  const { json, ...where } = options as RunOptions & { readonly json?: boolean };
  const answers = await askEach<readonly AssociationRow[]>(where, 'associations');
  const joined = (values: readonly { readonly mta: string; readonly value: readonly AssociationRow[] }[]) =>
    joinAssociations(new Map(values.map(({ mta, value }) => [mta, value])));
  return present(io, answers, json === true, {
    json: joined,
    text: (values) => renderAssociations(joined(values), paint(io.outColour)),
  });
};
