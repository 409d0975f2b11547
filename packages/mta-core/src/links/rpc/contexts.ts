/** Presentation contexts: which of a client's offers the server accepts (C706 12.6.4.3, 12.6.4.4). */

import { rowOf, type Table, withRow } from '../../collections/table.js';
import {
  bindTimePrefix,
  type ContextResult,
  maxFragmentBytes,
  ndr64Syntax,
  ndrSyntax,
  type PresentationContext,
  type Syntax,
} from './pdu.js';
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

/** Bind time features that this runtime agrees to: it has no security context to multiplex, and an orphaned call closes no connection. */
const bindTimeFeatures = 3;

/** The features that a context asks for, or null for an ordinary context. Only its first transfer syntax counts. */
function featuresAsked({ transfer: [first] }: PresentationContext): number | null {
  if (first === undefined || first.version !== 1 || !first.uuid.startsWith(bindTimePrefix)) return null;
  return Number.parseInt(first.uuid.slice(bindTimePrefix.length, bindTimePrefix.length + 2), 16);
}

type Negotiated = { readonly held: Table<AcceptedContext>; readonly results: readonly ContextResult[] };

/**
 * Answers each offered context. As on Windows, one bind or alter_context gets at most one context accepted, and the other contexts of
 * interfaces that are served get the rejection 2/2. A held context may be offered again; it counts once.
 * @returns null if nothing can answer the offers: no context, a context without transfer syntaxes, features asked for twice, or a held
 * context offered for another interface or for another transfer syntax that this runtime knows.
 */
export function negotiate(
  type: 'bind' | 'alter_context',
  at: ListeningAddress['serves'],
  held: Table<AcceptedContext>,
  offered: readonly PresentationContext[],
): Negotiated | null {
  if (offered.length === 0 || offered.some(({ transfer }) => transfer.length === 0)) return null;
  let now = held;
  let features: number | null = null;
  let hasAccepted = false;
  const results: ContextResult[] = [];
  for (const context of offered) {
    const asked = type === 'bind' ? featuresAsked(context) : null;
    if (asked !== null) {
      if (features !== null) return null;
      features = asked & bindTimeFeatures;
      results.push({ result: 3, reason: features, transfer: noSyntax });
      continue;
    }
    const serves = servedAs(context, at);
    const answer = serves === undefined ? rejected(1) : hasAccepted ? rejected(2) : answered(now, context, serves);
    if (answer === null) return null;
    if (answer.result === 0 && serves !== undefined) {
      now = withRow(now, { id: context.id, serves });
      hasAccepted = true;
    }
    results.push(answer);
  }
  return { held: now, results };
}

/** Answers one context of an interface that is served here; null for a protocol error. */
function answered(
  held: Table<AcceptedContext>,
  { id, transfer }: PresentationContext,
  serves: RpcInterface,
): ContextResult | null {
  const before = rowOf(held, id);
  if (before !== undefined && before.serves !== serves) return null;
  const offers = (wanted: Syntax): boolean => transfer.some((syntax) => same(syntax, wanted));
  if (!offers(ndrSyntax)) return before !== undefined && offers(ndr64Syntax) ? null : rejected(2);
  if (before === undefined && held.length >= maxContexts) return rejected(3);
  return { result: 0, reason: 0, transfer: ndrSyntax };
}

/** The fragment length both sides use, in octets, from the two lengths that a bind or its answer states. */
export function fragmentBytes(maxXmit: number, maxRecv: number): number {
  const agreed = Math.min(Math.max(maxXmit, minFragmentBytes), Math.max(maxRecv, minFragmentBytes), maxFragmentBytes);
  return agreed - (agreed % 8);
}
