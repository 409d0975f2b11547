/**
 * What one MTA process needs of this package: the rest of it is for whoever starts and watches MTAs, and would cost every MTA
 * 10 MiB of memory and a part of its start.
 */
export { MtaCaptures } from './capture/mta-captures.js';
export { addressKey, addressProblem, plainAddress } from './lab/addresses.js';
export { logFolderOf } from './lab/lab-paths.js';
export { onParentExit } from './process/parent-exit.js';
export { registerRun } from './registry/registry.js';
