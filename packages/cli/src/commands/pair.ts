/** `mtalab pair`: runs two MTAs as processes, submits mail, and shows a status until the end. */

import { type Lab, type LabPage, type LabSummary, type MtaEnded, shellWord } from '@mtalab/harness';
import { type CommandIo, outJsonLine } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { exitCodes, messageOf } from '../errors.js';
import { type Interrupt, onInterrupt } from '../interrupt.js';
import { serveControlChannel } from '../pair/control-channel.js';
import { startPage } from '../pair/page.js';
import { pairDomains } from '../pair/pair-mtas.js';
import { type PairFlags, type PairPlan, planPair } from '../pair/pair-plan.js';
import { findMail, type Mail, type Sending, sendAll } from '../pair/send.js';
import { startPair } from '../pair/start-pair.js';
import { startTwin, twinArticles } from '../pair/twin.js';
import { type Ending, watchPair } from '../pair/watch.js';
import { paint } from '../render/colours.js';
import { LiveStatus } from '../render/live-status.js';
import { renderReady, renderSummary } from '../render/pair.js';

/** Prints the releases of the MTAs if options chose them. */
function printReleases(io: CommandIo, flags: PairFlags, plan: PairPlan): void {
  if (flags.json === true || (flags.release === undefined && flags.nt === undefined)) return;
  for (const [name, { release, nt }] of Object.entries(plan.profiles))
    io.out(`${name} is Exchange ${release.name} on Windows NT ${nt.name}`);
}

/** Prints where the MTAs listen. */
function announce(io: CommandIo, lab: Lab, page: LabPage | null, flags: PairFlags, plan: PairPlan): void {
  const mtas = [...lab.processes.values()].map((one, at) => ({
    mta: one.name,
    pid: one.pid,
    domains: [pairDomains[at] ?? ''],
    endpoints: one.ready.endpoints,
    x400: one.ready.x400,
    mapper: one.ready.mapper,
    smtp: one.ready.smtp,
    metrics: one.ready.metrics,
    control: one.ready.control,
    version: plan.profiles[one.name]?.release.version ?? '',
    build: plan.profiles[one.name]?.release.build ?? '',
    nt: plan.profiles[one.name]?.nt.name ?? '',
    legacy: plan.profiles[one.name]?.legacy ?? [],
  }));
  const ready = {
    dir: lab.dir,
    kept: flags.dir !== undefined,
    timeScale: flags.timeScale,
    mtas,
    faults: plan.faults,
    page: page?.newAddress() ?? null,
  };
  if (flags.json === true) outJsonLine(io, { type: 'ready', ...ready });
  else io.out(renderReady(ready, paint(io.outColour, io.outColumns())));
  printReleases(io, flags, plan);
}

/** Prints the outcome. @returns the exit code. */
function conclude(
  io: CommandIo,
  flags: PairFlags,
  sending: Sending,
  ending: Ending,
  summary: LabSummary,
  unreached: readonly string[],
): number {
  const problems = [
    ...(ending.kind === 'stuck' ? ['some mail was not delivered:', ...ending.why.map((line) => `  ${line}`)] : []),
    ...(ending.kind === 'delivered' && summary.reports > 0
      ? [`${summary.reports} of the messages came back as non-delivery reports`]
      : []),
    ...(flags.once === true && ending.kind === 'interrupted'
      ? [
          `${io.readerGone.aborted ? 'stopped, because the reader of stdout is gone,' : 'interrupted'} before all mail was delivered`,
        ]
      : []),
    ...unreached.map((fault) => `fault never reached: ${fault}`),
  ];
  const code =
    flags.once === true
      ? problems.length === 0
        ? exitCodes.ok
        : exitCodes.failed
      : ending.kind === 'ended' || unreached.length > 0
        ? exitCodes.failed
        : exitCodes.ok;
  if (ending.kind === 'ended') problems.unshift(ending.why);
  if (flags.json === true) {
    outJsonLine(io, {
      type: 'summary',
      ending: ending.kind,
      ...summary,
      accepted: sending.accepted,
      unreachedFaults: unreached,
      problems,
      exitCode: code,
    });
  } else io.out(renderSummary(summary, paint(io.outColour, io.outColumns())));
  for (const problem of problems) io.err(problem.startsWith('  ') ? problem : `mtalab: ${problem}`);
  return code;
}

