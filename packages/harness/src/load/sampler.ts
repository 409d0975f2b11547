/** Looks at the MTAs of a load at each interval: queues, associations, who holds the Turn, and what the processes use. */

import type { AssociationView, QueueView } from '@mtalab/mta-core';
import type { RawAssociation } from '@mtalab/scenario';
import type { MtaStatus } from '@mtalab/transport';
import { joinAnswers } from '../lab/associations.js';
import type { Answer } from '../process/answers.js';
import type { LoadMark, LoadMtaSample, TurnHolders } from './result.js';
import type { LoadTarget } from './target.js';
import { seemsLost, turnHolders } from './turn-holders.js';

/** What one MTA says at one instant. */
type Sight = {
  readonly status: MtaStatus;
  readonly queues: readonly QueueView[];
  readonly associations: readonly AssociationView[];
};

export type Sampled = { readonly mtas: readonly LoadMtaSample[]; readonly turn: TurnHolders };

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth'];

function ordinal(count: number): string {
  return ordinals[count - 1] ?? `${count}th`;
}

export class Sampler {
  readonly #target: LoadTarget;
  readonly #mark: (atMs: number, mark: Omit<LoadMark, 'atS'>) => void;
  readonly #first = new Map<string, MtaStatus>();
  readonly #last = new Map<string, LoadMtaSample>();
  readonly #seen = new Set<string>();
  #restarted = false;
  #sawWaiting = false;
  #looked = false;

  /** @param mark notes something that happened at an instant of the monotonic clock. */
  constructor(target: LoadTarget, mark: (atMs: number, mark: Omit<LoadMark, 'atS'>) => void) {
    this.#target = target;
    this.#mark = mark;
  }

  /** Has a process of an MTA been replaced since the first look? */
  get restarted(): boolean {
    return this.#restarted;
  }

  /** Has a copy waited for its Transfer Interval, so that others overtook it? */
  get sawWaiting(): boolean {
    return this.#sawWaiting;
  }

  /** What the MTAs of the last look were like. */
  get last(): readonly LoadMtaSample[] {
    return [...this.#last.values()];
  }

  /** The status of each MTA at the first look, for what does not change. */
  get first(): ReadonlyMap<string, MtaStatus> {
    return this.#first;
  }

  async look(): Promise<Sampled> {
    const answers = await this.#target.ask(async (client, limit): Promise<Sight> => {
      const [status, queues, associations] = await Promise.all([
        client.command('status', {}, limit),
        client.command('queues', {}, limit),
        client.command('associations', {}, limit),
      ]);
      return { status, queues, associations };
    });
    const joined = joinAnswers(answers.map((each) => (each.ok ? { ...each, value: each.value.associations } : each)));
    const again = seemsLost(joined)
      ? joinAnswers(await this.#target.ask((client, limit) => client.command('associations', {}, limit)))
      : [];
    const mtas = answers.map((answer) => this.#sampleOf(answer));
    this.#markNew(joined);
    return { mtas, turn: turnHolders(joined, again) };
  }

  #sampleOf(answer: Answer<Sight>): LoadMtaSample {
    const { mta } = answer;
    if (!answer.ok) {
      const none = { queued: 0, queuedPerAssociation: 0, oldestS: 0, associations: 0, turnsGiven: 0, rssBytes: 0, cpuS: 0 };
      return { ...(this.#last.get(mta) ?? { mta, ...none }), answers: false };
    }
    const { status, queues, associations } = answer.value;
    const first = this.#first.get(mta);
    if (first === undefined) this.#first.set(mta, status);
    else if (first.incarnation !== status.incarnation) this.#restarted = true;
    // A new process counts from 0 again.
    const base = first?.incarnation === status.incarnation ? first : undefined;
    const remote = queues.filter(({ ltabIndex }) => ltabIndex !== null);
    if (remote.some(({ waiting }) => waiting > 0)) this.#sawWaiting = true;
    const open = associations.filter(({ state }) => state === 'open');
    const perAssociation = remote.map(({ queue, queued }) => {
      return queued / Math.max(1, open.filter(({ peer }) => peer === queue).length);
    });
    const oldest = remote.flatMap(({ oldestSubmittedAtMs }) => oldestSubmittedAtMs ?? []);
    const cpuS = status.cpu.userS + status.cpu.systemS;
    const sample: LoadMtaSample = {
      mta,
      answers: true,
      queued: remote.reduce((sum, { queued }) => sum + queued, 0),
      queuedPerAssociation: Math.max(0, ...perAssociation),
      oldestS: oldest.length === 0 ? 0 : Math.max(0, status.nowMs - Math.min(...oldest)) / 1000 / this.#target.timeScale,
      associations: open.length,
      turnsGiven: status.turnsGiven - (first === undefined || base === undefined ? 0 : base.turnsGiven),
      rssBytes: status.memory.rssBytes,
      cpuS: first === undefined ? 0 : cpuS - (base === undefined ? 0 : base.cpu.userS + base.cpu.systemS),
    };
    this.#last.set(mta, sample);
    return sample;
  }

  /** Marks the associations that no look has seen before, except for those that were there at the first look. */
  #markNew(joined: readonly RawAssociation[]): void {
    const open = new Map<string, number>();
    for (const { between, name, sides } of joined) {
      const [initiator = '', responder = ''] = between;
      const pair = `${initiator} ${responder}`;
      open.set(pair, (open.get(pair) ?? 0) + 1);
      const [side] = sides;
      const key = `${pair} ${name}`;
      if (side === undefined || this.#seen.has(key)) continue;
      this.#seen.add(key);
      if (!this.#looked) continue;
      const text = `${initiator}: ${ordinal(open.get(pair) ?? 1)} association to ${responder} opens`;
      this.#mark(this.#target.realMs(side.mta, side.openedAtMs), { kind: 'association', text, mta: initiator });
    }
    this.#looked = true;
  }
}
