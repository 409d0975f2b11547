/** The public entry of the engine: MTAs on virtual time. Runs in a browser. */
export type { Lane, TransitInput, VirtualConnection, VirtualEnd } from './connection.js';
export type { EngineCore } from './core.js';
export { Engine, type EngineOptions, RestlessTimer } from './engine.js';
export { type DeliverEffect, type DialEffect, type EngineEvent, type ListenEffect, processOf } from './event.js';
export { Fork, ForkError, type ForkMail } from './fork/fork.js';
export type { UnderWay } from './fork/fork-gate.js';
export { VirtualNetwork } from './network.js';
export type { OpenListener, VirtualNode } from './node.js';
export { type NodeSocket, type NodeTransit, type NodeView, viewNode } from './node-view.js';
export type { CommitDecision, DialRoute, EnginePolicy, EngineWatch, FrameFate, ListenOutcome, ProcessLoss } from './policy.js';
export { Listeners } from './stage/listeners.js';
export type { VirtualLabOptions } from './stage/mta-config.js';
export { runOnSim, type VirtualOptions, type VirtualRecord } from './stage/run-on-sim.js';
export { VirtualLab } from './stage/virtual-lab.js';
export { VirtualLabError } from './stage/virtual-lab-error.js';
export { ContentMismatch, type StoreJob, VirtualStore } from './virtual-store.js';
