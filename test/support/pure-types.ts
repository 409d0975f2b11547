/** What a lab on virtual time consists of, and what it tells of. */
import type { LinkFrame, LinkKind, Mta, MtaConfig, Pdu, Priority, ReportedEvent } from '@mtalab/mta-core';
import type { PendingEffect, PureStore } from './pure-store.js';
import type { Wire } from './pure-wire.js';

/** A frame that arrives, as its receiver takes it in. */
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
  /** What the next start reads. */
  config: MtaConfig;
  readonly store: PureStore;
  mta: Mta;
  up: boolean;
  /** Store effects that are not done yet. */
  readonly pending: PendingEffect[];
  nextAccepted: number;
};

/** `copy`: the same where a driver is asked again, after a crash, for what it may have done already. */
export type Delivery = {
  readonly node: string;
  readonly mailbox: string;
  readonly mtsId: string;
  readonly contentType: string;
  readonly copy: number;
};
export type Submitted = { readonly node: string; readonly submissionId: string; readonly mtsId: string; readonly known: boolean };
export type Refused = { readonly node: string; readonly submissionId: string; readonly reason: string };

/** A dial, and what became of it. */
export type Dialled = {
  readonly link: LinkKind;
  readonly from: string;
  /** Who listens there; null when nobody does. */
  readonly to: string | null;
  readonly host: string;
  readonly port: number;
  /** Undefined where the system chooses. */
  readonly localAddress: string | undefined;
} & ({ readonly wire: Wire; readonly osError: null } | { readonly wire: null; readonly osError: string });

export type LabHooks = {
  /** Called before a frame is given to its receiver. Return false to swallow it. */
  onFrame?: (sent: Sent) => boolean;
  /** Called when its receiver is done with it. */
  onTaken?: (sent: Sent) => void;
  onEvent?: (node: string, event: ReportedEvent) => void;
  onDial?: (dialled: Dialled) => void;
  /** A connection was closed by `by`, and the other end hears of it. */
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
