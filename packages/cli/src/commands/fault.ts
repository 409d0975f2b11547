/** `mtalab fault ...`: sets, lists and ends faults on the link of a running pair. */

import { type NetworkState, networkStates } from '@mtalab/scenario';
import type { ArgumentsOf, ControlClient, Given, RequestOptions } from '@mtalab/transport';
import { outJson } from '../command-io.js';
import type { CommandRun } from '../command-tree/command-entry.js';
import { CliError, exitCodes, UsageError } from '../errors.js';
import { type FaultView, pairCommands } from '../pair/control-schema.js';
import { paint } from '../render/colours.js';
import { renderFaults } from '../render/views.js';
import { askSupervisor, chosenRun, isSupervised, type RunFlags } from '../running-mtas.js';

/** A request to the control channel of the pair, and the text to print when it is done. */
type FaultRequest = {
  readonly [Cmd in FaultCommand]: {
    readonly cmd: Cmd;
    readonly args: ArgumentsOf<typeof pairCommands, Cmd>;
    readonly done: string;
  };
}[FaultCommand];
type FaultCommand = 'faults' | 'fault' | 'fault-remove' | 'release' | 'heal' | 'cut' | 'network' | 'step';

/** With one of these words `cut` begins a fault. Without, it cuts now. */
const cutFaults = ['before', 'after', 'randomly', 'every'];

function withoutMoreWords(words: readonly string[], request: FaultRequest): FaultRequest {
  if (words.length > 1) throw new UsageError(`\`fault ${words[0]}\` takes no other words; found "${words.slice(1).join(' ')}"`);
  return request;
}

const networkDone = {
  up: 'the network is up; connections that were silent are cut',
  silent: 'the connections that are up carry nothing any more, not even their end; new ones work',
  down: 'the connections that are up carry nothing any more, not even their end; new ones fail',
} as const satisfies Record<NetworkState, string>;

function networkRequest(words: readonly string[]): FaultRequest {
  const state = networkStates.find((each) => each === words[1]?.toLowerCase());
  if (state === undefined || words.length > 2) throw new UsageError(`\`fault network\` takes one of ${networkStates.join(', ')}`);
  return { cmd: 'network', args: { state }, done: networkDone[state] };
}

const stepDone = {
  on: 'the link stands still: `mtalab fault step` lets one PDU go',
  off: 'the link goes on',
  next: '',
} as const;

function stepRequest(words: readonly string[]): FaultRequest {
  const what = (words[1] ?? 'next').toLowerCase();
  if (words.length > 2 || (what !== 'on' && what !== 'off' && what !== 'next'))
    throw new UsageError('`fault step` takes on or off, or nothing: then the next PDU passes');
  return { cmd: 'step', args: { what }, done: stepDone[what] };
}

/** Turns the words into a request. All words but these commands are a fault in the fault language. */
export function faultRequest(words: readonly string[]): FaultRequest {
  const [first = '', second] = words;
  switch (first.toLowerCase()) {
    case 'list':
      return withoutMoreWords(words, { cmd: 'faults', args: {}, done: '' });
    case 'release':
      return withoutMoreWords(words, { cmd: 'release', args: {}, done: 'held PDUs are released' });
    case 'heal':
      return withoutMoreWords(words, { cmd: 'heal', args: {}, done: 'black holes are ended' });
    case 'network':
      return networkRequest(words);
    case 'step':
      return stepRequest(words);
    case 'remove': {
      if (second === undefined || words.length > 2 || !/^\d{1,9}$/.test(second)) {
        throw new UsageError('`fault remove` takes the number of a fault; `mtalab fault list` shows them');
      }
      return { cmd: 'fault-remove', args: { fault: Number(second) }, done: `fault ${second} is removed` };
    }
    case 'cut':
      if (words.length <= 2 && (second === undefined || !cutFaults.includes(second.toLowerCase()))) {
        return {
          cmd: 'cut',
          args: second === undefined ? {} : { association: second },
          done: second === undefined ? 'all connections are cut' : `the connections of ${second} are cut`,
        };
      }
      break;
    default:
  }
  return { cmd: 'fault', args: { text: words.join(' ') }, done: '' };
}

function sent(client: ControlClient, { cmd, args }: FaultRequest, limit: RequestOptions): Promise<unknown> {
  // The union of requests keeps each command with its own arguments, which this call cannot see.
  return client.commandOf(pairCommands, cmd, ...([args, limit] as Given<typeof pairCommands, FaultCommand>));
}

export const run: CommandRun = async ({ io, args, options }) => {
  const { json, ...where } = options as RunFlags;
  const request = faultRequest((args[0] as readonly string[]).flatMap((word) => word.split(/\s+/)).filter((word) => word !== ''));
  const found = await chosenRun(io, where, request.cmd === 'faults' ? 'look' : 'act');
  if (!isSupervised(found))
    throw new CliError(`the run in ${found.dir} has no fault proxy; start the pair with --fault or --proxy`);
  const result = await askSupervisor(found, where, (client, limit) => sent(client, request, limit));
  if (json === true) {
    outJson(io, result ?? { done: request.cmd });
    return exitCodes.ok;
  }
  const style = paint(io.outColour, io.outColumns());
  if (request.cmd === 'faults') {
    const faults = result as readonly FaultView[];
    if (faults.length === 0) io.err('no faults; add one with `mtalab fault cut before turn-give 1`');
    else io.out(renderFaults(faults, style));
  } else if (request.cmd === 'fault') {
    io.out(renderFaults([result as FaultView], style));
  } else if (request.cmd === 'step' && request.args.what === 'next') {
    const { passed } = result as { readonly passed: string | null };
    if (passed === null) io.err('no PDU waits on the link');
    else io.out(passed);
  } else io.err(request.done);
  return exitCodes.ok;
};
