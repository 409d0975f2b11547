/** The commands of the control channel. */
import {
  categories,
  categoryNamed,
  changedBindings,
  levelNamed,
  levelNames,
  ltabOf,
  type OperatorCommand,
  parseStringBinding,
  quirkOf,
  quirks,
  viewAssociations,
  viewBindings,
  viewLtab,
  viewMessages,
  viewQueues,
} from '@mtalab/mta-core';
import type { LabClock } from '../driver/clock.js';
import type { Diagnostics } from '../driver/diagnostics.js';
import type { Driver } from '../driver/driver.js';
import {
  type Arguments,
  BadRequest,
  bindingChangesOf,
  envelopeOf,
  numberOf,
  octetsOf,
  oneOf,
  textOf,
  textsOf,
  uploadIdOf,
} from './arguments.js';
import { nearestName } from './nearest.js';
import { type StreamName, streams } from './protocol.js';
import type { HandedIn, Uploads } from './uploads.js';

/** What of a client its commands may use. */
export type CommandClient = {
  readonly uploads: Uploads;
  subscribe(stream: StreamName, since: number | undefined): unknown;
  unsubscribe(stream: StreamName): void;
};
export type CommandContext = {
  readonly driver: Driver;
  readonly clock: LabClock;
  readonly diagnostics: Diagnostics;
  readonly client: CommandClient;
};
type Command = (context: CommandContext, args: Arguments) => unknown;

const defaultMessagesLimit = 100;
const maxMessagesLimit = 10_000;

async function submit({ driver, client }: CommandContext, args: Arguments): Promise<unknown> {
  const envelope = envelopeOf(args);
  let handedIn: HandedIn;
  if (args.upload === undefined) handedIn = client.uploads.whole(octetsOf(args, 'content'));
  else if (args.content === undefined) handedIn = client.uploads.take(uploadIdOf(args));
  else throw new BadRequest('submit: give either content or upload, not both');
  return driver.submit({ ...envelope, ...handedIn });
}

function knownMta(driver: Driver, name: string): string {
  const names = ltabOf(driver.mta).map((entry) => entry.name);
  if (names.includes(name)) return name;
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  throw new BadRequest(`mta: ${JSON.stringify(name)} is no adjacent MTA of ${driver.mta.name}${hint}`);
}

function set({ driver }: CommandContext, args: Arguments): unknown {
  const article = textOf(args, 'article', 32);
  const mode = oneOf(args, 'mode', ['legacy', 'fixed']);
  if (quirkOf(article) === undefined) {
    const known = quirks.map((quirk) => quirk.article);
    throw new BadRequest(`article: ${JSON.stringify(article)} is not known here; there is ${known.join(', ')}`);
  }
  operate(driver, { op: 'set', article, mode });
  return { legacy: driver.mta.legacy };
}

function operate(driver: Driver, command: OperatorCommand): void {
  driver.input({ type: 'command', command });
}

function retry({ driver }: CommandContext, args: Arguments): unknown {
  if (args.mta === undefined) operate(driver, { op: 'retry' });
  else operate(driver, { op: 'retry', mta: knownMta(driver, textOf(args, 'mta', 256)) });
  return {};
}

/** Shows the local bindings; with a list of all of them, `{id, enabled}`, puts them into its order first. */
function bindings({ driver }: CommandContext, args: Arguments): unknown {
  if (args.bindings !== undefined) {
    const change = bindingChangesOf(args, 'bindings');
    const changed = changedBindings(driver.mta.bindings, change);
    if (typeof changed === 'string') throw new BadRequest(`bindings: ${changed}`);
    operate(driver, { op: 'bindings', bindings: change });
  }
  return viewBindings(driver.mta);
}

function endpoints({ driver }: CommandContext, args: Arguments): unknown {
  const mta = knownMta(driver, textOf(args, 'mta', 256));
  const named = textsOf(args, 'endpoints', 16, 256);
  const unreadable = named.find((text) => parseStringBinding(text) === null);
  if (unreadable !== undefined)
    throw new BadRequest(`endpoints: ${shortened(unreadable)} is no string binding, such as 127.0.0.1[4097]`);
  operate(driver, { op: 'endpoints', mta, endpoints: named });
  return { endpoints: ltabOf(driver.mta).find((entry) => entry.name === mta)?.endpoints ?? [] };
}

