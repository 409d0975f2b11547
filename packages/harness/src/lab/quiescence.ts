/**
 * Judges whether a lab is at rest, so that only a timer or a command can make anything happen in it.
 *
 * A lab is at rest if no MTA has work under way or a due timer; if every connection is known at both ends, and each end has
 * received all PDUs that the other has sent; and if the proxy has passed on all PDUs that no fault keeps back. A look reads
 * these one by one, so something may move meanwhile. Only two looks in a row with the same numbers prove rest: a PDU under way
 * at the first look arrives by the second, and changes a number.
 */
import type { MtaStatus, SocketCounts } from '@mtalab/transport';

/** Two connections that the proxy joins, and the PDUs that it keeps back between them. */
export type ProxyJoint = {
  /** The proxy's ends of the two connections. */
  readonly legs: readonly SocketCounts[];
  /** PDUs received on one leg that a fault keeps back, swallows or has cut. */
  readonly kept: number;
};

/** What one look sees. */
export type Look = {
  readonly statuses: readonly MtaStatus[];
  /** Running MTAs that do not answer. */
  readonly silent?: readonly string[];
  readonly joints: readonly ProxyJoint[];
  /** Does the proxy delay a PDU? It will pass that on by itself. */
  readonly delaying?: boolean;
};

export type RestVerdict = {
  /** The reasons why the lab is not at rest. Empty if there is none. */
  readonly unrest: readonly string[];
  /** The same for two looks if nothing happened between them. */
  readonly fingerprint: string;
};

export function judgeRest(look: Look): RestVerdict {
  const unrest = [...unrestOfMtas(look.statuses), ...unrestOfSockets(look), ...unrestOfJoints(look.joints)];
  for (const mta of look.silent ?? []) unrest.push(`${mta} does not answer`);
  if (look.delaying === true) unrest.push('the proxy delays a PDU');
  const sockets = allSockets(look)
    .map(({ socket }) => `${socket.local}>${socket.remote} ${socket.sent} ${socket.received}`)
    .sort();
  const mtas = look.statuses.map((status) => {
    const { mta, pid, phase, queuedCopies, pendingWork, nextDeadlineMs, counters } = status;
    return [
      mta,
      pid,
      phase,
      queuedCopies,
      pendingWork,
      nextDeadlineMs,
      counters.submitted,
      counters.delivered,
      counters.reports,
    ].join(' ');
  });
  const kept = look.joints.map((joint) => joint.kept).join(' ');
  return { unrest, fingerprint: [...mtas, ...sockets, kept].join('\n') };
}

function* unrestOfMtas(statuses: readonly MtaStatus[]): Iterable<string> {
  for (const { mta, phase, pendingWork, nextDeadlineMs, nowMs } of statuses) {
    if (phase !== 'running') yield `${mta} is ${phase}`;
    if (pendingWork > 0) yield `${mta} has ${pendingWork} store writes, deliveries or dials under way`;
    if (nextDeadlineMs !== null && nextDeadlineMs <= nowMs) yield `a timer of ${mta} is due`;
  }
}

type OwnedSocket = { readonly owner: string; readonly socket: SocketCounts };

function allSockets(look: Look): readonly OwnedSocket[] {
  return [
    ...look.statuses.flatMap((status) => status.sockets.map((socket) => ({ owner: status.mta, socket }))),
    ...look.joints.flatMap((joint) => joint.legs.map((socket) => ({ owner: 'the proxy', socket }))),
  ];
}

function* unrestOfSockets(look: Look): Iterable<string> {
  const sockets = allSockets(look);
  const byEnds = new Map(sockets.map((owned) => [`${owned.socket.local} ${owned.socket.remote}`, owned]));
  for (const { owner, socket } of sockets) {
    const other = byEnds.get(`${socket.remote} ${socket.local}`);
    if (other === undefined) {
      yield `${owner} has a connection ${socket.local} to ${socket.remote} without another end in the lab`;
    } else if (other.socket.received !== socket.sent) {
      yield `${socket.sent - other.socket.received} PDUs are on their way from ${owner} to ${other.owner}`;
    }
  }
}

function* unrestOfJoints(joints: readonly ProxyJoint[]): Iterable<string> {
  for (const { legs, kept } of joints) {
    // One leg alone: the other is not dialled yet, or the network is silent and it has ended. Nothing goes through.
    if (legs.length < 2) continue;
    const received = legs.reduce((sum, leg) => sum + leg.received, 0);
    const sent = legs.reduce((sum, leg) => sum + leg.sent, 0);
    if (received !== sent + kept) yield `${received - sent - kept} PDUs are in the proxy`;
  }
}
