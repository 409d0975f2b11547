/** The APDUs that the diagnostics levels want logged, with what the core knows of the connection they passed. */
import {
  type AssociationId,
  type AssociationRef,
  findRow,
  ltabOf,
  type Mta,
  ownerOfGroup,
  type X400FrameType,
} from '@mtalab/mta-core';
import type { StubTrace, TracedStub } from '../rpc/stub-trace.js';
import type { FrameTrace, TracedFrame } from '../x400/x400-codecs.js';
import type { ApduForms, Diagnostics } from './diagnostics.js';

/** A stub of the RPC link, or a frame of the X.400 connector, as it is logged. Its octets are valid during the call only. */
export type LoggedApdu = (TracedStub | TracedFrame) & {
  /** Lab time. */
  readonly nowMs: number;
  /** Name of the MTA. */
  readonly node: string;
  /** The association that the connection belongs to; null where it is not known yet, or no longer. */
  readonly association: AssociationId | null;
};
export type ApduHook = (apdu: LoggedApdu, forms: ApduForms) => void;

function associationOf(mta: Mta, traced: TracedStub | TracedFrame): AssociationId | null {
  const carried = 'frame' in traced ? traced.frame : traced.pdu.body;
  if ('association' in carried) return carried.association;
  const owner = 'frame' in traced ? (findRow(mta.x400.connections, traced.conn)?.owner ?? null) : ownerOf(mta, traced);
  const entry = owner === null ? undefined : ltabOf(mta)[owner.entry - 1];
  return entry?.associations.find(({ id }) => id === owner?.association)?.name ?? null;
}

function ownerOf(mta: Mta, { conn }: TracedStub): AssociationRef | null {
  const connection = findRow(mta.rpc.connections, conn);
  if (connection === undefined) return null;
  // The peer's data connection names its association with its first call, but it came with the group of the peer's first connection.
  return connection.owner ?? ownerOfGroup(mta, connection);
}

/** Frames of the transport below the session, which carry no APDU. */
const ofTransport: readonly X400FrameType[] = ['connection-request', 'connection-confirm', 'disconnect-request'];

export type ApduTraceOptions = {
  readonly diagnostics: Diagnostics;
  /** They report what passes their connections. */
  readonly rpc: { traceStubs(trace: StubTrace | null): void };
  readonly x400: { traceFrames(trace: FrameTrace | null): void };
  readonly hook: ApduHook | undefined;
  readonly nowMs: () => number;
  readonly mta: () => Mta;
  readonly log: (text: string) => void;
};

/** From now on, has the links report their APDUs while the levels want them. */
export function traceApdus(options: ApduTraceOptions): void {
  const { diagnostics, rpc, x400, hook, nowMs, mta, log } = options;
  const follow = (): void => {
    const forms = diagnostics.apdus;
    const isWanted = forms !== null && hook !== undefined;
    const note = (traced: TracedStub | TracedFrame): void => {
      if (!isWanted) return;
      // A log that fails must never cost a connection.
      try {
        const state = mta();
        hook({ ...traced, nowMs: nowMs(), node: state.name, association: associationOf(state, traced) }, forms);
      } catch (error) {
        log(`an APDU could not be logged: ${error instanceof Error ? error.message : String(error)}`);
      }
    };
    rpc.traceStubs(isWanted ? note : null);
    x400.traceFrames(isWanted ? (traced) => (ofTransport.includes(traced.frame.type) ? undefined : note(traced)) : null);
  };
  diagnostics.onChange = follow;
  follow();
}
