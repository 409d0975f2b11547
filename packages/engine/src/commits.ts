/** Commits of the stores: a commit takes all jobs that arrive before it, in order. */
import type { Input } from '@mtalab/mta-core';
import type { Engine } from './engine.js';
import type { VirtualNode } from './node.js';
import type { CommitDecision } from './policy.js';
import type { StoreJob } from './virtual-store.js';

const success: CommitDecision = { failure: null, carries: false, instead: null };

export class Commits {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  add(node: VirtualNode, job: StoreJob): void {
    node.jobs.push(job);
    this.#schedule(node, false);
  }

  /** Called after an event: schedules the commit that waits for all jobs of the event. */
  eventEnds(node: VirtualNode): void {
    this.#schedule(node, true);
  }

  #schedule(node: VirtualNode, eventEnds: boolean): void {
    if (node.jobs.length === 0 || node.commitPending) return;
    const delayMs = this.#engine.policy.commitDelayMs(node);
    if (delayMs === null && !eventEnds) return;
    node.commitPending = true;
    node.commits += 1;
    this.#engine.after(delayMs ?? 0, { type: 'commit', node, incarnation: node.store.incarnation });
  }

  commit(node: VirtualNode): void {
    const { policy, watch } = this.#engine;
    const { jobs } = node;
    node.jobs = [];
    node.commitPending = false;
    const { failure, carries, instead } = policy.commit?.(node) ?? success;
    const answers: Input[] = [];
    for (const job of jobs) {
      if (carries && job.type !== 'store' && job.type !== 'put') {
        node.jobs.push(job);
        continue;
      }
      const answer = node.store.commit(job, failure);
      if (answer !== null) answers.push(answer);
    }
    this.#schedule(node, false);
    watch.committed?.(node, failure);
    if (instead !== null) instead();
    else for (const answer of answers) this.#engine.input(node, answer);
  }
}
