/**
 * Says why the queued mail of an MTA has not gone yet: for each queue the reasons, in the order of their weight, with what ends
 * each wait. It only reads the state. What the other side believes is not known here: whoever asks both sides adds that.
 */
import { describeEvent, errorMeaning } from '../catalogues/events/catalogue.js';
import { associationLimit } from '../catalogues/settings.js';
import { rowsIn } from '../collections/tree.js';
import { links } from '../links/all.js';
import { foreignFamily } from '../links/local-bindings.js';
import { availableCount } from '../mail/queue.js';
import { countedAssociations } from '../reliable-transfer/association/end.js';
import { inOrder } from '../reliable-transfer/transfer/outgoing.js';
import { believes } from '../reliable-transfer/turn/table.js';
import type { Association, LocalCopy, LtabEntry, Mta, Transfer } from './state.js';
import type { LastErrorView, WaitReason, WaitView } from './view-model.js';

/** Most mailboxes that a view lists with their reasons. JSON of a thousand failing mailboxes would serve nobody. */
const maxMailboxes = 20;

type More = { readonly untilMs?: number | null; readonly association?: string; readonly advice?: string };

function wait(reason: WaitReason, says: string, { untilMs = null, association, advice }: More = {}): WaitView {
  return { reason, says, untilMs, association: association ?? null, advice: advice ?? null };
}

/** The last event that told of trouble with an adjacent MTA, since mail last went there. */
export function lastErrorOf({ lastError }: LtabEntry, version: string): LastErrorView | null {
  if (lastError === null) return null;
  const { event, atMs } = lastError;
  return { loggedAtMs: atMs, event: event.id, text: describeEvent(event, version).text, meaning: errorMeaning(event) };
}

const isRemoteInitiated = ({ activation }: LtabEntry): boolean => activation === 'remote-initiated' || activation === 'never';

/** Number of queued messages at which the next association opens; null where the limit of associations is reached. */
export function nextAssociationThreshold({ settings }: Mta, entry: LtabEntry): number | null {
  const counted = countedAssociations(entry);
  if (counted === 0 || counted >= settings.maxAssociationsPerMta || isRemoteInitiated(entry)) return null;
  return entry.settings.threshold * counted + (settings.thresholdRule === 'reached' ? 0 : 1);
}

/** Why mail for an adjacent MTA has not gone. Empty if none is queued. */
export function entryWaits(mta: Mta, entry: LtabEntry): readonly WaitView[] {
  if (entry.queued === 0) return [];
  if (mta.phase === 'starting') return [wait('starting', `${mta.name} starts, and mail moves when it runs`)];
  if (mta.phase !== 'running')
    return [wait('stopping', `${mta.name} stops, and the mail stays in its store until it starts again`)];
  if (entry.activation === 'never')
    return [wait('schedule', `the connector to ${entry.name} is disabled: its schedule says never`)];
  const held = entry.waiting.size > 0 ? [transferInterval(mta, entry)] : [];
  if (availableCount(entry) === 0 && held.length > 0) return [...entry.associations.filter(carries).map(carrying), ...held];
  if (countedAssociations(entry) === 0) return [withoutAssociation(mta, entry), ...held];
  const each = entry.associations.map((association) => associationWait(mta, entry, association));
  // An association that carries mail explains the rest of the queue.
  return [...each.sort((one, other) => weight(one) - weight(other)), ...held];
}

const weight = ({ reason }: WaitView): number => (reason === 'in-transfer' ? 0 : 1);

const carries = ({ transfers }: Association): boolean => transfers.size > 0;

function transferInterval({ name }: Mta, { name: peer, waiting }: LtabEntry): WaitView {
  const problems = rowsIn(waiting).map(({ problem }) => problem);
  const why = problems.find((problem) => problem !== undefined) ?? 'The transfer failed.';
  const says = `a transfer to ${peer} has failed, and the Transfer Interval runs: ${why.replace(/\.$/, '')}`;
  return wait('transfer-interval', says, { untilMs: waiting.dueMs, advice: `mtalab retry ${peer} --mta ${name}` });
}

function carrying(association: Association): WaitView {
  const { name, transfers } = association;
  if (transfers.size > 1) {
    const says = `${name} carries ${transfers.size} messages that are not confirmed yet`;
    return wait('in-transfer', says, { association: name, untilMs: transfers.dueMs });
  }
  const { copy, sentUpTo, confirmedUpTo, unconfirmed, deadlineMs } = inOrder(association)[0] as Transfer;
  const { sizeBytes } = copy.envelope;
  const answer = unconfirmed.length > 0 ? `; ${unconfirmed.length} transfer PDUs wait for their confirmation` : '';
  const says = `${name} carries a message: ${sentUpTo} of ${sizeBytes} octets are sent, ${confirmedUpTo} confirmed${answer}`;
  return wait('in-transfer', says, { association: name, untilMs: deadlineMs });
}

function associationWait(mta: Mta, entry: LtabEntry, association: Association): WaitView {
  const { name, state, role, recoverAtMs, disconnectAtMs, recovery } = association;
  const { name: peer } = entry;
  if (carries(association)) return carrying(association);
  const view = links[entry.link].view(mta, { entry: entry.id, association: association.id });
  switch (state) {
    case 'opening':
    case 'answering': {
      const step = state === 'answering' ? `${peer} opens ${name}` : `${mta.name} ${recovery > 0 ? 'recovers' : 'opens'} ${name}`;
      const phase = view === null || view.phase === 'up' || view.phase === 'down' ? 'dialling' : view.phase;
      return wait('opening', `${step} (${phase})`, { association: name, untilMs: view?.openByMs ?? null });
    }
    case 'lost': {
      const who = role === 'initiator' ? `${mta.name} tries to recover it` : `${peer} has to recover it`;
      const untilMs = role === 'initiator' ? recoverAtMs : disconnectAtMs;
      return wait('recovering', `${name} has lost its connections, and ${who}`, { association: name, untilMs });
    }
    case 'closing':
      return wait('closing', `${name} closes, and then another association opens`, { association: name });
    case 'open':
      return openWait(mta, entry, association, view?.dataConnection ?? 'none', view?.dataRetryAtMs ?? null);
  }
}

