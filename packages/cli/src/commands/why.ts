/** `mtalab why`: says why mail waits, queue by queue, from what both sides of each association say. */

import { explainWaits, joinAssociations, keepsBack } from '@mtalab/harness';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { reportFailures } from '../print-answers.js';
import { paint } from '../render/colours.js';
import type { FaultView } from '../render/views.js';
import { renderWhy } from '../render/why.js';
import { askEach, chosenNames, chosenRun, type RunFlags, viewEach, withChannel } from '../running-mtas.js';

/** The faults of the run that keep PDUs back now. A run without a proxy has none. */
async function keepingOf(where: RunFlags): Promise<readonly string[]> {
  const { lab } = await chosenRun(where);
  if (lab === undefined) return [];
  try {
    const faults = await withChannel(lab, (client) => client.request<readonly FaultView[]>('faults', {}));
    return faults.filter(keepsBack).map(({ text }) => text);
  } catch {
    return [];
  }
}

export const run: CommandRun = async ({ io, options }) => {
  const { json, mta: wanted, ...where } = options as RunFlags;
  const entry = await chosenRun(where);
  const names = chosenNames(entry, wanted);
  // Every MTA is asked, because the other side of an association often has the reason.
  const [queues, sides, keeping] = await Promise.all([
    viewEach(where, 'queues'),
    askEach(where, 'associations'),
    keepingOf(where),
  ]);
  const down = entry.down ?? [];
  const answered = new Map(sides.flatMap((answer) => (answer.ok ? [[answer.mta, answer.value] as const] : [])));
  const all = explainWaits({
    mtas: queues.flatMap((answer) =>
      answer.ok
        ? [{ name: answer.mta, nowMs: answer.value.nowMs, waits: answer.value.rows.filter(({ queued }) => queued > 0) }]
        : [],
    ),
    associations: joinAssociations(answered),
    down,
    silent: queues.filter(({ mta, ok }) => !ok && !down.includes(mta)).map(({ mta }) => mta),
    keeping,
  });
  const shown = all.filter(({ mta }) => names.includes(mta));
  if (json === true) outJson(io, shown);
  else if (shown.length > 0 || queues.some(({ ok }) => ok)) io.out(renderWhy(shown, paint(io.outColour)));
  return reportFailures(
    io,
    queues.filter(({ mta }) => names.includes(mta)),
  );
};
