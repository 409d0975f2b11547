/** What the management interface tells of the traffic of a process (C706 appendix Q, `inq_stats`). */
export type TrafficCounts = {
  /** Calls received and made. */
  callsIn: number;
  callsOut: number;
  /** Fragments of all PDUs, received and sent. */
  fragmentsIn: number;
  fragmentsOut: number;
};

export function noTraffic(): TrafficCounts {
  return { callsIn: 0, callsOut: 0, fragmentsIn: 0, fragmentsOut: 0 };
}

/** The counters in the order of `inq_stats`, each of 32 bits. */
export function countersOf({ callsIn, callsOut, fragmentsIn, fragmentsOut }: TrafficCounts): readonly number[] {
  return [callsIn, callsOut, fragmentsIn, fragmentsOut].map((count) => count >>> 0);
}
