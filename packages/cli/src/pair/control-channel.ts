/** Serves the control channel of the pair itself, beside the channels of its MTAs: faults, summary, and changes that it keeps. */
import { join } from 'node:path';
import {
  type Answer,
  articleArgument,
  type FaultHandle,
  type FaultProxy,
  type Lab,
  type LabPage,
  type MtaEnded,
  unanswered,
} from '@mtalab/harness';
import { describeFrame } from '@mtalab/mta-core';
import { ControlServer, checkedCommands } from '@mtalab/transport';
import { CliError, messageOf } from '../errors.js';
import { pairCommands } from './control-schema.js';
import { RemoteCaptures } from './remote-captures.js';

function proxyOf(lab: Lab): FaultProxy {
  if (lab.proxy === undefined) throw new CliError('this pair has no fault proxy; start it with --fault or --proxy');
  return lab.proxy;
}

/** The proxy, for what only sees the octets. */
function captureProxyOf(lab: Lab): FaultProxy {
  if (lab.proxy !== undefined) return lab.proxy;
  throw new CliError('nothing sees the octets of this pair, because it has no proxy; start it with --proxy or --capture');
}

function view({ id, text, state, hits }: FaultHandle) {
  return { id, text, state, hits };
}

/** Does something to one MTA after the other. One that fails does not affect the others. */
async function oneByOne<T>(names: readonly string[], change: (name: string) => Promise<T>): Promise<readonly Answer<T>[]> {
  const answers: Answer<T>[] = [];
  for (const mta of names) {
    const answer = change(mta).then(
      (value): Answer<T> => ({ mta, ok: true, value }),
      (error: unknown) => unanswered(mta, 'refused', messageOf(error)),
    );
    answers.push(await answer);
  }
  return answers;
}

export type PairControl = {
  /** Ends the pair in order. */
  readonly stop: () => void;
  /** Resolves when all MTAs have ended. */
  readonly ended: Promise<readonly MtaEnded[]>;
  readonly log: (text: string) => void;
  /** The page, if the run has one. */
  readonly page?: LabPage | null;
  /** Is this the second pair of a run? Commands find it by its folder only. */
  readonly isTwin?: boolean;
  /** The pairs of the run, the first one first: they share their lab time. Default: this one alone. */
  readonly onOneClock?: () => readonly Lab[];
};

/**
 * Serves the commands of the pair on a loopback port, and registers the run with this channel.
 * @returns a function that closes the channel.
 */
export async function serveControlChannel(
  lab: Lab,
  { stop, ended, log, page = null, isTwin = false, onOneClock = () => [lab] }: PairControl,
): Promise<() => Promise<void>> {
  const captures = new RemoteCaptures();
  const commands = checkedCommands(pairCommands, {
    faults: () => proxyOf(lab).faults().map(view),
    fault: ({ text }) => {
      proxyOf(lab);
      return view(lab.fault(text));
    },
    'fault-remove': ({ fault }) => {
      if (!proxyOf(lab).remove(fault)) throw new CliError(`unknown fault ${fault}; \`mtalab fault list\` shows the faults`);
      return {};
    },
    release: () => ({ released: proxyOf(lab).release() }),
    heal: () => ({ healed: proxyOf(lab).heal() }),
    step: ({ what }) => {
      const proxy = proxyOf(lab);
      if (what !== 'next') {
        proxy.setStepping(what === 'on');
        return { passed: null };
      }
      if (!proxy.stepping) throw new CliError('the link does not stand still; `mtalab fault step on` stops it');
      const pdu = proxy.step();
      return { passed: pdu === null ? null : describeFrame(pdu) };
    },
    network: async ({ state }) => {
      await proxyOf(lab).setNetwork(state);
      return {};
    },
    cut: ({ association }) => {
      const connections = association === undefined ? proxyOf(lab).cutAll() : proxyOf(lab).cutAll(association);
      if (connections > 0 || association === undefined) return { connections };
      throw new CliError(
        `the link has no connection of an association ${association}; \`mtalab associations\` shows the associations`,
      );
    },
    'capture-begin': ({ packets }) => ({ capture: captures.begin(captureProxyOf(lab).capture({ maxPackets: packets })) }),
    'capture-read': ({ capture }) => captures.read(capture),
    'capture-end': ({ capture }) => {
      captures.end(capture);
      return {};
    },
    summary: () => lab.summary(),
    set: ({ article, mode, names }) => lab.changes.set(articleArgument('article', article), mode, names),
    diagnostics: ({ category, level, names }) => lab.changes.diagnostics(category, level, names),
    bindings: ({ names, wish: { order, enable, disable } }) =>
      oneByOne(names, async (name) => {
        await lab.setBindings(name, { order, enable, disable });
        return lab.bindings(name);
      }),
    restart: ({ names, kill }) =>
      oneByOne(names, async (name) => {
        const { killed } = await lab.restart(name, { kill });
        return { killed };
      }),
    'time-scale': async ({ scale }) => {
      let answers: Awaited<ReturnType<Lab['changes']['setTimeScale']>> = [];
      // The second pair takes over the line of the first one's clock.
      for (const each of onOneClock()) {
        const found = await each.changes.setTimeScale(scale);
        if (each === lab) answers = found;
      }
      return answers;
    },
    advance: async ({ seconds }) => {
      await Promise.all(onOneClock().map((each) => each.advanceBy(seconds * 1000)));
      return { nowMs: lab.clock.nowMs() };
    },
    page: () => {
      if (page === null) throw new CliError('this run has no page; start a pair with --page');
      return { address: page.newAddress() };
    },
    stop: () => {
      // The client must get its reply first.
      setImmediate(stop);
      return { limitMs: lab.closeLimitMs };
    },
    ended: () => ended,
  });
  const server = await ControlServer.start({ backend: { commands, log }, port: 0, tokenFile: join(lab.dir, 'control.token') });
  try {
    await lab.register({ control: server.url, tokenFile: server.tokenFile }, !isTwin);
  } catch (error) {
    // An open channel would keep this process alive.
    await server.close();
    throw error;
  }
  return async () => {
    await captures.finish();
    await server.close();
  };
}
