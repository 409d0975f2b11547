/** `mtalab why`: says why mail waits, queue by queue, from what both sides of each association say. */

import { explainWaits, joinAnswers, keepsBack, type RunEntry, readable } from '@mtalab/harness';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { pairCommands } from '../pair/control-schema.js';
import { reportFailures } from '../print-answers.js';
import { paint } from '../render/colours.js';
import { renderWhy } from '../render/why.js';
import {
  askEach,
  chosenMtas,
  chosenRun,
  isSupervised,
  type RunChoice,
  type RunFlags,
  supervisorAnswer,
  viewEach,
} from '../running-mtas.js';

/** The faults of the run that keep PDUs back now. A run without a proxy has none. */
async function keepingOf(run: RunEntry, where: RunChoice): Promise<readonly string[]> {
  if (!isSupervised(run)) return [];
  const answer = await supervisorAnswer(run, where, (client, limit) => client.commandOf(pairCommands, 'faults', {}, limit));
  return answer.ok ? answer.value.filter(keepsBack).map(({ text }) => text) : [];
}

export const run: CommandRun = async ({ io, options }) => {
  const { json, mta: wanted, ...where } = options as RunFlags;
  const entry = await chosenRun(io, where, 'look');
  const names = chosenMtas(entry, wanted).map(({ mta }) => mta);
  // Every MTA is asked, because the other side of an association often has the reason.
  const [queues, sides, keeping] = await Promise.all([
    viewEach(entry, where, 'queues'),
    askEach(entry, where, 'associations'),
    keepingOf(entry, where),
  ]);
  const failed = queues.flatMap((answer) => (answer.ok ? [] : [{ mta: answer.mta, code: answer.error.code }]));
  const all = explainWaits({
    mtas: queues.flatMap((answer) =>
      answer.ok
        ? [{ mta: answer.mta, nowMs: answer.value.nowMs, waits: answer.value.rows.filter(({ queued }) => queued > 0) }]
        : [],
    ),
    associations: joinAnswers(sides),
    down: failed.flatMap(({ mta, code }) => (code === 'down' ? [mta] : [])),
    silent: failed.flatMap(({ mta, code }) => (code === 'silent' ? [mta] : [])),
    keeping,
  });
  const shown = all.filter(({ mta }) => names.includes(mta));
  if (json === true) outJson(io, readable(shown));
  else if (shown.length > 0 || queues.some(({ ok }) => ok)) io.out(renderWhy(shown, paint(io.outColour, io.outColumns())));
  return reportFailures(
    io,
    queues.filter(({ mta }) => names.includes(mta)),
  );
};
