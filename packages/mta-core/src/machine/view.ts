/** Builds the views of view-model.ts from the state of an MTA, for people and for JSON. It never changes the state. */

import { type ConnectorSettings, overridable } from '../catalogues/settings.js';
import { rowsOf } from '../collections/fifo.js';
import type { Intervals } from '../collections/intervals.js';
import { rowOf } from '../collections/table.js';
import { findRow, rowsIn } from '../collections/tree.js';
import { links } from '../links/all.js';
import type { LinkView } from '../links/link.js';
import { triedBindings } from '../links/local-bindings.js';
import { mapperIds } from '../links/rpc/state.js';
import { firstX400Binding } from '../links/x400/state.js';
import { describeActivity, type Envelope, type Priority, priorities } from '../mail/message.js';
import { inOrder } from '../reliable-transfer/transfer/outgoing.js';
import { believes } from '../reliable-transfer/turn/table.js';
import { oldestOf, viewMailboxLoad, viewPerformance } from './performance.js';
import type { Association, LtabEntry, Mta, QueuedCopy } from './state.js';
import type {
  AssociationView,
  BindingView,
  LtabView,
  MessageView,
  QueueView,
  QueueWaitView,
  ShownState,
  TransferView,
} from './view-model.js';
import { entryWaits, lastErrorOf, mailboxNameOf, mailboxWaits, nextAssociationThreshold } from './waits.js';

export type * from './view-model.js';

/** The locality table in order of its indexes. */
export function ltabOf({ ltab }: Pick<Mta, 'ltab'>): readonly LtabEntry[] {
  return rowsIn(ltab);
}

/** The activities received from a sender and not settled yet. */
export function receivedOf({ senders, received }: Mta, sender: string): Intervals {
  const number = Object.hasOwn(senders, sender) ? senders[sender] : undefined;
  return (number === undefined ? undefined : findRow(received, number)?.activities) ?? [];
}

const mailboxes = 'mailboxes';

/** The local bindings, in dialling order. */
export function viewBindings(mta: Mta): readonly BindingView[] {
  const tried = triedBindings(mta);
  return mta.bindings.map(({ id, address, port, label, enabled }) => {
    const listening = rowOf(mta.rpc.addresses, id);
    const mapper = rowOf(mta.rpc.addresses, mapperIds + id);
    const connector = rowOf(mta.x400.listeners, firstX400Binding + id);
    return {
      id,
      address,
      port: listening?.port ?? port,
      label,
      enabled,
      dialOrder: tried.findIndex((binding) => binding.id === id) + 1 || null,
      listening: listening?.state ?? 'off',
      osError: listening?.failure ?? null,
      mapperPort: mapper?.state === 'up' ? mapper.port : null,
      x400Port: connector?.state === 'up' ? connector.port : null,
    };
  });
}

/** The settings of an entry that differ from those of the MTA. */
function overridesOf({ settings }: Mta, entry: LtabEntry): Partial<ConnectorSettings> {
  const own = overridable.filter((name) => entry.settings[name] !== settings[name]);
  return Object.fromEntries(own.map((name) => [name, entry.settings[name]]));
}

/** The locality table, in order of its indexes. */
export function viewLtab(mta: Mta): readonly LtabView[] {
  return ltabOf(mta).map((entry) => {
    const associations: Partial<Record<ShownState, number>> = {};
    for (const association of entry.associations) {
      const state = shownState(mta, entry, association);
      associations[state] = (associations[state] ?? 0) + 1;
    }
    return {
      ltabIndex: entry.id,
      peer: entry.name,
      link: entry.link,
      endpoints: entry.endpoints,
      overrides: overridesOf(mta, entry),
      activation: typeof entry.activation === 'string' ? entry.activation : 'selected-times',
      activeAtMs: entry.activeAtMs,
      associations,
      queued: entry.queued,
      waiting: entry.waiting.size,
      incoming: entry.incoming.length,
      openFailures: entry.openFailures,
      openRetryAtMs: entry.openRetryAtMs,
      peerIncarnation: entry.peer?.incarnation ?? null,
      peerStoreUuid: entry.peer?.storeUuid ?? null,
      deadlineMs: entry.deadlineMs,
      performance: viewPerformance(entry),
      counters: entry.counters,
    };
  });
}

