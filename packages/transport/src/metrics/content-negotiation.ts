/** Chooses the form of the metrics by the header Accept (RFC 9110, 12.5.1). */
import type { ExpositionFormat } from './exposition.js';

/** The only version of OpenMetrics that is written here. */
const openMetricsVersion = '1.0.0';

type Range = { readonly type: string; readonly version: string | undefined; readonly quality: number };

function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const parameter = (name: string): string | undefined =>
    parameters
      .find((each) => each.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replaceAll('"', '');
  const quality = Number(parameter('q') ?? 1);
  return { type, version: parameter('version'), quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

/**
 * The form that a client prefers. Without a preference it is the text form of Prometheus, which people and all tools read. A client
 * that wants neither gets that too: better than no answer.
 */
export function formatFor(accept: string | undefined): ExpositionFormat {
  const ranges = (accept ?? '').split(',').map(rangeOf);
  const best = (fits: (range: Range) => boolean): number => Math.max(0, ...ranges.filter(fits).map(({ quality }) => quality));
  const open = best(
    ({ type, version }) => type === 'application/openmetrics-text' && (version === undefined || version === openMetricsVersion),
  );
  return open > 0 && open >= best(({ type }) => type === 'text/plain') ? 'openmetrics' : 'prometheus';
}
