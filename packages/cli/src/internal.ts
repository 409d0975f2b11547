/** What this package's own tests look at. Not for others: it changes without notice. */
export { faultRequest } from './commands/fault.js';
export { consoleForm, jsonForm, type LogLine, textForm } from './logs/entry-formats.js';
export { chosenBy, needsNow, type SelectionFlags, selectionOf } from './logs/event-selection.js';
export { LineTail } from './logs/log-tail.js';
export { type PairFlags, planPair } from './pair/pair-plan.js';
export { judgeStill, type StillLab } from './pair/standstill.js';
export { renderAssociations } from './render/associations.js';
export { renderDiagnostics } from './render/diagnostics.js';
export { explainedEvent, renderDelivery, renderEvent, renderReason } from './render/events.js';
export { Live } from './render/live-status.js';
export { renderLive, renderReady, renderSummary } from './render/pair.js';
export { bytes, paint, printable, span } from './render/text.js';
export {
  renderBindings,
  renderFaults,
  renderLtab,
  renderMessages,
  renderQueues,
  renderRuns,
  renderStatus,
} from './render/views.js';
export { loadScenario, scenarioFileOf } from './scenario/load.js';
