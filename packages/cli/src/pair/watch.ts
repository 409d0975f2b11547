/** Waiting for a pair to be done: until all is delivered, until it cannot be, or until somebody ends it. */

import { type Lab, type MtaProcess, pause } from '@mtalab/harness';
import type { QueueView } from '@mtalab/mta-core';
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
  /** A process ended by itself. */
  | { readonly kind: 'ended'; readonly why: string }
  | { readonly kind: 'stuck'; readonly why: readonly string[] };

/** Between two looks, in real time. With --once the end is seen at once by another way. */
const lookMs = 250;
const lastLookMs = 20;

/** The whole state of a lab at rest. */
async function stillLab(lab: Lab): Promise<LabAtRest> {
  const statuses = await lab.status();
  const mtas = await Promise.all(
    Object.values(statuses).map(async (status) => ({
      status,
      queues: await lab.process(status.name).client.request<readonly QueueView[]>('queues'),
    })),
  );
  const keeping = (lab.proxy?.faults() ?? []).filter((fault) => fault.state === 'reached');
  return {
    mtas,
    associations: await lab.associations(),
    kept: keeping.map(
      (fault) => `the fault "${fault.text}" keeps PDUs back until \`mtalab fault release\` or \`mtalab fault heal\``,
    ),
  };
}

/** Is all delivered? In a kept folder mail of an earlier run counts as delivered too, so no queue may be left. */
async function allDelivered(lab: Lab, sending: Sending, flags: PairFlags): Promise<boolean> {
  if (lab.delivered < sending.accepted) return false;
  if (flags.dir === undefined) return true;
  // Mail that is on its way is in no queue of one moment: only the queues of a lab at rest tell.
  if (!(await lab.quiescent())) return false;
  return Object.values(await lab.status()).every((status) => status.queuedCopies === 0);
}

/** Since when has nothing been achieved? In real time. */
class Standstill {
  #achieved = '';
  #sinceMs = 0;

  /** How long it has been as it is now. */
  lastsMs(now: string): number {
    if (now !== this.#achieved) this.#sinceMs = performance.now();
    this.#achieved = now;
    return performance.now() - this.#sinceMs;
  }
}

/** What a look for the end needs. */
type Looked = {
  readonly lab: Lab;
  readonly sending: Sending;
  readonly flags: PairFlags;
  readonly live: LiveStatus;
  readonly standstill: Standstill;
};

/** Looks once at a pair that should deliver everything. Nothing: look again later. */
async function lookForEnd({ lab, sending, flags, live, standstill }: Looked): Promise<Ending | undefined> {
  if (await allDelivered(lab, sending, flags)) return { kind: 'delivered' };
  if (!(await lab.quiescent())) return undefined;
  const still = await stillLab(lab);
  const verdict = judgeStandstill(still, flags.patience * 1000, standstill.lastsMs(progressOf(still)));
  // It may have moved since; only what is at rest still may be called stuck.
  if (!(await lab.quiescent()) || (await allDelivered(lab, sending, flags))) return undefined;
  if (verdict.kind === 'stuck') return verdict;
  if (verdict.inMs > 1000) live.note(`waiting for a timer: ${verdict.what}, in ${span(verdict.inMs)}`);
  return undefined;
}

/**
 * Shows the status until the pair is done.
 * @param sent settles when all mail is handed in; its failure is thrown.
 */
export async function watch(
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
      // One that does not start again is down, and whoever asked for it is told.
      await one.whenUp();
      return follow(one);
    }
    ended ??= `${one.name} ended by itself (${by ?? `exit code ${code}`})${one.stderr === '' ? '' : `: ${one.stderr}`}`;
  };
  for (const one of lab.processes.values()) void follow(one);
  const standstill = new Standstill();
  const over = (): boolean => signal.aborted || ended !== undefined || failure !== undefined;
  let silentSinceMs: number | undefined;
  while (!over()) {
    try {
      live.show(renderLive(Object.values(await lab.status()), await lab.summary(), style));
      if (flags.once === true && sending.complete) {
        const ending = await lookForEnd({ lab, sending, flags, live, standstill });
        if (ending !== undefined) return ending;
      }
      silentSinceMs = undefined;
    } catch (error) {
      // A process that ends in the middle of a question is told below, with its own words. One that is restarted, or that somebody has
      // stopped to see what happens, answers again.
      silentSinceMs ??= performance.now();
      const what = `the pair does not answer: ${messageOf(error)}`;
      if (!over()) live.note(what);
      if (!over()) await pause(lookMs, signal);
      const tooLong = flags.once === true && performance.now() - silentSinceMs > flags.patience * 1000;
      if (!over() && tooLong) throw new CliError(what, { cause: error });
      continue;
    }
    if (flags.once === true && !sending.complete) await Promise.race([sent.catch(() => undefined), pause(lookMs, signal)]);
    else await nextLook(lab, sending, flags, signal);
  }
  if (failure !== undefined) throw failure;
  return ended === undefined ? { kind: 'interrupted' } : { kind: 'ended', why: ended };
}

/** Until it is time to look again; with --once sooner when all is delivered. */
async function nextLook(lab: Lab, sending: Sending, flags: PairFlags, signal: AbortSignal): Promise<void> {
  if (flags.once !== true) return pause(lookMs, signal);
  // Enough is delivered; what is left is the last confirmation, or mail of an earlier run.
  if (lab.delivered >= sending.accepted) return pause(lastLookMs, signal);
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  // Its time limit is our pace: the next look asks again.
  const delivered = lab.waitForDelivered(sending.accepted, { timeoutMs: lookMs }).catch(() => undefined);
  await Promise.race([delivered, pause(lookMs, either)]);
  stop.abort();
}
