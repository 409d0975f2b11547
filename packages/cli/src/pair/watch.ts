/** Watches a pair until all mail is delivered, until mail is stuck, or until a signal or the end of a process. */

import { joinAnswers, type Lab, type LabStatus, type MtaProcess, pause } from '@mtalab/harness';
import { CliError, messageOf } from '../errors.js';
import { paint } from '../render/colours.js';
import type { LiveStatus } from '../render/live-status.js';
import { renderLive } from '../render/pair.js';
import { span } from '../render/units.js';
import type { PairFlags } from './pair-plan.js';
import type { Sending } from './send.js';
import { judgeStandstill, type LabAtRest, progressOf } from './standstill.js';

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

/** What a check for the end needs. */
type Watched = {
  readonly lab: Lab;
  readonly sending: Sending;
  readonly flags: PairFlags;
  readonly live: LiveStatus;
  readonly standstill: Standstill;
};

/** Checks once whether the pair has come to an end. Undefined: not yet. */
async function lookForEnd({ lab, sending, flags, live, standstill }: Watched): Promise<Ending | undefined> {
  if (await allDelivered(lab, sending, flags)) return { kind: 'delivered' };
  if (!(await lab.quiescent())) return undefined;
  const atRest = await labAtRest(lab);
  const verdict = judgeStandstill(atRest, flags.patience * 1000, standstill.lastsMs(progressOf(atRest)));
  // Only a lab that is still at rest can be stuck.
  if (!(await lab.quiescent()) || (await allDelivered(lab, sending, flags))) return undefined;
  if (verdict.kind === 'stuck') return verdict;
  if (verdict.inMs > 1000) live.note(`waiting for a timer: ${verdict.what}, in ${span(verdict.inMs)}`);
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
  const style = paint(false);
  let failure: unknown;
  sent.catch((error: unknown) => {
    failure = error;
  });
  let ended: string | undefined;
  const follow = async (one: MtaProcess): Promise<void> => {
    const { code, signal: by } = await one.exited;
    if (lab.isRestarting(one.name)) {
      // If it does not start again, the command that restarts it reports that.
      await one.whenUp();
      return follow(one);
    }
    ended ??= `${one.name} ended by itself (${by ?? `exit code ${code}`})${one.stderr === '' ? '' : `: ${one.stderr}`}`;
  };
  for (const one of lab.processes.values()) void follow(one);
  const standstill = new Standstill();
  const over = (): boolean => signal.aborted || ended !== undefined || failure !== undefined;
  let silentSinceMs: number | undefined;
  let noted = '';
  while (!over()) {
    try {
      const statuses = await lab.status();
      live.show(renderLive(statuses, await lab.summary(), style));
      if (flags.once === true && sending.complete) {
        const ending = await lookForEnd({ lab, sending, flags, live, standstill });
        if (ending !== undefined) return ending;
      }
      // An MTA that is suspended or busy may answer again.
      const silent = silentOf(statuses);
      if (silent.length > 0) throw new CliError(silent.join('; '));
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
