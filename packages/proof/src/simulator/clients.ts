/** Clients of the simulated MTAs: each hands its message in until it has an answer, and asks again with the same id. */
import { Violation } from '../rules/catalogue.js';
import type { SimNode } from './node.js';
import type { PlannedSubmission } from './plan.js';
import type { World } from './world.js';

/** Without an answer, or with the MTA down, a client tries again after this. */
const retryMs = 5000;
const answerMs = 30_000;
const mostTries = 100;
/** Refusals that a client takes. */
const mostRefusals = 4;

type State = {
  mtsId: string | null;
  tries: number;
  refusals: number;
  /** It has gone away without an answer, or has asked all it wanted. */
  over: boolean;
  asksAgain: boolean;
};

export class Clients {
  readonly #world: World;
  readonly #states: State[];
  readonly #byId = new Map<string, number>();
  #answered = 0;

  constructor(world: World) {
    this.#world = world;
    const { submissions } = world.setup;
    this.#states = submissions.map(({ againAfterMs }) => ({
      mtsId: null,
      tries: 0,
      refusals: 0,
      over: false,
      asksAgain: againAfterMs !== null,
    }));
    for (const [index, { submissionId, atMs }] of submissions.entries()) {
      this.#byId.set(submissionId, index);
      world.at(atMs, { type: 'client', submission: index });
    }
  }

  /** Submissions that were answered with an identifier. */
  get answered(): number {
    return this.#answered;
  }

  planned(submissionId: string): PlannedSubmission | undefined {
    return this.#world.setup.submissions[this.#byId.get(submissionId) ?? -1];
  }

  /** Time for a client to look. */
  look(index: number): void {
    const state = this.#states[index] as State;
    const planned = this.#world.setup.submissions[index] as PlannedSubmission;
    if (state.over) return;
    if (state.mtsId !== null) {
      state.over = !state.asksAgain;
      if (state.over) return;
      state.asksAgain = false;
    }
    state.tries += 1;
    if (state.tries > mostTries) {
      state.over = true;
      return;
    }
    const node = this.#world.nodes[planned.mta] as SimNode;
    const ready = node.up && node.mta?.phase === 'running' && node.stalledUntilMs <= this.#world.nowMs;
    this.#world.after(ready ? answerMs : retryMs, { type: 'client', submission: index });
    if (ready) this.#submit(node, planned);
  }

  #submit(node: SimNode, planned: PlannedSubmission): void {
    const { submissionId, originator, recipients, priority, sizeBytes } = planned;
    node.uploads += 1;
    const content = -(node.store.incarnation * 2 ** 32 + node.uploads);
    this.#world.job(node, { type: 'put', content, name: submissionId, sizeBytes });
    const submission = { submissionId, originator, recipients, priority, contentType: 'message/rfc822', sizeBytes, content };
    this.#world.input(node, { type: 'submit', submission });
  }

  submitted(node: SimNode, submissionId: string, mtsId: string): void {
    if (node.store.submissions.get(submissionId) !== mtsId) {
      const detail = `Submission ${submissionId} is answered with ${mtsId}, but the store has ${node.store.submissions.get(submissionId) ?? 'nothing'}.`;
      throw new Violation({ rule: 'accept-after-store', mta: node.name, message: mtsId, detail });
    }
    const index = this.#byId.get(submissionId) as number;
    const state = this.#states[index] as State;
    if (state.mtsId !== null) return;
    state.mtsId = mtsId;
    this.#answered += 1;
    const { againAfterMs } = this.#world.setup.submissions[index] as PlannedSubmission;
    if (againAfterMs !== null) this.#world.after(againAfterMs, { type: 'client', submission: index });
  }

  refused(submissionId: string): void {
    const state = this.#states[this.#byId.get(submissionId) as number] as State;
    state.refusals += 1;
    if (state.mtsId === null && state.refusals >= mostRefusals) state.over = true;
  }
}
