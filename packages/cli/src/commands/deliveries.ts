/** `mtalab deliveries`: follows the deliveries to mailboxes, also over restarts of the MTAs. */

import { pause, type RunEntry, type Unanswered } from '@mtalab/harness';
import type { ControlClient, StreamEntries } from '@mtalab/transport';
import { type CommandIo, outJsonLine } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, exitCodes } from '../errors.js';
import { aborted, onInterrupt } from '../interrupt.js';
import { whyWords } from '../print-answers.js';
import { paint } from '../render/colours.js';
import { deliveryJson, renderDelivery } from '../render/events.js';
import { answerLimitMs, askMta, chosenMtas, chosenRun, presentRun, type RunFlags } from '../running-mtas.js';

/** Real time between two tries to reach an MTA that does not answer, ms. */
const pollMs = 250;

type Line = StreamEntries['deliveries'];

/** Follows one process of an MTA until its connection ends or the signal aborts. @returns false if this command reads too slowly. */
async function followed(
  client: ControlClient,
  signal: AbortSignal,
  show: (line: Line) => void,
  since: number | undefined,
): Promise<boolean> {
  const dropped = new Promise<false>((resolve, reject) => {
    client.subscribe('deliveries', { entry: show, dropped: () => resolve(false) }, since).catch(reject);
  });
  const ended = Promise.race([aborted(signal), client.closed]).then(() => true);
  return Promise.race([ended, dropped]);
}

/** Follows an MTA of a run until the run is over or the signal aborts. Says once when the MTA does not answer. */
async function follow(io: CommandIo, run: RunEntry, mta: string, where: RunFlags, signal: AbortSignal): Promise<void> {
  const style = paint(io.outColour);
  let pid: number | undefined;
  let last: number | undefined;
  const show = (line: Line): void => {
    last = line.n;
    if (where.json === true) outJsonLine(io, deliveryJson(line));
    else io.out(renderDelivery(line, style));
  };
  let said: Unanswered['error']['code'] | undefined;
  for (let now: RunEntry | undefined = run; now !== undefined && !signal.aborted; now = await presentRun(run)) {
    const one = now.mtas.find((each) => each.mta === mta);
    if (one === undefined) return;
    // A new process counts its deliveries from 1. All of them are new here.
    if (pid !== undefined && one.process?.pid !== pid) last = 0;
    pid = one.process?.pid;
    const answer = await askMta(one, answerLimitMs(where), (client) => followed(client, signal, show, last));
    if (answer.ok && !answer.value)
      throw new CliError(`${mta}: this command reads too slowly and lost its subscription; start it again`);
    if (!answer.ok && answer.error.code === 'refused') throw new CliError(whyWords(answer));
    const code = answer.ok ? undefined : answer.error.code;
    if (!answer.ok && code !== said) io.err(`mtalab: ${whyWords(answer)}`);
    said = code;
    await pause(pollMs, signal);
  }
}

export const run: CommandRun = async ({ io, options }) => {
  const where = options as RunFlags;
  const found = await chosenRun(io, where, 'look');
  const chosen = chosenMtas(found, where.mta);
  const interrupt = onInterrupt(io.readerGone);
  try {
    await Promise.all(chosen.map(({ mta }) => follow(io, found, mta, where, interrupt.signal)));
  } finally {
    interrupt.dispose();
  }
  return exitCodes.ok;
};
