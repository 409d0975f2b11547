/** `mtalab events`: the event logs of a run, merged by time and filtered; with --follow as they grow. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { MtaStatus, RunEntry } from '@mtalab/harness';
import { CliError, exitCodes } from '../errors.js';
import { onInterrupt, pause } from '../interrupt.js';
import { outJson, outJsonLine } from '../io.js';
import { chosenBy, needsNow, type Selection, type SelectionFlags, selectionOf } from '../logs/selection.js';
import { logFolderOf } from '../places.js';
import { type EventView, explainedEvent, renderEvent, renderReason } from '../render/events.js';
import { paint } from '../render/text.js';
import { LineTail } from '../tail.js';
import { askEach, chosenProcesses, chosenRun, type RunOptions } from '../targets.js';
import type { CommandRun } from '../tree/entry.js';

const pollMs = 200;

function parseLines(lines: readonly string[]): EventView[] {
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as EventView];
    } catch {
      // The last line of a process that was killed may be cut short.
      return [];
    }
  });
}

function inOrder(events: EventView[]): EventView[] {
  return events.sort((one, other) => Date.parse(one.time) - Date.parse(other.time));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The logs that were set aside when they were full, oldest first. */
async function setAside(folder: string): Promise<EventView[]> {
  const names = await readdir(folder).catch(() => []);
  const numbers = names.flatMap((name) => /^events\.(\d+)\.jsonl$/.exec(name)?.[1] ?? []).map(Number);
  const files = numbers.sort((one, other) => other - one).map((number) => join(folder, `events.${number}.jsonl`));
  const events: EventView[] = [];
  for (const file of files) events.push(...parseLines(await new LineTail(file).read()));
  return events;
}

/** Lab time, when the selection counts from it. All MTAs of a run have the same. */
async function labNowMs(selection: Selection, where: RunOptions): Promise<number> {
  if (!needsNow(selection)) return 0;
  const answers = await askEach<MtaStatus>(where, 'status');
  const times = answers.flatMap((answer) => (answer.ok ? [answer.value.nowMs] : []));
  if (times.length === 0) throw new CliError('no MTA of this run says what time it is; give an instant in place of a span');
  return Math.max(...times);
}

/** What is logged already, and a reader of what comes. */
async function openLogs(entry: RunEntry, where: RunOptions) {
  const folders = chosenProcesses(entry, where.mta).map((one) => logFolderOf(dirname(one.tokenFile)));
  const tails = folders.map((folder) => new LineTail(join(folder, 'events.jsonl')));
  const older = (await Promise.all(folders.map(setAside))).flat();
  const next = async (): Promise<EventView[]> => (await Promise.all(tails.map((tail) => tail.read()))).flatMap(parseLines);
  return { past: inOrder([...older, ...(await next())]), next: async () => inOrder(await next()) };
}

export const run: CommandRun = async ({ io, options }) => {
  const { json, follow, limit, explain, ...rest } = options as RunOptions &
    SelectionFlags & {
      readonly json?: boolean;
      readonly follow?: boolean;
      readonly explain?: boolean;
      readonly limit: number;
    };
  const { id, category, type, severity, since, until, ...where } = rest;
  // Wrong words are told before anybody is asked.
  const selection = selectionOf(rest);
  const entry = await chosenRun(where);
  const isChosen = chosenBy(selection, await labNowMs(selection, where));
  const { past, next } = await openLogs(entry, where);
  const chosen = past.filter(isChosen);
  const shown = chosen.slice(Math.max(0, chosen.length - limit));
  const style = paint(io.outColour);
  const viewOf = (event: EventView) => (explain === true ? explainedEvent(event) : event);
  const textOf = (event: EventView) =>
    explain === true ? `${renderEvent(event, style)}\n${renderReason(event, style)}` : renderEvent(event, style);
  if (follow !== true) {
    if (json === true) outJson(io, shown.map(viewOf));
    else if (shown.length > 0) io.out(shown.map(textOf).join('\n'));
    return exitCodes.ok;
  }
  const show = (event: EventView): void => {
    if (json === true) outJsonLine(io, viewOf(event));
    else io.out(textOf(event));
  };
  shown.forEach(show);
  const interrupt = onInterrupt(io.readerGone);
  for (let running = true; running && !interrupt.signal.aborted; ) {
    await pause(pollMs, interrupt.signal);
    // Looked at before the reading, so that the last words of the run are read.
    running = isRunning(entry.pid);
    (await next()).filter(isChosen).forEach(show);
  }
  interrupt.dispose();
  return exitCodes.ok;
};
