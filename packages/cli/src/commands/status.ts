/** `mtalab status`: how the MTAs are. */

import type { CommandRun } from '../command-tree/command-entry.js';
import { present } from '../print-answers.js';
import { paint } from '../render/text.js';
import { renderStatus, type StatusView } from '../render/views.js';
import { askEach, type RunOptions } from '../running-mtas.js';

export const run: CommandRun = async ({ io, options }) => {
  const { json, ...where } = options as RunOptions & { readonly json?: boolean };
  const answers = await askEach<StatusView>(where, 'status');
  return present(io, answers, json === true, {
    json: (values) => values.map(({ value }) => value),
    text: (values) => renderStatus(values, paint(io.outColour)),
  });
};
