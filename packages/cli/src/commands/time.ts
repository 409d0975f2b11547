/** `mtalab time`: shows lab time, changes how fast it runs, or lets some of it pass at once. */
import { isoInstant } from '@mtalab/harness';
import type { CommandIo } from '../command-io.js';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, exitCodes } from '../errors.js';
import { pairCommands } from '../pair/control-schema.js';
import { printAnswers } from '../print-answers.js';
import {
  askEach,
  askSupervisor,
  changeLimit,
  chosenRun,
  isSupervised,
  type RunFlags,
  type SupervisedRun,
} from '../running-mtas.js';

type TimeFlags = RunFlags & { readonly scale?: number; readonly advance?: number };

/** Limit in real time for `--advance`, s: between its timers the MTAs do what is due. */
const advanceLimitS = 120;

async function advance(io: CommandIo, run: SupervisedRun, flags: TimeFlags, seconds: number): Promise<number> {
  const limitS = flags.timeout ?? advanceLimitS;
  const { nowMs } = await askSupervisor(run, { ...flags, timeout: limitS }, (client, limit) =>
    client.commandOf(pairCommands, 'advance', { seconds }, limit),
  );
  if (flags.json === true) outJson(io, { advancedS: seconds, nowAt: isoInstant(nowMs) });
  else io.out(`${seconds} s of lab time have passed; it is ${isoInstant(nowMs)}`);
  return exitCodes.ok;
}

export const run: CommandRun = async ({ io, options }) => {
  const flags = options as TimeFlags;
  const { scale, json } = flags;
  const isLook = scale === undefined && flags.advance === undefined;
  const found = await chosenRun(io, flags, isLook ? 'look' : 'act');
  if (flags.advance !== undefined) {
    if (isSupervised(found)) return advance(io, found, flags, flags.advance);
    throw new CliError('this MTA runs by itself; --advance needs a pair, because all its clocks move together');
  }
  if (scale === undefined)
    return printAnswers(io, await askEach(found, flags, 'status'), json === true, {
      json: ({ mta, value: { nowMs, timeScale } }) => ({ mta, nowAt: isoInstant(nowMs), timeScale }),
      text: (values) => values.map(({ mta, value }) => `${mta}: ${isoInstant(value.nowMs)}, x${value.timeScale}`).join('\n'),
    });
  const answers = isSupervised(found)
    ? await askSupervisor(found, flags, (client) => client.commandOf(pairCommands, 'time-scale', { scale }, changeLimit))
    : await askEach(found, flags, 'clock', { line: { timeScale: scale } });
  return printAnswers<unknown>(io, answers, json === true, {
    json: ({ mta }) => ({ mta, timeScale: scale }),
    text: (values) => values.map(({ mta }) => `${mta}: lab time runs ${scale} times as fast as real time`).join('\n'),
  });
};
