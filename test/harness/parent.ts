/** A program that starts a lab of fake MTAs, tells their pids and then does nothing, until it is killed. */
import { spawnPair } from '@mtalab/harness';

const lab = await spawnPair({ command: [process.execPath, process.argv[2] ?? ''], renderConfig: (config) => JSON.stringify(config), dir: process.argv[3] });
await lab.register();
process.stdout.write(`${JSON.stringify([...lab.processes.values()].map((one) => one.pid))}\n`);
setInterval(() => {}, 60_000);
