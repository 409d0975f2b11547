/** The error of this package. */

/** A result that cannot be read or shown. The message says what is wrong, where, and what to do. */
export class LoadReportError extends Error {
  override readonly name = 'LoadReportError';
}
