/**
 * Submits mail, also over restarts of an MTA. Every submission has an id of its own. If an MTA dies before it answers, the
 * submitter repeats the submission to the next process, and the id prevents a second message.
 */
import type { Priority } from '@mtalab/mta-core';
import { type ControlClient, ControlError } from '@mtalab/transport';
import PQueue from 'p-queue';
import { type MailItem, octetsOf } from '../mail/read.js';
import { durationText, within } from '../process/deadline.js';
import { HarnessError, HarnessTimeout, messageOf } from '../process/errors.js';
import { describeExit, type MtaProcess } from '../process/mta-process.js';

/** A message to submit. The envelope is as given here. The header of the message does not matter. */
export type LabMessage = {
  /** Default: the id of the run and a number. */
  readonly submissionId?: string;
  readonly originator: string;
  readonly recipients: readonly string[];
  /** Default `normal`. */
  readonly priority?: Priority;
  /** Default `message/rfc822`. */
  readonly contentType?: string;
  readonly content: MailItem['content'];
};

export type SubmitOptions = {
  /** Limit in real time for the answer, over restarts of the process, ms. Default 60 s. */
  readonly timeoutMs?: number;
};

export type Submitted = {
  readonly mtsId: string;
  /** The MTA had accepted this submission id before, so there is no second message. */
  readonly known: boolean;
};

/** The MTA refused the submission. A repetition helps only after something has changed. */
export class SubmissionRefused extends HarnessError {}

/** Limit of tries for one submission, if the process dies each time. */
const maxTries = 20;
/** Limit of one request, ms. It is long, because `submit` limits the time over all tries. */
const requestLimitMs = 600_000;

export class Submitter {
  readonly runId: string;
  readonly #accepted = new Set<string>();
  /** Uploads big content, which is in memory meanwhile, a few messages at a time. */
  readonly #bigUploads = new PQueue({ concurrency: 2 });
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

  async submit(target: MtaProcess, message: LabMessage, options: SubmitOptions = {}): Promise<Submitted> {
    const id = message.submissionId ?? this.nextId();
    const timeoutMs = options.timeoutMs ?? 60_000;
    const limit = { over: false };
    const answer = new Promise<Submitted>((resolve, reject) => {
      this.#pending.add(reject);
      this.#submitOverRestarts(target, id, message, limit)
        .then(resolve, reject)
        .finally(() => this.#pending.delete(reject));
    });
    const late = (): string =>
      `${target.name} did not answer submission ${id} within ${durationText(timeoutMs)}${stateOf(target)}`;
    let result: Submitted;
    try {
      result = await within(answer, timeoutMs, late);
    } finally {
      limit.over = true;
    }
    if (!this.#accepted.has(id)) this.#count(id);
    return result;
  }

  /** Rejects all pending submissions with this error. */
  close(error: HarnessError): void {
    for (const reject of this.#pending) reject(error);
    this.#pending.clear();
  }

  #count(id: string): void {
    this.#acceptedCount += 1;
    this.#accepted.add(id);
    // Only recent submissions are repeated, so the set can stay small.
    if (this.#accepted.size > 10_000) for (const oldest of this.#accepted) return void this.#accepted.delete(oldest);
  }

  #request(client: ControlClient, id: string, message: LabMessage): Promise<Submitted> {
    const { content, ...envelope } = message;
    const submit = (octets: Uint8Array): Promise<Submitted> =>
      client.submit({ ...envelope, submissionId: id, content: octets }, { timeoutMs: requestLimitMs });
    if (content instanceof Uint8Array) return submit(content);
    return this.#bigUploads.add(async () => submit(await octetsOf(content)));
  }

  async #submitOverRestarts(
    target: MtaProcess,
    id: string,
    message: LabMessage,
    limit: { readonly over: boolean },
  ): Promise<Submitted> {
    for (let attempt = 1; ; attempt += 1) {
      await target.whenUp();
      const client = target.client;
      try {
        return await this.#request(client, id, message);
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
