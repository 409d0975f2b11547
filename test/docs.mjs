/**
 * Generates parts of the documentation from the code: state diagrams from the core's own tables, the event list from the
 * catalogue. `npm run docs` writes them; a test compares them.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadMetrics } from '@mtalab/harness';
import {
  associationTable,
  diagnosticsLevels,
  eventsById,
  exchangeReleases,
  glossary,
  maxAddressBytes,
  maxLocalBytes,
  maxRecipients,
  ntReleases,
  overridable,
  releaseArticles,
  releaseReasons,
  turnTable,
} from '@mtalab/mta-core';
import { rules, simFaults } from '@mtalab/proof';
import { faultKindGroups } from '@mtalab/scenario';
import { metricGroups, metricsLimits } from '@mtalab/transport';
import { renderConfigSchema } from 'mtalab';
import { commandTree, renderManual } from 'mtalab/internal';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Mermaid wants names without dashes; the label keeps the real one. */
const id = (state) => state.replaceAll('-', '_');

function diagram(table, first) {
  const lines = ['stateDiagram-v2'];
  for (const state of Object.keys(table)) lines.push(`  state "${state}" as ${id(state)}`);
  for (const state of first) lines.push(`  [*] --> ${id(state)}`);
  for (const [state, row] of Object.entries(table)) {
    const arrows = new Map();
    for (const [event, next] of Object.entries(row)) arrows.set(next, [...(arrows.get(next) ?? []), event]);
    for (const [next, events] of arrows) lines.push(`  ${id(state)} --> ${id(next)} : ${events.join(', ')}`);
  }
  return ['```mermaid', ...lines, '```'].join('\n');
}

function matrix(table, what) {
  const events = [...new Set(Object.values(table).flatMap((row) => Object.keys(row)))];
  const rows = Object.entries(table).map(
    ([state, row]) => `| **${state}** | ${events.map((event) => row[event] ?? '').join(' | ')} |`,
  );
  return [`| ${what} | ${events.join(' | ')} |`, `|---|${events.map(() => '---|').join('')}`, ...rows].join('\n');
}

function events() {
  const levels = Object.entries(diagnosticsLevels);
  const cell = (text) => text.replaceAll('|', '\\|');
  const row = ([number, entry]) => {
    const parameters = (labels) =>
      Object.values(labels)
        .map((label) => label.replace(/=$/, ''))
        .join(', ') || '-';
    const place = (origin) =>
      Object.values(origin ?? {})
        .filter((part) => part !== null)
        .join(' ') || '-';
    const [level] = levels.find(([, value]) => value === entry.level) ?? ['none'];
    const words = `${cell(entry.says)}. *${cell(entry.explanation)}*`;
    const { calledOrigin, alsoSeen = [], forms = [] } = entry;
    const places = [
      place(entry.origin),
      ...(calledOrigin === undefined ? [] : [`called side: ${place(calledOrigin)}`]),
      ...(alsoSeen.length === 0 ? [] : [`also ${alsoSeen.map(place).join(', ')}`]),
    ].join('; ');
    const fixed = `${entry.type} | ${entry.category}`;
    const older = forms.map(({ versions, severity = entry.severity, origin = entry.origin, labels = entry.labels }) => {
      return `\n| ${number} in ${versions.join(', ')} | ${fixed} | ${severity} | ${level} | The same. | ${parameters(labels)} | ${place(origin)} | |`;
    });
    return `| ${number} | ${fixed} | ${entry.severity} | ${level} | ${words} | ${parameters(entry.labels)} | ${places} | ${entry.articles.join(', ') || '-'} |${older.join('')}`;
  };
  return [
    '| id | type | category | severity | from level | what it says, and *what to do* | parameters | origin | articles |',
    '|---|---|---|---|---|---|---|---|---|',
    ...Object.entries(eventsById).map(row),
  ].join('\n');
}

function releases(all) {
  const articles = all[0].cells.map((cell) => cell.article);
  const rows = all.map((release) => [
    release.version,
    release.servicePack,
    release.build,
    release.short,
    ...release.cells.map(({ on }) => (on ? '**on**' : '-')),
  ]);
  return markdown(['version', 'service pack', 'build', 'written', ...articles], rows);
}