function moveClock({ driver, clock }: CommandContext, args: Arguments): unknown {
  const byOffset = args.offsetMs !== undefined;
  if (byOffset === (args.advanceToMs !== undefined)) throw new BadRequest('clock: give either offsetMs or advanceToMs');
  try {
    if (byOffset) clock.setOffset(numberOf(args, 'offsetMs', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER));
    else clock.advanceTo(numberOf(args, 'advanceToMs', 0, Number.MAX_SAFE_INTEGER));
  } catch (error) {
    throw error instanceof RangeError ? new BadRequest(error.message) : error;
  }
  driver.clockChanged();
  return { nowMs: clock.nowMs(), offsetMs: clock.offsetMs };
}

/** Sets the level of a category, or of all; shows the level of every category. */
function diagnostics({ diagnostics: kept }: CommandContext, args: Arguments): unknown {
  const name = args.category === undefined ? 'all' : textOf(args, 'category', 64);
  const category = name.toLowerCase() === 'all' ? null : categoryNamed(name);
  if (category === undefined) throw unknownName('category', name, [...categories, 'all']);
  if (args.level === undefined) return kept.levels;
  const levelName = textOf(args, 'level', 64);
  const level = levelNamed(levelName);
  if (level === undefined) throw unknownName('level', levelName, levelNames);
  kept.set(category, level);
  return kept.levels;
}

function unknownName(what: string, name: string, names: readonly string[]): BadRequest {
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? `; there is ${names.join(', ')}` : `; did you mean ${nearest}?`;
  return new BadRequest(`${what}: ${shortened(name)} is no ${what}${hint}`);
}

function messages({ driver }: CommandContext, args: Arguments): unknown {
  const limit = args.limit === undefined ? defaultMessagesLimit : numberOf(args, 'limit', 1, maxMessagesLimit);
  return viewMessages(driver.mta, limit);
}

function subscribe({ client }: CommandContext, args: Arguments): unknown {
  const since = args.since === undefined ? undefined : numberOf(args, 'since', 0, Number.MAX_SAFE_INTEGER);
  return client.subscribe(oneOf(args, 'stream', streams), since);
}

const commands: Readonly<Record<string, Command>> = {
  status: ({ driver }) => driver.status(),
  ltab: ({ driver }) => viewLtab(driver.mta),
  associations: ({ driver }) => viewAssociations(driver.mta),
  queues: ({ driver }) => viewQueues(driver.mta),
  messages,
  submit,
  'upload-begin': ({ client }, args) => {
    client.uploads.begin(uploadIdOf(args));
    return {};
  },
  'upload-drop': ({ client }, args) => {
    client.uploads.drop(uploadIdOf(args));
    return {};
  },
  set,
  retry,
  endpoints,
  bindings,
  stop: ({ driver }) => {
    // After the reply: the client must hear that its wish was understood.
    setImmediate(() => driver.input({ type: 'stop' }));
    return {};
  },
  clock: moveClock,
  diagnostics,
  subscribe,
  unsubscribe: ({ client }, args) => {
    client.unsubscribe(oneOf(args, 'stream', streams));
    return {};
  },
};
const commandNames: readonly string[] = Object.keys(commands);

/**
 * Carry out a command.
 * @throws BadRequest for an unknown command or wrong arguments; SubmitRefused.
 */
export async function carryOut(context: CommandContext, cmd: string, args: Arguments): Promise<unknown> {
  const command = Object.hasOwn(commands, cmd) ? commands[cmd] : undefined;
  if (command === undefined) {
    const nearest = nearestName(cmd, commandNames);
    const hint = nearest === undefined ? `; there is ${commandNames.join(', ')}` : `; did you mean ${nearest}?`;
    throw new BadRequest(`cmd: ${shortened(cmd)} is no command${hint}`);
  }
  return command(context, args);
}

function shortened(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text);
}
