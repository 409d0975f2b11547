/** Watches a pair until all mail is delivered, until mail is stuck, or until a signal or the end of a process. */

import { joinAnswers, type Lab, type LabStatus, type MtaProcess, pause } from '@mtalab/harness';
import { CliError, messageOf } from '../errors.js';
import type { LiveStatus } from '../render/live-status.js';
import { renderLive } from '../render/pair.js';
import { span } from '../render/units.js';
import type { PairFlags } from './pair-plan.js';
import { ProgressMeter } from './progress.js';
import type { Sending } from './send.js';
import { judgeStandstill, type LabAtRest, progressOf, type StandstillVerdict } from './standstill.js';

export type Ending =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'interrupted' }
  /** An MTA process ended by itself. */
  | { readonly kind: 'ended'; readonly why: string }
  | { readonly kind: 'stuck'; readonly why: readonly string[] };

/** Real time between two checks, ms. */
const pollMs = 250;
/** The same, when all messages are delivered and only their confirmations are missing. */
const lastPollMs = 20;

/** The state of a lab at rest. @throws HarnessError if an MTA does not answer. */
async function labAtRest(lab: Lab): Promise<LabAtRest> {
  const mtas = (
    await lab.ask(async (client, limit) => {
      const [status, queues] = await Promise.all([client.command('status', {}, limit), client.command('queues', {}, limit)]);
      return { status, queues };
    })
  ).flatMap((answer) => (answer.ok ? [answer.value] : []));
  const keeping = (lab.proxy?.faults() ?? []).filter((fault) => fault.state === 'reached');
  return {
    mtas,
    associations: joinAnswers(await lab.ask((client, limit) => client.command('associations', {}, limit))),
    kept: keeping.map(
      (fault) => `the fault "${fault.text}" keeps PDUs back until \`mtalab fault release\` or \`mtalab fault heal\``,
    ),
  };
}

/** The running MTAs that do not answer, in words. */
function silentOf(statuses: LabStatus): readonly string[] {
  return statuses.flatMap(({ mta, error }) => (error === undefined || error.code === 'down' ? [] : [`${mta} ${error.message}`]));
}

/** Is all mail delivered? In a kept folder, mail of an earlier run is delivered too. So there all queues must be empty. */
async function allDelivered(lab: Lab, sending: Sending, flags: PairFlags): Promise<boolean> {
  if (lab.delivered < sending.accepted) return false;
  if (flags.dir === undefined) return true;
  // Mail on its way may be in no queue. Only in a lab at rest do the queues show all mail.
  if (!(await lab.quiescent())) return false;
  return (await lab.status()).every((status) => status.error === undefined && status.queuedCopies === 0);
}

/** Measures how long there has been no progress, in real time. */
class Standstill {
  #progress = '';
  #sinceMs = 0;

  /** How long the progress has been the same, ms. */
  lastsMs(progress: string): number {
    if (progress !== this.#progress) this.#sinceMs = performance.now();
    this.#progress = progress;
    return performance.now() - this.#sinceMs;
  }
}

/** What the checks need. */
type Watched = {
  readonly lab: Lab;
  readonly sending: Sending;
  readonly flags: PairFlags;
  readonly standstill: Standstill;
  readonly reasons: Reasons;
};

/** Limit of the lines that say why nothing moves: a terminal has few, and the summary has them all. */
const maxReasons = 12;

/** Why nothing moves at present, for the live status. */
class Reasons {
  readonly #live: LiveStatus;
  #noted = '';
  lines: readonly string[] = [];

  constructor(live: LiveStatus) {
    this.#live = live;
  }

