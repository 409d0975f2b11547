/** Planted faults: more than one activity in flight. */
import type { Mutant } from './mutant.js';

/** Two messages one way, and two activities in flight. */
const two = { messages: [2, 0], losses: 1, threshold: 9, activities: 2 } as const;

export const flightMutants: readonly Mutant[] = [
  {
    name: 'one-activity-too-many',
    broken: 'The sender has one more unconfirmed activity than agreed.',
    ground: 'flight',
    checked: { ...two, messages: [3, 0], losses: 0 },
    patches: [
      {
        file: 'reliable-transfer/transfer/outgoing.ts',
        find: 'transfers.size >= (fruitlessLosses > 0 ? 1 : activitiesInFlight)',
        replace: 'transfers.size > activitiesInFlight',
      },
    ],
  },
  {
    name: 'next-activity-begun-early',
    broken: 'The sender begins the next activity before it has sent the last segment of the one in front.',
    ground: 'flight-segments',
    patches: [
      {
        file: 'reliable-transfer/transfer/outgoing.ts',
        find: 'sending !== null || transfers.size',
        replace: 'transfers.size',
      },
    ],
  },
  {
    name: 'turn-given-unconfirmed',
    broken: 'The holder gives the Turn when it has sent its last activity, not when all are confirmed.',
    ground: 'flight',
    checked: { ...two, messages: [2, 1], losses: 0 },
    patches: [{ file: 'machine/pump.ts', find: 'if (association.transfers.size === 0 && linkOf', replace: 'if (linkOf' }],
  },
  {
    name: 'oldest-activity-alone-returns',
    broken: 'When the connection is lost, the queue gets back only the oldest of the activities in flight.',
    ground: 'flight',
    checked: two,
    patches: [
      {
        file: 'reliable-transfer/transfer/interrupt.ts',
        find: 'for (const transfer of inOrder(association)) interrupt(ctx, ref, transfer);',
        replace: `for (const [at, transfer] of inOrder(association).entries())
          if (at === 0) interrupt(ctx, ref, transfer);
          else dropTransfer(ctx, ref, transfer.id);`,
      },
    ],
  },
  {
    name: 'any-activity-confirmed',
    broken: 'The sender takes a confirmation for that of its newest activity, whichever it names.',
    ground: 'flight-segments',
    patches: [
      {
        file: 'reliable-transfer/transfer/send.ts',
        find: '} else if (answer.stored) { transferred(ctx, ref, transfer);',
        replace: `} else if (answer.stored) {
          const all = associationOf(ctx, ref)?.transfers.rows ?? [];
          transferred(ctx, ref, all.find(({ order }) => order === Math.max(...all.map((each) => each.order))) ?? transfer);`,
      },
    ],
  },
  {
    name: 'agreement-ignored',
    broken: 'The initiator keeps to the number that it has offered, not to the answer.',
    ground: 'any',
    patches: [
      {
        file: 'reliable-transfer/association/open.ts',
        find: 'windowSize: Math.min(answer.windowSize || defaultWindowSize, association.windowSize), activitiesInFlight,',
        replace: 'windowSize: Math.min(answer.windowSize || defaultWindowSize, association.windowSize),',
      },
    ],
  },
  {
    name: 'unanswered-for-ever',
    broken: 'The receiver goes on counting an activity as unconfirmed after its confirmation.',
    ground: 'flight',
    checked: two,
    patches: [
      {
        file: 'reliable-transfer/transfer/storing.ts',
        find: 'if (association !== null) uncount(ctx, entry, association);',
        replace: 'if (association === -1) uncount(ctx, entry, association);',
      },
    ],
  },
  {
    name: 'discarded-still-counted',
    broken: 'The receiver goes on counting an activity as unconfirmed after the sender has given it up.',
    ground: 'timeouts',
    patches: [
      {
        file: 'reliable-transfer/transfer/receive.ts',
        find: "noLongerAwaited(ctx, ref.entry, activity); reply(ctx, ref.entry, to, { kind: 'discarded', activity });",
        replace: "reply(ctx, ref.entry, to, { kind: 'discarded', activity });",
      },
    ],
  },
  {
    name: 'lost-still-counted',
    broken: 'After a loss the receiver goes on counting the activities that were unconfirmed.',
    ground: 'late-disks',
    patches: [
      {
        file: 'reliable-transfer/association/end.ts',
        find: 'if (activity === undefined) noneAwaited(ctx, ref);',
        replace: 'if (activity === undefined && ref.association < 0) noneAwaited(ctx, ref);',
      },
    ],
  },
];
