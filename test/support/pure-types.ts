/** Types of a lab on virtual time and of its observations. */
import type { LinkFrame, LinkKind, Mta, MtaConfig, Pdu, Priority, ReportedEvent } from '@mtalab/mta-core';
import type { PendingEffect, PureStore } from './pure-store.js';
import type { Wire } from './pure-wire.js';

/** An arriving frame, as its receiver gets it. */
export class Sent {
  readonly from: string;
  readonly to: string;
  readonly wire: Wire;
  readonly frame: LinkFrame;

  constructor(from: string, to: string, wire: Wire, frame: LinkFrame) {
    this.from = from;
    this.to = to;
    this.wire = wire;
    this.frame = frame;
  }

  /** The frame of an RPC connection. Throws on any other. */
  get pdu(): Pdu {
    if (this.frame.link !== 'rpc') throw new Error(`a frame of the link ${this.frame.link} is no PDU`);
    return this.frame.frame;
  }
}

export type Node = {
  readonly name: string;
  /** The configuration for the next start. */
  config: MtaConfig;
  readonly store: PureStore;
  mta: Mta;
  up: boolean;
  /** Unfinished store effects. */
  readonly pending: PendingEffect[];
  nextAccepted: number;
};

/** After a crash the core may repeat a delivery; both then have the same `copy`. */
export type Delivery = {
  readonly node: string;
  readonly mailbox: string;
  readonly mtsId: string;
  readonly contentType: string;
  readonly copy: number;
};
export type Submitted = { readonly node: string; readonly submissionId: string; readonly mtsId: string; readonly known: boolean };
export type Refused = { readonly node: string; readonly submissionId: string; readonly reason: string };

/** A dial and its result. */
export type Dialled = {
  readonly link: LinkKind;
  readonly from: string;
  /** The MTA that listens there, or null. */
  readonly to: string | null;
  readonly host: string;
  readonly port: number;
  /** Undefined if the system chooses. */
  readonly localAddress: string | undefined;
} & ({ readonly wire: Wire; readonly osError: null } | { readonly wire: null; readonly osError: string });

export type LabHooks = {
  /** The lab calls it before it gives a frame to its receiver. Return false to swallow the frame. */
  onFrame?: (sent: Sent) => boolean;
  /** The lab calls it when the receiver has handled the frame. */
  onTaken?: (sent: Sent) => void;
  onEvent?: (node: string, event: ReportedEvent) => void;
  onDial?: (dialled: Dialled) => void;
  /** `by` has closed a connection, and the other end notices. */
  onEnd?: (wire: Wire, by: string) => void;
  onDelivery?: (delivery: Delivery) => void;
  onSubmitted?: (submitted: Submitted) => void;
  onRefused?: (refused: Refused) => void;
  onHalt?: (node: string, clean: boolean, code: number) => void;
};

export type SubmitOptions = {
  readonly priority?: Priority;
  readonly sizeBytes?: number;
  readonly originator?: string;
};
