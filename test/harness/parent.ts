/** A program that starts a lab, prints its pids and waits until the test kills it. Arguments: the MTA (or `real`), a folder. */
import { type LabOptions, spawnPair } from '@mtalab/harness';
import { spawnPair as spawnRealPair } from 'mtalab';

const [, , program = '', dir = ''] = process.argv;
const fake: LabOptions = { command: [process.execPath, program], renderConfig: (config) => JSON.stringify(config), dir };
const lab = program === 'real' ? await spawnRealPair({ dir }) : await spawnPair(fake);
await lab.register();
process.stdout.write(`${JSON.stringify([...lab.processes.values()].map((one) => one.pid))}\n`);
setInterval(() => {}, 60_000);
