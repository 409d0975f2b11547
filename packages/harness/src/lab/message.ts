/** A message that a program submits: its envelope, its content in any of several forms, and the checks of both. */
import { type Priority, priorities } from '@mtalab/mta-core';
import { octetsOf } from '../mail/read.js';
import { HarnessError, messageOf } from '../process/errors.js';
import { isRecord, isText, isTexts, wrongArgument } from './arguments.js';

/**
 * The content of a message. A text becomes UTF-8. A stream is a `Readable`, a web `ReadableStream`, or anything else that yields
 * octets or texts; it is read once, when its turn has come. A function returns a new stream each time. At most 256 MiB.
 */
export type MessageContent =
  | string
  | Uint8Array
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array>
  | (() => AsyncIterable<Uint8Array | string>);

/** A message to submit. The envelope is as given here. The header of the message does not matter. */
export type LabMessage = {
  /** An MTA accepts one message with this id, and no second one. Default: the id of the run and a number. */
  readonly submissionId?: string | undefined;
  /** Address of the sender, `user@domain`. Non-delivery reports go there. */
  readonly originator: string;
  /** Addresses of the recipients, at least one and at most 1,000. */
  readonly recipients: readonly string[];
  /** Default `normal`. */
  readonly priority?: Priority | undefined;
  /** Default `message/rfc822`. */
  readonly contentType?: string | undefined;
  /** What the recipients get, octet for octet. */
  readonly content: MessageContent;
};

const contentForms = 'a text, a Buffer or Uint8Array, a stream of them, or a function that returns a stream';

function isStream(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** Checks the types of a message. The MTA checks the rest. @throws HarnessError naming the member that is wrong. */
export function checkMessage(message: LabMessage): void {
  if (!isRecord(message)) throw wrongArgument('message', 'an object with originator, recipients and content', message);
  const { submissionId, originator, recipients, priority, contentType, content } = message as Record<keyof LabMessage, unknown>;
  if (!isText(originator)) throw wrongArgument('originator', 'an address such as user@domain', originator);
  if (!isTexts(recipients) || recipients.length === 0)
    throw wrongArgument('recipients', "a list of addresses, such as ['user@domain']", recipients);
  if (priority !== undefined && !priorities.includes(priority as Priority))
    throw wrongArgument('priority', `one of ${priorities.join(', ')}`, priority);
  if (submissionId !== undefined && !isText(submissionId))
    throw wrongArgument('submissionId', 'a text that is not empty', submissionId);
  if (contentType !== undefined && !isText(contentType))
    throw wrongArgument('contentType', 'a text that is not empty', contentType);
  if (typeof content !== 'string' && typeof content !== 'function' && !isStream(content))
    throw wrongArgument('content', contentForms, content);
}

/** Is the content a text or octets that the program holds in memory already? */
export function isInMemory(content: MessageContent): content is string | Uint8Array {
  return typeof content === 'string' || content instanceof Uint8Array;
}

/** The octets of a content. @throws HarnessError if a stream fails, yields something else than octets and texts, or is too long. */
export async function contentOctets(content: MessageContent): Promise<Uint8Array> {
  if (typeof content === 'string') return Buffer.from(content, 'utf8');
  if (content instanceof Uint8Array) return content;
  const stream: unknown = typeof content === 'function' ? content() : content;
  if (!isStream(stream)) throw wrongArgument('content', 'a function that returns a stream', stream);
  try {
    return await octetsOf(() => pieces(stream));
  } catch (error) {
    if (error instanceof HarnessError) throw error;
    throw new HarnessError(`content: the stream failed: ${messageOf(error)}`, { cause: error });
  }
}

async function* pieces(stream: AsyncIterable<unknown> | Iterable<unknown>): AsyncIterable<Uint8Array> {
  for await (const piece of stream) {
    if (typeof piece === 'string') yield Buffer.from(piece, 'utf8');
    else if (piece instanceof Uint8Array) yield piece;
    else throw wrongArgument('content', 'a stream of octets (Buffer or Uint8Array) or texts', piece);
  }
}
