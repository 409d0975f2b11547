/** Association groups: which connections belong together, kept by a server per listening address (MS-RPCE 3.3.1). */
import type { Mta } from '../state.js';
import { rowOf, withoutRow, withRow } from '../table.js';
import type { Connection, ListeningAddress, RpcRuntime } from './model.js';

/** Group ids are 32 bits wide on the wire and 0 means none. */
const maxGroup = 0xffffffff;

/** Connections of one group: an association has two. */
const mostConnections = 16;

/** In the table of which listening address is the new group of this connection filed? That at which it arrived. */
export function filingAddress(_mta: Mta, connection: Connection): number {
  return connection.address as number;
}

function withGroups(rpc: RpcRuntime, address: ListeningAddress, groups: ListeningAddress['groups']): RpcRuntime {
  return { ...rpc, addresses: withRow(rpc.addresses, { ...address, groups }) };
}

/** A new group with one connection, filed at that address; null when there is no such address. */
export function newGroup(rpc: RpcRuntime, filedAt: number): { readonly rpc: RpcRuntime; readonly group: number } | null {
  const address = rowOf(rpc.addresses, filedAt);
  if (address === undefined) return null;
  const group = rpc.nextGroup;
  const counted = { ...rpc, nextGroup: group >= maxGroup ? 1 : group + 1 };
  return { rpc: withGroups(counted, address, withRow(address.groups, { id: group, connections: 1 })), group };
}

/** One connection more in a group that is known at that address; null when it is not known there, or has too many already. */
export function joinGroup(rpc: RpcRuntime, arrivedAt: number, group: number): RpcRuntime | null {
  const address = rowOf(rpc.addresses, arrivedAt);
  if (address === undefined) return null;
  const known = rowOf(address.groups, group);
  if (known === undefined || known.connections >= mostConnections) return null;
  return withGroups(rpc, address, withRow(address.groups, { id: group, connections: known.connections + 1 }));
}

/** One connection less in a group, wherever it is filed; the group goes with its last connection. */
export function leaveGroup(rpc: RpcRuntime, group: number): RpcRuntime {
  for (const address of rpc.addresses) {
    const known = rowOf(address.groups, group);
    if (known === undefined) continue;
    const groups =
      known.connections > 1
        ? withRow(address.groups, { id: group, connections: known.connections - 1 })
        : withoutRow(address.groups, group);
    return withGroups(rpc, address, groups);
  }
  return rpc;
}
