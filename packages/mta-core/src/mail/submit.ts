/** Accepts or refuses a message that a client submits. */
import type { Context } from '../machine/context.js';
import type { SubmitRefusal } from '../machine/effect.js';
import type { Submission } from '../machine/input.js';
import { emit, storeFor, takeNumber } from '../machine/update.js';
import { acceptMessage, mtsIdentifier } from './accept.js';
import { envelopeProblem } from './address.js';
import type { Envelope } from './message.js';
import { countCopies } from './queue.js';

type Fault = { readonly refusal: SubmitRefusal; readonly reason: string };

/** Why the MTA refuses this submission; null if it accepts. */
function fault(ctx: Context, submission: Submission): Fault | null {
  const { settings } = ctx.mta;
  const { recipients, sizeBytes } = submission;
  if (ctx.mta.phase !== 'running')
    return { refusal: 'not-running', reason: `the MTA ${ctx.mta.name} is ${ctx.mta.phase}, not running` };
  if (submission.submissionId === '' || submission.submissionId.length > 200)
    return { refusal: 'envelope', reason: 'the submission id must have 1 to 200 characters' };
  const wrong = envelopeProblem(submission);
  if (wrong !== null) return { refusal: 'envelope', reason: wrong };
  if (sizeBytes > settings.maxMessageBytes) {
    const reason = `the content has ${sizeBytes} octets, at most ${settings.maxMessageBytes} are possible`;
    return { refusal: 'too-long', reason };
  }
  if (ctx.mta.queuedCopies + recipients.length > settings.maxQueuedCopies) {
    const reason = `the queues are full (${ctx.mta.queuedCopies} of ${settings.maxQueuedCopies} copies); try again when some have been delivered`;
    return { refusal: 'full', reason };
  }
  return null;
}

export function submitted(ctx: Context, submission: Submission): void {
  const { submissionId, originator, recipients, priority, contentType, sizeBytes, content } = submission;
  const wrong = fault(ctx, submission);
  if (wrong !== null) {
    emit(ctx, { type: 'submit-refused', submissionId, ...wrong });
    emit(ctx, { type: 'drop-content', content });
    return;
  }
  const mtsId = mtsIdentifier(ctx.mta.name, takeNumber(ctx));
  const trace = [{ mta: ctx.mta.name, atMs: ctx.nowMs }];
  const envelope: Envelope = { mtsId, originator, priority, contentType, submittedAtMs: ctx.nowMs, sizeBytes, digest: '', trace };
  const { messages, render, contentUnused } = acceptMessage(ctx, envelope, recipients, content, false);
  countCopies(
    ctx,
    messages.reduce((sum, message) => sum + message.copies.length, 0),
  );
  storeFor(
    ctx,
    { purpose: 'submission', submissionId, mtsId, messages },
    {
      accept: messages,
      submission: { submissionId, mtsId },
      ...(render === undefined ? {} : { render }),
    },
  );
  if (contentUnused) emit(ctx, { type: 'drop-content', content });
}
