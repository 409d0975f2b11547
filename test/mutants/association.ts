/** Planted faults: associations, their opening, recovery and end. */
import type { Mutant } from './mutant.js';

export const associationMutants: readonly Mutant[] = [
  {
    name: 'recovery-keeps-connections',
    broken: 'A recovery that comes before the loss was noticed leaves the old connections in use.',
    ground: 'losses',
    checked: true,
    patches: [
      {
        file: 'reliable-transfer/association/answer.ts',
        find: "if (known.state === 'open') loseAssociation(ctx, ref); else dropConnections(ctx, ref);",
        replace: "if (known.state !== 'open') dropConnections(ctx, ref);",
      },
    ],
  },
  {
    name: 'loss-keeps-data-connection',
    broken: 'A loss leaves the data connection in use where another connection was lost.',
    ground: 'losses',
    checked: true,
    patches: [
      {
        file: 'links/rpc/carrier.ts',
        find: 'for (const conn of [ownFirst, peerFirst, ownData.conn, peerData])',
        replace: 'for (const conn of [ownFirst, peerFirst, peerData])',
      },
      {
        file: 'links/rpc/carrier.ts',
        find: 'patchCarrier(ctx, ref, withoutConnections(carrier));',
        replace: 'patchCarrier(ctx, ref, { ...withoutConnections(carrier), ownData });',
      },
    ],
  },
  {
    name: 'stale-recovery-accepted',
    broken: 'A recovery that its initiator has abandoned long ago is accepted after a later one.',
    ground: null,
    checked: { messages: [1, 0], losses: 2, timers: 'any' },
    patches: [
      {
        file: 'reliable-transfer/association/answer.ts',
        find: "if (rtorq.recovery <= known.recovery) return refuse(ctx, entry, request, 'rtsBusy');",
        replace: '',
      },
    ],
  },
  {
    name: 'abandoned-bind-back-accepted',
    broken: 'The initiator accepts a MtaBindBack that belongs to an attempt it has abandoned.',
    ground: 'late',
    patches: [
      {
        file: 'links/rpc/opening.ts',
        find: "carrier?.phase !== 'calling' || association.recovery !== recovery",
        replace: "carrier?.phase !== 'calling'",
      },
    ],
  },
  {
    name: 'recovery-number-not-raised',
    broken: 'Every recovery of an association bears the number 1.',
    ground: 'losses',
    patches: [
      { file: 'reliable-transfer/association/open.ts', find: 'recovery: association.recovery + 1', replace: 'recovery: 1' },
    ],
  },
  {
    name: 'both-recover',
    broken: 'The responder, too, sets out to recover a lost association.',
    ground: 'losses',
    patches: [
      {
        file: 'reliable-transfer/association/end.ts',
        find: "recoverAtMs: association.role === 'initiator' ? ctx.nowMs : null",
        replace: 'recoverAtMs: ctx.nowMs',
      },
    ],
  },
  {
    name: 'nobody-recovers',
    broken: 'Nobody sets out to recover a lost association: it is kept until Disconnect, and mail waits.',
    ground: 'losses',
    checked: true,
    patches: [
      {
        file: 'reliable-transfer/association/end.ts',
        find: "recoverAtMs: association.role === 'initiator' ? ctx.nowMs : null",
        replace: 'recoverAtMs: null',
      },
    ],
  },
  {
    name: 'cannot-recover-kept',
    broken: 'An association that the peer says it cannot recover is kept, and tried again until Disconnect.',
    ground: 'crashes',
    patches: [
      {
        file: 'reliable-transfer/association/open.ts',
        find: "if (association.recovery === 0 || reason !== 'cannotRecover') return attemptFailed(ctx, ref);",
        replace: "if (association.recovery === 0 || reason !== 'cannotRecover' || true) return attemptFailed(ctx, ref);",
      },
    ],
  },
  {
    name: 'disconnect-never-fires',
    broken: 'A lost association that nobody recovers is kept for ever.',
    ground: 'crashes',
    checked: true,
    patches: [
      {
        file: 'reliable-transfer/association/end.ts',
        find: 'disconnectAtMs: ctx.nowMs + ctx.mta.settings.disconnectS * 1000',
        replace: 'disconnectAtMs: null',
      },
    ],
  },
  {
    name: 'disconnect-not-cancelled',
    broken: 'The Disconnect timer goes on when the association has been recovered, and ends it.',
    ground: 'losses',
    patches: [
      {
        file: 'reliable-transfer/association/open.ts',
        find: '...patch, disconnectAtMs: null,',
        replace: '...patch,',
      },
      {
        file: 'machine/deadlines.ts',
        find: "(state === 'open' || state === 'closing' ? null : disconnectAtMs)",
        replace: "(state === 'closing' ? null : disconnectAtMs)",
      },
    ],
  },
  {
    name: 'recovery-timer-not-cancelled',
    broken: 'The timer of the next recovery goes on while the recovery is under way.',
    ground: 'losses',
    patches: [
      {
        file: 'reliable-transfer/association/open.ts',
        find: 'recovery: association.recovery + 1, recoverAtMs: null',
        replace: 'recovery: association.recovery + 1',
      },
    ],
  },
  {
    name: 'second-timeout-ends',
    broken: 'Where several calls of an association are given up at once, it is not recovered.',
    ground: 'timeouts',
    patches: [
      {
        file: 'links/rpc/rpc-link.ts',
        find: "else if (state !== 'lost') ctx.user.ended(ctx, ref);",
        replace: 'else ctx.user.ended(ctx, ref);',
      },
    ],
  },
  {
    name: 'opening-timer-not-cancelled',
    broken: 'The timer of the dial goes on when the first connection is bound, and nothing ever answers it.',
    ground: 'impatient',
    patches: [
      {
        file: 'links/rpc/opening.ts',
        find: "advancePhase(ctx, ref, 'bound', { ownGroup: group, openByMs: null });",
        replace: "advancePhase(ctx, ref, 'bound', { ownGroup: group });",
      },
    ],
  },
  {
    name: 'early-apdu-executed',
    broken: 'An APDU that overtakes the RTOAC is carried out at once.',
    ground: 'any',
    patches: [
      {
        file: 'links/rpc/sending.ts',
        find: "const overtakes = !isLastWord && carrier?.phase === 'calling' && carrier.peerFirst !== null;",
        replace: 'const overtakes = false;',
      },
      {
        file: 'reliable-transfer/incoming-apdus.ts',
        find: "if (state !== 'open' &&",
        replace: "if (state !== 'open' && state !== 'opening' &&",
      },
    ],
  },
  {
    name: 'early-apdu-refused',
    broken: 'An APDU that overtakes the RTOAC counts as a breach of the protocol.',
    ground: 'any',
    checked: true,
    patches: [
      {
        file: 'links/rpc/sending.ts',
        find: "const overtakes = !isLastWord && carrier?.phase === 'calling' && carrier.peerFirst !== null;",
        replace: 'const overtakes = false;',
      },
    ],
  },
  {
    name: 'early-apdu-forgotten',
    broken: 'An APDU that overtakes the RTOAC is put aside and never looked at again.',
    ground: 'yielding',
    patches: [
      {
        file: 'links/rpc/rpc-link.ts',
        find: 'bindAnswered(ctx, ref, result); return releaseHeld(ctx, ref);',
        replace: 'return bindAnswered(ctx, ref, result);',
      },
    ],
  },
  {
    name: 'new-start-ignored',
    broken: 'The associations with an MTA are kept when that MTA is met after a new start.',
    ground: 'crashes',
    patches: [
      {
        file: 'reliable-transfer/association/introduction.ts',
        find: 'if (association.id !== keep && !unmet) endAssociation(',
        replace: 'if (association.id === keep && !unmet) endAssociation(',
      },
    ],
  },
  {
    name: 'old-start-accepted',
    broken: 'An introduction from an earlier start of an MTA is accepted after one from a later start.',
    ground: 'restarts',
    patches: [
      {
        file: 'reliable-transfer/association/introduction.ts',
        find: 'if (incarnation < known.incarnation) return false;',
        replace: '',
      },
    ],
  },
  {
    name: 'open-interval-ignored',
    broken: 'An opening that has failed is tried again at once, without the Open Interval.',
    ground: 'crashes',
    patches: [
      {
        file: 'reliable-transfer/association/end.ts',
        find: 'openRetryAtMs: ctx.nowMs + seconds * 1000',
        replace: 'openRetryAtMs: null',
      },
    ],
  },
  {
    name: 'threshold-plus-one',
    broken: 'A further association is opened at one message more than the threshold.',
    ground: 'any',
    patches: [
      { file: 'machine/pump.ts', find: "'reached' ? entry.queued < enough :", replace: "'reached' ? entry.queued <= enough :" },
    ],
  },
  {
    name: 'threshold-not-per-association',
    broken: 'The threshold is not multiplied by the number of associations.',
    ground: 'any',
    patches: [
      {
        file: 'machine/pump.ts',
        find: 'const enough = settings.threshold * counted;',
        replace: 'const enough = settings.threshold;',
      },
    ],
  },
  {
    name: 'lost-not-counted',
    broken: 'Lost associations do not count for the threshold.',
    ground: 'losses',
    checked: true,
    patches: [
      {
        file: 'reliable-transfer/association/end.ts',
        find: "if (state !== 'closing') count += 1;",
        replace: "if (state !== 'closing' && state !== 'lost') count += 1;",
      },
    ],
  },
  {
    name: 'limit-per-mta-ignored',
    broken: 'Associations with one MTA are opened beyond their limit.',
    ground: 'narrow',
    patches: [
      {
        file: 'machine/pump.ts',
        find: 'if (counted < settings.maxAssociationsPerMta) { openAssociation(ctx, entryId, false);',
        replace: 'if (counted < settings.maxAssociationsPerMta + 2) { openAssociation(ctx, entryId, false);',
      },
    ],
  },
  {
    name: 'limit-of-all-ignored',
    broken: 'Associations are opened beyond the limit of the whole locality table.',
    ground: 'crowded',
    patches: [
      {
        file: 'machine/pump.ts',
        find: 'if (all < mostAssociations(ctx.mta.settings)) return true;',
        replace: 'if (all >= 0) return true;',
      },
    ],
  },
  {
    name: 'limit-of-all-ignored-inbound',
    broken: 'Associations are accepted beyond the limit of the whole locality table.',
    ground: 'crowded',
    patches: [
      {
        file: 'reliable-transfer/association/answer.ts',
        find: 'if (all >= mostAssociations(settings)) {',
        replace: 'if (all < 0) {',
      },
    ],
  },
  {
    name: 'urgent-association-stays-urgent',
    broken: 'The association above the limit is for urgent mail only, even when all others have gone.',
    ground: 'narrow',
    patches: [
      {
        file: 'machine/pump.ts',
        find: 'if (above === undefined || countedAssociations(entry) > ctx.mta.settings.maxAssociationsPerMta) return;',
        replace: 'if (above === undefined || countedAssociations(entry) >= 0) return;',
      },
    ],
  },
  {
    name: 'urgent-association-carries-all',
    broken: 'The association above the limit, which is for urgent mail only, carries all mail.',
    ground: 'narrow',
    patches: [{ file: 'mail/queue.ts', find: "if (urgentOnly && priority !== 'urgent') return undefined;", replace: '' }],
  },
  {
    name: 'data-connection-of-no-group',
    broken: 'The data connection is bound with a group of its own, and not with that of the first one.',
    ground: 'calm',
    patches: [{ file: 'links/rpc/sending.ts', find: 'group: carrier.ownGroup }', replace: 'group: 0 }' }],
  },
];
