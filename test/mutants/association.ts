/** Planted faults: associations, their opening, recovery and end. */
import type { Mutant } from './mutant.js';

export const associationMutants: readonly Mutant[] = [
  {
    name: 'recovery-keeps-connections',
    broken: 'If a recovery arrives before the responder has noticed the loss, the responder still uses the old connections.',
    ground: 'losses',
    checked: true,
    patches: [
      {
        file: 'reliable-transfer/association/answer.ts',
        find: "if (known.state === 'open') loseAssociation(ctx, ref); else dropConnections(ctx, ref);",
        replace: "if (known.state !== 'open') dropConnections(ctx, ref);",
      },
      {
        file: 'links/rpc/carrier.ts',
        find: 'putCarrier(ctx, { ...withoutConnections({ id: ref.association, entry: ref.entry }), phase, path, pathsLeft });',
        replace:
          'putCarrier(ctx, { ...withoutConnections({ id: ref.association, entry: ref.entry }), ...before, phase, path, pathsLeft });',
      },
    ],
  },
  {
    name: 'loss-keeps-data-connection',
    broken: 'After the loss of another connection, a side still uses its data connection.',
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
      {
        file: 'links/rpc/carrier.ts',
        find: 'putCarrier(ctx, { ...withoutConnections({ id: ref.association, entry: ref.entry }), phase, path, pathsLeft });',
        replace: `const ownData = before?.ownData ?? noDataConnection;
          putCarrier(ctx, { ...withoutConnections({ id: ref.association, entry: ref.entry }), ownData, phase, path, pathsLeft });`,
      },
    ],
  },
  {
    name: 'stale-recovery-accepted',
    broken: 'The responder accepts an abandoned recovery after a later one.',
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
    broken: 'The initiator accepts a MtaBindBack of an attempt that it has abandoned.',
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
    broken: 'Every recovery of an association has the number 1.',
    ground: 'losses',
    patches: [
      { file: 'reliable-transfer/association/open.ts', find: 'recovery: association.recovery + 1', replace: 'recovery: 1' },
    ],
  },
  {
    name: 'both-recover',
    broken: 'The responder, too, recovers a lost association.',
    ground: 'losses',
    patches: [
      {
        file: 'reliable-transfer/association/end.ts',
        find: "recoverAtMs: association.role === 'initiator' ? ctx.nowMs + pauseS(association) * 1000 : null",
        replace: 'recoverAtMs: ctx.nowMs + pauseS(association) * 1000',
      },
    ],
  },
  {
    name: 'nobody-recovers',
    broken: 'The initiator does not recover a lost association: it keeps it until Disconnect, and mail waits.',
    ground: 'losses',
    checked: true,
    patches: [
      {
        file: 'reliable-transfer/association/end.ts',
        find: "recoverAtMs: association.role === 'initiator' ? ctx.nowMs + pauseS(association) * 1000 : null",
        replace: 'recoverAtMs: null',
      },
    ],
  },
  {
    name: 'cannot-recover-kept',
    broken: 'The initiator keeps an association that the peer cannot recover, and tries again until Disconnect.',
    ground: 'crashes',
    patches: [
      {
        file: 'reliable-transfer/association/open.ts',
        find: "if (association.recovery === 0 || reason !== 'cannotRecover') return attemptFailed(ctx, ref, reason);",
        replace: "if (association.recovery === 0 || reason !== 'cannotRecover' || true) return attemptFailed(ctx, ref, reason);",
      },
    ],
  },
  {
    name: 'disconnect-never-fires',
    broken: 'An MTA keeps a lost association for ever if its recovery fails.',
    ground: 'crashes',
    checked: true,
    patches: [
      {
        file: 'reliable-transfer/association/end.ts',
        find: 'disconnectAtMs: ctx.nowMs + settings.disconnectS * 1000',
        replace: 'disconnectAtMs: null',
      },
    ],
  },
  {
    name: 'disconnect-not-cancelled',
    broken: 'The Disconnect timer continues after a recovery, and ends the association.',
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
    broken: 'The timer of the next recovery continues during a recovery.',
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
    broken: 'If an MTA gives up several calls of an association at once, it does not recover the association.',
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
    broken: 'The timer of the dial continues after the bind of the first connection, and no answer stops it.',
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
    broken: 'A side executes an APDU that overtakes the RTOAC at once.',
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
    broken: 'A side treats an APDU that overtakes the RTOAC as a breach of the protocol.',
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
    broken: 'A side puts an APDU that overtakes the RTOAC aside and never executes it.',
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
    broken: 'An MTA keeps its associations with a peer that has restarted.',
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
    broken: 'An MTA accepts an introduction from an earlier start of a peer after one from a later start.',
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
    broken: 'After a failed opening an MTA tries again at once, without the Open Interval.',
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
    broken: 'An MTA opens a further association one message after the threshold.',
    ground: 'any',
    patches: [
      { file: 'machine/pump.ts', find: "'reached' ? entry.queued < enough :", replace: "'reached' ? entry.queued <= enough :" },
    ],
  },
  {
    name: 'threshold-not-per-association',
    broken: 'An MTA does not multiply the threshold by the number of associations.',
    ground: 'any',
    patches: [
      {
        file: 'machine/pump.ts',
        find: 'const enough = entry.settings.threshold * counted;',
        replace: 'const enough = entry.settings.threshold;',
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
    broken: 'An MTA opens associations with one MTA beyond their limit.',
    ground: 'narrow',
    patches: [
      {
        file: 'machine/pump.ts',
        find: 'if (counted < maxAssociationsPerMta) { openAssociation(ctx, entryId, false);',
        replace: 'if (counted < maxAssociationsPerMta + 2) { openAssociation(ctx, entryId, false);',
      },
    ],
  },
  {
    name: 'limit-of-all-ignored',
    broken: 'An MTA opens associations beyond the limit of the whole locality table.',
    ground: 'crowded',
    patches: [
      {
        file: 'machine/pump.ts',
        find: 'ctx.mta.associationsLimited < associationLimit(ctx.mta.settings)) return true;',
        replace: 'ctx.mta.associationsLimited >= 0) return true;',
      },
    ],
  },
  {
    name: 'limit-of-all-ignored-inbound',
    broken: 'An MTA accepts associations beyond the limit of the whole locality table.',
    ground: 'crowded',
    patches: [
      {
        file: 'reliable-transfer/association/answer.ts',
        find: 'ctx.mta.associationsLimited >= associationLimit(ctx.mta.settings)) {',
        replace: 'ctx.mta.associationsLimited < 0) {',
      },
    ],
  },
  {
    name: 'urgent-association-stays-urgent',
    broken: 'The association above the limit stays reserved for urgent mail after all others have gone.',
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
    broken: 'The data connection binds with a group of its own instead of that of the first connection.',
    ground: 'calm',
    patches: [{ file: 'links/rpc/sending.ts', find: 'group: carrier.ownGroup, maxCalls', replace: 'group: 0, maxCalls' }],
  },
];
