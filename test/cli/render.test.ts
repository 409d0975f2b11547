/** Printed output for canned views. The expected texts are in data/render.txt; UPDATE=1 rewrites them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { readable } from '@mtalab/harness';
import { levelsOf, type QueueView } from '@mtalab/mta-core';
import { ladderAsText, legendText } from '@mtalab/trace';
import {
  explainTerm,
  judgeStandstill,
  type LabAtRest,
  type Paint,
  type Progress,
  paint,
  renderAssociations,
  renderBindings,
  renderDelivery,
  renderDiagnostics,
  renderEvent,
  renderExplanation,
  renderFaults,
  renderLive,
  renderLtab,
  renderMessages,
  renderQueues,
  renderReady,
  renderRuns,
  renderStatus,
  renderSummary,
} from 'mtalab/internal';
import { test } from 'tap';
import { ladders } from './canned-ladders.js';
import {
  agreed,
  binding,
  downMta,
  lostTurn,
  ltab,
  mailboxes,
  message,
  nowMs,
  queue,
  silent,
  status,
  summary,
  upMta,
} from './canned-views.js';

const dataFile = 'test/cli/data/render.txt';
const plain = paint(false);

function still(more: {
  readonly queues?: readonly QueueView[];
  readonly nextDeadlineMs?: number | null;
  readonly timeScale?: number;
  readonly kept?: readonly string[];
}): LabAtRest {
  const { queues = [queue], nextDeadlineMs = nowMs + 300_000, timeScale = 1, kept = [] } = more;
  return {
    mtas: [
      { status: status('MTA-A', { nextDeadlineMs, timeScale, queuedCopies: 49 }), queues: [...queues, mailboxes] },
      { status: status('MTA-B', { nextDeadlineMs: null, timeScale }), queues: [mailboxes] },
    ],
    associations: lostTurn,
    kept,
  };
}

function explained(word: string) {
  const found = explainTerm(word);
  if (found === undefined) throw new Error(`${word} is not in the glossary`);
  return found;
}

function verdict(lab: LabAtRest, patienceMs: number, fruitlessMs = 0): string {
  const said = judgeStandstill(lab, patienceMs, fruitlessMs);
  return said.kind === 'stuck' ? `stuck:\n${said.why.join('\n')}` : `retries in ${said.inMs} ms: ${said.what}`;
}

function live(queuedCopies: number, progress: Progress, reasons: readonly string[] = []): string {
  const figures = { ...summary, delivered: progress.delivered };
  const statuses = [readable(status('MTA-A', { queuedCopies })), readable(status('MTA-B')), silent];
  return renderLive(statuses, progress, figures, reasons).join('\n');
}

const views: Record<string, (style: Paint) => string> = {
  status: (style) =>
    renderStatus(
      [
        { mta: 'MTA-A', value: status('MTA-A', { legacy: ['Q166594'], queuedCopies: 49, timeScale: 60 }) },
        {
          mta: 'MTA-B',
          value: status('MTA-B', { phase: 'stopping', nextDeadlineMs: null, delays: { count: 0, meanMs: 0, maxMs: 0 } }),
        },
      ],
      style,
    ),
  bindings: (style) =>
    renderBindings(
      [
        {
          mta: 'MTA-A',
          value: [
            binding({ id: 1, address: '::1', label: 'second' }),
            binding({ enabled: false, dialOrder: null }),
            binding({ id: 2, address: '127.0.0.3', listening: 'off', dialOrder: null }),
          ],
        },
        { mta: 'MTA-B', value: [binding({ listening: 'failed', osError: 'EADDRNOTAVAIL', port: 0 })] },
      ],
      style,
    ),
  'bindings, with an endpoint mapper': (style) =>
    renderBindings([{ mta: 'MTA-A', value: [binding({ mapperPort: 135 }), binding({ address: '127.0.0.2' })] }], style),
  'bindings, with an X.400 connector': (style) =>
    renderBindings([{ mta: 'MTA-A', value: [binding({ x400Port: 102 }), binding({ address: '127.0.0.2' })] }], style),
  'status, with X.400 connectors': (style) =>
    renderStatus(
      [
        {
          mta: 'MTA-A',
          value: status('MTA-A', { x400: { endpoints: ['127.0.0.1[102]'], controlBlocks: { configured: 20, inUse: 3 } } }),
        },
        { mta: 'MTA-B', value: status('MTA-B', { x400: { endpoints: [], controlBlocks: { configured: 2, inUse: 1 } } }) },
      ],
      style,
    ),
  'ltab, with X.400 connectors': (style) =>
    renderLtab(
      [
        {
          mta: 'MTA-A',
          value: {
            nowMs,
            rows: [
              {
                ...ltab,
                link: 'x400',
                overrides: { openRetryIntervalS: 5, twoWayAlternate: false },
                activation: 'remote-initiated',
              },
              { ...ltab, ltabIndex: 2, peer: 'MTA-C' },
              {
                ...ltab,
                ltabIndex: 3,
                peer: 'MTA-D',
                link: 'x400',
                activation: 'selected-times',
                openRetryAtMs: null,
                activeAtMs: nowMs + 3_600_000,
              },
            ],
          },
        },
      ],
      style,
    ),
  ltab: (style) =>
    renderLtab(
      [
        {
          mta: 'MTA-A',
          value: { nowMs, rows: [ltab, { ...ltab, ltabIndex: 2, peer: 'MTA-C', associations: {}, openRetryAtMs: null }] },
        },
      ],
      style,
    ),
  'ltab, nobody adjacent': (style) => renderLtab([{ mta: 'MTA-A', value: { nowMs, rows: [] } }], style),
  queues: (style) =>
    renderQueues(
      [
        { mta: 'MTA-A', value: { nowMs, rows: [queue, mailboxes] } },
        { mta: 'MTA-B', value: { nowMs, rows: [{ ...queue, queue: 'MTA-A', openRetryAtMs: nowMs }, mailboxes] } },
      ],
      style,
    ),
  messages: (style) =>
    renderMessages(
      [
        {
          mta: 'MTA-A',
          value: { nowMs, rows: [message, { ...message, copy: '1-18', originator: '', retryAtMs: null, state: 'queued' }] },
        },
      ],
      style,
    ),
  'messages, none': (style) => renderMessages([{ mta: 'MTA-A', value: { nowMs, rows: [] } }], style),
  'associations, the Turn lost': (style) => renderAssociations(lostTurn, style),
  'associations, one agreed and one known to one side': (style) => renderAssociations(agreed, style),
  'associations, none': (style) => renderAssociations([], style),
  runs: (style) =>
    renderRuns([{ pid: 99, startedAt: '1999-06-14T09:30:00.250Z', dir: '/tmp/lab', mtas: [upMta, downMta] }], style),
  faults: (style) =>
    renderFaults(
      [
        { id: 1, text: 'cut before turn-give 1', state: 'done', hits: 1 },
        { id: 12, text: 'hold rttr 3 from MTA-A', state: 'armed', hits: 0 },
      ],
      style,
    ),
  event: (style) =>
    renderEvent(
      {
        time: '1999-06-14T09:30:00.250Z',
        mta: 'MTA-A',
        source: 'MSExchangeMTA',
        id: 57,
        type: 'Warning',
        category: 'X.400 Service',
        severity: 14,
        text: 'The limit is reached. entity: MTA-B, limit: 9.',
        parameters: { entity: 'MTA-B', limit: 9 },
        trailer: '[MTA-B 9 MTA MAIN BASE 1 43] (14)',
      },
      style,
    ),
  delivery: (style) =>
    renderDelivery(
      {
        t: nowMs,
        node: 'MTA-B',
        copy: 1,
        mtsId: 'c=lab;mta=MTA-A;1-16',
        mailbox: 'ben@b.example',
        originator: 'ada@a.example',
        priority: 'normal',
        contentType: 'message/rfc822',
        submittedAtMs: nowMs - 8,
        delayMs: 8,
        sizeBytes: 0,
      },
      style,
    ),
  ready: (style) =>
    renderReady(
      {
        dir: '/tmp/lab',
        kept: true,
        page: null,
        timeScale: 60,
        faults: ['cut before turn-give 1'],
        mtas: [
          {
            mta: 'MTA-A',
            pid: 7,
            domains: ['a.example'],
            endpoints: ['127.0.0.1[4097]'],
            x400: ['127.0.0.1[102]'],
            mapper: ['127.0.0.1[135]'],
            smtp: ['127.0.0.1[2525]'],
            metrics: 'http://127.0.0.1:9464/metrics',
            control: 'ws://127.0.0.1:4098',
            legacy: ['Q166594'],
          },
        ],
      },
      style,
    ),
  'status, one MTA without an answer': (style) =>
    renderStatus([{ mta: 'MTA-A', value: status('MTA-A', { metrics: 'http://127.0.0.1:9464/metrics' }) }], style, [silent]),
  live: () => live(49, { asked: 51, delivered: 2, toSubmit: 0, perSecond: 3.25, leftMs: 15_077 }),
  'live, while mail is being submitted': () =>
    live(49, { asked: 20_000, delivered: 1200, toSubmit: 18_000, perSecond: 512.4, leftMs: 36_690 }),
  'live, several recipients': () => live(0, { asked: 1, delivered: 3, toSubmit: 0, perSecond: null, leftMs: null }),
  'live, nothing moves': () =>
    live(49, { asked: 51, delivered: 2, toSubmit: 0, perSecond: null, leftMs: null }, [
      'nothing can move:',
      '  no timer can move this mail',
    ]),
  summary: (style) => renderSummary(summary, style),
  'summary of nothing': (style) => renderSummary({ ...summary, submitted: 0, delivered: 0 }, style),
  'verdict: the Turn is lost': () => verdict(still({}), 30_000),
  'verdict: a fault keeps something back': () =>
    verdict(still({ kept: ['the fault "hold rttr" keeps PDUs back'], nextDeadlineMs: null }), 30_000),
  'verdict: the Open Interval is too long': () =>
    verdict(still({ queues: [{ ...queue, openRetryAtMs: nowMs + 600_000 }] }), 30_000),
  'verdict: the Open Interval on a fast clock': () =>
    verdict(still({ queues: [{ ...queue, openRetryAtMs: nowMs + 600_000 }], timeScale: 60 }), 30_000),
  'verdict: nothing comes of the Open Interval': () =>
    verdict(still({ queues: [{ ...queue, openRetryAtMs: nowMs + 600_000 }], timeScale: 60 }), 30_000, 30_001),
  'verdict: nothing comes of it, but another timer is at work': () =>
    verdict(still({ queues: [{ ...queue, openRetryAtMs: nowMs + 600_000 }], nextDeadlineMs: nowMs + 4000 }), 30_000, 30_001),
  'verdict: some other timer is at work': () => verdict(still({ nextDeadlineMs: nowMs + 4000 }), 30_000),
  ...Object.fromEntries(
    ['Turn', 'rttr', 'settled'].map((word) => [`explain ${word}`, (style: Paint) => renderExplanation(explained(word), style)]),
  ),
  'diagnostics levels': (style) =>
    renderDiagnostics(
      [
        { mta: 'MTA-A', value: levelsOf() },
        { mta: 'MTA-B', value: levelsOf('minimum', { 'X.400 Service': 'medium', APDU: 'maximum' }) },
      ],
      ['X.400 Service', 'Interface', 'APDU'],
      style,
    ),
  'colour is put around, never into': () =>
    JSON.stringify(renderFaults([{ id: 1, text: 'x', state: 'armed', hits: 0 }], paint(true))),
};

/** Widths of terminals that every table must fit. */
const widths = [80, 60];

