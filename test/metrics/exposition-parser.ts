/**
 * A strict reader of the text forms of metrics, for the tests: it refuses all that the specifications of Prometheus (0.0.4) and
 * OpenMetrics (1.0.0) do not allow, and some of what their tools warn of.
 */

export type Sample = {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
};
export type Family = {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
};

const labelPattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

function labelsOf(text: string, line: string): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  labelPattern.lastIndex = 0;
  while (labelPattern.lastIndex < text.length) {
    const match = labelPattern.exec(text);
    if (match === null) throw new Error(`labels that cannot be read: ${line}`);
    const [, name = '', raw = '', comma] = match;
    if (labels.has(name)) throw new Error(`the label ${name} twice: ${line}`);
    if (comma === ',' && labelPattern.lastIndex === text.length) throw new Error(`a comma at the end: ${line}`);
    labels.set(
      name,
      raw.replaceAll(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter)),
    );
  }
  return labels;
}

function sampleOf(line: string): Sample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (match === null) throw new Error(`no sample: ${line}`);
  const [, name = '', labels = '', number = ''] = match;
  if (!/^(?:[-+]?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?)|\+Inf|-Inf|NaN)$/i.test(number)) throw new Error(`no number: ${line}`);
  return { name, labels: labelsOf(labels, line), value: number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number) };
}

const suffixes: Readonly<Record<string, readonly string[]>> = { histogram: ['_bucket', '_sum', '_count'] };

function checkHistogram({ name, samples }: Family): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => {
    const bound = labels.get('le');
    if (bound === undefined) throw new Error(`${name}: a bucket without le`);
    return bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
  });
  const rises = (list: readonly number[], strictly: boolean): boolean =>
    list.every((value, at) => at === 0 || value > (list[at - 1] ?? 0) || (!strictly && value === list[at - 1]));
  if (!rises(bounds, true) || bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`${name}: wrong bounds`);
  const counts = buckets.map(({ value }) => value);
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value;
  if (!rises(counts, false) || counts.at(-1) !== count) throw new Error(`${name}: the buckets do not add up`);
}

function checkFamily(family: Family, isOpen: boolean): void {
  const { name, type, help, samples } = family;
  if (help === '' || samples.length === 0) throw new Error(`${name}: no help, or no samples`);
  if (!['counter', 'gauge', 'histogram'].includes(type)) throw new Error(`${name}: unknown type ${type}`);
  if ((type === 'counter' && !isOpen) !== name.endsWith('_total')) throw new Error(`${name}: _total is for counters`);
  const allowed = type === 'counter' && isOpen ? [`${name}_total`] : (suffixes[type] ?? ['']).map((suffix) => `${name}${suffix}`);
  const seen = new Set<string>();
  for (const sample of samples) {
    if (!allowed.includes(sample.name)) throw new Error(`${sample.name} is no sample of ${name}`);
    if (type !== 'gauge' && !(sample.value >= 0)) throw new Error(`${sample.name} counts ${sample.value}`);
    const key = JSON.stringify([sample.name, [...sample.labels].sort()]);
    if (seen.has(key)) throw new Error(`twice: ${key}`);
    seen.add(key);
  }
  if (type === 'histogram') checkHistogram(family);
}

/** @throws Error naming what is wrong. */
export function parseExposition(text: string, form: 'prometheus' | 'openmetrics'): ReadonlyMap<string, Family> {
  const isOpen = form === 'openmetrics';
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const lines = text.slice(0, -1).split('\n');
  if (isOpen && lines.pop() !== '# EOF') throw new Error('the end mark is missing');
  const families = new Map<string, Family & { samples: Sample[] }>();
  let present: (Family & { type: string; samples: Sample[] }) | undefined;
  for (const line of lines) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (word === 'HELP') {
      if (families.has(name)) throw new Error(`${name} is in two places`);
      present = { name, type: '', help: rest, samples: [] };
      families.set(name, present);
    } else if (word === 'TYPE') {
      if (present?.name !== name || present.type !== '' || present.samples.length > 0)
        throw new Error(`TYPE of ${name} is misplaced`);
      present.type = rest;
    } else if (line !== '' || isOpen) {
      if (present === undefined) throw new Error(`a sample before any HELP: ${line}`);
      present.samples.push(sampleOf(line));
    }
  }
  for (const family of families.values()) checkFamily(family, isOpen);
  return families;
}
