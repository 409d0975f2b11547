/** Words for a defect that ends an MTA. */
import type { Effect, Input, Mta } from '@mtalab/mta-core';
import type { StartInput } from './driver-options.js';

/** Names an input for a person: its type and what it is about, never its whole content. */
function nameOf(input: Input | StartInput): string {
  if (input.type === 'frame') return `${input.link} frame ${input.frame.type} on connection ${input.conn}`;
  if ('conn' in input) return `${input.type} of connection ${input.conn}`;
  if ('token' in input) return `${input.type} of token ${input.token}`;
  if ('copy' in input) return `${input.type} of copy ${input.copy}`;
  if (input.type === 'command') return `command ${input.command.op}`;
  return input.type;
}

/** Names the MTA, its phase, and the input and effect at which it failed. */
export function failureOf(
  cause: unknown,
  at: { readonly mta: Mta | null; readonly input: Input | StartInput; readonly effect: Effect | null },
): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  const name = at.mta?.name ?? (at.input.type === 'start' ? at.input.config.name : '');
  const where = at.effect === null ? '' : `, effect ${at.effect.type}`;
  const phase = at.mta?.phase ?? 'not started';
  return new Error(`MTA ${name} failed at input ${nameOf(at.input)}${where}, phase ${phase}: ${message}`, { cause });
}
