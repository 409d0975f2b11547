/** The interface for what looks at the octets of an MTA's connections, such as a capture. */

export type SocketEnd = { readonly address: string; readonly port: number };

/** Looks at one connection. `sent` says whether this MTA sent what passes, or got it. */
export type SocketLook = {
  readonly data: (sent: boolean, octets: Buffer) => void;
  /** One side sends nothing more. */
  readonly end: (sent: boolean) => void;
  readonly reset: (sent: boolean) => void;
  /** The connection is over. Nothing follows. */
  readonly gone: () => void;
};

/** A connection is up. @param dialled did this MTA dial? If not, it was called. */
export type SocketTap = (ends: { readonly client: SocketEnd; readonly server: SocketEnd }, dialled: boolean) => SocketLook;
