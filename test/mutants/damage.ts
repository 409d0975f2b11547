/** Planted faults: damaged messages, and losses that come again and again. */
import type { Mutant } from './mutant.js';

export const damageMutants: readonly Mutant[] = [
  {
    name: 'set-aside-in-silence',
    broken: 'An MTA sets a damaged message aside and makes no report.',
    ground: 'damaged',
    patches: [
      {
        file: 'mail/nondelivery.ts',
        find: "const made = envelope.originator === '' ? null : makeReport(ctx, facts);",
        replace: "const made = envelope.originator === '' || damage !== undefined ? null : makeReport(ctx, facts);",
      },
    ],
  },
  {
    name: 'sound-message-set-aside',
    broken: 'An MTA takes a message for damaged because its mailbox cannot be written.',
    ground: 'disks',
    patches: [
      {
        file: 'mail/nondelivery.ts',
        find: 'if (failure.damaged === true) setAside(ctx, null, copy, detail, local);',
        replace: 'if (failure.damaged === true || detail.length > 0) setAside(ctx, null, copy, detail, local);',
      },
    ],
  },
  {
    name: 'unreadable-segment-forgotten',
    broken: 'An MTA goes on waiting for the answer to a segment that has not left.',
    ground: 'damaged',
    patches: [
      {
        file: 'links/rpc/client.ts',
        find: "if (pdu.type !== 'request' || pdu.body.op !== 'MtaSend') return; const call = findRow(connection.calls, pdu.call);",
        replace:
          "if (pdu.type !== 'request' || pdu.body.op !== 'MtaSend' || pdu.call > 0) return; const call = findRow(connection.calls, pdu.call);",
      },
    ],
  },
  {
    name: 'no-pause-between-losses',
    broken: 'An MTA sends a message at once again however often its association is lost meanwhile.',
    ground: 'poisoned',
    patches: [
      {
        file: 'reliable-transfer/transfer/interrupt.ts',
        find: 'else if (interruptions <= maxInterruptions) returnCopy',
        replace: 'else if (interruptions > 0) returnCopy',
      },
      {
        file: 'reliable-transfer/association/end.ts',
        find: 'return beyond < 0 ? 0 : Math.min(2 ** beyond, longestBackoffS);',
        replace: 'return beyond < 1e9 ? 0 : longestBackoffS;',
      },
    ],
  },
];