  /** @param progress stays the same as long as the reasons do: their texts count time down. */
  take(verdict: StandstillVerdict | undefined, progress: string): void {
    this.lines = verdict === undefined ? [] : linesOf(verdict);
    const key =
      this.lines.length === 0 || verdict === undefined ? '' : `${progress} ${verdict.kind === 'retries' ? verdict.what : ''}`;
    // A log has no place to redraw, so it gets the reasons when they change.
    if (!this.#live.isTerminal && key !== '' && key !== this.#noted) for (const line of this.lines) this.#live.note(line);
    this.#noted = key;
  }
}

function linesOf(verdict: StandstillVerdict): readonly string[] {
  if (verdict.kind === 'retries')
    return verdict.inMs > 1000 ? [`waiting for a timer: ${verdict.what}, in ${span(verdict.inMs)}`] : [];
  const { why } = verdict;
  // The last line says what follows from the others.
  const shown =
    why.length <= maxReasons
      ? why
      : [...why.slice(0, maxReasons - 2), `... ${why.length - maxReasons + 1} more lines`, ...why.slice(-1)];
  return ['nothing can move:', ...shown.map((line) => `  ${line}`)];
}

/** Checks once whether the pair has come to an end. Undefined: not yet. */
async function lookForEnd({ lab, sending, flags, standstill, reasons }: Watched): Promise<Ending | undefined> {
  if (await allDelivered(lab, sending, flags)) return { kind: 'delivered' };
  if (!(await lab.quiescent())) {
    reasons.take(undefined, '');
    return undefined;
  }
  const atRest = await labAtRest(lab);
  const progress = progressOf(atRest);
  const verdict = judgeStandstill(atRest, flags.patience * 1000, standstill.lastsMs(progress));
  // Only a lab that is still at rest can be stuck.
  if (!(await lab.quiescent()) || (await allDelivered(lab, sending, flags))) return undefined;
  if (verdict.kind === 'stuck') return verdict;
  reasons.take(verdict, progress);
  return undefined;
}

/** Finds out why waiting mail does not move, if it does not. A run without --once waits for any timer, however late. */
async function lookForReasons({ lab, reasons }: Watched, waits: boolean): Promise<void> {
  if (!waits || !(await lab.quiescent())) return reasons.take(undefined, '');
  const atRest = await labAtRest(lab);
  const verdict = judgeStandstill(atRest, Number.POSITIVE_INFINITY, 0);
  reasons.take((await lab.quiescent()) ? verdict : undefined, progressOf(atRest));
}

/** Ends when an MTA ends by itself, with the reason. A restart is no end. */
async function endOf(lab: Lab, one: MtaProcess): Promise<string> {
  const { code, signal: by } = await one.exited;
  if (lab.isRestarting(one.name)) {
    // If it does not start again, the command that restarts it reports that.
    await one.whenUp();
    return endOf(lab, one);
  }
  return `${one.name} ended by itself (${by ?? `exit code ${code}`})${one.stderr === '' ? '' : `: ${one.stderr}`}`;
}

/** Shows the status once, and looks for the end of a run with --once, or for the reason of a standstill. */
async function check(watched: Watched, live: LiveStatus, meter: ProgressMeter): Promise<Ending | undefined> {
  const { lab, sending, flags, reasons } = watched;
  const statuses = await lab.status();
  const summary = await lab.summary();
  const { delivered, submitted } = summary;
  const progress = meter.take(performance.now(), { delivered, submitted, ...sending });
  live.show(renderLive(statuses, progress, summary, reasons.lines));
  const ending = flags.once === true && sending.complete ? await lookForEnd(watched) : undefined;
  if (ending !== undefined) return ending;
  // An MTA that is suspended or busy may answer again.
  const silent = silentOf(statuses);
  if (silent.length > 0) throw new CliError(silent.join('; '));
  // What moves needs no reason, and a run with --once has looked for reasons already.
  if (flags.once === true && sending.complete) return undefined;
  const waits = progress.perSecond === null && statuses.some((status) => status.error === undefined && status.queuedCopies > 0);
  await lookForReasons(watched, waits);
  return undefined;
}

/**
 * Shows the status until the pair comes to an end.
 * @param sent settles when all mail is submitted. Its error is thrown.
 */
export async function watchPair(
  lab: Lab,
  sending: Sending,
  sent: Promise<void>,
  flags: PairFlags,
  live: LiveStatus,
  signal: AbortSignal,
): Promise<Ending> {
  let failure: unknown;
  sent.catch((error: unknown) => {
    failure = error;
  });
  let ended: string | undefined;
  for (const one of lab.processes.values()) {
    void endOf(lab, one).then((why) => {
      ended ??= why;
    });
  }
  const watched: Watched = { lab, sending, flags, standstill: new Standstill(), reasons: new Reasons(live) };
  const meter = new ProgressMeter();
  const over = (): boolean => signal.aborted || ended !== undefined || failure !== undefined;
  let silentSinceMs: number | undefined;
  let noted = '';
  while (!over()) {
    try {
      const ending = await check(watched, live, meter);
      if (ending !== undefined) return ending;
      silentSinceMs = undefined;
      noted = '';
    } catch (error) {
      // An MTA that has ended is reported below.
      silentSinceMs ??= performance.now();
      const what = messageOf(error);
      if (!over() && what !== noted) live.note(what);
      noted = what;
      if (!over()) await pause(pollMs, signal);
      const tooLong = flags.once === true && performance.now() - silentSinceMs > flags.patience * 1000;
      if (!over() && tooLong) return { kind: 'stuck', why: [`${what}, for longer than --patience ${flags.patience}`] };
      continue;
    }
    if (flags.once === true && !sending.complete) await Promise.race([sent.catch(() => undefined), pause(pollMs, signal)]);
    else await nextPoll(lab, sending, flags, signal);
  }
  if (failure !== undefined) throw failure;
  return ended === undefined ? { kind: 'interrupted' } : { kind: 'ended', why: ended };
}

/** Waits until the next check. With --once the wait ends early if all mail is delivered. */
async function nextPoll(lab: Lab, sending: Sending, flags: PairFlags, signal: AbortSignal): Promise<void> {
  if (flags.once !== true) return pause(pollMs, signal);
  // All messages are delivered. The last confirmations, or mail of an earlier run, may be left.
  if (lab.delivered >= sending.accepted) return pause(lastPollMs, signal);
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  // This wait may time out: the next check waits again.
  const delivered = lab.waitForDelivered(sending.accepted, { timeoutMs: pollMs }).catch(() => undefined);
  await Promise.race([delivered, pause(pollMs, either)]);
  stop.abort();
}
