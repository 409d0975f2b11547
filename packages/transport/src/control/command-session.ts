/** One client of a control server that is not an MTA's: a table of commands, without uploads and streams. */
import type { WebSocket } from 'ws';
import { nearestName } from './nearest-name.js';
import { type ControlReply, controlLimits } from './protocol.js';

/** What a command gets: the request without its id and name. */
export type CommandArguments = Readonly<Record<string, unknown>>;

/** Commands by name. What one throws is told to the client as the reason of the refusal. */
export type CommandTable = Readonly<Record<string, (args: CommandArguments) => unknown>>;

const maxUnreadBytes = 4 * controlLimits.maxMessageBytes;

/** Serve this client until it goes. */
export function serveCommands(socket: WebSocket, commands: CommandTable): void {
  let outstanding = 0;
  const reply = (message: ControlReply): void => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(JSON.stringify(message));
    // A client that asks and never reads is cut off.
    if (socket.bufferedAmount > maxUnreadBytes) socket.terminate();
  };
  const answer = async (text: string): Promise<void> => {
    let id: number | null = null;
    outstanding += 1;
    try {
      const request = JSON.parse(text) as unknown;
      if (typeof request !== 'object' || request === null || Array.isArray(request))
        throw new Error('a request must be a JSON object');
      const { id: given, cmd, ...args } = request as Record<string, unknown>;
      if (!Number.isSafeInteger(given)) throw new Error('id: expected a whole number, by which the reply is known');
      id = given as number;
      if (outstanding > controlLimits.maxOutstanding)
        throw new Error(`${controlLimits.maxOutstanding} requests wait for their answers already`);
      const name = typeof cmd === 'string' ? cmd : '';
      const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
      if (command === undefined) throw new Error(unknown(name, Object.keys(commands)));
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

function unknown(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names);
  const shown = JSON.stringify(name.length > 40 ? `${name.slice(0, 37)}...` : name);
  return `cmd: ${shown} is no command${nearest === undefined ? `; there is ${names.join(', ')}` : `; did you mean ${nearest}?`}`;
}