/** What a run has from its start to its end. */
type Running = {
  readonly io: CommandIo;
  /** The second pair, if there is one from the start. It gets the same mail. */
  readonly twin: Lab | undefined;
  readonly flags: PairFlags;
  readonly plan: PairPlan;
  readonly mail: Mail;
  readonly live: LiveStatus;
  readonly interrupt: Interrupt;
};

async function sendToTwin(twin: Lab, plan: PairPlan, mail: Mail, live: LiveStatus, signal: AbortSignal): Promise<void> {
  await sendAll(twin, plan, mail, { wanted: mail.count, accepted: 0, complete: false }, signal).catch((error: unknown) =>
    live.note(`the twin: ${messageOf(error)}`),
  );
}

async function runLab(
  lab: Lab,
  page: LabPage | null,
  { io, twin, flags, plan, mail, live, interrupt }: Running,
): Promise<number> {
  try {
    announce(io, lab, page, flags, plan);
    for (const hint of plan.hints) io.err(hint);
    const sending: Sending = { wanted: mail.count, accepted: 0, complete: false };
    const sent = sendAll(lab, plan, mail, sending, interrupt.signal);
    if (twin !== undefined) void sendToTwin(twin, plan, mail, live, interrupt.signal);
    const ending = await watchPair(lab, sending, sent, flags, live, interrupt.signal);
    live.clear();
    const summary = await lab.summary();
    const unreached = (lab.proxy?.unreached() ?? []).map((fault) => fault.text);
    return conclude(io, flags, sending, ending, summary, unreached);
  } finally {
    live.clear();
  }
}

/** Says what became of the file of --capture. @returns is it complete? */
async function concludeCapture(io: CommandIo, lab: Lab): Promise<boolean> {
  const outcome = await lab.captured;
  if (outcome === undefined) return true;
  const { file, packets, dropped, error } = outcome;
  io.err(`${packets} packets in ${file}`);
  if (dropped > 0) io.err(`mtalab: ${dropped} packets were dropped, because ${file} was written too slowly`);
  if (error !== null) io.err(`mtalab: ${error}`);
  return error === null;
}

export const run: CommandRun = async ({ io, options }) => {
  const flags = options as PairFlags;
  const plan = planPair(flags);
  const twinOf = twinArticles(flags, plan);
  const mail = await findMail(flags);
  const live = new LiveStatus(io);
  // Ctrl-C while the processes start must stop them too.
  const interrupt = onInterrupt(io.readerGone);
  try {
    const lab = await startPair(live, flags, plan);
    let page: LabPage | null = null;
    const closeControls: (() => Promise<void>)[] = [];
    let announceEnd: (outcomes: readonly MtaEnded[]) => void = () => undefined;
    const ended = new Promise<readonly MtaEnded[]>((resolve) => {
      announceEnd = resolve;
    });
    const pairs = [lab];
    const control = {
      stop: interrupt.trigger,
      ended,
      log: (text: string) => live.note(text),
      onOneClock: () => pairs,
    };
    const beginTwin = async (articles: readonly string[]): Promise<Lab> => {
      const twin = await startTwin(lab, live, flags, plan, articles);
      try {
        closeControls.push(await serveControlChannel(twin, { ...control, isTwin: true }));
      } catch (error) {
        await twin.end();
        throw error;
      }
      pairs.push(twin);
      live.note(`the twin is in ${twin.dir}; commands reach it with --dir ${shellWord(twin.dir)}`);
      return twin;
    };
    try {
      page = await startPage(lab, flags, beginTwin);
      const twin = twinOf === null ? undefined : await page?.startTwin(twinOf);
      closeControls.push(await serveControlChannel(lab, { ...control, page }));
      const code = await runLab(lab, page, { io, twin, flags, plan, mail, live, interrupt });
      if (interrupt.signal.aborted) io.err('stopping in order; press Ctrl-C to stop at once');
      const [outcomes] = await Promise.all([lab.end(), page?.endTwin()]);
      announceEnd(outcomes);
      const killed = outcomes.flatMap((outcome) => outcome.killed ?? []);
      for (const words of killed) io.err(`mtalab: ${words}`);
      const captured = await concludeCapture(io, lab);
      return killed.length === 0 && captured ? code : exitCodes.failed;
    } finally {
      announceEnd(await lab.end());
      // The control channel closes last: the request to stop may have come over it, and its client gets the outcome first.
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all([...closeControls.map((close) => close()), page?.close()]);
    }
  } finally {
    interrupt.dispose();
  }
};
