/** `mtalab queues`: what is queued for whom. */
import type { QueueView } from '@mtalab/mta-core';
import type { CommandRun } from '../command-tree/command-entry.js';
import { present } from '../print-answers.js';
import { paint } from '../render/text.js';
import { renderQueues } from '../render/views.js';
import { type RunOptions, viewEach } from '../running-mtas.js';

export const run: CommandRun = async ({ io, options }) => {
  const { json, ...where } = options as RunOptions & { readonly json?: boolean };
  const answers = await viewEach<QueueView>(where, 'queues');
  return present(io, answers, json === true, {
    json: (values) => values.map(({ mta, value }) => ({ mta, nowMs: value.nowMs, queues: value.rows })),
    text: (values) => renderQueues(values, paint(io.outColour)),
  });
};
