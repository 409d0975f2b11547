/** The dashboard and the documentation name metrics and labels that exist. */
import { readFileSync } from 'node:fs';
import { metricGroups, mtaLabel } from '@mtalab/transport';
import { test } from 'tap';

const metrics = new Map(metricGroups.flatMap(({ metrics: all }) => all.map((metric) => [metric.name, metric] as const)));

/** Counters of the objects MSExchangeMTA and MSExchangeMTA Connections. */
const exchangeCounters = [
  'Work Queue Length',
  'Work Queue Bytes',
  'Messages/Sec',
  'Message Bytes/Sec',
  'Adjacent MTA Associations',
  'Inbound Messages Total',
  'Outbound Messages Total',
  'Inbound Bytes Total',
  'Outbound Bytes Total',
  'Total Loops Detected',
  'Queue Length',
  'Queued Bytes',
  'Associations',
  'Current Inbound Associations',
  'Cumulative Inbound Associations',
  'Current Outbound Associations',
  'Cumulative Outbound Associations',
  'Failed Outbound Associations',
  'Inbound Rejected Total',
  'Inbound Reject Reason',
  'Outbound Failure Reason',
  'Last Inbound Association',
  'Last Outbound Association',
  'Next Association Retry',
  'Oldest Message Queued',
  'Connector Index',
];

/** The metric of a name in an expression; the samples of a histogram have names of their own. */
function metricOf(name: string) {
  return metrics.get(name) ?? metrics.get(name.replace(/_(?:bucket|sum|count)$/, ''));
}

/** Texts under these keys, at any depth. */
function textsAt(value: unknown, keys: readonly string[]): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((each) => textsAt(each, keys));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    keys.includes(key) && typeof each === 'string' ? [each] : textsAt(each, keys),
  );
}

function unknownIn(expression: string): readonly string[] {
  const found: string[] = [];
  for (const [, name = '', selector = ''] of expression.matchAll(/\b(mtalab_[a-z0-9_]+)(?:\{([^}]*)\})?/g)) {
    const metric = metricOf(name);
    if (metric === undefined) found.push(name);
    for (const [, label = ''] of selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g))
      if (label !== mtaLabel && metric?.labels.includes(label) !== true) found.push(`${label} of ${name}`);
  }
  return found;
}

test('every expression of the dashboard names metrics of the list', (t) => {
  const dashboard: unknown = JSON.parse(readFileSync('examples/grafana/mtalab.json', 'utf8'));
  const expressions = textsAt(dashboard, ['expr', 'query', 'definition']).filter((text) => text !== 'prometheus');
  t.ok(expressions.length > 30);
  for (const expression of expressions) {
    t.match(expression, /mtalab_/);
    t.same(unknownIn(expression), [], expression);
  }
  const shown = new Set(expressions.flatMap((text) => text.match(/mtalab_[a-z0-9_]+/g) ?? []));
  for (const name of ['mtalab_connections_next_association_threshold', 'mtalab_turn_seconds_total', 'mtalab_turn_gives_total'])
    t.ok(shown.has(name), `it shows ${name}`);
  t.same(unknownIn('rate(mtalab_lost_total{peer="x"}[1m]) + mtalab_turn_gives_total{turn="held"}'), [
    'mtalab_lost_total',
    'peer of mtalab_lost_total',
    'turn of mtalab_turn_gives_total',
  ]);
  t.end();
});

test('pages name metrics of the list, and every counter of Exchange has one', (t) => {
  for (const page of ['README.md', 'docs/metrics.md']) {
    const names = readFileSync(page, 'utf8').match(/mtalab_[a-z0-9_]*[a-z0-9]/g) ?? [];
    const prefixes = ['mtalab_connections'];
    t.same(
      names.filter((name) => metricOf(name) === undefined && !prefixes.includes(name)),
      [],
      page,
    );
  }
  const mirrored = [...metrics.values()].flatMap(({ exchange }) => exchange ?? []);
  t.equal(mirrored.length, new Set(mirrored).size + 4, 'both objects have the four totals');
  t.same([...new Set(mirrored)].sort(), [...exchangeCounters].sort());
  t.end();
});
