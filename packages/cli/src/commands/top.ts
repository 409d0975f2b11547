/** `mtalab top`: shows queues, associations and rates of all MTAs of a run, again and again. */
import { pause, type RunEntry, readable } from '@mtalab/harness';
import { type CommandIo, outJson, outJsonLine } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { exitCodes } from '../errors.js';
import { type Interrupt, onInterrupt } from '../interrupt.js';
import { renderTop } from '../render/top.js';
import { chosenMtas, chosenRun, presentRun, type RunFlags } from '../running-mtas.js';
import type { Screen } from '../screen.js';
import { sampleRun } from '../top/sample.js';
import { type TopSort, topSorts } from '../top/sorts.js';
import { sortedTop, TopHistory, type TopView } from '../top/view.js';

type Flags = RunFlags & { readonly once?: boolean; readonly interval?: number; readonly sort: TopSort };

/** Real time between two looks: on a terminal, for one look that is shown, and elsewhere, ms. */
const terminalMs = 500;
const onceMs = 500;
const plainMs = 2000;

/** The keys, and what they have changed. */
class Controls {
  readonly #interrupt: Interrupt;
  readonly #redraw: () => void;
  sort: TopSort;
  isPaused = false;

  constructor(interrupt: Interrupt, sort: TopSort, redraw: () => void) {
    this.#interrupt = interrupt;
    this.#redraw = redraw;
    this.sort = sort;
  }

  readonly press = (key: string): void => {
    if (key === 'q' || key === 'ctrl-c') return this.#interrupt.trigger();
    if (key === 'p' || key === ' ') this.isPaused = !this.isPaused;
    if (key === 's') this.sort = topSorts[(topSorts.indexOf(this.sort) + 1) % topSorts.length] ?? 'name';
    this.#redraw();
  };
}

/** Looks again and again, until the signal aborts or the run is over. @returns whether it is over. */
async function watch(
  run: RunEntry,
  where: Flags,
  {
    intervalMs,
    signal,
    isPaused,
  }: { readonly intervalMs: number; readonly signal: AbortSignal; readonly isPaused: () => boolean },
  show: (view: TopView) => void,
): Promise<boolean> {
  const history = new TopHistory();
  while (!signal.aborted) {
    const startMs = performance.now();
    const now = await presentRun(run);
    if (now === undefined) return true;
    if (!isPaused()) {
      const view = history.add(await sampleRun(now, where));
      if (!signal.aborted && !isPaused()) show(view);
    }
    await pause(Math.max(0, intervalMs - (performance.now() - startMs)), signal);
  }
  return false;
}

async function onScreen(io: CommandIo, run: RunEntry, flags: Flags, interrupt: Interrupt): Promise<boolean | undefined> {
  let view: TopView | undefined;
  let screen: Screen | undefined;
  const redraw = (): void => {
    if (view === undefined || screen === undefined) return;
    const { sort, isPaused } = controls;
    // One column less than the width: some terminals wrap a row that fills the last column.
    const size = { columns: Math.max(20, screen.columns() - 1), rows: screen.rows() };
    screen.draw(renderTop(sortedTop(view, sort), { dir: run.dir, ...size, colour: io.outColour, sort, isPaused }));
  };
  const controls = new Controls(interrupt, flags.sort, redraw);
  screen = io.openScreen?.({ onKey: controls.press, onResize: redraw });
  if (screen === undefined) return undefined;
  try {
    const intervalMs = flags.interval === undefined ? terminalMs : flags.interval * 1000;
    return await watch(run, flags, { intervalMs, signal: interrupt.signal, isPaused: () => controls.isPaused }, (next) => {
      view = next;
      redraw();
    });
  } finally {
    screen.close();
  }
}

function blockOf(io: CommandIo, run: RunEntry, view: TopView): string {
  return renderTop(view, { dir: run.dir, columns: io.outColumns(), colour: io.outColour }).join('\n');
}

/** One block for each look, or a line of JSON. */
function inLines(io: CommandIo, run: RunEntry, flags: Flags, { signal }: Interrupt): Promise<boolean> {
  const intervalMs = flags.interval === undefined ? plainMs : flags.interval * 1000;
  let count = 0;
  return watch(run, flags, { intervalMs, signal, isPaused: () => false }, (given) => {
    const view = sortedTop(given, flags.sort);
    count += 1;
    if (flags.json === true) outJsonLine(io, readable(view));
    else io.out(`${count === 1 ? '' : '\n'}${blockOf(io, run, view)}`);
  });
}

/** Two looks, because a rate needs two; the second is shown. */
async function once(io: CommandIo, run: RunEntry, flags: Flags, { signal }: Interrupt): Promise<boolean> {
  const history = new TopHistory();
  history.add(await sampleRun(run, flags));
  await pause(onceMs, signal);
  const now = signal.aborted ? undefined : await presentRun(run);
  if (now === undefined) return !signal.aborted;
  const view = sortedTop(history.add(await sampleRun(now, flags)), flags.sort);
  if (flags.json === true) outJson(io, readable(view));
  else io.out(blockOf(io, run, view));
  return false;
}

export const run: CommandRun = async ({ io, options }) => {
  const flags = options as Flags;
  const found = await chosenRun(io, flags, 'look');
  // A wrong name must be an error before the terminal changes.
  chosenMtas(found, flags.mta);
  const interrupt = onInterrupt(io.readerGone);
  try {
    const plain = flags.once === true ? once : inLines;
    const isScreen = flags.once !== true && flags.json !== true;
    const isOver =
      (isScreen ? await onScreen(io, found, flags, interrupt) : undefined) ?? (await plain(io, found, flags, interrupt));
    if (isOver) io.err(`the run in ${found.dir} is over`);
  } finally {
    interrupt.dispose();
  }
  return exitCodes.ok;
};
