/**
 * The binary form in which many submissions travel in one request: `u8 0, u32 head length, head as JSON, contents one after
 * another`, lengths in little-endian order. The 0 is where the piece of an upload has the length of its id. Messages with the
 * same envelope share it, and their contents are octets, so both ends work on a message for about a microsecond.
 */
import * as z from 'zod';
import { submissionEnvelope, submissionId } from './argument-schemas.js';
import { BadRequest, problemOf } from './bad-request.js';
import { controlLimits } from './control-limits.js';

/** A message to be submitted. */
export type SubmitArguments = Omit<z.input<typeof submissionEnvelope>, 'recipients'> & {
  readonly recipients: readonly string[];
  /** Makes a repetition harmless. 1 to 128 characters. */
  readonly submissionId: string;
  readonly content: Uint8Array;
};
/** A message as the server has read it, or what is wrong with it. Its content lies in the buffer of the frame. */
export type BatchMessage =
  | (z.output<typeof submissionEnvelope> & { readonly submissionId: string; readonly content: Uint8Array })
  | BadRequest;

const frameMark = 0;
const headAt = 5;
/** Octets of a head beside its messages and envelopes, and of a message beside its id. Both are generous. */
const headBytes = 128;
const messageBytes = 32;

const submissionName = z.object({ submissionId });
const head = z.object({
  id: z.int(),
  /** Each is checked by itself, so that a wrong one refuses its own messages only. */
  envelopes: z.array(z.unknown()).min(1).max(controlLimits.maxBatchMessages),
  /** The place of the envelope in the list, the submission id, and the length of the content. */
  messages: z
    .array(z.tuple([z.int().min(0), z.unknown(), z.int().min(0)]))
    .min(1)
    .max(controlLimits.maxBatchMessages),
});
type Head = z.input<typeof head>;

/** Is this binary frame a batch, and not the piece of an upload? */
export function isBatch(frame: Uint8Array): boolean {
  return frame[0] === frameMark;
}

/** How many of these messages, from `from` on, fit in one frame: at least one. */
export function fitting(messages: readonly SubmitArguments[], from: number): number {
  let octets = headBytes;
  const end = Math.min(messages.length, from + controlLimits.maxBatchMessages);
  for (let at = from; at < end; at += 1) {
    const { content, submissionId, originator, recipients } = messages[at] as SubmitArguments;
    octets += content.length + messageBytes + 4 * submissionId.length;
    // An envelope may be shared; the sum is an upper bound.
    octets += 4 * originator.length + recipients.length * 4 + messageBytes;
    for (const recipient of recipients) octets += 4 * recipient.length;
    if (octets > controlLimits.maxMessageBytes) return Math.max(1, at - from);
  }
  return end - from;
}

/** The frame of these messages. */
export function batchFrame(id: number, messages: readonly SubmitArguments[]): Buffer {
  const envelopes: Head['envelopes'] = [];
  const places = new Map<string, number>();
  let contentBytes = 0;
  const rows = messages.map(({ content, submissionId, originator, recipients, ...rest }): Head['messages'][number] => {
    const envelope = { originator, recipients: [...recipients], ...rest };
    const key = JSON.stringify(envelope);
    let place = places.get(key);
    if (place === undefined) {
      place = envelopes.push(envelope) - 1;
      places.set(key, place);
    }
    contentBytes += content.length;
    return [place, submissionId, content.length];
  });
  const text = Buffer.from(JSON.stringify({ id, envelopes, messages: rows } satisfies Head));
  const frame = Buffer.allocUnsafe(headAt + text.length + contentBytes);
  frame[0] = frameMark;
  frame.writeUInt32LE(text.length, 1);
  frame.set(text, headAt);
  let at = headAt + text.length;
  for (const { content } of messages) {
    frame.set(content, at);
    at += content.length;
  }
  return frame;
}

/** A frame, read up to its id, by which a refusal is known. */
export type BatchHead = { readonly id: number | null; readonly messages: () => readonly BatchMessage[] };

/**
 * Reads a frame.
 * @throws BadRequest if it has no readable head. `messages` throws it for what is wrong in the head or in the lengths.
 */
export function readBatch(frame: Buffer): BatchHead {
  const end = frame.length < headAt ? Number.POSITIVE_INFINITY : headAt + frame.readUInt32LE(1);
  if (end > frame.length) throw new BadRequest('submit-batch: the frame ends within its head');
  let given: unknown;
  try {
    given = JSON.parse(frame.toString('utf8', headAt, end));
  } catch (error) {
    throw new BadRequest(`submit-batch: the head must be JSON: ${(error as Error).message}`);
  }
  const id = z.object({ id: z.int() }).safeParse(given);
  return { id: id.success ? id.data.id : null, messages: () => messagesOf(given, frame, end) };
}

function messagesOf(given: unknown, frame: Buffer, contentsAt: number): readonly BatchMessage[] {
  const read = head.safeParse(given);
  if (!read.success) throw new BadRequest(`submit-batch: ${problemOf(read.error, given)}`);
  const { envelopes, messages } = read.data;
  const contents = frame.length - contentsAt;
  const announced = messages.reduce((sum, [, , sizeBytes]) => sum + sizeBytes, 0);
  if (announced !== contents) {
    throw new BadRequest(`submit-batch: the lengths add up to ${announced} octets, and ${contents} came`);
  }
  const checked = envelopes.map((envelope) => checkedWith(submissionEnvelope, envelope));
  let at = contentsAt;
  return messages.map(([place, id, sizeBytes]): BatchMessage => {
    const content = frame.subarray(at, at + sizeBytes);
    at += sizeBytes;
    const envelope = checked[place];
    if (envelope === undefined) return new BadRequest(`submit-batch: there is no envelope ${place}`);
    if (envelope instanceof BadRequest) return envelope;
    const known = checkedWith(submissionName, { submissionId: id });
    return known instanceof BadRequest ? known : { ...envelope, ...known, content };
  });
}

function checkedWith<T>(schema: z.ZodType<T>, given: unknown): T | BadRequest {
  const read = schema.safeParse(given);
  return read.success ? read.data : new BadRequest(problemOf(read.error, given));
}

/** What became of the messages of a batch, in their order. */
export const batchResult = z.object({
  /** MTS identifiers; null for a message that was refused. */
  mtsIds: z.array(z.string().nullable()),
  /** Places of messages whose submission id was on disk already. */
  known: z.array(z.int()),
  /** Places of messages that were refused, with the reason. */
  refused: z.array(z.tuple([z.int(), z.string()])),
});
export type BatchResult = z.output<typeof batchResult>;

/** What became of one message of a batch. */
export type SubmitOutcome =
  | { readonly ok: true; readonly mtsId: string; readonly known: boolean }
  | { readonly ok: false; readonly reason: string };

export function outcomesOf({ mtsIds, known, refused }: BatchResult): SubmitOutcome[] {
  const again = new Set(known);
  const reasons = new Map(refused);
  return mtsIds.map((mtsId, place) =>
    mtsId === null
      ? { ok: false, reason: reasons.get(place) ?? 'no reason was given' }
      : { ok: true, mtsId, known: again.has(place) },
  );
}
