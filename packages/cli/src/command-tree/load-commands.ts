/** Commands of load runs. */
import { type CommandEntry, groups } from './command-entry.js';
import { defineLoad, loadDetail } from './load-options.js';

export const loadCommands: readonly CommandEntry[] = [
  {
    group: groups.run,
    usage: 'load',
    summary: 'put MTAs under load, measure latencies, and check that nothing is lost',
    detail: loadDetail,
    define: defineLoad,
    load: () => import('../commands/load.js'),
  },
];
