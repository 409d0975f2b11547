/** Describes an input or an effect in one line, for reports of differences. */
import { describeActivity, describeFrame, type Effect, type Input } from '@mtalab/mta-core';
import type { JournalStart } from './entry.js';

/** For example `frame on connection 2: request 3 MtaSend turn-give`. */
export function describeInput(input: Input | JournalStart): string {
  switch (input.type) {
    case 'start':
      return `start, incarnation ${input.recovered.incarnation}`;
    case 'submit':
      return `submit ${input.submission.submissionId}`;
    case 'command':
      return `command ${input.command.op}`;
    case 'listening':
    case 'listen-failed':
      return `${input.type} on binding ${input.binding}`;
    case 'accepted':
    case 'connected':
    case 'dial-failed':
    case 'malformed':
    case 'lost':
      return `${input.type}, connection ${input.conn}`;
    case 'frame':
    case 'unreadable':
      return `${input.type} on connection ${input.conn}: ${describeFrame(input)}`;
    case 'stored':
    case 'store-failed':
    case 'forgotten':
      return `${input.type}, token ${input.token}`;
    case 'delivered':
    case 'deliver-failed':
      return `${input.type}, copy ${describeActivity(input.copy)}`;
    case 'recalled':
      return `${input.found.length} copies recalled, ${input.missing.length} missing`;
    case 'stop':
    case 'timer':
      return input.type;
  }
}

/** For example `frame on connection 2: request 3 MtaSend turn-give`; JSON for an effect other than a frame. */
export function describeEffect(effect: Effect | undefined): string {
  if (effect === undefined) return 'nothing';
  if (effect.type === 'frame') return `frame on connection ${effect.conn}: ${describeFrame(effect)}`;
  return JSON.stringify(effect);
}
