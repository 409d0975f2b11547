/** Measures one run of a peer: the second half of its messages, or of its time. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Limits } from '../figures.js';
import type { Counted, Peer } from './peer.js';
import { CpuMeter, memoryOf } from './process-usage.js';
import { Processes } from './processes.js';

export type PeerFigures = {
  readonly messagesPerS: number;
  /** CPU seconds per million messages of all processes, and apart of servers and clients. */
  readonly cpuSPerMillion: number;
  readonly serverCpuSPerMillion: number;
  readonly clientCpuSPerMillion: number;
  /** Memory at the end of the run, in octets. */
  readonly serverBytes: number;
  readonly clientBytes: number;
};

export type Look = Counted & { readonly serverCpuS: number; readonly clientCpuS: number };

/** Time that a run may take to end after it was cut short, ms. */
const endLimitMs = 90_000;

/** @throws Error when too few messages arrived between the two looks. */
export function figuresBetween(begin: Look, end: Look, memory: Pick<PeerFigures, 'serverBytes' | 'clientBytes'>): PeerFigures {
  const count = end.count - begin.count;
  const seconds = (end.atMs - begin.atMs) / 1000;
  if (count <= 0 || seconds <= 0) throw new Error(`nothing could be measured (${end.count} messages): take more --messages`);
  const perMillion = (from: number, to: number): number => ((to - from) / count) * 1e6;
  const serverCpuSPerMillion = perMillion(begin.serverCpuS, end.serverCpuS);
  const clientCpuSPerMillion = perMillion(begin.clientCpuS, end.clientCpuS);
  return {
    messagesPerS: count / seconds,
    cpuSPerMillion: serverCpuSPerMillion + clientCpuSPerMillion,
    serverCpuSPerMillion,
    clientCpuSPerMillion,
    ...memory,
  };
}

async function watched(peer: Peer, processes: Processes, dir: string, limits: Limits, inFlight: number): Promise<PeerFigures> {
  const { messages, seconds } = limits;
  const flow = await peer.begin({ dir, processes, messages, inFlight });
  const { servers, clients } = flow;
  const [serverCpu, clientCpu] = [new CpuMeter(), new CpuMeter()];
  const look = (): Look => ({ ...flow.delivered(), serverCpuS: serverCpu.read(servers), clientCpuS: clientCpu.read(clients) });
  const failed = new AbortController();
  flow.proven.catch(() => failed.abort());
  const beganMs = performance.now();
  let begin: Look | undefined;
  for (;;) {
    const now = look();
    const passed = Math.max(now.count / messages, (performance.now() - beganMs) / 1000 / seconds);
    if (begin === undefined && passed >= 0.5) begin = now;
    if (passed >= 1 || failed.signal.aborted) {
      const memory = { serverBytes: memoryOf(servers), clientBytes: memoryOf(clients) };
      flow.cut();
      const late = pause(endLimitMs, 'late' as const, { ref: false });
      if ((await Promise.race([flow.proven, late])) === 'late') throw new Error('it did not come to an end');
      return figuresBetween(begin ?? now, now, memory);
    }
    await pause(peer.lookMs);
  }
}

/**
 * Runs a peer once, and stops everything that this started.
 * @throws Error when a message was lost or came twice, or a program failed.
 */
export async function runPeer(
  peer: Peer,
  dir: string,
  limits: Limits,
  inFlight: number,
  stop: AbortSignal,
): Promise<PeerFigures> {
  const processes = new Processes();
  const stopped = new Promise<never>((_, reject) => {
    stop.addEventListener('abort', () => reject(new Error('interrupted')), { once: true });
  });
  stopped.catch(() => {});
  try {
    return await Promise.race([watched(peer, processes, dir, limits, inFlight), stopped]);
  } catch (error) {
    throw new Error(`${peer.title}: ${(error as Error).message}`, { cause: error });
  } finally {
    await processes.stop();
  }
}
