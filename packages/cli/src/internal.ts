/** What this package's own tests look at. Not for others: it changes without notice. */
export { faultRequest } from './commands/fault.js';
export { planPair } from './pair/options.js';
export { judgeStill, type StillLab } from './pair/verdict.js';
export { renderAssociations } from './render/associations.js';
export { renderDelivery, renderEvent } from './render/events.js';
export { Live } from './render/live.js';
export { renderLive, renderReady, renderSummary } from './render/pair.js';
export { bytes, paint, printable, span } from './render/text.js';
export { renderFaults, renderLtab, renderMessages, renderQueues, renderRuns, renderStatus } from './render/views.js';
export { loadScenario, scenarioFileOf } from './scenario/load.js';
export { LineTail } from './tail.js';
