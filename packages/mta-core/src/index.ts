/** The public entry of the protocol core. */
export * from './apdu.js';
export * from './behaviour.js';
export type * from './context.js';
export type * from './effect.js';
export * from './events/parameters.js';
export * from './fifo.js';
export type * from './input.js';
export * from './intervals.js';
export * from './message.js';
export * from './pdu.js';
export * from './quirks/index.js';
export * from './rpc/model.js';
export * from './settings.js';
export type * from './state.js';
export * from './table.js';
