/**
 * Is a lab at rest: can nothing but a timer, or somebody outside, make anything happen in it?
 *
 * Exactly: no MTA has work under way or a timer due; every connection is known at both its ends, and each end has received
 * all PDUs that the other has sent; the proxy has passed on all it received but what a fault keeps back. These are looked at
 * one after the other, so something may move in between: only two looks in a row with the same numbers count. A PDU under
 * way at the first look would be received by the second, and change a number.
 */
import type { MtaStatus, SocketCounts } from '@mtalab/transport';

/** Both connections of one pair that the proxy has joined, with what is kept back between them. */
export type ProxyJoint = {
  /** The proxy's ends of the two connections. */
  readonly legs: readonly SocketCounts[];
  /** PDUs received on one leg that a fault keeps back, swallows or has cut. */
  readonly kept: number;
};

export type Look = {
  readonly statuses: readonly MtaStatus[];
  readonly joints: readonly ProxyJoint[];
  /** A delay of the proxy is running: what it keeps back leaves by itself. */
  readonly delaying?: boolean;
};

export type Verdict = {
  /** Why the lab is not at rest, in words; empty when nothing speaks against it. */
  readonly unrest: readonly string[];
  /** Equal for two looks between which nothing has happened. */
  readonly fingerprint: string;
};

export function judge(look: Look): Verdict {
  const unrest = [...unrestOfMtas(look.statuses), ...unrestOfSockets(look), ...unrestOfJoints(look.joints)];
  if (look.delaying === true) unrest.push('the proxy delays a PDU');
  const sockets = allSockets(look)
    .map(({ socket }) => `${socket.local}>${socket.remote} ${socket.sent} ${socket.received}`)
    .sort();
  const mtas = look.statuses.map((status) => {
    const { name, pid, phase, queuedCopies, pendingWork, nextDeadlineMs, counters } = status;
    return [
      name,
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
  for (const { name, phase, pendingWork, nextDeadlineMs, nowMs } of statuses) {
    if (phase !== 'running') yield `${name} is ${phase}`;
    if (pendingWork > 0) yield `${name} has ${pendingWork} store writes, deliveries or dials under way`;
    if (nextDeadlineMs !== null && nextDeadlineMs <= nowMs) yield `a timer of ${name} is due`;
  }
}

type Owned = { readonly owner: string; readonly socket: SocketCounts };

function allSockets(look: Look): readonly Owned[] {
  return [
    ...look.statuses.flatMap((status) => status.sockets.map((socket) => ({ owner: status.name, socket }))),
    ...look.joints.flatMap((joint) => joint.legs.map((socket) => ({ owner: 'the proxy', socket }))),
  ];
}

function* unrestOfSockets(look: Look): Iterable<string> {
  const sockets = allSockets(look);
  const byEnds = new Map(sockets.map((owned) => [`${owned.socket.local} ${owned.socket.remote}`, owned]));
  for (const { owner, socket } of sockets) {
    const other = byEnds.get(`${socket.remote} ${socket.local}`);
    if (other === undefined) {
      yield `${owner} has a connection ${socket.local} to ${socket.remote} that nobody in the lab has at its other end`;
    } else if (other.socket.received !== socket.sent) {
      yield `${socket.sent - other.socket.received} PDUs are on their way from ${owner} to ${other.owner}`;
    }
  }
}

function* unrestOfJoints(joints: readonly ProxyJoint[]): Iterable<string> {
  for (const { legs, kept } of joints) {
    const received = legs.reduce((sum, leg) => sum + leg.received, 0);
    const sent = legs.reduce((sum, leg) => sum + leg.sent, 0);
    if (received !== sent + kept) yield `${received - sent - kept} PDUs are in the proxy`;
  }
}
