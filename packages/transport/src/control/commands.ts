/** Carries out the commands of the control channel of an MTA. */
import {
  categories,
  categoryNamed,
  changedBindings,
  isConnectorAddress,
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
import type { Diagnostics } from '../driver/diagnostics.js';
import type { Driver } from '../driver/driver.js';
import type { LabClock } from '../driver/lab-clock.js';
import { BadRequest, noSuch, problemOf, shortened } from './bad-request.js';
import type { CaptureService } from './capture-schema.js';
import { nearestName } from './nearest-name.js';
import { type CommandName, type CommandResult, type CommandValues, commands } from './schema.js';
import type { StreamName } from './stream-schema.js';
import type { Uploads } from './uploads.js';

/** What of a client its commands may use. */
export type CommandClient = {
  readonly uploads: Uploads;
  /** Number of the latest entry of a stream. */
  latest(stream: StreamName): number;
  subscribe(stream: StreamName, since: number | undefined): CommandResult<'subscribe'>;
  unsubscribe(stream: StreamName): void;
};
export type CommandContext = {
  readonly driver: Driver;
  readonly clock: LabClock;
  readonly diagnostics: Diagnostics;
  readonly client: CommandClient;
  readonly captures: CaptureService | undefined;
};
type Carried<Name extends CommandName> = CommandResult<Name> | Promise<CommandResult<Name>>;
type Handlers = { readonly [Name in CommandName]: (context: CommandContext, values: CommandValues<Name>) => Carried<Name> };
type Handler = (context: CommandContext, values: unknown) => unknown;

function knownMta(driver: Driver, name: string): string {
  const names = ltabOf(driver.mta).map((entry) => entry.name);
  if (names.includes(name)) return name;
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  throw new BadRequest(`mta: ${JSON.stringify(name)} is no adjacent MTA of ${driver.mta.name}${hint}`);
}

function captureOf(captures: CaptureService | undefined): CaptureService {
  if (captures !== undefined) return captures;
  throw new BadRequest('this MTA belongs to a run whose supervisor records; ask that one');
}

function operate(driver: Driver, command: OperatorCommand): void {
  driver.input({ type: 'command', command });
}

const handlers: Handlers = {
  status: ({ driver }) => driver.status(),
  ltab: ({ driver }) => viewLtab(driver.mta),
  associations: ({ driver }) => viewAssociations(driver.mta),
  queues: ({ driver }) => viewQueues(driver.mta),
  state: ({ driver, clock, client }) => ({ n: client.latest('journal'), t: clock.nowMs(), mta: driver.mta }),
  messages: ({ driver }, { limit }) => viewMessages(driver.mta, limit),
  submit({ driver, client }, { content, upload, ...envelope }) {
    const handedIn = content === undefined ? client.uploads.take(upload ?? '') : client.uploads.whole(content);
    return driver.submit({ ...envelope, ...handedIn });
  },
  'upload-begin'({ client }, { upload }) {
    client.uploads.begin(upload);
    return {};
  },
  'upload-drop'({ client }, { upload }) {
    client.uploads.drop(upload);
    return {};
  },
  set({ driver }, { article, mode }) {
    if (quirkOf(article) === undefined) {
      const known = quirks.map((quirk) => quirk.article);
      throw new BadRequest(`article: ${JSON.stringify(article)} is not known here; there is ${known.join(', ')}`);
    }
    operate(driver, { op: 'set', article, mode });
    return { legacy: driver.mta.legacy };
  },
  retry({ driver }, { mta }) {
    operate(driver, mta === undefined ? { op: 'retry' } : { op: 'retry', mta: knownMta(driver, mta) });
    return {};
  },
  endpoints({ driver }, { mta: name, endpoints }) {
    const mta = knownMta(driver, name);
    const isConnector = ltabOf(driver.mta).some((entry) => entry.name === mta && entry.link === 'x400');
    const unreadable = endpoints.find((text) => (isConnector ? !isConnectorAddress(text) : parseStringBinding(text) === null));
    if (unreadable !== undefined) {
      const what = isConnector
        ? 'address of an X.400 connector, such as 127.0.0.1[102]'
        : 'string binding, such as 127.0.0.1[4097]';
      throw new BadRequest(`endpoints: ${shortened(unreadable)} is no ${what}`);
    }
    operate(driver, { op: 'endpoints', mta, endpoints });
    return { endpoints: ltabOf(driver.mta).find((entry) => entry.name === mta)?.endpoints ?? [] };
  },
  bindings({ driver }, { bindings }) {
    if (bindings !== undefined) {
      const changed = changedBindings(driver.mta.bindings, bindings);
      if (typeof changed === 'string') throw new BadRequest(`bindings: ${changed}`);
      operate(driver, { op: 'bindings', bindings });
    }
    return viewBindings(driver.mta);
  },
  stop({ driver, clock }) {
    // After the reply: the client must see that its wish was understood.
    setImmediate(() => driver.input({ type: 'stop' }));
    return { limitMs: (driver.mta.settings.stopTimeoutS * 1000) / clock.timeScale };
  },
  clock({ driver, clock }, { offsetMs, advanceToMs, line }) {
    try {
      if (line !== undefined) {
        const { timeScale, epochMs, baseMs } = line;
        clock.setLine(epochMs === undefined || baseMs === undefined ? clock.lineWith(timeScale) : { timeScale, epochMs, baseMs });
      }
      if (offsetMs !== undefined) clock.setOffset(offsetMs);
      if (advanceToMs !== undefined) clock.advanceTo(advanceToMs);
    } catch (error) {
      throw error instanceof RangeError ? new BadRequest(error.message) : error;
    }
    driver.clockChanged();
    return { nowMs: clock.nowMs(), offsetMs: clock.offsetMs, timeScale: clock.timeScale };
  },
  diagnostics({ diagnostics }, { category: name, level: levelName }) {
    const category = name.toLowerCase() === 'all' ? null : categoryNamed(name);
    if (category === undefined) throw noSuch('category', name, [...categories, 'all']);
    if (levelName === undefined) return diagnostics.levels;
    const level = levelNamed(levelName);
    if (level === undefined) throw noSuch('level', levelName, levelNames);
    diagnostics.set(category, level);
    return diagnostics.levels;
  },
  subscribe: ({ client }, { stream, since }) => client.subscribe(stream, since),
  unsubscribe({ client }, { stream }) {
    client.unsubscribe(stream);
    return {};
  },
  'capture-begin': ({ captures }, { packets }) => ({ capture: captureOf(captures).begin(packets) }),
  'capture-read': ({ captures }, { capture }) => captureOf(captures).read(capture),
  'capture-end'({ captures }, { capture }) {
    captureOf(captures).end(capture);
    return {};
  },
};

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

/**
 * Carry out a command.
 * @throws BadRequest for an unknown command or wrong arguments; SubmitRefused.
 */
export async function carryOut(context: CommandContext, cmd: string, args: object): Promise<unknown> {
  if (!isCommand(cmd)) throw noSuch('command', cmd, Object.keys(commands), 'cmd');
  const read = commands[cmd].arguments.safeParse(args);
  if (!read.success) throw new BadRequest(problemOf(read.error, args));
  return (handlers[cmd] as Handler)(context, read.data);
}