function viewTransfer(association: Association): TransferView | null {
  const [transfer] = inOrder(association);
  if (transfer === undefined) return null;
  const { envelope } = transfer.copy;
  return {
    copy: describeActivity(transfer.copy.id),
    mtsId: envelope.mtsId,
    priority: envelope.priority,
    sizeBytes: envelope.sizeBytes,
    sentBytes: transfer.sentUpTo,
    confirmedBytes: transfer.confirmedUpTo,
    unconfirmedSegments: transfer.unconfirmed.length,
    deadlineMs: transfer.deadlineMs,
  };
}

/** The state in words. For an opening, it says how far the link has come. */
function shownStateOf(association: Association, link: LinkView | null): ShownState {
  const { state } = association;
  if (state !== 'opening' && state !== 'answering') return state;
  const phase = link?.phase ?? 'down';
  return phase === 'up' || phase === 'down' ? 'dialling' : phase;
}

function linkView(mta: Mta, entry: LtabEntry, { id: association }: Association): LinkView | null {
  return links[entry.link].view(mta, { entry: entry.id, association });
}

/** The state of an association as people read it: `dialling`, `calling`, ..., `open`, `lost`, `closing`. */
export function shownState(mta: Mta, entry: LtabEntry, association: Association): ShownState {
  return shownStateOf(association, linkView(mta, entry, association));
}

function viewAssociation(mta: Mta, entry: LtabEntry, association: Association): AssociationView {
  const { turn } = association;
  const link = linkView(mta, entry, association);
  return {
    name: association.name,
    peer: entry.name,
    ltabIndex: entry.id,
    role: association.role,
    state: shownStateOf(association, link),
    turn,
    believes: believes(turn),
    pleaseOutstanding: turn === 'asking',
    askedPriority: association.askedPriority,
    recovery: association.recovery,
    dialogueMode: association.dialogueMode,
    checkpointSizeK: association.checkpointSizeK,
    windowSize: association.windowSize,
    activitiesInFlight: association.activitiesInFlight,
    unconfirmedActivities: association.transfers.size,
    urgentOnly: association.urgentOnly,
    connections: link?.connections ?? 0,
    dataConnection: link?.dataConnection ?? 'none',
    dataRetryAtMs: link?.dataRetryAtMs ?? null,
    endpoint: link?.endpoint ?? null,
    localAddress: link?.localAddress ?? null,
    moved: association.moved,
    transfer: viewTransfer(association),
    openedAtMs: association.openedAtMs,
    lifetimeAtMs: association.lifetimeAtMs,
    wantsClose: association.wantsClose,
    openByMs: link?.openByMs ?? null,
    disconnectAtMs: association.disconnectAtMs,
    recoverAtMs: association.recoverAtMs,
  };
}

/** All associations, by adjacent MTA and age. */
export function viewAssociations(mta: Mta): readonly AssociationView[] {
  return ltabOf(mta).flatMap((entry) => entry.associations.map((association) => viewAssociation(mta, entry, association)));
}

/** The queues for adjacent MTAs, in order of their indexes, then the queue for this MTA's mailboxes. */
export function viewQueues(mta: Mta): readonly QueueView[] {
  const remote = ltabOf(mta).map(
    (entry): QueueView => ({
      queue: entry.name,
      ltabIndex: entry.id,
      queued: entry.queued,
      queuedBytes: entry.queuedBytes,
      urgent: entry.queues.urgent.size,
      normal: entry.queues.normal.size,
      nonUrgent: entry.queues['non-urgent'].size,
      inTransfer: entry.associations.reduce((sum, { transfers }) => sum + transfers.size, 0),
      waiting: entry.waiting.size,
      oldestSubmittedAtMs: oldestOf(entry),
      openRetryAtMs: entry.openRetryAtMs,
      transferRetryAtMs: entry.waiting.dueMs,
      waits: entryWaits(mta, entry),
      lastError: lastErrorOf(entry, mta.version),
      nextAssociationThreshold: nextAssociationThreshold(mta, entry),
    }),
  );
  return [...remote, viewMailboxes(mta)];
}

