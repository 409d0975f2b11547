/** Renders the fields of a frame of the X.400 connector as short lines. Hides passwords, and shows only the length of content. */
import { describeActivity, printable, type X400Frame } from '@mtalab/mta-core';
import { apduLines, credentialLines, envelopeLines, indented, settledLines } from './apdu-fields.js';

type Data = Extract<X400Frame, { type: 'data' }>;

function dataLines({ head, content, checkpoint, end }: Data): string[] {
  const lines = [`Checkpoint ${checkpoint}`, `Content ${content.length} octets`, `Last ${end ? 'yes' : 'no'}`];
  if (head === undefined) return ['RTTR', ...indented(lines)];
  const envelope = ['Envelope', ...indented(envelopeLines(head.envelope))];
  return ['RTTR', ...indented([...lines, ...envelope]), ...settledLines(head.settled)];
}

/** The fields of a frame, one in each line. */
export function frameLines(frame: X400Frame): readonly string[] {
  switch (frame.type) {
    case 'connect':
      return [...credentialLines(frame.from), `Association ${printable(frame.association)}`, ...apduLines(frame.apdu)];
    case 'accept':
      return [...credentialLines(frame.from), ...apduLines(frame.apdu)];
    case 'refuse':
      return apduLines(frame.apdu);
    case 'abort':
      return apduLines({ kind: 'rtab', reason: frame.reason });
    case 'please-tokens':
      return apduLines({ kind: 'turn-please', priority: frame.priority });
    case 'give-tokens-confirm':
      return apduLines({ kind: 'turn-give' });
    case 'give-tokens-ack':
      return apduLines({ kind: 'turn-give-ack' });
    case 'activity-start':
      return [`Activity ${describeActivity(frame.activity)}`];
    case 'activity-resume':
      return [
        `Activity ${describeActivity(frame.activity)}`,
        `Checkpoint ${frame.checkpoint}`,
        `Interrupted on ${printable(frame.association)}`,
      ];
    case 'data':
      return dataLines(frame);
    case 'minor-sync-ack':
    case 'activity-end-ack':
      return [
        'Confirm',
        ...indented([`Checkpoint ${frame.checkpoint}`, `Stored ${frame.type === 'activity-end-ack' ? 'yes' : 'no'}`]),
      ];
    case 'exception':
    case 'activity-interrupt':
    case 'activity-discard':
      return [`Reason ${frame.reason}`];
    default:
      return [];
  }
}
