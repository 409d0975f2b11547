/** The kinds of arguments that commands take. The error of each schema says what it expects; `problemOf` makes a message of it. */
import { type BindingChange, mailAddressProblem, maxRecipients, type Priority, priorities } from '@mtalab/mta-core';
import * as z from 'zod';
import { maxTimeScale } from '../driver/lab-clock.js';
import { controlLimits } from './control-limits.js';

/** Longest text that is read as an address, characters. */
const maxAddressLength = 512;
/** Bindings that a list of them may name. */
const maxBindings = 64;
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** A text of 1 to `maxLength` characters. */
export function text(maxLength: number) {
  return z.string({ error: 'a text that is not empty' }).min(1).max(maxLength);
}

/** A list of 1 to `maxCount` texts, which `checked` may narrow down. */
export function texts(maxCount: number, maxLength: number, checked = (one: z.ZodString): z.ZodString => one) {
  const one = z
    .string({ error: `texts of 1 to ${maxLength} characters` })
    .min(1)
    .max(maxLength);
  return z.array(checked(one), { error: 'a list of texts that is not empty' }).min(1).max(maxCount);
}

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `one of ${values.join(', ')}` });
}

export function number(low: number, high: number) {
  return z
    .number({ error: `a number from ${low} to ${high}` })
    .min(low)
    .max(high);
}

/** A mail address. The core says what is one. */
function address(one: z.ZodString): z.ZodString {
  return one.superRefine((value, { addIssue }) => {
    const problem = mailAddressProblem(value);
    if (problem !== null) addIssue({ code: 'custom', message: `an address such as user@domain (${problem})` });
  });
}

/** Octets in base64, of which Node's own reader would silently skip what is wrong. */
const octets = z
  .string({ error: 'octets in base64' })
  .refine((value) => value.length % 4 === 0 && base64.test(value), { error: 'octets in base64' })
  .transform((value): Uint8Array => Buffer.from(value, 'base64'));

export const uploadId = text(controlLimits.maxUploadIdLength).regex(/^[\x21-\x7e]+$/, {
  error: 'printable ASCII without blanks',
});

/** The envelope of a message as it is submitted. */
export const submissionEnvelope = z.object({
  originator: address(text(maxAddressLength)),
  recipients: texts(maxRecipients, maxAddressLength, address),
  priority: oneOf(priorities as [Priority, ...Priority[]]).default('normal'),
  contentType: text(128).default('message/rfc822'),
});

export const submissionId = text(128);

/** A message, with its content or the id of an upload that has it. */
export const submission = submissionEnvelope
  .extend({ submissionId, content: octets.optional(), upload: uploadId.optional() })
  .refine(({ content, upload }) => content === undefined || upload === undefined, {
    error: 'submit: give either content or upload, not both',
    abort: true,
  })
  .refine(({ content, upload }) => content !== undefined || upload !== undefined, {
    error: 'octets in base64',
    path: ['content'],
  });

const anyNumber = z.number({ error: 'a number' });

export const clockMove = z
  .object({
    line: z
      .object(
        {
          timeScale: z
            .number({ error: `a timeScale above 0 and at most ${maxTimeScale}` })
            .gt(0)
            .max(maxTimeScale),
          epochMs: anyNumber.optional(),
          baseMs: anyNumber.optional(),
        },
        { error: 'an object with timeScale' },
      )
      .refine(({ epochMs, baseMs }) => (epochMs === undefined) === (baseMs === undefined), {
        error: 'both epochMs and baseMs, or neither',
      })
      .optional(),
    offsetMs: number(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).optional(),
    advanceToMs: number(0, Number.MAX_SAFE_INTEGER).optional(),
  })
  .refine((move) => [move.offsetMs, move.advanceToMs, move.line].filter((each) => each !== undefined).length === 1, {
    error: 'clock: give one of offsetMs, advanceToMs and line',
  });

const entries = { error: 'entries with an id and enabled' };
const bindingChange: z.ZodType<BindingChange> = z.object({ id: z.int(entries), enabled: z.boolean(entries) }, entries);

export const bindingChanges = z.array(bindingChange, { error: `a list of at most ${maxBindings} entries` }).max(maxBindings);
