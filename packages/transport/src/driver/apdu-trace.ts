/** The APDUs that the diagnostics levels want logged, with what the core knows of the connection they passed. */
import { type AssociationId, findRow, ltabOf, type Mta, ownerOfGroup } from '@mtalab/mta-core';
import type { StubTrace, TracedStub } from '../rpc/stub-trace.js';
import type { ApduForms, Diagnostics } from './diagnostics.js';

/** A stub as it is logged. Its octets are valid during the call only. */
export type LoggedApdu = TracedStub & {
  /** Lab time. */
  readonly nowMs: number;
  /** Name of the MTA. */
  readonly node: string;
  /** The association that the connection belongs to; null where it is not known yet, or no longer. */
  readonly association: AssociationId | null;
};
export type ApduHook = (apdu: LoggedApdu, forms: ApduForms) => void;

function associationOf(mta: Mta, { conn, pdu }: TracedStub): AssociationId | null {
  if ('association' in pdu.body) return pdu.body.association;
  const connection = findRow(mta.rpc.connections, conn);
  if (connection === undefined) return null;
  // The peer's data connection names its association with its first call, but it came with the group of the peer's first connection.
  const owner = connection.owner ?? ownerOfGroup(mta, connection);
  const entry = owner === null ? undefined : ltabOf(mta)[owner.entry - 1];
  return entry?.associations.find(({ id }) => id === owner?.association)?.name ?? null;
}

export type ApduTraceOptions = {
  readonly diagnostics: Diagnostics;
  /** Reports what passes its connections. */
  readonly link: { traceStubs(trace: StubTrace | null): void };
  readonly hook: ApduHook | undefined;
  readonly nowMs: () => number;
  readonly mta: () => Mta;
  readonly log: (text: string) => void;
};

/** From now on, has the link report its stubs while the levels want them. */
export function traceApdus(options: ApduTraceOptions): void {
  const { diagnostics, link, hook, nowMs, mta, log } = options;
  const follow = (): void => {
    const forms = diagnostics.apdus;
    if (forms === null || hook === undefined) return link.traceStubs(null);
    link.traceStubs((stub) => {
      // A log that fails must never cost a connection.
      try {
        const state = mta();
        hook({ ...stub, nowMs: nowMs(), node: state.name, association: associationOf(state, stub) }, forms);
      } catch (error) {
        log(`an APDU could not be logged: ${error instanceof Error ? error.message : String(error)}`);
      }
    });
  };
  diagnostics.onChange = follow;
  follow();
}