/**
 * The queues in which mail waits, and why.
 * @param limit maximum number of queues for adjacent MTAs.
 */
export function viewWaits(mta: Mta, limit: number): readonly QueueWaitView[] {
  const busy: LtabEntry[] = [];
  for (const entry of ltabOf(mta)) {
    if (busy.length >= limit) break;
    if (entry.queued > 0) busy.push(entry);
  }
  const remote = busy.map((entry) => ({
    queue: entry.name,
    queued: entry.queued,
    oldestSubmittedAtMs: oldestOf(entry),
    waits: entryWaits(mta, entry),
    lastError: lastErrorOf(entry, mta.version),
    nextAssociationThreshold: nextAssociationThreshold(mta, entry),
  }));
  const { queue, queued, oldestSubmittedAtMs, waits, lastError, nextAssociationThreshold: next } = viewMailboxes(mta);
  return queued === 0
    ? remote
    : [...remote, { queue, queued, oldestSubmittedAtMs, waits, lastError, nextAssociationThreshold: next }];
}

function viewMailboxes(mta: Mta): QueueView {
  const { queue, delivering, waiting } = mta.mailboxes;
  const counts: Record<Priority, number> = { urgent: 0, normal: 0, 'non-urgent': 0 };
  for (const { envelope } of rowsOf(queue)) counts[envelope.priority] += 1;
  return {
    queue: mailboxes,
    ltabIndex: null,
    ...viewMailboxLoad(mta),
    urgent: counts.urgent,
    normal: counts.normal,
    nonUrgent: counts['non-urgent'],
    inTransfer: delivering.length,
    waiting: waiting.size,
    openRetryAtMs: null,
    transferRetryAtMs: waiting.dueMs,
    waits: mailboxWaits(mta),
    lastError: null,
    nextAssociationThreshold: null,
  };
}

type CopyHere = Pick<QueuedCopy, 'id' | 'recipients' | 'failures'> & { readonly envelope: Envelope };

function viewMessage(
  copy: CopyHere,
  destination: string,
  state: MessageView['state'],
  retryAtMs: number | null,
  why: string | null,
): MessageView {
  const { envelope } = copy;
  return {
    copy: describeActivity(copy.id),
    mtsId: envelope.mtsId,
    originator: envelope.originator,
    recipients: copy.recipients,
    priority: envelope.priority,
    sizeBytes: envelope.sizeBytes,
    submittedAtMs: envelope.submittedAtMs,
    sinceMs: envelope.trace.at(-1)?.atMs ?? envelope.submittedAtMs,
    destination,
    state,
    failures: copy.failures,
    retryAtMs,
    why,
  };
}

function* messagesOf(mta: Mta): Generator<MessageView> {
  for (const entry of ltabOf(mta)) {
    for (const association of entry.associations) {
      for (const { copy } of inOrder(association)) yield viewMessage(copy, entry.name, 'in-transfer', null, null);
    }
    const why = entryWaits(mta, entry)[0]?.says ?? null;
    for (const priority of priorities) {
      for (const copy of rowsOf(entry.queues[priority].front)) yield viewMessage(copy, entry.name, 'queued', null, why);
    }
    for (const copy of rowsIn(entry.waiting)) yield viewMessage(copy, entry.name, 'waiting', copy.untilMs, copy.problem ?? null);
  }
  const { queue, delivering, waiting } = mta.mailboxes;
  for (const copy of delivering) yield viewMessage(copy, mailboxNameOf(copy), 'delivering', null, null);
  for (const copy of rowsOf(queue)) yield viewMessage(copy, mailboxNameOf(copy), 'queued', null, null);
  for (const copy of rowsIn(waiting)) {
    yield viewMessage(copy, mailboxNameOf(copy), 'waiting', copy.untilMs, copy.problem ?? null);
  }
}

/**
 * The copies that this MTA holds whose envelopes are in memory. For each adjacent MTA, those in transfer come first, then the queues in the order of service.
 * @param limit maximum number of copies.
 */
export function viewMessages(mta: Mta, limit: number): readonly MessageView[] {
  const views: MessageView[] = [];
  if (limit < 1) return views;
  for (const view of messagesOf(mta)) {
    views.push(view);
    if (views.length >= limit) break;
  }
  return views;
}
