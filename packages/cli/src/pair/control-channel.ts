/** Serves the control channel of the pair itself, beside the channels of its MTAs: faults, summary, and changes that it keeps. */
import { join } from 'node:path';
import { articleArgument, type FaultHandle, type FaultProxy, type Lab } from '@mtalab/harness';
import type { BindingView } from '@mtalab/mta-core';
import { ControlServer } from '@mtalab/transport';
import { CliError } from '../errors.js';

type CommandArguments = Readonly<Record<string, unknown>>;

/** Limit of texts in one list of a request. */
const maxTexts = 64;
/** Longest fault, in characters. */
const maxFaultText = 512;

function proxyOf(lab: Lab): FaultProxy {
  if (lab.proxy === undefined) throw new CliError('this pair has no fault proxy; start it with --fault or --proxy');
  return lab.proxy;
}

function view({ id, text, state, hits }: FaultHandle) {
  return { id, text, state, hits };
}

function textOf(args: CommandArguments, key: string): string {
  const text = args[key];
  if (typeof text !== 'string' || text === '' || text.length > maxFaultText)
    throw new CliError(`${key}: expected text of at most ${maxFaultText} characters`);
  return text;
}

/** The texts under a key, or undefined without the key. */
function textsOf(args: CommandArguments, key: string): readonly string[] | undefined {
  const texts = args[key];
  if (texts === undefined) return undefined;
  const isList = Array.isArray(texts) && texts.length <= maxTexts && texts.every((text) => typeof text === 'string');
  if (!isList) throw new CliError(`${key}: expected a list of at most ${maxTexts} texts`);
  return texts;
}

/**
 * Serves the commands of the pair on a loopback port, and registers the run with this channel.
 * @param stop ends the pair in order.
 * @returns a function that closes the channel.
 */
export async function serveControlChannel(lab: Lab, stop: () => void, log: (text: string) => void): Promise<() => Promise<void>> {
  const commands = {
    faults: () => proxyOf(lab).faults().map(view),
    fault: (args: CommandArguments) => {
      proxyOf(lab);
      return view(lab.fault(textOf(args, 'text')));
    },
    // The key is not `id`, which is the id of the request.
    'fault-remove': ({ fault }: CommandArguments) => {
      if (typeof fault !== 'number' || !proxyOf(lab).remove(fault)) {
        throw new CliError(`unknown fault ${String(fault)}; \`mtalab fault list\` shows the faults`);
      }
      return {};
    },
    release: () => ({ released: proxyOf(lab).release() }),
    heal: () => ({ healed: proxyOf(lab).heal() }),
    cut: (args: CommandArguments) => {
      const cut = args['association'] === undefined ? proxyOf(lab).cutAll() : proxyOf(lab).cutAll(textOf(args, 'association'));
      if (cut === 0 && args['association'] !== undefined)
        throw new CliError(
          `the link has no connection of an association ${String(args['association'])}; \`mtalab associations\` shows the associations`,
        );
      return { connections: cut };
    },
    summary: () => lab.summary(),
    set: async (args: CommandArguments) => {
      const mode = args['mode'] === 'legacy' ? 'legacy' : 'fixed';
      await lab.set(articleArgument('article', args['article']), mode, textsOf(args, 'names'));
      return {};
    },
    diagnostics: (args: CommandArguments) => {
      return lab.diagnostics(textOf(args, 'category'), textOf(args, 'level'), textsOf(args, 'names'));
    },
    bindings: async (args: CommandArguments) => {
      const wish = (typeof args['wish'] === 'object' && args['wish'] !== null ? args['wish'] : {}) as CommandArguments;
      const [order, enable, disable] = [textsOf(wish, 'order'), textsOf(wish, 'enable'), textsOf(wish, 'disable')];
      const rows: Record<string, readonly BindingView[]> = {};
      for (const name of textsOf(args, 'names') ?? []) {
        await lab.setBindings(name, { order, enable, disable });
        rows[name] = await lab.bindings(name);
      }
      return rows;
    },
    restart: async (args: CommandArguments) => {
      for (const name of textsOf(args, 'names') ?? []) await lab.restart(name, { kill: args['kill'] === true });
      return {};
    },
    stop: () => {
      // The client must get its reply first.
      setImmediate(stop);
      return {};
    },
  };
  const server = await ControlServer.start({ backend: { commands, log }, port: 0, tokenFile: join(lab.dir, 'control.token') });
  try {
    await lab.register({ control: server.url, tokenFile: server.tokenFile });
  } catch (error) {
    // An open channel would keep this process alive.
    await server.close();
    throw error;
  }
  return () => server.close();
}
