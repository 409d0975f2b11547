/** The protocol of the control channel of a pair, once: it types both ends, and each end checks with it what arrives. */
import type { Effective, FaultHandle, LabSummary, MtaEnded } from '@mtalab/harness';
import type { BindingView, DiagnosticsLevels } from '@mtalab/mta-core';
import { networkStates } from '@mtalab/scenario';
import { type CommandSchemas, captureCommands, number, oneOf, text, texts } from '@mtalab/transport';
import * as z from 'zod';

/** Longest fault, in characters. */
const maxFaultText = 512;
/** Most lab time that one command lets pass, s: a day. */
const maxAdvanceS = 86_400;
/** Limit of names in a list of a request. */
const maxNames = 64;

const nothing = z.object({});
const names = texts(maxNames, 256);
const bindingNames = texts(maxNames, 256).optional();

/** A type of another package, whose members are checked to be an object or a list here. */
function rowOf<T>(): z.ZodType<T> {
  return z.looseObject({}) as unknown as z.ZodType<T>;
}

const error = z.object({ code: z.enum(['silent', 'down', 'refused']), message: z.string() });

/** The answer of each MTA, or why there is none. */
function answersOf<T>(value: z.ZodType<T>) {
  const answer = z.discriminatedUnion('ok', [
    z.object({ mta: z.string(), ok: z.literal(true), value }),
    z.object({ mta: z.string(), ok: z.literal(false), error }),
  ]);
  return z.array(answer).readonly();
}

const fault = z.object({ id: z.number(), text: z.string(), state: z.string(), hits: z.number() });
/** A fault of the pair's proxy. */
export type FaultView = Pick<FaultHandle, 'id' | 'text' | 'hits'> & { readonly state: string };

/** Each command, by name: what it takes, and what it answers. */
export const pairCommands = {
  faults: { arguments: nothing, result: z.array(fault).readonly() },
  fault: { arguments: z.object({ text: text(maxFaultText) }), result: fault },
  // The key is not `id`, which is the id of the request.
  'fault-remove': { arguments: z.object({ fault: z.int({ error: 'the number of a fault' }) }), result: nothing },
  release: { arguments: nothing, result: z.object({ released: z.number() }) },
  heal: { arguments: nothing, result: z.object({ healed: z.number() }) },
  /**
   * `on`: no PDU passes by itself any more. `next`: the one that has waited longest passes. `off`: all pass. `passed`: the PDU in
   * words; null if none waited.
   */
  step: { arguments: z.object({ what: oneOf(['on', 'off', 'next']) }), result: z.object({ passed: z.string().nullable() }) },
  /** Takes the network between the MTAs away, or gives it back. */
  network: { arguments: z.object({ state: oneOf(networkStates) }), result: nothing },
  /** Cuts the connections of an association, or all. */
  cut: { arguments: z.object({ association: text(maxFaultText).optional() }), result: z.object({ connections: z.number() }) },
  ...captureCommands,
  summary: { arguments: nothing, result: rowOf<LabSummary>() },
  set: {
    arguments: z.object({ article: text(32), mode: oneOf(['legacy', 'fixed']), names }),
    result: answersOf(rowOf<Effective>()),
  },
  diagnostics: {
    arguments: z.object({ category: text(64), level: text(64), names }),
    result: answersOf(rowOf<DiagnosticsLevels>()),
  },
  bindings: {
    arguments: z.object({
      names,
      wish: z.object({ order: bindingNames, enable: bindingNames, disable: bindingNames }, { error: 'order, enable or disable' }),
    }),
    result: answersOf(z.array(rowOf<BindingView>()).readonly()),
  },
  /** Restarts one MTA after the other. `killed`: why an MTA that should stop in order was killed. */
  restart: {
    arguments: z.object({ names, kill: z.boolean({ error: 'true or false' }) }),
    result: answersOf(z.object({ killed: z.string().nullable() })),
  },
  /** Lets lab time run this many times faster than real time. */
  'time-scale': {
    arguments: z.object({ scale: z.number({ error: 'a number above 0' }) }),
    result: answersOf(rowOf<Effective>()),
  },
  /** Moves lab time on by so many seconds of it. Answered when every timer on the way has fired. */
  advance: { arguments: z.object({ seconds: number(0, maxAdvanceS) }), result: z.object({ nowMs: z.number() }) },
  /** An address that opens the page of the pair once. */
  page: { arguments: nothing, result: z.object({ address: z.string() }) },
  /** Begins to end the run. `limitMs` is the real time after which it has ended, also by killing. */
  stop: { arguments: nothing, result: z.object({ limitMs: z.number() }) },
  /** Answered when all MTAs have ended. */
  ended: { arguments: nothing, result: z.array(rowOf<MtaEnded>()).readonly() },
} as const satisfies CommandSchemas;
