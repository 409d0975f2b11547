/** Entry of the command `mtalab`. */
import { processIo } from './command-io.js';
import { runCommand } from './run-command.js';

process.exitCode = await runCommand(process.argv.slice(2), processIo());
