/** `mtalab events`: merges the event logs of a run by time, selects entries, and follows the logs. The run may be over. */

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { dataFolderOf, eventLogFiles, findRun, isRunning, logEntries, logFolderOf, pause, type RunEntry } from '@mtalab/harness';
import { type CommandIo, outJson, outJsonLine } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, exitCodes, UsageError } from '../errors.js';
import { onInterrupt } from '../interrupt.js';
import type { EventJson } from '../logs/entry-formats.js';
import {
  needsNow,
  type Selection,
  type SelectionFlags,
  selectionEndMs,
  selectionFilter,
  selectionOf,
} from '../logs/event-selection.js';
import { LogTail } from '../logs/log-tail.js';
import { paint } from '../render/colours.js';
import { explainedEvent, renderEvent, renderReason } from '../render/events.js';
import { unknownName } from '../render/suggestions.js';
import { askEach, chosenMtas, chosenRun, type RunChoice } from '../running-mtas.js';

const pollMs = 200;

function inOrder(events: EventJson[]): EventJson[] {
  return events.sort((one, other) => Date.parse(one.time) - Date.parse(other.time));
}

/** Entries of the log files before the present one, oldest first. */
async function olderEntries(folder: string): Promise<EventJson[]> {
  const events: EventJson[] = [];
  for (const file of await eventLogFiles(folder))
    if (basename(file) !== 'events.jsonl') events.push(...logEntries<EventJson>(await new LogTail(file).read()));
  return events;
}

/** Log folders of a run, and the run: null if it is over. */
type Logs = { readonly folders: readonly string[]; readonly run: RunEntry | null };

/** Log folders that a run left in this folder: the folder of a pair, or the data folder of one MTA. */
async function keptLogs(dir: string): Promise<readonly string[]> {
  const names = await readdir(dir).catch(() => []);
  const folders = [dir, ...names.map((name) => dataFolderOf(dir, name))].map(logFolderOf);
  return folders.filter((folder) => existsSync(join(folder, 'events.jsonl')));
}

/** The logs of the present run. With `--dir` they may be of a run that is over or never started. */
async function logsOf(io: CommandIo, where: RunChoice): Promise<Logs> {
  let entry: RunEntry;
  try {
    entry = await chosenRun(io, where, 'look');
  } catch (error) {
    const folders = where.dir === undefined ? [] : await keptLogs(resolve(where.dir));
    if (folders.length === 0) throw error;
    return { folders, run: null };
  }
  const folders = chosenMtas(entry, where.mta).map(({ mta, process: one }) =>
    // The log of an MTA that is down says why.
    logFolderOf(one === null ? dataFolderOf(entry.dir, mta) : dirname(one.tokenFile)),
  );
  return { folders, run: entry };
}

/** The entries of these MTAs. The names of the MTAs come from the entries: nothing else knows them after a run. */
function ofMtas(events: readonly EventJson[], mta: RunChoice['mta']): readonly EventJson[] {
  if (mta === undefined) return events;
  const known = [...new Set(events.map((event) => event.mta))];
  const wanted = [mta].flat().map((name) => {
    const found = known.find((each) => each.toLowerCase() === name.toLowerCase());
    if (found === undefined) throw new UsageError(unknownName('MTA', name, known));
    return found;
  });
  return events.filter((event) => wanted.includes(event.mta));
}

/** The lab time of each MTA that answers. */
async function timesOf(run: RunEntry, where: RunChoice): Promise<readonly number[]> {
  // An MTA may have restarted since.
  const { run: now } = await findRun({ dir: run.dir });
  const answers = await askEach(now, where, 'status');
  return answers.flatMap((answer) => (answer.ok ? [answer.value.nowMs] : []));
}

/** Has this time passed at every MTA? Then no entry up to it can come. An MTA that does not answer writes none. */
async function hasPassed(endMs: number | null, run: RunEntry, where: RunChoice): Promise<boolean> {
  if (endMs === null) return false;
  // The run may have ended meanwhile. The caller notices that itself.
  const times = await timesOf(run, where).catch(() => []);
  return times.length > 0 && times.every((ms) => ms > endMs);
}

/** The present lab time if the selection needs it, else 0. All MTAs of a run have the same. */
async function labNowMs(selection: Selection, where: RunChoice, logs: Logs): Promise<number> {
  if (!needsNow(selection)) return 0;
  if (logs.run === null)
    throw new UsageError('the run is over, so it has no present time to count back from; give an instant instead of a span');
  const times = await timesOf(logs.run, where);
  if (times.length === 0) throw new CliError('no MTA of this run says what time it is; give an instant instead of a span');
  return Math.max(...times);
}

/** The entries so far, and a function that reads new ones. */
async function openLogs({ folders }: Logs) {
  const tails = folders.map((folder) => new LogTail(join(folder, 'events.jsonl')));
  const older = (await Promise.all(folders.map(olderEntries))).flat();
  const next = async (): Promise<EventJson[]> =>
    (await Promise.all(tails.map((tail) => tail.read()))).flatMap((lines) => logEntries<EventJson>(lines));
  return { past: inOrder([...older, ...(await next())]), next: async () => inOrder(await next()) };
}

export const run: CommandRun = async ({ io, options }) => {
  const { json, follow, limit, explain, ...rest } = options as RunChoice &
    SelectionFlags & {
      readonly json?: boolean;
      readonly follow?: boolean;
      readonly explain?: boolean;
      readonly limit: number;
    };
  const { id, category, type, severity, since, until, ...where } = rest;
  // Wrong options fail before any MTA gets a request.
  const selection = selectionOf(rest);
  const logs = await logsOf(io, where);
  const nowMs = await labNowMs(selection, where, logs);
  const isChosen = selectionFilter(selection, nowMs);
  const { past, next } = await openLogs(logs);
  const chosen = (logs.run === null ? ofMtas(past, where.mta) : past).filter(isChosen);
  const shown = chosen.slice(Math.max(0, chosen.length - limit));
  const style = paint(io.outColour, io.outColumns());
  const viewOf = (event: EventJson) => (explain === true ? explainedEvent(event) : event);
  const textOf = (event: EventJson) =>
    explain === true ? `${renderEvent(event, style)}\n${renderReason(event, style)}` : renderEvent(event, style);
  if (follow !== true) {
    if (json === true) outJson(io, shown.map(viewOf));
    else if (shown.length > 0) io.out(shown.map(textOf).join('\n'));
    return exitCodes.ok;
  }
  const show = (event: EventJson): void => {
    if (json === true) outJsonLine(io, viewOf(event));
    else io.out(textOf(event));
  };
  shown.forEach(show);
  const endMs = selectionEndMs(selection, nowMs);
  const interrupt = onInterrupt(io.readerGone);
  const followed = logs.run;
  for (let more = followed !== null; more && !interrupt.signal.aborted; ) {
    // This comes before the reading, so that the last entries of the run, or before the end time, are read too.
    more = followed !== null && (await isRunning(followed)) && !(await hasPassed(endMs, followed, where));
    (await next()).filter(isChosen).forEach(show);
    if (more) await pause(pollMs, interrupt.signal);
  }
  interrupt.dispose();
  return exitCodes.ok;
};
