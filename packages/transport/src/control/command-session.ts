/** One client of a control server that is not an MTA's: a table of commands, without uploads and streams. */
import type { WebSocket } from 'ws';
import { BadRequest, noSuch, problemOf } from './bad-request.js';
import { controlLimits } from './control-limits.js';
import { type GivenArguments, readRequest } from './read-request.js';
import type { CommandSchemas, ResultOf, ServerMessage, ValuesOf } from './schema.js';

/** Commands by name. What one throws is the reason of the refusal, for the client. */
export type CommandTable = Readonly<Record<string, (args: GivenArguments) => unknown>>;

/** A function for each command. It gets the arguments as the schema has read them. */
export type CommandHandlers<Schemas extends CommandSchemas> = {
  readonly [Name in keyof Schemas]: (
    values: ValuesOf<Schemas, Name>,
  ) => ResultOf<Schemas, Name> | Promise<ResultOf<Schemas, Name>>;
};

/** A table of commands that checks the arguments of each with its schema. */
export function checkedCommands<Schemas extends CommandSchemas>(
  schemas: Schemas,
  handlers: CommandHandlers<Schemas>,
): CommandTable {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { arguments: expected }]) => [
      name,
      (args: GivenArguments): unknown => {
        const read = expected.safeParse(args);
        if (!read.success) throw new BadRequest(problemOf(read.error, args));
        return handlers[name as keyof Schemas](read.data as ValuesOf<Schemas, keyof Schemas>);
      },
    ]),
  );
}

const maxUnreadBytes = 4 * controlLimits.maxMessageBytes;

/** Serve this client until it goes. */
export function serveCommands(socket: WebSocket, commands: CommandTable): void {
  let outstanding = 0;
  const reply = (message: ServerMessage['result' | 'refusal']): void => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(JSON.stringify(message));
    // A client that sends requests and never reads is cut off.
    if (socket.bufferedAmount > maxUnreadBytes) socket.terminate();
  };
  const answer = async (text: string): Promise<void> => {
    let id: number | null = null;
    outstanding += 1;
    try {
      const { id: given, cmd, args } = readRequest(text);
      id = given;
      if (outstanding > controlLimits.maxOutstanding)
        throw new Error(`${controlLimits.maxOutstanding} requests wait for their answers already`);
      const command = Object.hasOwn(commands, cmd) ? commands[cmd] : undefined;
      if (command === undefined) throw noSuch('command', cmd, Object.keys(commands), 'cmd');
      const result = (await command(args)) ?? {};
      reply({ id, ok: true, result });
    } catch (error) {
      reply({ id, ok: false, error: error instanceof Error ? error.message : String(error) });
    } finally {
      outstanding -= 1;
    }
  };
  socket.on('error', () => socket.terminate());
  socket.on('message', (data, isBinary) => {
    if (isBinary) reply({ id: null, ok: false, error: 'nothing is uploaded here' });
    else void answer((data as Buffer).toString('utf8'));
  });
}
