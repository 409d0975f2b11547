/** The public entry of the engine: MTAs on virtual time. Runs in a browser. */
export { VirtualLab, type VirtualLabOptions } from './stage/lab.js';
export { Listeners } from './stage/listeners.js';
export { VirtualLabError } from './stage/node.js';
export { runOnSim, type VirtualOptions, type VirtualRecord } from './stage/run.js';
export { ContentMismatch, type StoreJob, VirtualStore } from './store.js';
