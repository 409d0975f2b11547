/** `mtalab status`: how the MTAs are. */
import { present } from '../answers.js';
import { paint } from '../render/text.js';
import { renderStatus, type StatusView } from '../render/views.js';
import { askEach, type RunOptions } from '../targets.js';
import type { CommandRun } from '../tree/entry.js';

export const run: CommandRun = async ({ io, options }) => {
  const { json, ...where } = options as RunOptions & { readonly json?: boolean };
  const answers = await askEach<StatusView>(where, 'status');
  return present(io, answers, json === true, {
    json: (values) => values.map(({ value }) => value),
    text: (values) => renderStatus(values, paint(io.outColour)),
  });
};
