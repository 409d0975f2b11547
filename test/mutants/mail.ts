/** Planted faults: submission, queues, delivery, reports, start and stop. */
import type { Mutant } from './mutant.js';

export const mailMutants: readonly Mutant[] = [
  {
    name: 'submitted-before-stored',
    broken: 'The MTA tells a client that it has accepted a message before that message is on disk.',
    ground: 'calm',
    patches: [
      {
        file: 'mail/submit.ts',
        find: 'const { messages, render, contentUnused } = acceptMessage(',
        replace: `emit(ctx, { type: 'submitted', submissionId, mtsId, known: false });
          const { messages, render, contentUnused } = acceptMessage(`,
      },
    ],
  },
  {
    name: 'known-submission-queued',
    broken: 'An MTA sends a message again if a client submits it again.',
    ground: 'calm',
    patches: [
      { file: 'machine/store-answers.ts', find: 'if (input.known !== undefined) {', replace: 'if (input.known === null) {' },
    ],
  },
  {
    name: 'ids-start-again',
    broken: 'Identifiers begin again at each start.',
    ground: 'crashes',
    patches: [
      { file: 'machine/lifecycle.ts', find: 'recovered.incarnation * incarnationStride + 1', replace: 'incarnationStride + 1' },
    ],
  },
  {
    name: 'unroutable-recipient-forgotten',
    broken: 'An MTA forgets recipients without a route if the message has others.',
    ground: 'calm',
    patches: [
      {
        file: 'mail/accept.ts',
        find: 'if (unroutable.length === 0) return',
        replace: 'if (unroutable.length === 0 || copies.length > 0) return',
      },
    ],
  },
  {
    name: 'loop-not-detected',
    broken: 'An MTA does not recognise a message that it has sent before, and sends it again.',
    ground: 'calm',
    patches: [
      {
        file: 'mail/accept.ts',
        find: 'envelope.trace.length >= longestTrace || envelope.trace.some((step) => step.mta === ctx.mta.name)',
        replace: 'envelope.trace.length >= longestTrace',
      },
    ],
  },
  {
    name: 'report-on-report',
    broken: 'An MTA reports on a report that it cannot transfer.',
    ground: 'disks',
    patches: [
      {
        file: 'mail/nondelivery.ts',
        find: "if (copy.envelope.originator !== '') return replaceByReport",
        replace: 'if (copy.id > 0) return replaceByReport',
      },
      {
        file: 'mail/nondelivery.ts',
        find: "const made = envelope.originator === '' ? null : makeReport(ctx, facts);",
        replace: 'const made = makeReport(ctx, facts);',
      },
    ],
  },
  {
    name: 'report-to-recipient',
    broken: 'A report on a message goes to the recipient that did not get it, not to the originator.',
    ground: 'any',
    patches: [
      {
        file: 'mail/accept.ts',
        find: 'routeOf(ctx.mta, facts.subject.originator)',
        replace: "routeOf(ctx.mta, facts.recipients[0] ?? '')",
      },
      {
        file: 'mail/accept.ts',
        find: 'recipients: [facts.subject.originator]',
        replace: 'recipients: facts.recipients.slice(0, 1)',
      },
    ],
  },
  {
    name: 'report-lost-when-store-fails',
    broken: 'If the disk refuses a report, the MTA forgets the report and its message.',
    ground: 'disks',
    patches: [{ file: 'machine/store-answers.ts', find: 'reportNotStored(ctx, pending);', replace: '' }],
  },
  {
    name: 'reported-message-kept',
    broken: 'A message stays in the store after a report has replaced it.',
    ground: 'disks',
    patches: [{ file: 'mail/nondelivery.ts', find: 'forget: [id],', replace: 'forget: [],' }],
  },
  {
    name: 'delivery-forgotten-early',
    broken: 'A message leaves the store when its delivery begins.',
    ground: 'calm',
    patches: [
      {
        file: 'mail/mailboxes.ts',
        find: "emit(ctx, { type: 'deliver',",
        replace: "forgetCopies(ctx, copy.entry, [copy.id]); emit(ctx, { type: 'deliver',",
      },
    ],
  },
  {
    name: 'failed-delivery-dropped',
    broken: 'After a failed write to a mailbox the MTA does not try again.',
    ground: 'disks',
    patches: [
      {
        file: 'mail/mailboxes.ts',
        find: 'const waiting = putRow(mailboxes.waiting, { ...copy, failures: copy.failures + 1, untilMs, problem }, localDue);',
        replace: 'const waiting = mailboxes.waiting;',
      },
    ],
  },
  {
    name: 'recovered-mail-left-in-store',
    broken: 'After a restart the MTA queues only the oldest message of its store.',
    ground: 'crashes',
    patches: [
      {
        file: 'machine/lifecycle.ts',
        find: 'for (const message of messages) {',
        replace: 'for (const message of [...messages].slice(0, 1)) {',
      },
    ],
  },
  {
    name: 'recovered-mail-out-of-order',
    broken: 'After a restart the MTA queues the mail of its store newest first.',
    ground: 'crashes',
    patches: [
      {
        file: 'machine/lifecycle.ts',
        find: 'for (const message of messages) {',
        replace: 'for (const message of [...messages].reverse()) {',
      },
    ],
  },
  {
    name: 'recovered-mail-thought-unsent',
    broken: 'After a restart a report does not say that its message may have been sent before.',
    ground: 'unsure',
    patches: [
      { file: 'machine/lifecycle.ts', find: 'enqueue(ctx, [message], true);', replace: 'enqueue(ctx, [message], false);' },
    ],
  },
  {
    name: 'halt-with-stores-pending',
    broken: 'A stop does not wait for the store.',
    ground: 'crashes',
    patches: [{ file: 'machine/lifecycle.ts', find: 'if (mta.stores.size > 0) return;', replace: '' }],
  },
];
