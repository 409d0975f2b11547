/** A fork that is shown in place of the recording: what the page does is done to it, and no process sees it. */
import { Fork, type UnderWay } from '@mtalab/engine';
import { type Priority, priorities } from '@mtalab/mta-core';
import { type LadderLine, type LiveTrace, noteLine } from '@mtalab/trace';
import { queuedOf } from '../model/picture.js';
import type { QueuePoint } from './store.js';

/** Steps that the ladder of a fork looks at: all that a fork keeps. */
const forkSteps = 20_000;
const maxPoints = 2000;

type Values = Readonly<Record<string, unknown>>;

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

export class ForkSession {
  /** Instant of the recording to which the person goes back; null: its end, or now. */
  readonly cursorBefore: number | null;
  readonly points: Map<string, QueuePoint[]>;
  readonly #fork: Fork;
  /** Lines of the ladder that are of the recording, and the first step that was kept when they were counted. */
  readonly #recordedLines: number;
  readonly #oldest: number;

  /** @throws InstantError if nothing can go on from there. */
  constructor(recorded: LiveTrace, at: number, cursor: number | null, points: ReadonlyMap<string, readonly QueuePoint[]>) {
    this.#fork = new Fork(recorded, at);
    this.cursorBefore = cursor;
    this.points = new Map([...points].map(([name, list]) => [name, list.filter((point) => point.at <= at)]));
    this.#oldest = this.trace.oldest;
    this.#recordedLines = this.trace.ladder(at, forkSteps, true).length;
  }

  get trace(): LiveTrace {
    return this.#fork.trace;
  }

  get nowMs(): number {
    return this.#fork.nowMs;
  }

  /** Lab time of the instant from which it goes on, ms. */
  get fromMs(): number {
    return this.#fork.atMs;
  }

  get underWay(): readonly UnderWay[] {
    return this.#fork.underWay;
  }

  get failure(): string | null {
    return this.#fork.failure;
  }

  /** The ladder with a mark where the recording ends. */
  marked(lines: readonly LadderLine[]): readonly LadderLine[] {
    if (this.trace.oldest !== this.#oldest) return lines;
    let seen = 0;
    const place = lines.findIndex((line) => {
      if (seen >= this.#recordedLines) return true;
      seen += line.count;
      return false;
    });
    const end = place < 0 ? lines.length : place;
    const association = lines[end - 1]?.association ?? null;
    return [...lines.slice(0, end), noteLine('', 'here the fork begins', { mark: 'turn', association }), ...lines.slice(end)];
  }

  /**
   * Does what the page does to a lab, to the fork.
   * @returns what has been done, in words.
   * @throws ForkError
   */
  act(action: string, values: Values): string {
    try {
      return this.#act(action, values);
    } finally {
      this.#addPoints();
    }
  }

  #act(action: string, values: Values): string {
    const fork = this.#fork;
    switch (action) {
      case 'send': {
        const [from, to, count] = [String(values['from']), String(values['to']), Number(values['count'])];
        const priority = (values['priority'] ?? 'normal') as Priority;
        fork.send({ from, to, count, priority: priorities.includes(priority) ? priority : 'normal' });
        return `${counted(count, 'message')} queued at ${from}, in the fork`;
      }
      case 'set': {
        const [article, mta] = [String(values['article']), String(values['mta'])];
        const mode = values['mode'] === 'legacy' ? 'legacy' : 'fixed';
        fork.set(article, mode, mta);
        return `${article} is ${mode} at ${mta}, in the fork`;
      }
      case 'cut':
        return `${counted(fork.cut(), 'connection')} cut`;
      case 'step':
        return fork.step();
      case 'run':
        fork.run();
        return 'all has arrived: only time makes anything happen now';
      case 'advance':
        fork.advance(Number(values['seconds']) * 1000);
        return `${Number(values['seconds'])} s of lab time have passed, in the fork`;
      case 'let':
        fork.let(Number(values['pdu']));
        return 'the PDU has arrived';
      case 'lose':
        fork.lose(Number(values['pdu']));
        return 'the PDU is lost, with the connections of its association';
      default:
        throw new Error('a fork has no processes and no fault proxy; go back to the recording for this');
    }
  }

  #addPoints(): void {
    const { trace, nowMs } = this;
    for (const { node, mta } of trace.nodesAt()) {
      const list = this.points.get(node) ?? [];
      list.push({ at: trace.latest, tMs: nowMs, queued: mta === null ? 0 : queuedOf(mta) });
      if (list.length > maxPoints) list.splice(0, maxPoints / 2);
      this.points.set(node, list);
    }
  }
}
