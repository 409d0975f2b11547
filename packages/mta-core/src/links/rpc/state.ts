/** The state of the RPC runtime (association groups, connections, calls), and the indications it gives to the RPC link. */

import type { Table } from '../../collections/table.js';
import { emptyTree, type Tree } from '../../collections/tree.js';
import { type Drafts, noDrafts } from '../../machine/drafts.js';
import type { AssociationRef } from '../../machine/state.js';
import type { LinkPhase } from '../link.js';
import type { DialPath } from '../local-bindings.js';
import type { RpcArgument, RpcOperation, RpcResult } from './operations.js';
import type { RpcInterface } from './services.js';

/** A call that waits for its answer, made by us (client connection) or by the peer (server connection). */
export type OutstandingCall = {
  /** DCE/RPC call id. */
  readonly id: number;
  /** Presentation context of the request; its answer names the same. */
  readonly context: number;
  readonly op: RpcOperation;
  /** When it was made or arrived, ms. */
  readonly sinceMs: number;
  /** Client side: when it is cancelled. */
  readonly deadlineMs: number | null;
};

/** A presentation context that was accepted, and the interface it is for. */
export type AcceptedContext = { readonly id: number; readonly serves: RpcInterface };

export type Connection = {
  readonly id: number;
  readonly side: 'client' | 'server';
  /**
   * `resolving`, `dialling` and `binding` only on the client side. While it is `resolving` it has no socket: another connection
   * asks the endpoint mapper for the port. A server connection is `unbound` until its bind, or `surplus` when it was accepted over
   * the limit: its bind is answered with bind_nak 2.
   */
  readonly phase: 'resolving' | 'dialling' | 'binding' | 'unbound' | 'surplus' | 'bound';
  /** Server side: index of the listening address it arrived at. */
  readonly address: number | null;
  /**
   * Client side: the string binding it was dialled to, with the port, and with an address in place of a name, once these are known.
   * Server side: the remote address.
   */
  readonly remote: string;
  /** Client side: the local address it is dialled from; null where the system chooses. */
  readonly from: string | null;
  /** Client side: the waiting connection for which this one asks an endpoint mapper. Null for any other. */
  readonly asksFor: number | null;
  /** Association group: asked for (client, before the ack) or agreed; 0 while there is none. */
  readonly group: number;
  readonly contexts: Table<AcceptedContext>;
  readonly multiplex: boolean;
  /** Server side: the largest fragment, in octets, that the bind agreed on; 0 before. An alter_context cannot change it. */
  readonly fragmentBytes: number;
  readonly calls: Tree<OutstandingCall>;
  /** Most unanswered calls. */
  readonly maxCalls: number;
  readonly nextCall: number;
  /**
   * Client side: when dialling and binding must be over. Server side: when an accepted connection must have bound; after the
   * bind, when it, or another of its group, must belong to an association.
   */
  readonly deadlineMs: number | null;
  readonly owner: AssociationRef | null;
};

/** An association group of one listening address. It lives as long as one of its connections. */
export type Group = {
  readonly id: number;
  /** Its connections. */
  readonly members: readonly number[];
  /** The association that one of them belongs to. */
  readonly owner: AssociationRef | null;
};

export type ListeningAddress = {
  /** The id of the binding; for an endpoint mapper, the id of its binding plus `mapperIds`. */
  readonly id: number;
  /** The management interface is served on both. */
  readonly serves: 'mta' | 'mapper';
  readonly address: string;
  readonly state: 'opening' | 'up' | 'failed';
  readonly port: number;
  /** `failed`: the operating system's error. */
  readonly failure: string | null;
  readonly groups: Tree<Group>;
};

/** The data connection of this side, on which its APDUs travel as calls. */
export type DataConnection = {
  readonly state: 'none' | 'binding' | 'bound' | 'refused';
  readonly conn: number | null;
  /** `refused`: when the bind is tried again. */
  readonly retryAtMs: number | null;
};

/** A call that overtook the RTOAC. It is kept until the RTOAC is read. */
export type HeldCall = { readonly conn: number; readonly call: number; readonly argument: RpcArgument };

/**
 * The connections that carry one association over RPC: the first connection of each side (MtaBind, MtaBindBack, and the close)
 * and the data connection of each side, bound with the association group of its first.
 */
