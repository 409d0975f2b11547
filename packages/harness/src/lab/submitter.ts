/**
 * Submits mail, also over restarts of an MTA. Every submission has an id of its own. If an MTA dies before it answers, the
 * submitter repeats the submission to the next process, and the id prevents a second message.
 */
import { type ControlClient, ControlError, controlLimits } from '@mtalab/transport';
import PQueue from 'p-queue';
import { durationText, within } from '../process/deadline.js';
import { HarnessError, HarnessTimeout, messageOf } from '../process/errors.js';
import { describeExit, type MtaProcess } from '../process/mta-process.js';
import { timeoutArgument } from './arguments.js';
import { checkMessage, contentOctets, isInMemory, type LabMessage, type MessageContent } from './message.js';

/** The time limit of a submission. */
export type SubmitOptions = {
  /**
   * Limit for the answer, over restarts of the process, ms of real time. It begins when the turn of the message comes. Default
   * 60,000.
   */
  readonly timeoutMs?: number;
};

/** The answer to a submission: the message is on disk at the MTA. */
export type Submitted = {
  /** MTS identifier of the message, such as `c=lab;mta=MTA-A;3-17`. */
  readonly mtsId: string;
  /** The MTA had accepted this submission id before, so there is no second message. */
  readonly known: boolean;
};

/** The MTA refused the submission. A repetition helps only after something has changed. */
export class SubmissionRefused extends HarnessError {}

/** Limit of submissions of small content that wait for the answer of one MTA: enough to fill its commits. */
const maxSmall = 64;
/** The same for content in memory that has to be uploaded. */
const maxLarge = 8;
/** The same for streams, which are in memory as a whole until the answer. */
const maxStreams = 2;

/** The submissions to one MTA. Those above a limit wait for their turn. */
class Lanes {
  readonly #small = new PQueue({ concurrency: maxSmall });
  readonly #large = new PQueue({ concurrency: maxLarge });
  readonly #streams = new PQueue({ concurrency: maxStreams });

  of(content: MessageContent): PQueue {
    if (!isInMemory(content)) return this.#streams;
    return content.length <= controlLimits.maxInlineBytes ? this.#small : this.#large;
  }

  clear(): void {
    for (const lane of [this.#small, this.#large, this.#streams]) lane.clear();
  }
}

/** Limit of tries for one submission, if the process dies each time. */
const maxTries = 20;
/** Limit of one request, ms. It is long, because `submit` limits the time over all tries. */
const requestLimitMs = 600_000;

export class Submitter {
  readonly runId: string;
  readonly #accepted = new Set<string>();
  /** By name of the MTA, so that one MTA that is down does not keep mail from another. */
  readonly #lanes = new Map<string, Lanes>();
  readonly #pending = new Set<(error: HarnessError) => void>();
  #acceptedCount = 0;
  #last = 0;

  constructor(runId: string) {
    this.runId = runId;
  }

  /** Messages accepted, without repetitions. */
  get submitted(): number {
    return this.#acceptedCount;
  }

  nextId(): string {
    this.#last += 1;
    return `${this.runId}-${this.#last}`;
  }

  /**
   * Submits a message. Resolves when it is on disk. Any number of calls may be under way: they wait for their turn.
   * @throws HarnessError naming a wrong member of the message. SubmissionRefused with the MTA's reason. HarnessTimeout.
   */
  async submit(target: MtaProcess, message: LabMessage, options: SubmitOptions = {}): Promise<Submitted> {
    checkMessage(message);
    const timeoutMs = timeoutArgument(options);
    const id = message.submissionId ?? this.nextId();
    const result = await new Promise<Submitted>((resolve, reject) => {
      this.#pending.add(reject);
      const lane = this.#lanesOf(target).of(message.content);
      lane
        .add(() => this.#inTurn(target, id, message, timeoutMs))
        .then(resolve, reject)
        .finally(() => this.#pending.delete(reject));
    });
    if (!this.#accepted.has(id)) this.#count(id);
    return result;
  }

  async #inTurn(target: MtaProcess, id: string, message: LabMessage, timeoutMs: number): Promise<Submitted> {
    const limit = { over: false };
    const late = (): string =>
      `${target.name} did not answer submission ${id} within ${durationText(timeoutMs)}${stateOf(target)}`;
    try {
      return await within(this.#submitOverRestarts(target, id, message, limit), timeoutMs, late);
    } finally {
      limit.over = true;
    }
  }

  #lanesOf({ name }: MtaProcess): Lanes {
    let lanes = this.#lanes.get(name);
    if (lanes === undefined) {
      lanes = new Lanes();
      this.#lanes.set(name, lanes);
    }
    return lanes;
  }

  /** Rejects all pending submissions with this error. */
  close(error: HarnessError): void {
    for (const lanes of this.#lanes.values()) lanes.clear();
    for (const reject of this.#pending) reject(error);
    this.#pending.clear();
  }

  #count(id: string): void {
    this.#acceptedCount += 1;
    this.#accepted.add(id);
    // Only recent submissions are repeated, so the set can stay small.
    if (this.#accepted.size > 10_000) for (const oldest of this.#accepted) return void this.#accepted.delete(oldest);
  }

  async #submitOverRestarts(
    target: MtaProcess,
    id: string,
    message: LabMessage,
    limit: { readonly over: boolean },
  ): Promise<Submitted> {
    const { content, submissionId: _, ...envelope } = message;
    let octets: Uint8Array | undefined;
    for (let attempt = 1; ; attempt += 1) {
      await target.whenUp();
      const client = target.client;
      // A stream can be read only once, so its octets are kept for a repetition.
      octets ??= await contentOctets(content);
      try {
        return await client.submit({ ...envelope, submissionId: id, content: octets }, { timeoutMs: requestLimitMs });
      } catch (error) {
        if (!(error instanceof ControlError)) throw error;
        if (error.code === 'refused')
          throw new SubmissionRefused(`${target.name} refused submission ${id}: ${messageOf(error)}`, { cause: error });
        if (limit.over || attempt >= maxTries) throw lost(target, id, error);
        await awaitEnd(target, client, id, error);
      }
    }
  }
}

/** Waits for the end of a process after its connection is lost. @throws HarnessError if the process lives on. */
async function awaitEnd(target: MtaProcess, client: ControlClient, id: string, cause: unknown): Promise<void> {
  if (!target.up || target.client !== client) return;
  try {
    await within(target.exited, 5000, () => '');
  } catch (error) {
    if (error instanceof HarnessTimeout) throw lost(target, id, cause);
    throw error;
  }
}

function lost(target: MtaProcess, id: string, cause: unknown): HarnessError {
  return new HarnessError(`${target.name} did not answer submission ${id}: ${messageOf(cause)}`, { cause });
}

function stateOf(target: MtaProcess): string {
  return target.exit === undefined ? '' : ` (it ${describeExit(target.exit)}; restart it to go on)`;
}
