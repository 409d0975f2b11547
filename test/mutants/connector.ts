/** Planted faults: the X.400 connector. */
import type { Mutant } from './mutant.js';

const receiving = 'links/x400/receiving.ts';
const sending = 'links/x400/sending.ts';
const opening = 'links/x400/opening.ts';

export const connectorMutants: readonly Mutant[] = [
  {
    name: 'checkpoint-confirmed-before-store',
    broken: 'The connector confirms a checkpoint as soon as its data have come.',
    ground: 'connector-segments',
    patches: [
      {
        file: receiving,
        find: 'const start = follows === null ? undefined',
        replace: `if (!end) transmit(ctx, connection.id, { type: 'minor-sync-ack', checkpoint: number });
          const start = follows === null ? undefined`,
      },
    ],
  },
  {
    name: 'activity-end-confirmed-before-store',
    broken: 'The connector confirms the end of an activity as soon as it has come.',
    ground: 'connector',
    checked: { link: 'x400' },
    patches: [
      {
        file: receiving,
        find: 'const start = follows === null ? undefined',
        replace: `if (end) transmit(ctx, connection.id, { type: 'activity-end-ack', checkpoint: number });
          const start = follows === null ? undefined`,
      },
    ],
  },
  {
    name: 'checkpoints-of-another-association',
    broken: 'The end of an old connection replaces the checkpoints of an activity that another association has taken over.',
    ground: 'connector-segments',
    patches: [
      {
        file: 'links/x400/interrupted.ts',
        find: 'received !== null && row?.association === ref.association',
        replace: 'received !== null',
      },
    ],
  },
  {
    name: 'resumed-one-checkpoint-early',
    broken: 'ACTIVITY RESUME names the checkpoint before the last confirmed one.',
    ground: 'connector-segments',
    patches: [
      {
        file: sending,
        find: 'checkpoint: confirmed.number, association',
        replace: 'checkpoint: confirmed.number - 1, association',
      },
    ],
  },
  {
    name: 'resumed-as-new',
    broken: 'After an interruption the connector starts the activity again, although the rest follows a checkpoint.',
    ground: 'connector-segments',
    patches: [
      {
        file: sending,
        find: "transmit(ctx, id, { type: 'activity-resume', activity, checkpoint: confirmed.number, association, openedAtMs });",
        replace: "transmit(ctx, id, { type: 'activity-start', activity });",
      },
    ],
  },
  {
    name: 'unknown-resumption-accepted',
    broken: 'The connector takes a resumption that it knows nothing of for the beginning of the message.',
    ground: 'connector-segments',
    patches: [{ file: receiving, find: 'offset: unknownOffset }', replace: 'offset: 0 * unknownOffset }' }],
  },
  {
    name: 'late-answer-for-new-attempt',
    broken: 'A late answer of the disk confirms checkpoints of an activity that has begun again on the same connection.',
    ground: 'connector-slow',
    patches: [
      { file: receiving, find: 'const shift = lastData - number;', replace: 'const shift = 0 * lastData;' },
      {
        file: receiving,
        find: "if (number === null || received.state === 'refused') return;",
        replace: `if (number === null || received.state === 'refused' || received.activity !== answered.activity)
          return;`,
      },
    ],
  },
  {
    name: 'turn-given-during-activity',
    broken: 'The connector sends the Turn-Give before the activity that ends has ended.',
    ground: 'connector-disks',
    patches: [
      { file: sending, find: "const waits = apdu.kind !== 'turn-please' &&", replace: "const waits = apdu.kind === 'rttr' &&" },
    ],
  },
  {
    name: 'held-apdus-lost',
    broken: 'What waits for the end of an activity is never sent.',
    ground: 'connector-disks',
    patches: [{ file: sending, find: 'held: [...held, { serial, apdu, head }]', replace: 'held' }],
  },
  {
    name: 'held-apdus-out-of-order',
    broken: 'What waits for the end of an activity is sent last in, first out.',
    ground: 'connector-timeouts',
    patches: [{ file: sending, find: '[...held, { serial, apdu, head }]', replace: '[{ serial, apdu, head }, ...held]' }],
  },
  {
    name: 'exception-ignored',
    broken: 'The sender of an activity does not end it after an EXCEPTION.',
    ground: 'connector-disks',
    patches: [
      { file: sending, find: 'const { activity } = sent;', replace: 'const { activity } = sent; if (activity > 0) return;' },
    ],
  },
  {
    name: 'discard-unanswered',
    broken: 'The receiver does not acknowledge ACTIVITY DISCARD.',
    ground: 'connector-timeouts',
    patches: [{ file: receiving, find: "transmit(ctx, conn, { type: 'activity-discard-ack' });", replace: '' }],
  },
  {
    name: 'crossing-discard-unanswered',
    broken: 'The receiver does not acknowledge an ACTIVITY DISCARD that crosses its confirmation.',
    ground: 'connector-timeouts',
    patches: [{ file: receiving, find: "return transmit(ctx, id, { type: 'activity-discard-ack' });", replace: 'return;' }],
  },
  {
    name: 'interrupt-unanswered',
    broken: 'The receiver does not acknowledge ACTIVITY INTERRUPT.',
    ground: 'connector-disks',
    patches: [{ file: receiving, find: "transmit(ctx, id, { type: 'activity-interrupt-ack' });", replace: '' }],
  },
  {
    name: 'give-unacknowledged',
    broken: 'The receiver of the Turn does not send GIVE TOKENS ACK.',
    ground: 'connector',
    patches: [{ file: 'links/x400/x400-link.ts', find: "transmit(ctx, conn, { type: 'give-tokens-ack' });", replace: 'return;' }],
  },
  {
    name: 'control-block-not-freed',
    broken: 'The end of a connection does not free its control block.',
    ground: 'connector',
    checked: { link: 'x400' },
    patches: [{ file: 'links/x400/connections.ts', find: 'freeControlBlock(ctx, connection);', replace: '' }],
  },
  {
    name: 'control-blocks-without-limit',
    broken: 'A connection gets a control block although all are in use.',
    ground: 'connector',
    patches: [
      {
        file: 'links/x400/control-blocks.ts',
        find: 'if (controlBlocks.length >= available(ctx.mta)) {',
        replace: 'if (controlBlocks.length >= available(ctx.mta) + 9) {',
      },
    ],
  },
  {
    name: 'listener-without-control-block',
    broken: 'The listener needs no control block.',
    ground: 'connector',
    patches: [
      { file: 'links/x400/control-blocks.ts', find: 'listeners.length > 0 ? 1 : 0', replace: 'listeners.length > 0 ? 0 : 0' },
    ],
  },
  {
    name: 'interrupted-activity-kept',
    broken: 'The connector keeps the checkpoints of an interrupted activity beyond the Recovery Timeout.',
    ground: 'connector-segments',
    patches: [
      { file: 'links/x400/x400-link.ts', find: 'forgetInterrupted(ctx);', replace: 'void forgetInterrupted;' },
      {
        file: 'links/x400/x400-link.ts',
        find: 'earlier(x400.connections.dueMs, x400.interrupted.dueMs)',
        replace: 'earlier(x400.connections.dueMs, null)',
      },
    ],
  },
  {
    name: 'connector-recovery-number',
    broken: 'Every recovery over a connector has the number 1.',
    ground: 'connector',
    patches: [
      {
        file: opening,
        find: 'const apdu = { ...rtorq, windowSize',
        replace: 'const apdu = { ...rtorq, recovery: Math.min(1, rtorq.recovery), windowSize',
      },
    ],
  },
  {
    name: 'old-connection-kept',
    broken: 'A recovery that comes before the loss is noticed does not drop the old connection.',
    ground: 'connector',
    checked: { link: 'x400' },
    patches: [
      {
        file: 'links/x400/x400-link.ts',
        find: 'if (connection !== undefined) shut(ctx, connection);',
        replace: 'void connection;',
      },
    ],
  },
  {
    name: 'connector-loss-unnoticed',
    broken: 'The loss of a connection does not count as the loss of its association.',
    ground: 'connector',
    checked: { link: 'x400' },
    patches: [{ file: 'links/x400/connections.ts', find: 'ctx.user.lost(ctx, ref);', replace: '' }],
  },
  {
    name: 'connector-next-path-not-tried',
    broken: 'After a failed dial the connector tries no other path.',
    ground: 'connector',
    checked: { link: 'x400', environment: 'other-family-first' },
    patches: [{ file: opening, find: 'if (!dialNext(ctx, ref)) attemptOver(ctx, ref);', replace: 'attemptOver(ctx, ref);' }],
  },
  {
    name: 'connector-listens-on-disabled',
    broken: 'The transport stack of the connector listens on disabled bindings.',
    ground: 'connector',
    patches: [
      {
        file: 'links/x400/listening.ts',
        find: 'bindings.filter((binding) => binding.enabled)',
        replace: 'bindings.filter(() => true)',
      },
    ],
  },
  {
    name: 'connector-starts-deaf',
    broken: 'An MTA runs although its connector can listen on none of its addresses.',
    ground: 'connector-hosts',
    patches: [{ file: 'links/x400/listening.ts', find: "'ready' : 'impossible'", replace: "'ready' : 'ready'" }],
  },
  {
    name: 'unreadable-content-forgotten',
    broken: 'A segment that has not left, because its content cannot be read, is awaited for ever.',
    ground: 'connector-damaged',
    patches: [
      {
        file: sending,
        find: 'ctx.user.unreadable(ctx, owner, segment.serial, frame.head?.settled ?? [], detail);',
        replace: 'void detail;',
      },
    ],
  },
  {
    name: 'watermark-too-high',
    broken: 'The first activity of a connection says that activities are settled which the sender has yet to send.',
    ground: 'connector',
    patches: [
      {
        file: sending,
        find: 'credentials(ctx, entry).settledBelow : 0',
        replace: 'credentials(ctx, entry).settledBelow + 50 : 0',
      },
    ],
  },
];