/** All views, then each at every width at which it differs. */
function drawings(): readonly (readonly [string, string, number])[] {
  return Object.entries(views).flatMap(([name, draw]) => {
    const wide = draw(plain);
    const narrow = widths.map((columns) => [`${name}, ${columns} columns`, draw(paint(false, columns)), columns] as const);
    return [[name, wide, Number.POSITIVE_INFINITY] as const, ...narrow.filter(([, text]) => text !== wide)];
  });
}

for (const [name, lines] of Object.entries(ladders)) {
  views[name] = ({ columns }) => ladderAsText(lines, { columns });
  views[`${name}: legend`] = ({ columns }) => legendText(lines, columns);
}

test('tables and lines', (t) => {
  const all = drawings();
  const text = all.map(([name, drawing]) => `== ${name}\n${drawing}\n`).join('\n');
  if (process.env['UPDATE'] === '1') writeFileSync(dataFile, text);
  const kept = readFileSync(dataFile, 'utf8');
  const blocks = (all: string) => new Map(all.split(/^== /m).map((block) => [block.split('\n', 1)[0], block]));
  const [now, before] = [blocks(text), blocks(kept)];
  t.same([...now.keys()], [...before.keys()], 'the same views');
  for (const [name, block] of now) t.equal(block, before.get(name), String(name));
  for (const [name, drawing, columns] of all) {
    const tooWide = drawing.split('\n').filter((line) => line.length > columns);
    t.same(tooWide, [], `${name}: every line fits`);
  }
  t.end();
});
