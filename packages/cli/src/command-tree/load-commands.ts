/** Commands of load runs. */
import { InvalidArgumentError } from 'commander';
import { type CommandEntry, groups } from './command-entry.js';
import { defineLoad, loadDetail } from './load-options.js';
import { withJson } from './shared-options.js';

/** Reads the name of a file. Refuses an empty one: an unset shell variable names no file. */
function file(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}

const compare: CommandEntry = {
  group: groups.run,
  usage: 'compare <a.json> <b.json>',
  summary: 'compare the results of two load runs: ratios, what differs, one page with the charts of both',
  detail: `
The files are JSON reports of load runs, such as of legacy and fixed, or of before and after a change. B / A is the value of the
second run divided by that of the first. It warns if the loads differ, because ratios then say little.

Example:
  mtalab load compare legacy.json fixed.json --html compared.html`,
  define: (command) =>
    withJson(command.option('--html <file>', 'write one HTML page with the charts of both runs to this file', file)),
  load: () => import('../commands/load-compare.js'),
};

export const loadCommands: readonly CommandEntry[] = [
  {
    group: groups.run,
    usage: 'load',
    summary: 'put MTAs under load, measure latencies, and check that nothing is lost',
    detail: loadDetail,
    define: defineLoad,
    load: () => import('../commands/load.js'),
    subcommands: [compare],
  },
];
