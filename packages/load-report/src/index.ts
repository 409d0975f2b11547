/** The public entry of the reports of load runs. */
export { type ComparedFigure, type ComparedRun, compareLoads, type LoadComparison, type MtaDifference } from './compare.js';
export { LoadReportError } from './error.js';
export {
  commandOf,
  countKeys,
  countNames,
  isBadCount,
  latencyColumns,
  latencyMeanings,
  latencyText,
  numberText,
  ratioText,
  secondsText,
  verdictWords,
} from './figures.js';
export { renderHlog } from './hlog.js';
export { renderComparisonHtml } from './html/comparison.js';
export { renderLoadHtml } from './html/report.js';
export type { OptionDifference } from './options.js';
export { parseLoadJson, renderLoadJson } from './result-json.js';
