/** Limits of the control channel, for the server and its clients. */
export const controlLimits = {
  /** Largest message either way, in octets. Larger content is uploaded in pieces. */
  maxMessageBytes: 1_048_576,
  /** Largest piece of an upload, in octets. */
  maxPieceBytes: 262_144,
  /** Content up to this size goes with the submit itself, in octets. */
  maxInlineBytes: 262_144,
  /** Messages of one batch of submissions. */
  maxBatchMessages: 1024,
  /** Batches of one client that wait for their answers. */
  maxBatches: 8,
  maxClients: 64,
  /** TCP connections: the clients, and as many that have not shown the token yet. One more is closed at once. */
  maxConnections: 128,
  /** Real time that a connection has for its request, from the connect on. What is no client by then is closed. */
  requestTimeoutMs: 5000,
  /** Real time that one side has to answer the close of the other. */
  closeGraceMs: 500,
  maxUploadsPerClient: 16,
  /** Octets a subscriber may leave unread before it loses its subscription. */
  maxUnreadBytes: 8 * 1_048_576,
  maxUploadIdLength: 64,
  /** Requests of one client that wait for their answers. */
  maxOutstanding: 1024,
} as const;
