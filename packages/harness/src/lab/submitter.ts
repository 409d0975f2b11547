/**
 * Handing in mail. Every submission has an id of its own, so when an MTA dies before it has answered, the same submission
 * can be asked again of its next life and never makes a second message.
 */
import type { Priority } from '@mtalab/mta-core';
import { type ControlClient, ControlError } from '@mtalab/transport';
import PQueue from 'p-queue';
import { type MailItem, octetsOf } from '../mail/read.js';
import { durationText, within } from '../process/deadline.js';
import { HarnessError, HarnessTimeout, messageOf } from '../process/errors.js';
import { describeExit, type MtaProcess } from '../process/mta-process.js';

/** A message as it is handed in. The envelope is what is said here, whatever the message's own header says. */
export type LabMessage = {
  /** Default: the run's id and a number. */
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
  /** Real time for an answer, restarts of the process included, ms. Default 60 s. */
  readonly timeoutMs?: number;
};

export type Submitted = {
  readonly mtsId: string;
  /** It had been accepted before; this was a repetition. */
  readonly known: boolean;
};

/** The MTA said no. Asking again would not help before something changes. */
export class SubmissionRefused extends HarnessError {}

/** A process that keeps dying under one submission is given up after this many tries. */
const maxTries = 20;
const longMs = 600_000;

export class Submitter {
  readonly runId: string;
  readonly #accepted = new Set<string>();
  /** Big content is in memory while it is uploaded, so only so many at a time. */
  readonly #big = new PQueue({ concurrency: 2 });
  readonly #pending = new Set<(error: HarnessError) => void>();
  #accepts = 0;
  #last = 0;

  constructor(runId: string) {
    this.runId = runId;
  }

  /** Messages accepted, repetitions not counted. */
  get submitted(): number {
    return this.#accepts;
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
      this.#ask(target, id, message, limit)
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

  /** Whoever still waits for an answer gets this error. */
  close(error: HarnessError): void {
    for (const reject of this.#pending) reject(error);
    this.#pending.clear();
  }

  #count(id: string): void {
    this.#accepts += 1;
    this.#accepted.add(id);
    // Only recent ids can be repeated by anybody; the set stays small.
    if (this.#accepted.size > 10_000) for (const oldest of this.#accepted) return void this.#accepted.delete(oldest);
  }

  #request(client: ControlClient, id: string, message: LabMessage): Promise<Submitted> {
    const { content, ...envelope } = message;
    const submit = (octets: Uint8Array): Promise<Submitted> =>
      // The limit in time is ours, over all tries together.
      client.submit({ ...envelope, submissionId: id, content: octets }, { timeoutMs: longMs });
    if (content instanceof Uint8Array) return submit(content);
    return this.#big.add(async () => submit(await octetsOf(content)));
  }

  async #ask(target: MtaProcess, id: string, message: LabMessage, limit: { readonly over: boolean }): Promise<Submitted> {
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

/** The connection is lost. If that is because the process died, the next life is asked; if it lives, something is wrong. */
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
  return new HarnessError(`${target.name}: no answer to submission ${id}: ${messageOf(cause)}`, { cause });
}

function stateOf(target: MtaProcess): string {
  return target.exit === undefined ? '' : ` (it ${describeExit(target.exit)}; restart it to go on)`;
}