function reasons() {
  const rows = releaseArticles.flatMap(({ article, title }) =>
    releaseReasons(article).map(({ on, because, first, last }, at) => [
      at === 0 ? `**${article}** ${title}` : '',
      first === last ? first.name : `${first.name} to ${last.name}`,
      on ? '**on**' : '-',
      because,
    ]),
  );
  return markdown(['article', 'releases', '', 'because'], rows);
}

function markdown(titles, rows) {
  return [
    `| ${titles.join(' | ')} |`,
    `|${titles.map(() => '---|').join('')}`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

/** Limits of the envelope. */
function envelopeLimits() {
  return markdown(
    ['limit', 'value'],
    [
      ['recipients of a message', maxRecipients],
      ['octets of the local part of an address', maxLocalBytes],
      ['octets of an address', maxAddressBytes],
    ],
  );
}

/** Longest line of a paragraph, in characters. */
const maxLine = 160;

/** A paragraph in lines, broken at blanks. */
function paragraph(text) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== '' && line.length + 1 + word.length > maxLine) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}

/** The terms, under the letters that they begin with. */
function terms() {
  let letter = '';
  return glossary
    .map(({ names, text, source }) => {
      const entry = paragraph(`**${names.join(', ')}.** ${text}${source === null ? '' : ` (${source})`}`);
      const first = names[0].charAt(0).toUpperCase();
      if (first === letter) return entry;
      letter = first;
      return `## ${first}\n\n${entry}`;
    })
    .join('\n\n');
}

/** Kinds of PDUs that faults can name, and the links that have them. */
function kinds() {
  const links = { lan: 'LAN', x400: 'X.400' };
  return markdown(
    ['', 'kinds', 'link'],
    faultKindGroups.map(({ what, kinds: names, links: has }) => [
      what,
      names.map((kind) => `\`${kind}\``).join(', '),
      has.map((link) => links[link]).join(', '),
    ]),
  );
}

/** Units of the ratios of simulated faults. */
const opportunities = {
  sent: 'thing sent',
  give: 'Turn-Give sent',
  event: 'event',
  commit: 'commit',
  delivery: 'delivery',
  listen: 'listen',
};

function simulatedFaults() {
  const rows = Object.entries(simFaults).map(([kind, { what, per, ratio, most }]) => {
    return [`\`${kind}\``, what, `${ratio.n} of ${ratio.of}, per ${opportunities[per]}`, most];
  });
  return markdown(['fault', 'what it does', 'ratio', 'at most'], rows);
}

function checkedRules() {
  const rows = Object.entries(rules).map(([rule, { kind, words, clause }]) => [`\`${rule}\``, kind, words, clause]);
  return markdown(['rule', 'kind', 'in words', 'source'], rows);
}

/** Keys with a separate table or page. */
const elsewhere = ['settings', 'log.levels', 'peers[].overrides'];

/** The keys of a configuration below `schema`. */
function* keysOf(schema, above = '') {
  for (const [name, value] of Object.entries(schema.properties)) {
    const key = `${above}${name}`;
    yield { ...value, key, required: schema.required?.includes(name) === true };
    if (elsewhere.includes(key)) continue;
    if (value.properties !== undefined) yield* keysOf(value, `${key}.`);
    if (value.items?.properties !== undefined) yield* keysOf(value.items, `${key}[].`);
  }
}

function range({ type, enum: choices, minimum, maximum }) {
  if (choices !== undefined) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (type === 'boolean') return '`true`, `false`';
  return minimum === undefined || maximum === undefined ? '' : `${minimum} to ${maximum}`;
}

/** A description without the default at its end, and that default. */
function apart(description = '') {
  const [, words, standard] = /^(.*?)(?: Default: (.*))?$/s.exec(description);
  return [words, (standard ?? '').replace(/\.$/, '')].map((text) => text.replaceAll('|', '\\|'));
}

const schema = JSON.parse(renderConfigSchema());

function keys() {
  const rows = [...keysOf(schema)].map((value) => {
    const [words, standard] = apart(value.description);
    return [`\`${value.key}\``, words, range(value), value.required ? 'must be given' : standard];
  });
  return markdown(['key', 'what it is', 'values', 'default'], rows);
}

function settings() {
  const rows = Object.entries(schema.properties.settings.properties).map(([name, value]) => {
    const [words, standard] = apart(value.description);
    const [, means, exchange, unit] = /^(.*?)(?: Own setting\.)?(?: Exchange: (.*?)\.)?(?: Unit: (.*?)\.)?$/s.exec(words);
    const own = overridable.includes(name) ? 'yes' : '';
    return [`\`${name}\``, means, exchange ?? '', unit ?? '', range(value), standard, own];
  });
  return markdown(['setting', 'what it is', 'in Exchange', 'unit', 'values', 'default', 'override'], rows);
}

