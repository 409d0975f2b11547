/** Carries out the faults of a load at their times and states, and marks what they do. */
import { monotonicMs } from '@mtalab/transport';
import { messageOf } from '../process/errors.js';
import type { FaultAction, LoadFault, LoadState } from './load-faults.js';
import type { LoadMark } from './result.js';
import type { LinkControl, LoadTarget } from './target.js';

/** Shortest time between two looks at the faults on the link, ms. */
const lookEachMs = 20;

export type StateValues = Readonly<Record<LoadState, number>>;

type ArmedOnLink = { readonly text: string; readonly hits: () => Promise<number>; seen: number };

export class Director {
  readonly #target: LoadTarget;
  readonly #mark: (atMs: number, mark: Omit<LoadMark, 'atS'>) => void;
  readonly #waiting: Set<LoadFault>;
  readonly #armed: ArmedOnLink[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #suspended = new Set<string>();
  readonly #actions = new Set<Promise<void>>();
  readonly #problems: string[] = [];
  #lookedMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(target: LoadTarget, faults: readonly LoadFault[], mark: (atMs: number, mark: Omit<LoadMark, 'atS'>) => void) {
    this.#target = target;
    this.#mark = mark;
    this.#waiting = new Set(faults);
  }

  /** What a fault could not do, in words. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Arms the faults that are there from the start. */
  async begin(): Promise<void> {
    for (const fault of [...this.#waiting]) if (fault.trigger.when === 'start') this.#carryOut(fault);
    await this.#settled();
  }

  /** Marks what the faults have done until now. */
  async look(): Promise<void> {
    await this.#lookAtLink();
  }

  /** Carries out what is due. @param values computes the values of the states only if a fault waits for one. */
  tick(nowMs: number, t0Ms: number, values: () => StateValues): void {
    for (const fault of this.#waiting) {
      const { trigger } = fault;
      if (trigger.when === 'time' && nowMs >= t0Ms + trigger.seconds * 1000) this.#carryOut(fault);
      if (trigger.when === 'state' && values()[trigger.state] >= trigger.least) this.#carryOut(fault);
    }
    if (nowMs - this.#lookedMs < lookEachMs || this.#looking !== undefined || this.#armed.length === 0) return;
    this.#lookedMs = nowMs;
    this.#looking = this.#lookAtLink().finally(() => {
      this.#looking = undefined;
    });
  }

  /**
   * Ends all faults that wait, and lets suspended processes go on.
   * @returns the texts of the faults that never acted.
   */
  async end(): Promise<readonly string[]> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const mta of [...this.#suspended]) this.#resume(mta);
    await this.#settled();
    await this.#looking;
    await this.#lookAtLink();
    return [
      ...[...this.#waiting].map(({ text }) => text),
      ...this.#armed.filter(({ seen }) => seen === 0).map(({ text }) => text),
    ];
  }

  async #settled(): Promise<void> {
    while (this.#actions.size > 0) await Promise.all(this.#actions);
  }

  #carryOut(fault: LoadFault): void {
    this.#waiting.delete(fault);
    const done: Promise<void> = this.#act(fault)
      .catch((error: unknown) => {
        this.#problems.push(`fault "${fault.text}": ${messageOf(error)}`);
      })
      .finally(() => this.#actions.delete(done));
    this.#actions.add(done);
  }

  async #act({ text, action }: LoadFault): Promise<void> {
    const { link } = this.#target;
    if ('mta' in action) return this.#actOnProcess(action);
    if (link === undefined) throw new Error('there is no fault proxy between the MTAs');
    if (action.do === 'arm') {
      this.#armed.push({ text, hits: (await link.fault(action.fault)).hits, seen: 0 });
      return;
    }
    this.#mark(monotonicMs(), { kind: 'fault', text: action.do === 'network' ? `network ${action.state}` : action.do });
    await onLink(link, action);
  }

  async #actOnProcess(action: Extract<FaultAction, { readonly mta: string }>): Promise<void> {
    const { mta } = action;
    if (action.do === 'suspend') {
      this.#target.signal(mta, 'SIGSTOP');
      this.#suspended.add(mta);
      this.#mark(monotonicMs(), { kind: 'process', text: `${mta} is suspended`, mta });
      if (action.seconds === null) return;
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#resume(mta);
      }, action.seconds * 1000);
      this.#timers.add(timer);
      return;
    }
    if (action.do === 'resume') return this.#resume(mta);
    const { restart } = this.#target;
    if (restart === undefined) throw new Error('nobody supervises the MTAs, so nobody could start one again');
    const isKill = action.do === 'kill';
    this.#mark(monotonicMs(), { kind: 'process', text: `${mta} is ${isKill ? 'killed' : 'stopped'}`, mta });
    await restart(mta, isKill);
    this.#mark(monotonicMs(), { kind: 'process', text: `${mta} runs again`, mta });
  }

  #resume(mta: string): void {
    if (!this.#suspended.delete(mta)) return;
    this.#target.signal(mta, 'SIGCONT');
    this.#mark(monotonicMs(), { kind: 'process', text: `${mta} goes on`, mta });
  }

  /** Marks what the armed faults have done since the last look. */
  async #lookAtLink(): Promise<void> {
    for (const fault of this.#armed) {
      const hits = await fault.hits().catch(() => fault.seen);
      if (hits > fault.seen) this.#mark(monotonicMs(), { kind: 'fault', text: fault.text });
      fault.seen = hits;
    }
  }
}

async function onLink(
  link: LinkControl,
  action: Extract<FaultAction, { readonly do: 'cut' | 'release' | 'heal' | 'network' }>,
): Promise<void> {
  if (action.do === 'network') await link.network(action.state);
  else await link[action.do]();
}
