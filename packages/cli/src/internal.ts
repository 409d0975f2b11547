/** Exports for this package's own tests. They change without notice. */
export type { CommandIo } from './command-io.js';
export { commandTree } from './command-tree/program.js';
export { completionScripts } from './commands/completion.js';
export { explainTerm } from './commands/explain-term.js';
export { faultRequest } from './commands/fault.js';
export { noteDone, progressFile, readProgress } from './learn/progress.js';
export type { Recording } from './learn/record.js';
export { teach } from './learn/teach.js';
export { loadReportFormats, renderLoadReport } from './load/report.js';
export { consoleFormat, jsonFormat, type LogLine, textFormat } from './logs/entry-formats.js';
export { needsNow, type SelectionFlags, selectionFilter, selectionOf } from './logs/event-selection.js';
export { JournalTail } from './logs/journal-tail.js';
export { LogTail } from './logs/log-tail.js';
export { renderManual } from './manual/manual.js';
export { mtaCommand } from './mta-command.js';
export { type PairFlags, planPair } from './pair/pair-plan.js';
export { type Progress, ProgressMeter } from './pair/progress.js';
export { judgeStandstill, type LabAtRest } from './pair/standstill.js';
export { renderAssociations } from './render/associations.js';
export { type Paint, paint } from './render/colours.js';
export { renderDiagnostics } from './render/diagnostics.js';
export { explainedEvent, renderDelivery, renderEvent, renderReason } from './render/events.js';
export { renderExplanation } from './render/explain.js';
export { LiveStatus } from './render/live-status.js';
export { renderLoadText } from './render/load.js';
export { renderComparison } from './render/load-comparison.js';
export { LoadDisplay, queueBar } from './render/load-progress.js';
export { renderLtab } from './render/ltab.js';
export { renderLive, renderReady, renderSummary } from './render/pair.js';
export { clip, table, wrap } from './render/table.js';
export { renderTop } from './render/top.js';
export { bytes, span } from './render/units.js';
export {
  renderBindings,
  renderFaults,
  renderMessages,
  renderQueues,
  renderRuns,
  renderStatus,
} from './render/views.js';
export { runCommand } from './run-command.js';
export { loadScenario, scenarioFileOf } from './scenario/load.js';
export type { TopSample, TopSight } from './top/sample.js';
export { sortedTop, TopHistory } from './top/view.js';