/** The metrics of thresholds; those of latencies in their plain form. */
function thresholdMetrics() {
  const plain = [...loadMetrics].filter(([name]) => !name.includes('.'));
  return markdown(
    ['metric', 'what it is', 'unit'],
    plain.map(([name, { meaning, unit }]) => [`\`${name}\``, meaning, unit]),
  );
}

/** Limits of the endpoint of the metrics. */
function endpointLimits() {
  const { maxPeers, maxConnections, maxHeadBytes, requestTimeoutMs, idleTimeoutMs, keepAliveMs } = metricsLimits;
  return markdown(
    ['limit', 'value'],
    [
      ['adjacent MTAs with series of their own', maxPeers],
      ['connections at one time', maxConnections],
      ['head of a request, octets', maxHeadBytes],
      ['time for a request to arrive, s', requestTimeoutMs / 1000],
      ['time in which a client takes nothing of its answer, s', idleTimeoutMs / 1000],
      ['time that an idle connection is kept, s', keepAliveMs / 1000],
    ],
  );
}

/** All metrics, a table for each group. */
function metrics() {
  return metricGroups
    .map(({ title, metrics: all }) => {
      const hasNames = all.some(({ exchange }) => exchange !== undefined);
      const rows = all.map(({ name, type, labels, help, exchange }) => [
        `\`${name}\``,
        ...(hasNames ? [exchange ?? ''] : []),
        type,
        labels.map((label) => `\`${label}\``).join(', '),
        help.replaceAll('|', '\\|'),
      ]);
      return `## ${title}\n\n${markdown(['metric', ...(hasNames ? ['in Exchange'] : []), 'type', 'labels', 'what it is'], rows)}`;
    })
    .join('\n\n');
}

/** The generated text between the marks of each name; people write the rest of the page. */
const parts = {
  'docs/ARCHITECTURE.md': {
    'association diagram': diagram(associationTable, ['opening', 'answering']),
    'association table': matrix(associationTable, 'association'),
    'turn diagram': diagram(turnTable, ['held', 'theirs']),
    'turn table': matrix(turnTable, 'Turn'),
  },
  'docs/configuration.md': { keys: keys(), settings: settings() },
  'docs/events.md': { events: events() },
  'docs/faults.md': { kinds: kinds() },
  'docs/glossary.md': { terms: terms() },
  'docs/load.md': { metrics: thresholdMetrics() },
  'docs/limits.md': { envelope: envelopeLimits() },
  'docs/metrics.md': { metrics: metrics(), limits: endpointLimits() },
  'docs/releases.md': { exchange: releases(exchangeReleases), 'windows nt': releases(ntReleases), reasons: reasons() },
  'docs/verification/simulator.md': { faults: simulatedFaults(), rules: checkedRules() },
};

function drawn(page, text, pieces) {
  let result = text;
  for (const [name, content] of Object.entries(pieces)) {
    const begin = `<!-- drawn: ${name} -->`;
    const end = '<!-- end -->';
    const from = result.indexOf(begin);
    const to = result.indexOf(end, from);
    if (from < 0 || to < 0) throw new Error(`${page}: the marks ${begin} and ${end} are missing`);
    result = `${result.slice(0, from + begin.length)}\n\n${content}\n\n${result.slice(to)}`;
  }
  return result;
}

/** Files that are generated as a whole. */
const files = { 'packages/cli/man/mtalab.1': renderManual(commandTree()) };

const write = !process.argv.includes('--check');

/** Writes a page that differs from the code, or says that it does. */
function keep(page, before, wanted) {
  if (wanted === before) return;
  const path = resolve(root, page);
  if (write) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, wanted);
  } else console.error(`${page} does not match the code: run npm run docs`);
  process.exitCode = write ? 0 : 1;
}

for (const [page, pieces] of Object.entries(parts)) {
  const text = readFileSync(resolve(root, page), 'utf8');
  keep(page, text, drawn(page, text, pieces));
}
for (const [page, wanted] of Object.entries(files)) {
  const path = resolve(root, page);
  keep(page, existsSync(path) ? readFileSync(path, 'utf8') : '', wanted);
}
