/** Planted faults: several addresses, at the start, in dialling and in the tables of the RPC runtime. */
import type { Mutant } from './mutant.js';

export const bindingMutants: readonly Mutant[] = [
  {
    name: 'first-binding-only',
    broken: 'Every server, not only one of a cluster, dials only from its first binding.',
    ground: 'hosts',
    checked: { environment: 'other-family-first', messages: [1, 0], losses: 0 },
    patches: [
      {
        file: 'catalogues/behaviour.ts',
        find: "bindingsToTry: (cluster) => (cluster ? 'first' : 'all')",
        replace: "bindingsToTry: () => 'first'",
      },
    ],
  },
  {
    name: 'cluster-dials-from-all',
    broken: 'A server of a cluster dials from all its bindings.',
    ground: 'hosts',
    checked: { environment: 'other-network-first', cluster: true, messages: [1, 0], losses: 0 },
    patches: [
      {
        file: 'catalogues/behaviour.ts',
        find: "bindingsToTry: (cluster) => (cluster ? 'first' : 'all')",
        replace: "bindingsToTry: () => 'all'",
      },
    ],
  },
  {
    name: 'other-family-only',
    broken: 'A dial leaves from an address of another family than that of the peer.',
    ground: 'hosts',
    checked: { environment: 'other-family-first', messages: [1, 0], losses: 0 },
    patches: [{ file: 'links/local-bindings.ts', find: 'familyOf(address) === remote', replace: 'familyOf(address) !== remote' }],
  },
  {
    name: 'disabled-binding-dialled',
    broken: 'A dial leaves from a disabled binding.',
    ground: 'hosts',
    patches: [
      {
        file: 'links/local-bindings.ts',
        find: 'const enabled = mta.bindings.filter((binding) => binding.enabled);',
        replace: 'const enabled = mta.bindings;',
      },
      // The code checks the binding again before its dial.
      { file: 'links/local-bindings.ts', find: 'enabled && address === from', replace: 'address === from' },
    ],
  },
  {
    name: 'disabled-meanwhile-dialled',
    broken: 'An opening still dials from a binding that the operator has disabled meanwhile.',
    ground: 'hosts',
    patches: [{ file: 'links/local-bindings.ts', find: 'enabled && address === from', replace: 'address === from' }],
  },
  {
    name: 'disabled-binding-listened-on',
    broken: 'An MTA listens on a disabled binding.',
    ground: 'hosts',
    patches: [
      {
        file: 'links/rpc/runtime.ts',
        find: 'const enabled = bindings.filter((binding) => binding.enabled);',
        replace: 'const enabled = bindings;',
      },
    ],
  },
  {
    name: 'next-path-not-tried',
    broken: 'After a failed dial the MTA tries neither the next string binding nor the next local address.',
    ground: 'hosts',
    checked: { environment: 'other-network-first', messages: [1, 0], losses: 0 },
    patches: [
      {
        file: 'links/rpc/dialling.ts',
        find: 'patchCarrier(ctx, ref, { pathsLeft, path });',
        replace: 'patchCarrier(ctx, ref, { pathsLeft: pathsLeft.slice(pathsLeft.length), path });',
      },
    ],
  },
  {
    name: 'always-from-the-first-path',
    broken: 'Each attempt begins with the first path, although the time limit has ended the one before at a later path.',
    ground: 'hasty',
    patches: [
      {
        file: 'links/dial-order.ts',
        find: 'dialFirst: { ...dialFirst, [way]: next }',
        replace: 'dialFirst: next === null ? inOrder : dialFirst',
      },
    ],
  },
  {
    name: 'one-endpoint-back',
    broken: 'To call back, an MTA tries only the first string binding that the caller has named.',
    ground: 'hosts',
    checked: { environment: 'other-family-first', messages: [1, 0], losses: 0 },
    patches: [
      {
        file: 'links/rpc/call-back.ts',
        find: 'argument.endpoints.slice(0, maxEndpoints)',
        replace: 'argument.endpoints.slice(0, 1)',
      },
    ],
  },
  {
    name: 'data-connection-from-elsewhere',
    broken: 'The data connection leaves from an address that the system chooses.',
    ground: 'hosts',
    checked: { messages: [1, 0], losses: 0 },
    patches: [
      {
        file: 'links/rpc/sending.ts',
        find: 'rpcBind(ctx, { owner: ref, ...carrier.path, group',
        replace: 'rpcBind(ctx, { owner: ref, endpoint: carrier.path.endpoint, group',
      },
    ],
  },
  {
    name: 'data-connection-to-elsewhere',
    broken: 'The data connection goes to the last string binding of the peer, not to that of the first connection.',
    ground: 'hosts',
    checked: { environment: 'two-listeners', messages: [1, 0], losses: 0 },
    patches: [
      {
        file: 'links/rpc/sending.ts',
        find: '...carrier.path, group',
        replace: '...carrier.path, endpoint: entryAt(ctx, ref.entry).endpoints.at(-1) ?? carrier.path.endpoint, group',
      },
      {
        file: 'links/rpc/sending.ts',
        find: 'import { associationOf, markChanged,',
        replace: 'import { associationOf, entryAt, markChanged,',
      },
    ],
  },
  {
    name: 'incomplete-bindings-accepted',
    broken: 'A command that omits bindings removes them from the MTA.',
    ground: 'hosts',
    patches: [
      {
        file: 'links/local-bindings.ts',
        find: 'if (missing.length > 0) return',
        replace: 'if (missing.length > bindings.length) return',
      },
    ],
  },
  {
    name: 'binding-named-twice-accepted',
    broken: 'A command that names a binding twice duplicates it.',
    ground: 'hosts',
    patches: [
      {
        file: 'links/local-bindings.ts',
        find: 'if (new Set(change.map(({ id }) => id)).size !== change.length) return',
        replace: 'if (new Set(change.map(({ id }) => id)).size > change.length) return',
      },
    ],
  },
  {
    name: 'all-bindings-disabled',
    broken: 'A command may disable every binding.',
    ground: 'hosts',
    patches: [
      {
        file: 'links/local-bindings.ts',
        find: 'if (change.every(({ enabled }) => !enabled)) return',
        replace: 'if (change.length === 0) return',
      },
    ],
  },
  {
    name: 'failed-listen-ends',
    broken: 'On every server, an MTA ends if it cannot listen on one of its addresses.',
    ground: 'hosts',
    checked: { environment: 'failing-adapter', messages: [1, 0], losses: 0 },
    patches: [
      {
        file: 'catalogues/behaviour.ts',
        find: "afterFailedListen: (cluster) => (cluster ? 'fatal' : 'go on')",
        replace: "afterFailedListen: () => 'fatal'",
      },
    ],
  },
  {
    name: 'cluster-starts-crippled',
    broken: 'A server of a cluster starts although it cannot listen on one of its addresses.',
    ground: 'hosts',
    checked: { environment: 'failing-adapter', cluster: true, messages: [1, 0], losses: 0 },
    patches: [
      {
        file: 'catalogues/behaviour.ts',
        find: "afterFailedListen: (cluster) => (cluster ? 'fatal' : 'go on')",
        replace: "afterFailedListen: () => 'go on'",
      },
    ],
  },
  {
    name: 'listens-not-awaited',
    broken: 'After the answer to its first listen an MTA already decides whether to run.',
    ground: 'hosts',
    checked: { environment: 'failing-adapter', messages: [1, 0], losses: 0 },
    patches: [
      {
        file: 'links/rpc/listening.ts',
        find: "if (addresses.some((address) => address.state === 'opening')) return 'waiting';",
        replace: "if (addresses.every((address) => address.state === 'opening')) return 'waiting';",
      },
    ],
  },
  {
    name: 'starts-deaf',
    broken: 'An MTA runs although it can listen on none of its addresses.',
    ground: 'hosts',
    patches: [
      {
        file: 'links/rpc/listening.ts',
        find: 'serving.length > 0 && !mapperFailed && goesOn',
        replace: '!mapperFailed && goesOn',
      },
    ],
  },
  {
    name: 'first-group-misfiled',
    broken: 'The runtime files the first association group of a peer under another address.',
    ground: 'hosts',
    checked: { environment: 'two-listeners', messages: [1, 0], losses: 0 },
    patches: [
      {
        file: 'catalogues/behaviour.ts',
        find: "filesNewGroupAt: () => 'where it arrived'",
        replace: "filesNewGroupAt: (first) => (first ? 'another address' : 'where it arrived')",
      },
    ],
  },
  {
    name: 'misfiled-peer-forgotten',
    broken: 'With Q181721 the runtime files every association group of a peer under another address, not only the first.',
    ground: null,
    // At this threshold the MTA opens a second association at once. With the real article, mail moves over that one.
    checked: { legacy: ['Q181721'], messages: [1, 0], losses: 0, threshold: 1 },
    patches: [{ file: 'links/rpc/groups.ts', find: 'misfiled: [...rpc.misfiled, host]', replace: 'misfiled: rpc.misfiled' }],
  },
  {
    name: 'misfiled-for-good',
    broken: 'When the operator switches Q181721 off, openings under way keep their misfiled group.',
    ground: null,
    checked: { legacy: ['Q181721'], cure: true, messages: [1, 0], losses: 0 },
    patches: [
      { file: 'links/rpc/runtime.ts', find: 'if (!isMisfiled(ctx.mta.rpc, connection)) continue;', replace: 'continue;' },
    ],
  },
];
