/** The status of an MTA and its driver: one plain object, for people and for the harness. */
import type { QueueWaitView } from '@mtalab/mta-core';
import * as z from 'zod';

const count = z.number();
const texts = z.array(z.string());

/** Counts of whole frames on one TCP connection. */
const socketCounts = z.object({
  /** `address:port` of this end and of the other. */
  local: z.string(),
  remote: z.string(),
  sent: count,
  received: count,
});

const status = z.object({
  /** Name of the MTA. */
  mta: z.string(),
  pid: count,
  phase: z.enum(['starting', 'running', 'stopping', 'halted']),
  /** Mail domains whose mailboxes are here. */
  domains: texts,
  /** Counts the starts on this store. */
  incarnation: count,
  version: z.string(),
  build: z.string(),
  /** The Windows NT it is said to run on: `4.0 SP6a`; null when nobody said. */
  nt: z.string().nullable(),
  /** Lab time, ms. */
  nowMs: z.number(),
  timeScale: z.number(),
  /** String bindings this MTA listens on, such as `127.0.0.1[4097]`. */
  endpoints: texts,
  /** Where its X.400 connector listens, and its TCP/IP control blocks; null when it has no transport stack for it. */
  x400: z.object({ endpoints: texts, controlBlocks: z.object({ configured: count, inUse: count }) }).nullable(),
  /** Where its endpoint mapper listens; nowhere when it has none. */
  mapper: texts,
  /** Where its SMTP listener listens, open sessions, and the messages it has accepted and refused; null when it has none. */
  smtp: z.object({ endpoint: z.string(), sessions: count, accepted: count, refused: count }).nullable(),
  /** Where its metrics are: `http://127.0.0.1:9464/metrics`; null when it has none. */
  metrics: z.string().nullable(),
  /** Articles whose legacy behaviour is on. */
  legacy: texts,
  queuedCopies: count,
  /** Store writes, deliveries and dials under way; 0 when nothing but timers can happen. */
  pendingWork: count,
  nextDeadlineMs: z.number().nullable(),
  /** The queues in which mail waits, and why; at most 100 for adjacent MTAs. */
  waits: z.array(z.looseObject({})) as unknown as z.ZodType<QueueWaitView[]>,
  counters: z.object({
    submitted: count,
    delivered: count,
    deadLetters: count,
    loopsDetected: count,
    reports: count,
    setAside: count,
  }),
  /** From submission to delivery, over the deliveries of this process. */
  delays: z.object({ count, meanMs: z.number(), maxMs: z.number() }),
  turnsGiven: count,
  /** Associations this MTA opened as initiator, recoveries not counted. */
  associationsOpened: count,
  /** 0 when the system does not say, as when the process has no file descriptor left to ask with. */
  memory: z.object({ rssBytes: count }),
  cpu: z.object({ userS: z.number(), systemS: z.number() }),
  sockets: z.array(socketCounts),
});

type Immutable<T> = { readonly [Key in keyof T]: T[Key] extends object ? Immutable<T[Key]> : T[Key] };

/** The answer to `status`. */
export type MtaStatus = Immutable<z.output<typeof status>>;
export type SocketCounts = MtaStatus['sockets'][number];
export type DelaySummary = MtaStatus['delays'];

export const mtaStatus = status as z.ZodType<MtaStatus>;