export type Carrier = {
  /** The id of the association. */
  readonly id: number;
  readonly entry: number;
  readonly phase: LinkPhase;
  /** The paths that this opening has not tried yet. */
  readonly pathsLeft: readonly DialPath[];
  /** The path of our first connection: its string binding and its local address. */
  readonly path: DialPath | null;
  readonly ownFirst: number | null;
  /** The group of our first connection: our data connection is bound with it. */
  readonly ownGroup: number | null;
  readonly peerFirst: number | null;
  /** The group of the peer's first connection, and its listening address: the peer's data connection names this group. */
  readonly peerGroup: { readonly address: number; readonly group: number } | null;
  readonly ownData: DataConnection;
  readonly peerData: number | null;
  /** The peer's MtaBind or MtaUnBind that waits for its answer. */
  readonly answering: { readonly conn: number; readonly call: number } | null;
  readonly held: readonly HeldCall[];
  /** When dialling and binding must be over. */
  readonly openByMs: number | null;
};

export type RpcRuntime = {
  readonly addresses: Table<ListeningAddress>;
  readonly connections: Tree<Connection>;
  /** Group ids are counted over the whole runtime, so one of another address is never known by chance. */
  readonly nextGroup: number;
  /** Remote hosts whose first group was filed under another address than the one it arrived at. */
  readonly misfiled: readonly string[];
  /** The connections of each association, by its id. */
  readonly carriers: Tree<Carrier>;
};

export const idleRuntime: RpcRuntime = {
  addresses: [],
  connections: emptyTree(),
  nextGroup: 1,
  misfiled: [],
  carriers: emptyTree(),
};

/** Ids of endpoint mappers' listening addresses begin here: above those of all bindings. */
export const mapperIds = 1000;

/** An event of the runtime for the RPC link. `error` is a Windows NT error number. */
export type Indication =
  /** A bind of ours was acknowledged. `remote`: its string binding, with the port and the address that were found for it. */
  | {
      readonly type: 'bound';
      readonly conn: number;
      readonly owner: AssociationRef | null;
      readonly group: number;
      readonly remote: string;
    }
  /** Dialling or binding failed; the connection is gone. `nak`: the peer's bind_nak reason, where there was one. */
  | {
      readonly type: 'bind-failed';
      readonly conn: number;
      readonly owner: AssociationRef | null;
      readonly error: number;
      readonly nak: number | null;
      readonly remote: string;
    }
  /** The peer calls one of our operations; answer it with `rpcReply` or `rpcFault`. */
  | {
      readonly type: 'called';
      readonly conn: number;
      readonly owner: AssociationRef | null;
      readonly call: number;
      readonly address: number;
      readonly group: number;
      readonly remote: string;
      readonly argument: RpcArgument;
    }
  | {
      readonly type: 'answered';
      readonly conn: number;
      readonly owner: AssociationRef | null;
      readonly call: number;
      readonly result: RpcResult;
    }
  /** A call of ours ended in a fault. The connection lives. */
  | {
      readonly type: 'call-failed';
      readonly conn: number;
      readonly owner: AssociationRef | null;
      readonly call: number;
      readonly op: RpcOperation;
      readonly error: number;
      /** Fault status as it came, where one came. */
      readonly status: number | null;
      readonly mayHaveExecuted: boolean;
    }
  /** Two minutes without an answer: co_cancel has been sent, the call is over here (NT error 1818). */
  | {
      readonly type: 'call-cancelled';
      readonly conn: number;
      readonly owner: AssociationRef | null;
      readonly call: number;
      readonly op: RpcOperation;
      readonly elapsedMs: number;
      readonly remote: string;
    }
  /** A call of ours has not left: the driver could not read the content it carries. */
  | {
      readonly type: 'unreadable';
      readonly conn: number;
      readonly owner: AssociationRef | null;
      readonly call: number;
      readonly settled: readonly number[];
      readonly detail: string;
    }
  /** The peer cancelled a call we have not answered: the runtime has answered it with the fault `cancelled`. */
  | {
      readonly type: 'cancelled-by-peer';
      readonly conn: number;
      readonly owner: AssociationRef | null;
      readonly call: number;
      readonly op: RpcOperation;
    }
  /** The peer, the network or a breach of protocol (1728, 1783) has ended a bound connection of either side. */
  | { readonly type: 'connection-lost'; readonly conn: number; readonly owner: AssociationRef | null; readonly error: number };

/** What the RPC link keeps during a step: the runtime's events that it has not handled, and the connections that the step changes. */
export type RpcStep = { indications: Indication[]; readonly connections: Drafts<Connection> };

export function newRpcStep(): RpcStep {
  return { indications: [], connections: noDrafts() };
}
