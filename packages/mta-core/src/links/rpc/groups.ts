/** Association groups: which connections belong together, kept by a server per listening address (MS-RPCE 3.3.1). */
import { rpcBehaviourOf } from '../../catalogues/quirks/index.js';
import { rowOf, withRow } from '../../collections/table.js';
import { dropRow, findRow, putRow } from '../../collections/tree.js';
import type { AssociationRef, Mta } from '../../machine/state.js';
import type { Connection, Group, ListeningAddress, RpcRuntime } from './state.js';

/** Group ids are 32 bits wide on the wire and 0 means none. */
const maxGroup = 0xffffffff;

/** Connections of one group: an association has two. */
const maxMembers = 16;

/** Remote hosts remembered as misfiled; beyond it every group is filed where it arrived. */
const maxMisfiled = 1024;

/** The remote address without its port: the RPC runtime knows peers by nothing else. */
function hostOf({ remote }: Connection): string {
  return remote.replace(/:\d+$/, '');
}

/** Where a new group of this connection is filed: which address' table, and what is remembered of it. */
function filing(mta: Mta, connection: Connection): { readonly rpc: RpcRuntime; readonly address: number } {
  const { rpc } = mta;
  const arrivedAt = connection.address as number;
  const host = hostOf(connection);
  const first = !rpc.misfiled.includes(host) && rpc.misfiled.length < maxMisfiled;
  const others = rpc.addresses.filter(({ id, state, serves }) => id !== arrivedAt && state === 'up' && serves === 'mta');
  // The next one in turn, so that of two addresses each is the other's.
  const other = others.find(({ id }) => id > arrivedAt) ?? others[0];
  const where = rpcBehaviourOf(mta.legacy).filesNewGroupAt(first);
  // Endpoint mappers are another process of Windows NT, with tables of its own.
  const isMapper = rowOf(rpc.addresses, arrivedAt)?.serves === 'mapper';
  if (where === 'where it arrived' || other === undefined || isMapper) return { rpc, address: arrivedAt };
  return { rpc: { ...rpc, misfiled: [...rpc.misfiled, host] }, address: other.id };
}

function withGroups(rpc: RpcRuntime, address: ListeningAddress, groups: ListeningAddress['groups']): RpcRuntime {
  return { ...rpc, addresses: withRow(rpc.addresses, { ...address, groups }) };
}

/** A new group for a connection that has arrived; null when there is no such address. */
export function newGroup(mta: Mta, connection: Connection): { readonly rpc: RpcRuntime; readonly group: number } | null {
  const { rpc, address: filedAt } = filing(mta, connection);
  const address = rowOf(rpc.addresses, filedAt);
  if (address === undefined) return null;
  const group = rpc.nextGroup;
  const counted = { ...rpc, nextGroup: group >= maxGroup ? 1 : group + 1 };
  return {
    rpc: withGroups(counted, address, putRow(address.groups, { id: group, members: [connection.id], owner: null })),
    group,
  };
}

/** One connection more in a group that is known at that address; null when it is not known there, or has too many already. */
export function joinGroup(rpc: RpcRuntime, connection: Connection, group: number): RpcRuntime | null {
  const address = rowOf(rpc.addresses, connection.address as number);
  if (address === undefined) return null;
  const known = findRow(address.groups, group);
  if (known === undefined || known.members.length >= maxMembers) return null;
  return withGroups(rpc, address, putRow(address.groups, { ...known, members: [...known.members, connection.id] }));
}

/** Is the group of an accepted connection filed under another address than the one it arrived at? */
export function isMisfiled({ addresses }: RpcRuntime, { side, address, group }: Connection): boolean {
  if (side !== 'server' || group === 0) return false;
  return addresses.some(({ id, groups }) => id !== address && findRow(groups, group) !== undefined);
}

/**
 * The connection ends. If its group was misfiled and came to no association (a stranger's bind, an MtaBind that was refused),
 * the first association of that peer is still to come.
 */
export function leaveGroup(rpc: RpcRuntime, connection: Connection): RpcRuntime {
  const left = withoutMember(rpc, connection);
  if (connection.owner !== null || rpc.misfiled.length === 0 || !isMisfiled(rpc, connection)) return left;
  const host = hostOf(connection);
  return { ...left, misfiled: left.misfiled.filter((each) => each !== host) };
}

/** The address in whose table a group is filed, wherever it arrived. */
function filedAt(rpc: RpcRuntime, group: number): ListeningAddress | undefined {
  return rpc.addresses.find(({ groups }) => findRow(groups, group) !== undefined);
}

export function groupOf(rpc: RpcRuntime, group: number): Group | undefined {
  const address = filedAt(rpc, group);
  return address === undefined ? undefined : findRow(address.groups, group);
}

/** One connection less in its group; the group goes with its last connection. */
function withoutMember(rpc: RpcRuntime, { id, group, owner: left }: Connection): RpcRuntime {
  const address = filedAt(rpc, group);
  const known = address === undefined ? undefined : findRow(address.groups, group);
  if (address === undefined || known === undefined) return rpc;
  const members = known.members.filter((each) => each !== id);
  // Losing one of its connections loses the association.
  const owner = left === null ? known.owner : null;
  const groups = members.length > 0 ? putRow(address.groups, { ...known, members, owner }) : dropRow(address.groups, group);
  return withGroups(rpc, address, groups);
}

/** A group with another owner, or with none. */
export function ownedGroup(rpc: RpcRuntime, group: number, owner: AssociationRef | null): RpcRuntime {
  const address = filedAt(rpc, group);
  const known = address === undefined ? undefined : findRow(address.groups, group);
  if (address === undefined || known === undefined) return rpc;
  return withGroups(rpc, address, putRow(address.groups, { ...known, owner }));
}
