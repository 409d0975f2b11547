/** Submissions over the control channel: small ones in batches, large ones as uploads, each with a limit of what is under way. */
import type { RequestOptions } from './client.js';
import { ControlError } from './control-error.js';
import { controlLimits } from './control-limits.js';
import type { CommandArguments, CommandResult } from './schema.js';
import { type BatchResult, batchFrame, fitting, outcomesOf, type SubmitArguments, type SubmitOutcome } from './submit-batch.js';
import { Turns } from './turns.js';

/** What submissions need of the client. */
export type SubmitWire = {
  exchange(frameOf: (id: number) => Buffer, options: RequestOptions): Promise<BatchResult>;
  /** @returns the id of the upload. */
  upload(content: Uint8Array, options: RequestOptions): Promise<string>;
  submitUpload(message: CommandArguments<'submit'>, options: RequestOptions): Promise<CommandResult<'submit'>>;
};

type Together = {
  readonly message: SubmitArguments;
  readonly timeoutMs: number | undefined;
  readonly resolve: (outcome: SubmitOutcome) => void;
  readonly reject: (error: unknown) => void;
};

export class Submitting {
  readonly #wire: SubmitWire;
  // The server refuses what is above its limits, so submissions wait for their turn.
  readonly #batchTurns = new Turns(controlLimits.maxBatches);
  readonly #uploadTurns = new Turns(controlLimits.maxUploadsPerClient);
  /** What was submitted in this turn of the event loop. */
  #together: Together[] = [];

  constructor(wire: SubmitWire) {
    this.#wire = wire;
  }

  /** Submits a message together with the others of this turn of the event loop. */
  async one(message: SubmitArguments, options: RequestOptions): Promise<CommandResult<'submit'>> {
    const { timeoutMs } = options;
    const outcome = isLarge(message)
      ? await this.#submitUploaded(message, options)
      : await new Promise<SubmitOutcome>((resolve, reject) => {
          if (this.#together.length === 0) setImmediate(() => this.#submitTogether());
          this.#together.push({ message, timeoutMs, resolve, reject });
        });
    if (!outcome.ok) throw new ControlError('refused', outcome.reason);
    return { mtsId: outcome.mtsId, known: outcome.known };
  }

  /** Submits many messages. */
  async many(messages: readonly SubmitArguments[], options: RequestOptions): Promise<readonly SubmitOutcome[]> {
    const outcomes: SubmitOutcome[] = new Array(messages.length);
    const small: number[] = [];
    const underWay: Promise<void>[] = [];
    for (const [place, message] of messages.entries()) {
      if (!isLarge(message)) {
        small.push(place);
        continue;
      }
      const uploaded = this.#submitUploaded(message, options);
      const noted = uploaded.then((outcome) => {
        outcomes[place] = outcome;
      });
      underWay.push(noted);
    }
    for (const places of this.#framesOf(small, (place) => messages[place] as SubmitArguments)) {
      const sent = this.#sendFrame(
        places.map((place) => messages[place] as SubmitArguments),
        options,
      );
      const noted = sent.then((found) => {
        for (const [at, outcome] of found.entries()) outcomes[places[at] as number] = outcome;
      });
      underWay.push(noted);
    }
    await Promise.all(underWay);
    return outcomes;
  }

  /** Sends what was submitted in this turn of the event loop. */
  #submitTogether(): void {
    const waiting = this.#together;
    this.#together = [];
    for (const timeoutMs of new Set(waiting.map((one) => one.timeoutMs))) {
      const group = waiting.filter((one) => one.timeoutMs === timeoutMs);
      for (const frame of this.#framesOf(group, ({ message }) => message)) {
        const sent = this.#sendFrame(
          frame.map(({ message }) => message),
          timeoutMs === undefined ? {} : { timeoutMs },
        );
        sent.then(
          (outcomes) => {
            for (const [at, outcome] of outcomes.entries()) frame[at]?.resolve(outcome);
          },
          (error: unknown) => {
            for (const { reject } of frame) reject(error);
          },
        );
      }
    }
  }

  /** Cuts a list into parts that fit in one frame each. */
  #framesOf<T>(list: readonly T[], messageOf: (one: T) => SubmitArguments): readonly (readonly T[])[] {
    const messages = list.map(messageOf);
    const parts: (readonly T[])[] = [];
    for (let from = 0; from < list.length; ) {
      const count = fitting(messages, from);
      parts.push(list.slice(from, from + count));
      from += count;
    }
    return parts;
  }

  #sendFrame(messages: readonly SubmitArguments[], options: RequestOptions): Promise<readonly SubmitOutcome[]> {
    return this.#batchTurns.do(async () => {
      return outcomesOf(await this.#wire.exchange((id) => batchFrame(id, messages), options));
    });
  }

  #submitUploaded(message: SubmitArguments, options: RequestOptions): Promise<SubmitOutcome> {
    const { content, ...rest } = message;
    return this.#uploadTurns.do(async () => {
      try {
        const upload = await this.#wire.upload(content, options);
        const envelope = { ...rest, recipients: [...rest.recipients] };
        return { ok: true, ...(await this.#wire.submitUpload({ ...envelope, upload }, options)) };
      } catch (error) {
        if (error instanceof ControlError && error.code === 'refused') return { ok: false, reason: error.message };
        throw error;
      }
    });
  }
}

function isLarge({ content }: SubmitArguments): boolean {
  return content.length > controlLimits.maxInlineBytes;
}
