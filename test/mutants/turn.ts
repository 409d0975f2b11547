/** Planted faults: the Turn. */
import type { Mutant } from './mutant.js';

export const turnMutants: readonly Mutant[] = [
  {
    name: 'give-during-transfer',
    broken: 'The holder gives the Turn even in the middle of a transfer.',
    ground: 'calm',
    checked: true,
    patches: [
      {
        file: 'machine/pump.ts',
        find: 'if (!mayBegin(association)) return; const entry = entryAt(ctx, entryId);',
        replace: `const entry = entryAt(ctx, entryId);
          if (association.transfers.size > 0) {
            if (association.turn === 'asked-of' && givesNow(entry, association))
              give(ctx, { entry: entryId, association: association.id });
            return;
          }`,
      },
    ],
  },
  {
    name: 'giver-keeps-turn',
    broken: 'A side keeps the Turn after giving it.',
    ground: 'calm',
    checked: true,
    patches: [{ file: 'reliable-transfer/turn/table.ts', find: "'give-sent': 'given'", replace: "'give-sent': 'held'" }],
  },
  {
    name: 'both-adopt',
    broken: 'After a recovery the responder takes the Turn, whatever the initiator states.',
    ground: 'losses',
    checked: true,
    patches: [
      {
        file: 'catalogues/behaviour.ts',
        find: 'turnAfterRecovery: (stated) => stated',
        replace: "turnAfterRecovery: () => 'mine'",
      },
    ],
  },
  {
    name: 'neither-adopts',
    broken: 'After a recovery the responder leaves the Turn to the initiator, whatever the initiator states.',
    ground: 'losses',
    patches: [
      {
        file: 'catalogues/behaviour.ts',
        find: 'turnAfterRecovery: (stated) => stated',
        replace: "turnAfterRecovery: () => 'theirs'",
      },
    ],
  },
  {
    name: 'remembered-turn',
    broken: 'After a recovery the responder trusts its own memory of the Turn.',
    ground: 'losses',
    patches: [
      {
        file: 'catalogues/behaviour.ts',
        find: 'turnAfterRecovery: (stated) => stated',
        replace: 'turnAfterRecovery: (stated, remembered) => remembered',
      },
    ],
  },
  {
    name: 'stated-wrongly',
    broken: 'The recovering initiator always states that the Turn is its own.',
    ground: 'losses',
    patches: [
      {
        file: 'reliable-transfer/association/open.ts',
        find: "believes(association.turn) === 'mine' ? 'initiator' : 'responder'",
        replace: "believes(association.turn) === 'mine' || association.recovery > 0 ? 'initiator' : 'responder'",
      },
    ],
  },
  {
    name: 'please-kept-over-loss',
    broken: 'The holder remembers a Please after the loss of the connection.',
    ground: 'losses',
    checked: true,
    patches: [
      {
        file: 'reliable-transfer/turn/table.ts',
        find: "'asked-of': { 'give-sent': 'given', 'transfer-sent': 'asked-of', loss: 'held' }",
        replace:
          "'asked-of': { 'give-sent': 'given', 'transfer-sent': 'asked-of', loss: 'asked-of', 'adopt-mine': 'asked-of', 'adopt-theirs': 'theirs' }",
      },
    ],
  },
  {
    name: 'please-not-repeated',
    broken: 'A side that has asked for the Turn does not ask again after a loss.',
    ground: 'losses',
    patches: [
      {
        file: 'reliable-transfer/turn/table.ts',
        find: "asking: { 'give-received': 'held', 'transfer-received': 'asking', loss: 'theirs' }",
        replace:
          "asking: { 'give-received': 'held', 'transfer-received': 'asking', loss: 'asking', 'adopt-mine': 'held', 'adopt-theirs': 'asking' }",
      },
    ],
  },
  {
    name: 'please-twice',
    broken: 'A side that has asked for the Turn asks again as soon as anything changes.',
    ground: 'calm',
    checked: true,
    patches: [
      {
        file: 'machine/pump.ts',
        find: "if (association.turn !== 'theirs') return;",
        replace: "if (association.turn !== 'theirs' && association.turn !== 'asking') return;",
      },
    ],
  },
  {
    name: 'please-before-ack',
    broken: 'A side asks for the Turn again before the peer has acknowledged its Give.',
    ground: 'calm',
    patches: [
      {
        file: 'machine/pump.ts',
        find: "if (association.turn !== 'theirs') return;",
        replace: "if (association.turn !== 'theirs' && association.turn !== 'given') return;",
      },
      {
        file: 'reliable-transfer/turn/table.ts',
        find: "given: { 'give-acknowledged': 'theirs',",
        replace: "given: { 'give-acknowledged': 'theirs', 'please-sent': 'asking',",
      },
    ],
  },
  {
    name: 'please-by-holder',
    broken: 'The holder asks for the Turn when it has more mail than it can send.',
    ground: 'calm',
    checked: true,
    patches: [
      {
        file: 'machine/pump.ts',
        find: "if (association.turn !== 'theirs') return;",
        replace: '',
      },
      {
        file: 'machine/pump.ts',
        find: 'linkOf(ctx, ref.entry).ready(ctx, ref)) startTransfer(ctx, ref, copy);',
        replace: 'linkOf(ctx, ref.entry).ready(ctx, ref)) { startTransfer(ctx, ref, copy); please(ctx, ref, 2); }',
      },
    ],
  },
  {
    name: 'please-priority-ignored',
    broken: 'A Please for urgent mail does not make the holder give the Turn before its own less urgent mail.',
    ground: 'any',
    patches: [{ file: 'reliable-transfer/turn/turn.ts', find: 'asked < turnPriority[next.envelope.priority] ||', replace: '' }],
  },
  {
    name: 'close-outranks-mail',
    broken: 'A Please of priority 0, for closing, makes the holder give the Turn although it has mail.',
    ground: 'closing',
    patches: [
      {
        file: 'reliable-transfer/turn/turn.ts',
        find: 'if (asked === 0) return false;',
        replace: 'if (asked === 0) return true;',
      },
    ],
  },
  {
    name: 'turn-request-threshold-plus-one',
    broken: 'After a Please the holder makes one transfer more than Turn-Request-Threshold permits.',
    ground: 'any',
    patches: [
      {
        file: 'reliable-transfer/turn/turn.ts',
        find: 'association.transfersSinceAsked >= entry.settings.turnRequestThreshold',
        replace: 'association.transfersSinceAsked > entry.settings.turnRequestThreshold',
      },
    ],
  },
  {
    name: 'transfers-not-counted',
    broken: 'The holder does not count transfers after a Please, so it gives the Turn only when it has no more mail.',
    ground: 'any',
    checked: true,
    patches: [
      {
        file: 'reliable-transfer/transfer/send.ts',
        find: 'if (asked) draft.transfersSinceAsked += 1;',
        replace: '',
      },
    ],
  },
  {
    name: 'give-without-please',
    broken: 'The responder gives the Turn without a Please as soon as it has no mail.',
    ground: 'calm',
    checked: true,
    patches: [
      {
        file: 'machine/pump.ts',
        find: 'const copy = nextCopy(entry, association.urgentOnly); if (copy !== undefined) {',
        replace: `const copy = nextCopy(entry, association.urgentOnly);
          if (copy === undefined && association.role === 'responder' && association.moved > 0) {
            if (linkOf(ctx, ref.entry).ready(ctx, ref)) give(ctx, ref);
          } else if (copy !== undefined) {`,
      },
      {
        file: 'reliable-transfer/turn/table.ts',
        find: "held: { 'please-received'",
        replace: "held: { 'give-sent': 'given', 'please-received'",
      },
    ],
  },
  {
    name: 'transfer-without-turn',
    broken: 'A side that has asked for the Turn sends without waiting for it.',
    ground: 'calm',
    checked: true,
    patches: [
      {
        file: 'machine/pump.ts',
        find: "if (association.turn === 'held' || association.turn === 'asked-of') {",
        replace: "if (association.turn === 'held' || association.turn === 'asked-of' || association.turn === 'asking') {",
      },
      {
        file: 'reliable-transfer/turn/table.ts',
        find: "asking: { 'give-received'",
        replace: "asking: { 'transfer-sent': 'asking', 'give-received'",
      },
    ],
  },
];
