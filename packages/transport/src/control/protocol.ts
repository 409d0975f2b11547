/** What goes over the control channel: requests, replies, pushes and limits, for the server and its clients. */
import type { Effect, EventText, Input } from '@mtalab/mta-core';
import type { DeliveryNotice } from '../driver/deliveries.js';
import type { StartInput } from '../driver/driver-options.js';

export const controlLimits = {
  /** Largest message either way, in octets. Larger content is uploaded in pieces. */
  maxMessageBytes: 1_048_576,
  /** Largest piece of an upload, in octets. */
  maxPieceBytes: 262_144,
  /** Content up to this size goes with the submit itself, in octets. */
  maxInlineBytes: 262_144,
  maxClients: 64,
  /** TCP connections: the clients, and as many that have not shown the token yet. One more is closed at once. */
  maxConnections: 128,
  /** Real time that a connection has for its request, from the connect on. What is no client by then is closed. */
  requestTimeoutMs: 5000,
  /** Real time that clients have to answer the close of the server. */
  closeGraceMs: 500,
  maxUploadsPerClient: 16,
  /** Octets a subscriber may leave unread before it loses its subscription. */
  maxUnreadBytes: 8 * 1_048_576,
  maxUploadIdLength: 64,
  /** Requests of one client that wait for their answers. */
  maxOutstanding: 1024,
} as const;

export const streams = ['journal', 'events', 'deliveries'] as const;
export type StreamName = (typeof streams)[number];

/** What answers a request `{id, cmd, ...arguments}`. */
export type ControlReply =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number | null; readonly ok: false; readonly error: string; readonly upload?: string };

/** Entries of the streams. `n` counts the entries of one stream in one run of the process. */
export type StreamEntries = {
  journal: {
    readonly t: number;
    readonly node: string;
    readonly n: number;
    readonly input: Input | StartInput;
    readonly effects: readonly Effect[];
  };
  events: EventLine & { readonly n: number };
  deliveries: Readonly<DeliveryNotice> & { readonly n: number };
};
/** An event-log entry in its JSON form; `t` is lab time in milliseconds. */
export type EventLine = { readonly t: number; readonly node: string } & EventText;
