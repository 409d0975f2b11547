/** `mtalab load`: puts a pair that it starts, or MTAs that run, under load. */
import {
  countMail,
  findRun,
  type Lab,
  type LoadOptions,
  type LoadProgress,
  type LoadResult,
  type MtaEnded,
  runLoad,
} from '@mtalab/harness';
import { defaultSettings } from '@mtalab/mta-core';
import { type CommandIo, outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { UsageError } from '../errors.js';
import { type Interrupt, onInterrupt } from '../interrupt.js';
import { checkedPlan, describePair, type LoadFlags, loadOptions, pairFlags, refusePairOptions } from '../load/load-plan.js';
import { loadReportFormatOf, writeLoadReport } from '../load/report.js';
import { runningTarget } from '../load/running-target.js';
import { serveControlChannel } from '../pair/control-channel.js';
import { pairNames } from '../pair/pair-mtas.js';
import { type PairPlan, planPair } from '../pair/pair-plan.js';
import { startPair } from '../pair/start-pair.js';
import { paint } from '../render/colours.js';
import { LiveStatus } from '../render/live-status.js';
import { renderLoadText } from '../render/load.js';
import { LoadDisplay } from '../render/load-progress.js';
import { chosenRun } from '../running-mtas.js';

type Running = {
  readonly io: CommandIo;
  readonly flags: LoadFlags;
  readonly options: LoadOptions;
  readonly interrupt: Interrupt;
  readonly live: LiveStatus;
};

/** The options with the live display and the end by Ctrl-C. */
function watched({ options, interrupt, live, io }: Running, thresholds: ReadonlyMap<string, number>): LoadOptions {
  const display = new LoadDisplay(thresholds);
  let phase: LoadProgress['phase'] | undefined;
  interrupt.signal.addEventListener('abort', () => io.err('ending the load in order; press Ctrl-C to stop at once'), {
    once: true,
  });
  return {
    ...options,
    signal: interrupt.signal,
    onProgress: (progress) => {
      const lines = display.lines(progress);
      // A log gets each phase, also one that is short.
      if (!live.isTerminal && progress.phase !== phase) io.err(lines.at(-1) ?? '');
      else live.show(lines);
      phase = progress.phase;
    },
  };
}

async function loadPair(running: Running, plan: PairPlan): Promise<LoadResult> {
  const { flags, interrupt, live, io } = running;
  // The faults of a load are armed by the load, so the proxy has none at the start.
  const { faults, prefill } = checkedPlan(running.options, pairNames);
  const proxied = flags.proxy === true || prefill > 0 || faults.some(({ action }) => !('mta' in action));
  const lab = await startPair(live, pairFlags(flags), plan, { proxied });
  let announceEnd: (outcomes: readonly MtaEnded[]) => void = () => undefined;
  const ended = new Promise<readonly MtaEnded[]>((resolve) => {
    announceEnd = resolve;
  });
  let closeControl: (() => Promise<void>) | undefined;
  try {
    closeControl = await serveControlChannel(lab, { stop: interrupt.trigger, ended, log: (text) => live.note(text) });
    for (const hint of plan.hints) io.err(hint);
    const threshold = plan.settings.threshold ?? defaultSettings.threshold;
    return await lab.load(watched(running, new Map(pairNames.map((name) => [name, threshold]))), describePair(flags));
  } finally {
    live.clear();
    announceEnd(await endOf(lab, io));
    // The control channel closes last: the request to stop may have come over it, and its client gets the outcome first.
    await new Promise((resolve) => setImmediate(resolve));
    await closeControl?.();
  }
}

async function endOf(lab: Lab, io: CommandIo): Promise<readonly MtaEnded[]> {
  const outcomes = await lab.end();
  for (const { killed } of outcomes) if (killed !== null) io.err(`mtalab: ${killed}`);
  return outcomes;
}

async function loadRunning(running: Running): Promise<LoadResult> {
  const { flags, live, io } = running;
  const dirs = flags.dir ?? [];
  const runs =
    dirs.length === 0
      ? [await chosenRun(io, {}, 'act')]
      : await Promise.all(dirs.map(async (dir) => (await findRun({ dir })).run));
  const { target, close } = await runningTarget(runs);
  try {
    if (target.names.length < 2)
      throw new UsageError('--running: the run has one MTA; give --dir twice, once for each MTA, or use the run of a pair');
    checkedPlan(running.options, target.names);
    const thresholds = new Map(target.names.map((name) => [name, target.setup(name).threshold]));
    return await runLoad(target, watched(running, thresholds), ['--running', ...dirs.map((dir) => `--dir ${dir}`)]);
  } finally {
    live.clear();
    close();
  }
}

export const run: CommandRun = async ({ io, options: given }) => {
  const flags = given as LoadFlags;
  const options = loadOptions(flags);
  if (flags.running === true) refusePairOptions(flags);
  else checkedPlan(options, pairNames);
  // A wrong file name must be an error before anything starts.
  for (const path of flags.out ?? []) loadReportFormatOf(path);
  // A folder without mail must be an error before anything starts.
  if (flags.mail !== undefined) await countMail(flags.mail);
  const plan = flags.running === true ? undefined : planPair(pairFlags(flags));
  const live = new LiveStatus(io);
  const interrupt = onInterrupt(io.readerGone);
  try {
    const running = { io, flags, options, interrupt, live };
    const result = plan === undefined ? await loadRunning(running) : await loadPair(running, plan);
    for (const path of flags.out ?? []) await writeLoadReport(result, path);
    if (flags.json === true) outJson(io, result);
    else io.out(renderLoadText(result, paint(io.outColour, io.outColumns())));
    return result.exitCode;
  } finally {
    interrupt.dispose();
  }
};
