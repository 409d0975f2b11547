/** Presentation contexts: which of a client's offers the server accepts (C706 12.6.4.3, 12.6.4.4). */

import { rowOf, type Table, withRow } from '../../collections/table.js';
import { type ContextResult, maxFragmentBytes, ndrSyntax, type PresentationContext, type Syntax } from './pdu.js';
import { interfaceOf, type RpcInterface } from './services.js';
import type { AcceptedContext, ListeningAddress } from './state.js';

/** Accepted contexts a connection may hold; the next one is rejected with 2/3. */
const maxContexts = 16;

const noSyntax: Syntax = { uuid: '00000000-0000-0000-0000-000000000000', version: 0 };
/** Every implementation must take fragments of this size. */
const minFragmentBytes = 2048;

function same(one: Syntax, other: Syntax): boolean {
  return one.uuid === other.uuid && one.version === other.version;
}

function rejected(reason: number): ContextResult {
  return { result: 2, reason, transfer: noSyntax };
}

/** The interface that an offered context is for; undefined if this address does not serve it. */
function servedAs({ abstract }: PresentationContext, at: ListeningAddress['serves']): RpcInterface | undefined {
  const wanted = interfaceOf(abstract);
  return wanted === at || wanted === 'management' ? wanted : undefined;
}

/** Answers each offered context. The client may offer a held context again, for the same interface or another; it counts once. */
export function negotiate(
  at: ListeningAddress['serves'],
  held: Table<AcceptedContext>,
  offered: readonly PresentationContext[],
): { readonly held: Table<AcceptedContext>; readonly results: readonly ContextResult[] } {
  let now = held;
  const results = offered.map((context) => {
    const serves = servedAs(context, at);
    if (serves === undefined) return rejected(1);
    if (!context.transfer.some((syntax) => same(syntax, ndrSyntax))) return rejected(2);
    if (rowOf(now, context.id) === undefined && now.length >= maxContexts) return rejected(3);
    now = withRow(now, { id: context.id, serves });
    return { result: 0, reason: 0, transfer: ndrSyntax };
  });
  return { held: now, results };
}

/** The fragment length both sides use, in octets, from the two lengths that a bind or its answer states. */
export function fragmentBytes(maxXmit: number, maxRecv: number): number {
  const agreed = Math.min(Math.max(maxXmit, minFragmentBytes), Math.max(maxRecv, minFragmentBytes), maxFragmentBytes);
  return agreed - (agreed % 8);
}
