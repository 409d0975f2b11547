/** Limits of the endpoint of the metrics. Times are real. */
export const metricsLimits = {
  /** Adjacent MTAs with series of their own: the first of the locality table. */
  maxPeers: 64,
  /** TCP connections. One more is closed at once. */
  maxConnections: 16,
  /** Size of the head of a request, in octets. */
  maxHeadBytes: 8192,
  /** Time for a request to arrive. */
  requestTimeoutMs: 5000,
  /** Time in which a client may take nothing of its answer, before its connection is cut. */
  idleTimeoutMs: 10_000,
  /** Time that a connection is kept for the next request: longer than the usual interval between scrapes. */
  keepAliveMs: 75_000,
} as const;
