/** The APDUs that the diagnostics levels want logged, with what the core knows of the connection they passed. */
import type { AssociationId, Mta } from '@mtalab/mta-core';
import type { StubTrace, TracedStub } from '../rpc/stub-trace.js';
import type { ApduForms, Diagnostics } from './diagnostics.js';

/** A stub as it is logged. Its octets are valid during the call only. */
export type LoggedApdu = TracedStub & {
  /** Lab time. */
  readonly nowMs: number;
  /** Name of the MTA. */
  readonly node: string;
  /** Null where nobody knows yet, or any more, to which the connection belongs. */
  readonly association: AssociationId | null;
};
export type ApduHook = (apdu: LoggedApdu, forms: ApduForms) => void;

function associationOf(mta: Mta, { conn, pdu }: TracedStub): AssociationId | null {
  if ('association' in pdu.body) return pdu.body.association;
  const connection = mta.rpc.connections.find((one) => one.id === conn);
  if (connection === undefined) return null;
  const { owner, address, group } = connection;
  const all = mta.ltab.flatMap((entry) => entry.associations.map((association) => ({ entry: entry.id, association })));
  const found = all.find(({ entry, association }) =>
    owner === null
      ? // The peer's second connection says whose it is with its first call, but it came with the group of the first.
        association.peerGroup !== null && association.peerGroup.address === address && association.peerGroup.group === group
      : owner.entry === entry && owner.association === association.id,
  );
  return found?.association.name ?? null;
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
