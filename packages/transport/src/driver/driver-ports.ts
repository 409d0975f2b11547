/** What the driver needs of the parts around it. The real ones are `Network`, the stores and the delivery sinks. */

import type { Effect, Input, LinkFrame, Mta, MtaConfig, Recovered } from '@mtalab/mta-core';
import type { SocketCounts } from '../control/status-schema.js';

/** The pure core: three functions over plain data. */
export type CoreFunctions = {
  readonly start: (
    config: MtaConfig,
    recovered: Recovered,
    nowMs: number,
  ) => { readonly mta: Mta; readonly effects: readonly Effect[] };
  readonly step: (mta: Mta, input: Input, nowMs: number) => { readonly mta: Mta; readonly effects: readonly Effect[] };
  readonly nextDeadline: (mta: Mta) => number | null;
};

export type EffectOf<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;
export type InputOf<T extends Input['type']> = Extract<Input, { readonly type: T }>;

/** Effects that are written to the store. */
export type StoreWrite = EffectOf<'store' | 'forget' | 'settle' | 'drop-content'>;
/** What a commit gives back, in the order of the effects: the inputs to be fed to the core. */
export type CommitOutcome = InputOf<'stored' | 'store-failed' | 'forgotten'>;

export type StorePort = {
  /** Queue an effect for the next commit. */
  apply(effect: StoreWrite): void;
  /** Queue octets of a content that is being handed in. */
  putContent(content: number, offset: number, octets: Uint8Array): void;
  /** Read the messages of copies back. */
  recall(copies: EffectOf<'recall'>['copies']): Pick<InputOf<'recalled'>, 'found' | 'missing'>;
  /** Write all that is queued, durably, in one transaction. */
  commit(): readonly CommitOutcome[];
  /** `queued`: what the disk would not take and each later commit tries again. */
  counts(): { readonly queued: number };
  /** Close the store; `clean` leaves the clean-shutdown mark. */
  close(clean: boolean): void;
};

export type NetworkPort = {
  /** Answered by an input `listening` or `listen-failed`. */
  listen(effect: EffectOf<'listen'>): void;
  /** Answered by an input `connected` or `dial-failed`. */
  dial(effect: EffectOf<'dial'>): void;
  /** @returns what is wrong with the frame's content, if it cannot be read: the frame does not leave then. */
  send(frame: LinkFrame): string | null;
  close(conn: number): void;
  /** Let everything sent since the last flush leave, in one write per connection. */
  flush(): void;
  sockets(): readonly SocketCounts[];
  /** Close all listeners and connections; resolves when they are gone. */
  closeAll(): void | Promise<void>;
};

/** Octets that arrived and are not in the store: see `ArrivedContents`. */
export type ContentsPort = {
  /** All that happened since the last time has been carried out: drop what the core does not hold. */
  settle(mta: Mta): void;
  /** The MTA has ended. */
  clear(): void;
};

export type DeliveryPort = {
  /** Answered by an input `delivered` or `deliver-failed`. */
  deliver(effect: EffectOf<'deliver'>): void;
  /** Resolves when no delivery is under way any more. Nothing is delivered after it. */
  close(): void | Promise<void>;
};
