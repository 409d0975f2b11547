/** Planted faults: transfers and what both ends remember of them. */
import type { Mutant } from './mutant.js';

export const transferMutants: readonly Mutant[] = [
  {
    name: 'confirm-before-store',
    broken: 'The receiver confirms a message before it is on disk.',
    ground: 'calm',
    checked: true,
    patches: [
      {
        file: 'reliable-transfer/transfer/receive.ts',
        find: 'const replies = [{ association: ref.association, conn: to.conn, serial: to.serial }];',
        replace: `const replies = [{ association: ref.association, conn: to.conn, serial: to.serial }];
          reply(ctx, ref.entry, to, { kind: 'confirm', activity: row.id, upTo: row.envelope.sizeBytes, stored: true });`,
      },
    ],
  },
  {
    name: 'segment-confirmed-before-store',
    broken: 'The receiver confirms a segment before it is on disk.',
    ground: 'segments',
    patches: [
      {
        file: 'reliable-transfer/transfer/receive.ts',
        find: 'const next: Incoming = { ...row, arrived, unconfirmed: row.unconfirmed + 1 };',
        replace: `const next: Incoming = { ...row, arrived, unconfirmed: row.unconfirmed };
          reply(ctx, ref.entry, to, { kind: 'confirm', activity: row.id, upTo: arrived, stored: false });`,
      },
    ],
  },
  {
    name: 'received-ids-lost-at-restart',
    broken: 'After a restart the receiver does not recognise messages that it received before.',
    ground: 'crashes',
    patches: [{ file: 'machine/lifecycle.ts', find: 'recovered.received.map(', replace: 'recovered.received.slice(0, 0).map(' }],
  },
  {
    name: 'received-ids-not-remembered',
    broken: 'The receiver recognises a repeated message only after a restart.',
    ground: 'losses',
    checked: true,
    patches: [
      {
        file: 'reliable-transfer/transfer/settlement.ts',
        find: 'return contains(receivedFrom(mta, sender), activity);',
        replace: 'return false && contains(receivedFrom(mta, sender), activity);',
      },
    ],
  },
  {
    name: 'duplicate-while-storing',
    broken: 'While the disk writes a message, the receiver takes its repetition for a new message.',
    ground: 'crashes',
    patches: [
      {
        file: 'reliable-transfer/transfer/receive.ts',
        find: "if (token !== undefined && storing?.purpose === 'reception' && storing.sender === sender) {",
        replace: "if (token !== undefined && storing?.purpose === 'reception' && storing.sender !== sender) {",
      },
    ],
  },
  {
    name: 'settled-before-erased',
    broken: 'A sender tells the receiver to forget a message before it has erased that message.',
    ground: 'slow',
    patches: [
      {
        file: 'reliable-transfer/transfer/send.ts',
        find: 'countOut(ctx, ref.entry, copy);',
        replace: `countOut(ctx, ref.entry, copy);
          patchEntry(ctx, ref.entry, { settling: [...entryAt(ctx, ref.entry).settling, copy.id] });`,
      },
    ],
  },
  {
    name: 'settled-below-too-high',
    broken: 'An introduction tells the receiver to forget messages that the sender has yet to send.',
    ground: 'losses',
    patches: [
      { file: 'reliable-transfer/transfer/settlement.ts', find: 'return lowest;', replace: 'return ctx.mta.nextNumber;' },
    ],
  },
  {
    name: 'settled-below-forgets-transfers',
    broken: 'An introduction tells the receiver to forget messages whose erasure is not on disk yet.',
    ground: null,
    checked: { messages: [1, 0], losses: 1, crashes: 1, stores: 'in-time' },
    patches: [
      {
        file: 'reliable-transfer/transfer/settlement.ts',
        find: 'for (const pending of rowsIn(ctx.mta.forgets)) if (pending.entry === entryId) for (const id of pending.copies) consider(id);',
        replace: '',
      },
    ],
  },
  {
    name: 'recalled-in-reverse',
    broken: 'Messages that were read back from the store leave in reverse order.',
    ground: 'parked',
    patches: [
      { file: 'mail/queue.ts', find: 'arrived(before, copies)', replace: 'arrived(before, copies.toReversed())' },
      { file: 'collections/copy-queue.ts', find: 'Math.max(1, Math.min(mostAtOnce, Math.ceil(enough)))', replace: '3' },
    ],
  },
  {
    name: 'recalled-twice',
    broken: 'A message that was read back from the store stays among those to be read back.',
    ground: 'parked',
    patches: [
      {
        file: 'collections/copy-queue.ts',
        find: 'headAt += queue.recalling * numbersEach;',
        replace: 'headAt += Math.max(0, queue.recalling - 1) * numbersEach;',
      },
    ],
  },
  {
    name: 'forget-before-confirm',
    broken: 'The sender erases a message after sending it, before its confirmation.',
    ground: 'calm',
    checked: true,
    patches: [
      {
        file: 'reliable-transfer/transfer/send.ts',
        find: 'const unconfirmed = appended(transfer.unconfirmed, serial);',
        replace: 'const unconfirmed = appended(transfer.unconfirmed, serial); if (last) forgetCopies(ctx, ref.entry, [copy.id]);',
      },
    ],
  },
  {
    name: 'any-confirmation-is-the-last',
    broken: 'The sender takes the confirmation of a segment for that of the whole message.',
    ground: 'segments',
    patches: [
      {
        file: 'reliable-transfer/transfer/send.ts',
        find: '} else if (answer.stored) {',
        replace: '} else if (answer.upTo > 0) {',
      },
    ],
  },
  {
    name: 'copy-dropped-on-loss',
    broken: 'When the connection is lost, the queue loses the message in transfer.',
    ground: 'losses',
    checked: true,
    patches: [
      {
        file: 'reliable-transfer/transfer/interrupt.ts',
        find: 'else if (interruptions <= maxInterruptions) returnCopy(ctx, ref.entry, { ...copy, interruptions });',
        replace: 'else if (interruptions > 0) { countOut(ctx, ref.entry, copy); countCopies(ctx, -1); }',
      },
      {
        file: 'reliable-transfer/transfer/interrupt.ts',
        find: 'import { returnCopy,',
        replace: 'import { countCopies, countOut, returnCopy,',
      },
    ],
  },
  {
    name: 'order-lost-on-return',
    broken: 'A message whose transfer was interrupted goes to the end of its queue.',
    ground: 'losses',
    patches: [
      {
        file: 'mail/queue.ts',
        find: 'giveBackCopy(entry.queues[priority], copy)',
        replace: 'pushCopy(entry.queues[priority], copy, 2048)',
      },
    ],
  },
  {
    name: 'least-urgent-first',
    broken: 'An MTA sends the least urgent mail first.',
    ground: 'calm',
    patches: [
      {
        file: 'mail/queue.ts',
        find: 'for (const priority of priorities) { if (urgentOnly',
        replace: 'for (const priority of [...priorities].reverse()) { if (urgentOnly',
      },
    ],
  },
  {
    name: 'window-ignored',
    broken: 'The sender does not wait for confirmations when its window is full.',
    ground: 'segments',
    patches: [
      {
        file: 'reliable-transfer/transfer/send.ts',
        find: '&& !transfer.discarding && transfer.unconfirmed.length < windowSize',
        replace: '&& !transfer.discarding',
      },
    ],
  },
  {
    name: 'segment-skipped',
    broken: 'The sender goes on from the last confirmed octet, not from the last one sent.',
    ground: 'segments',
    patches: [
      {
        file: 'reliable-transfer/transfer/send.ts',
        find: 'const offset = transfer.sentUpTo;',
        replace: 'const offset = transfer.confirmedUpTo;',
      },
    ],
  },
  {
    name: 'resumed-without-the-rest',
    broken: 'The receiver accepts a resumed transfer although it has not kept the beginning.',
    ground: 'segments',
    patches: [
      {
        file: 'reliable-transfer/transfer/receive.ts',
        find: "if (known === undefined || known.kept < apdu.offset) return refuse(ctx, ref.entry, to, apdu.activity, 'unrecognizedActivity'); return { ...known,",
        replace: `return { id: apdu.activity, content: known?.content ?? takeNumber(ctx), envelope: withTrace(start, start.trace), recipients,`,
      },
    ],
  },
  {
    name: 'resumed-from-unkept-octets',
    broken:
      'The sender resumes an interrupted transfer after the last sent octet, not the last confirmed one, and the receiver does not check.',
    ground: 'segments',
    patches: [
      {
        file: 'reliable-transfer/transfer/interrupt.ts',
        find: '...sent, confirmedUpTo, confirmedUntilMs',
        replace: '...sent, confirmedUpTo: transfer.ended ? 0 : transfer.sentUpTo, confirmedUntilMs',
      },
      {
        file: 'reliable-transfer/transfer/receive.ts',
        find: "if (known === undefined || known.kept < apdu.offset) return refuse(ctx, ref.entry, to, apdu.activity, 'unrecognizedActivity'); return { ...known,",
        replace: `return { id: apdu.activity, content: known?.content ?? takeNumber(ctx), envelope: withTrace(start, start.trace), recipients,`,
      },
    ],
  },
  {
    name: 'interrupted-kept-for-ever',
    broken: 'The receiver keeps the beginning of an interrupted transfer beyond the Recovery Timeout.',
    ground: 'apart',
    patches: [
      {
        file: 'machine/deadlines.ts',
        find: 'if (isDue(ctx, row.untilMs)) dropIncoming(ctx, entryId, row);',
        replace:
          'if (isDue(ctx, row.untilMs)) patchEntry(ctx, entryId, { incoming: entryAt(ctx, entryId).incoming.map((each) => ({ ...each, untilMs: null })) });',
      },
    ],
  },
  {
    name: 'discarded-kept',
    broken: 'The receiver keeps the beginning of a transfer that its sender has given up.',
    ground: 'timeouts',
    patches: [
      {
        file: 'reliable-transfer/transfer/receive.ts',
        find: 'if (row !== undefined && row.association === ref.association) dropIncoming(ctx, ref.entry, row);',
        replace: '',
      },
    ],
  },
  {
    name: 'sent-whole-forgotten',
    broken: 'A report does not say that its message may have been delivered.',
    ground: 'losses',
    patches: [
      {
        file: 'reliable-transfer/transfer/interrupt.ts',
        find: 'sentWhole: sent.sentWhole || ended,',
        replace: 'sentWhole: false,',
      },
    ],
  },
];
