/** The public entry of the protocol core. */
export * from './apdu.js';
export { type AssociationEvent, associationTable } from './association/table.js';
export * from './behaviour.js';
export {
  type Binding,
  type BindingChange,
  type BindingWish,
  changedBindings,
  type DialPath,
  nameOfBinding,
  wishedBindings,
} from './bindings.js';
export type * from './context.js';
export * from './describe.js';
export type * from './effect.js';
export * from './events/catalogue.js';
export * from './events/diagnostics.js';
export * from './events/entry.js';
export * from './events/nt-errors.js';
export * from './events/parameters.js';
export * from './events/samples.js';
export * from './fifo.js';
export type * from './input.js';
export * from './intervals.js';
export { domainOf } from './mail/routing.js';
export * from './message.js';
export * from './pdu.js';
export * from './quirks/index.js';
export * from './releases.js';
export { addressesMeet, familyOf, isUnspecified, type ParsedBinding, parseStringBinding } from './rpc/binding.js';
export { maxOutstandingCalls } from './rpc/connections.js';
export { fragmentBytes } from './rpc/contexts.js';
export * from './rpc/model.js';
export * from './rpc/runtime.js';
export * from './rpc/services.js';
export { rpcDeadline, rpcTimer } from './rpc/timer.js';
export * from './settings.js';
export type * from './state.js';
export { type Stepped, start, step } from './step.js';
export * from './table.js';
export { associationDeadlines, nextDeadline } from './timers.js';
export { believes, type TurnEvent, turnTable } from './turn/table.js';
export * from './view.js';
