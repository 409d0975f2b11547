/** `mtalab events`: the event logs of a run, merged by time; with --follow as they grow. */
import { dirname, join } from 'node:path';
import { exitCodes } from '../errors.js';
import { onInterrupt, pause } from '../interrupt.js';
import { outJson, outJsonLine } from '../io.js';
import { logFolderOf } from '../places.js';
import { type EventView, renderEvent } from '../render/events.js';
import { paint } from '../render/text.js';
import { LineTail } from '../tail.js';
import { chosenProcesses, chosenRun, type RunOptions } from '../targets.js';
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

export const run: CommandRun = async ({ io, options }) => {
  const { json, follow, limit, ...where } = options as RunOptions & {
    readonly json?: boolean;
    readonly follow?: boolean;
    readonly limit: number;
  };
  const entry = await chosenRun(where);
  const tails = chosenProcesses(entry, where.mta).map(
    (one) => new LineTail(join(logFolderOf(dirname(one.tokenFile)), 'events.jsonl')),
  );
  const readAll = async (): Promise<EventView[]> =>
    inOrder((await Promise.all(tails.map((tail) => tail.read()))).flatMap(parseLines));
  const style = paint(io.outColour);
  const past = await readAll();
  const shown = past.slice(Math.max(0, past.length - limit));
  if (follow !== true) {
    if (json === true) outJson(io, shown);
    else if (shown.length > 0) io.out(shown.map((event) => renderEvent(event, style)).join('\n'));
    return exitCodes.ok;
  }
  const show = (event: EventView): void => {
    if (json === true) outJsonLine(io, event);
    else io.out(renderEvent(event, style));
  };
  shown.forEach(show);
  const interrupt = onInterrupt(io.readerGone);
  for (let running = true; running && !interrupt.signal.aborted; ) {
    await pause(pollMs, interrupt.signal);
    // Looked at before the reading, so that the last words of the run are read.
    running = isRunning(entry.pid);
    (await readAll()).forEach(show);
  }
  interrupt.dispose();
  return exitCodes.ok;
};
