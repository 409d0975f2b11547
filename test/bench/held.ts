/**
 * Loaded into an MTA before everything else (`node --import`): at SIGUSR2 it collects its garbage and writes how many octets it holds
 * then into the file that its own address names. The resident set cannot tell that: it also has what a start leaves behind.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const file = new URL(import.meta.url).searchParams.get('to');
if (file === null) throw new Error('held.js wants the query ?to=FILE');
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('SIGUSR2', () => {
  // What the first collection lets go of may hold what the second one finds.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(`${file}.part`, String(heapUsed + external));
  renameSync(`${file}.part`, file);
});