function openWait(
  mta: Mta,
  { name: peer }: LtabEntry,
  { name, turn, urgentOnly }: Association,
  data: string,
  dataRetryAtMs: number | null,
): WaitView {
  if (data === 'refused') {
    const says = `${peer} refused the data connection of ${name}, so no message can go over it`;
    return wait('data-refused', says, {
      association: name,
      untilMs: dataRetryAtMs,
      advice: `mtalab retry ${peer} --mta ${mta.name}`,
    });
  }
  if (urgentOnly) return wait('urgent-only', `${name} is for urgent mail only`, { association: name });
  if (believes(turn) === 'mine') {
    const says = data === 'bound' ? `${mta.name} has the Turn of ${name} and sends next` : `${name} makes its data connection`;
    return wait(data === 'bound' ? 'next-step' : 'binding-data', says, { association: name });
  }
  const asked = turn === 'asking' ? `${mta.name} has asked for it (Turn-Please)` : `${mta.name} has not asked for it yet`;
  return wait('turn', `${mta.name} believes that ${peer} has the Turn of ${name}; ${asked}`, { association: name });
}

/** Without an association: what keeps this MTA from opening one. */
function withoutAssociation(mta: Mta, entry: LtabEntry): WaitView {
  const { name: peer, openRetryAtMs: untilMs, activeAtMs, openFailures, lastError, endpoints, link } = entry;
  const { settings, overLimit } = mta;
  if (isRemoteInitiated(entry))
    return wait('schedule', `${mta.name} waits until ${peer} opens an association (remote initiated)`);
  if (untilMs === null) {
    if (activeAtMs !== null) {
      const says = `the schedule lets ${mta.name} open no association with ${peer} before the next selected time`;
      return wait('schedule', says, { untilMs: activeAtMs });
    }
    if (overLimit.includes(entry.id))
      return wait('limit', `${mta.name} has all the ${associationLimit(settings)} associations that it may have (event 9280)`);
    return wait('next-step', `${mta.name} opens an association with ${peer} next`);
  }
  const left = entry.settings.maxOpenRetries - openFailures + 1;
  const times = openFailures === 1 ? 'failed' : `failed ${openFailures} times`;
  const end =
    left <= 0 ? 'the mail is returned if the next attempt fails' : `the mail is returned after ${left} more failed attempts`;
  const interval = `the Open Interval runs; ${end}`;
  const retry = `mtalab retry ${peer} --mta ${mta.name}`;
  const family = link === 'rpc' ? foreignFamily(mta, endpoints) : null;
  if (endpoints.length === 0)
    return wait('no-endpoint', `no string binding of ${peer} is configured, so ${mta.name} cannot dial it; ${interval}`, {
      untilMs,
    });
  if (family !== null) {
    const says = `${mta.name} and ${peer} have no address family in common: ${family}; ${interval}`;
    return wait('no-common-family', says, { untilMs, advice: `mtalab bindings --mta ${mta.name}` });
  }
  const obstacle = links[link].obstacle(mta, entry);
  if (obstacle !== null) {
    const advice = obstacle.needsRestart ? `mtalab restart --mta ${mta.name}` : retry;
    return wait(obstacle.reason, `${obstacle.says}; ${interval}`, { untilMs, advice });
  }
  if (lastError?.event.id === 1290) {
    const says = `${peer} refused the association: ${lastError.event.params.reason}; ${interval}`;
    return wait('refused', says, { untilMs, advice: retry });
  }
  return wait('open-interval', `opening an association with ${peer} has ${times}; ${interval}`, { untilMs, advice: retry });
}

/** Why mail for mailboxes of this MTA has not been delivered: one reason for each mailbox that fails, then those under way. */
export function mailboxWaits({ mailboxes, name }: Pick<Mta, 'mailboxes' | 'name'>): readonly WaitView[] {
  const { queue, delivering, waiting } = mailboxes;
  const failing = new Map<string, { readonly copies: number; readonly first: LocalCopy }>();
  for (const copy of rowsIn(waiting)) {
    const place = mailboxNameOf(copy);
    const before = failing.get(place);
    failing.set(place, { copies: (before?.copies ?? 0) + 1, first: before?.first ?? copy });
  }
  const reasons = [...failing].slice(0, maxMailboxes).map(([place, { copies, first }]) => {
    const says = `the mailbox ${place} cannot be written (${copies} ${copies === 1 ? 'message' : 'messages'}): ${first.problem ?? 'no reason is known'}`;
    return wait('mailbox', says, { untilMs: first.untilMs, advice: `mtalab retry --mta ${name}` });
  });
  const more = failing.size - reasons.length;
  if (more > 0) reasons.push(wait('mailbox', `${more} more mailboxes cannot be written`, { untilMs: waiting.dueMs }));
  const moving = queue.size + delivering.length;
  if (moving === 0) return reasons;
  return [
    ...reasons,
    wait('delivering', `${moving} ${moving === 1 ? 'message is' : 'messages are'} being written into mailboxes`),
  ];
}

/** The mailbox of a copy, or `dead-letters`. */
export function mailboxNameOf({ destination }: LocalCopy): string {
  if (destination.to === 'mailbox') return destination.address;
  return destination.to === 'mta' ? destination.mta : 'dead-letters';
}
