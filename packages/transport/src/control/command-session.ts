/** One client of a control server that is not an MTA's: a table of commands, without uploads and streams. */
import type { WebSocket } from 'ws';
import { noSuch } from './bad-request.js';
import { controlLimits } from './control-limits.js';
import { type GivenArguments, readRequest } from './read-request.js';
import type { ServerMessage } from './schema.js';

/** Commands by name. What one throws is the reason of the refusal, for the client. */
export type CommandTable = Readonly<Record<string, (args: GivenArguments) => unknown>>;

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
