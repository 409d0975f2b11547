/** Clients of the simulated MTAs: each submits its message, with the same id, until it has an answer. */
import type { VirtualNode } from '@mtalab/engine';
import { Violation } from '../rules/catalogue.js';
import type { PlannedSubmission } from './run-plan.js';
import type { Simulation } from './simulation.js';

/** Time after which a client tries again if it has no answer or the MTA is down, ms. */
const retryMs = 5000;
const answerMs = 30_000;
const maxTries = 100;
/** Most refusals before a client gives up. */
const maxRefusals = 4;

type State = {
  mtsId: string | null;
  tries: number;
  refusals: number;
  /** The client has given up, or has all its answers. */
  over: boolean;
  asksAgain: boolean;
};

export class Clients {
  readonly #simulation: Simulation;
  readonly #states: State[];
  readonly #byId = new Map<string, number>();
  /** Contents that clients have submitted to the present process of each node. */
  readonly #uploads = new Map<VirtualNode, { readonly incarnation: number; readonly count: number }>();
  #answered = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    const { submissions } = simulation.setup;
    this.#states = submissions.map(({ againAfterMs }) => ({
      mtsId: null,
      tries: 0,
      refusals: 0,
      over: false,
      asksAgain: againAfterMs !== null,
    }));
    for (const [index, { submissionId, atMs }] of submissions.entries()) {
      this.#byId.set(submissionId, index);
      this.#lookAfter(atMs, index);
    }
  }

  /** Number of submissions answered with an identifier. */
  get answered(): number {
    return this.#answered;
  }

  planned(submissionId: string): PlannedSubmission | undefined {
    return this.#simulation.setup.submissions[this.#byId.get(submissionId) ?? -1];
  }

  #lookAfter(delayMs: number, index: number): void {
    this.#simulation.engine.run(delayMs, () => this.#look(index), true);
  }

  /** Called when a client is due. */
  #look(index: number): void {
    const state = this.#states[index] as State;
    const planned = this.#simulation.setup.submissions[index] as PlannedSubmission;
    if (state.over) return;
    if (state.mtsId !== null) {
      state.over = !state.asksAgain;
      if (state.over) return;
      state.asksAgain = false;
    }
    state.tries += 1;
    if (state.tries > maxTries) {
      state.over = true;
      return;
    }
    const node = this.#simulation.nodes[planned.mta] as VirtualNode;
    const ready = node.up && node.mta?.phase === 'running' && node.stalledUntilMs <= this.#simulation.nowMs;
    this.#lookAfter(ready ? answerMs : retryMs, index);
    if (ready) this.#submit(node, planned);
  }

  #submit(node: VirtualNode, planned: PlannedSubmission): void {
    const { submissionId, originator, recipients, priority, sizeBytes } = planned;
    const { engine } = this.#simulation;
    const { incarnation } = node.store;
    const last = this.#uploads.get(node);
    const count = (last?.incarnation === incarnation ? last.count : 0) + 1;
    this.#uploads.set(node, { incarnation, count });
    const content = -(incarnation * 2 ** 32 + count);
    engine.job(node, { type: 'put', content, name: submissionId, sizeBytes });
    const submission = { submissionId, originator, recipients, priority, contentType: 'message/rfc822', sizeBytes, content };
    engine.input(node, { type: 'submit', submission });
  }

  submitted(node: VirtualNode, submissionId: string, mtsId: string): void {
    if (node.store.submissions.get(submissionId) !== mtsId) {
      const detail = `It answers submission ${submissionId} with ${mtsId}, but its store has ${node.store.submissions.get(submissionId) ?? 'nothing'}.`;
      throw new Violation({ rule: 'accept-after-store', mta: node.name, message: mtsId, detail });
    }
    const index = this.#byId.get(submissionId) as number;
    const state = this.#states[index] as State;
    if (state.mtsId !== null) return;
    state.mtsId = mtsId;
    this.#answered += 1;
    const { againAfterMs } = this.#simulation.setup.submissions[index] as PlannedSubmission;
    if (againAfterMs !== null) this.#lookAfter(againAfterMs, index);
  }

  refused(submissionId: string): void {
    const state = this.#states[this.#byId.get(submissionId) as number] as State;
    state.refusals += 1;
    if (state.mtsId === null && state.refusals >= maxRefusals) state.over = true;
  }
}
