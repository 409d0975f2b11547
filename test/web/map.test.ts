/** The map of a lab: its links by kind, and each trouble in words, as the page draws them. */
import { VirtualLab, type VirtualLabOptions } from '@mtalab/engine';
import { LiveTrace } from '@mtalab/trace';
import { mapOf, pictureOf } from '@mtalab/web/internal';
import { test } from 'tap';

const names = ['HUB', 'LEEDS', 'PARIS'] as const;
type Known = Parameters<typeof mapOf>[1];

function lab(more: Partial<VirtualLabOptions> = {}): VirtualLab {
  return new VirtualLab({
    mtas: names.map((name) => ({ name, domain: `${name.toLowerCase()}.example` })),
    neighbours: [{ between: ['HUB', 'LEEDS'] }, { between: ['HUB', 'PARIS'], link: 'x400' }],
    settings: { threshold: 3, maxAssociationsPerMta: 1 },
    legacy: {},
    ...more,
  });
}

async function send(made: VirtualLab, from: string, to: string, count = 1): Promise<void> {
  for (let sent = 0; sent < count; sent += 1)
    await made.submit(from, {
      originator: `s@${from.toLowerCase()}.example`,
      recipients: [`u@${to.toLowerCase()}.example`],
      priority: 'normal',
      content: `mail ${sent}`,
    });
  await made.settle();
}

function map(made: VirtualLab, known: Known = new Map(), down: readonly string[] = []) {
  const trace = new LiveTrace();
  for (const entry of made.journal) trace.take({ k: 'step', entry });
  for (const pdu of made.pdus) trace.take({ k: 'pdu', t: made.nowMs, pdu });
  for (const node of down)
    trace.take({ k: 'process', t: made.nowMs, node, state: 'down', pid: null, says: 'was killed by SIGKILL' });
  const nodes = trace.nodesAt();
  return mapOf({ picture: pictureOf(nodes, made.nowMs), nodes, lines: trace.ladder() }, known);
}

const words = (link: ReturnType<typeof map>['links'][number] | undefined) => link?.troubles.map(({ word }) => word);

test('a lab at rest: the links that there are, by kind, and no trouble', async (t) => {
  const made = lab();
  t.match(map(made), {
    nodes: names.map((name) => ({ name, queued: 0, isFull: false, isUp: true })),
    links: [
      { left: 'HUB', right: 'LEEDS', kind: 'rpc', open: 0, queued: [0, 0], troubles: [] },
      { left: 'HUB', right: 'PARIS', kind: 'x400', open: 0, queued: [0, 0], troubles: [] },
    ],
  });
  await send(made, 'LEEDS', 'PARIS');
  const { nodes, links } = map(made);
  t.match(links, [{ open: 1 }, { open: 1 }], 'mail from LEEDS to PARIS goes over both');
  const places = nodes.map(({ x, y }) => `${x} ${y}`);
  t.equal(new Set(places).size, names.length, 'no two nodes in one place');
  t.same(
    map(lab()).nodes.map(({ x, y }) => `${x} ${y}`),
    places,
    'the same lab is drawn the same',
  );
});

test('a PDU that the link holds, and a queue at its threshold', async (t) => {
  const made = lab();
  made.fault('hold rttr 1 from LEEDS');
  await send(made, 'LEEDS', 'HUB');
  t.same(words(map(made).links[0]), ['held']);
  await send(made, 'LEEDS', 'HUB', 2);
  const { nodes, links } = map(made);
  t.match(links[0], {
    queued: [0, 3],
    troubles: [
      { word: 'held', says: /^the link holds ".*rttr.*" \(fault: hold rttr 1 from LEEDS\)$/ },
      { word: '3 wait', says: '3 queued at LEEDS, the threshold is 3' },
    ],
  });
  t.match(nodes, [{ isFull: false }, { name: 'LEEDS', isFull: true, queued: 3 }, { isFull: false }]);
  t.same(words(links[1]), [], 'the other link has no trouble');
});

test('the Turn that nobody has, in both words', async (t) => {
  const made = lab({ legacy: { HUB: ['Q166594'], LEEDS: ['Q166594'] } });
  made.fault('cut before turn-give 1');
  await send(made, 'LEEDS', 'HUB');
  await send(made, 'HUB', 'LEEDS');
  await made.advanceBy(60_000);
  t.match(map(made).links[0]?.troubles, [{ word: 'Turn lost', says: /^nobody may send on LEEDS\/1\// }]);
});

test('an MTA that is down, and a link that does not open', async (t) => {
  const made = lab();
  await made.kill('PARIS');
  await send(made, 'HUB', 'PARIS');
  await made.advanceBy(1000);
  const known: Known = new Map();
  const { nodes, links } = map(made, known, ['PARIS']);
  t.match(nodes[2], { name: 'PARIS', isUp: false, process: 'was killed by SIGKILL' });
  t.match(links[1]?.troubles, [
    { word: 'PARIS down', says: 'PARIS was killed by SIGKILL' },
    { word: 'link down', says: /^no association opens: \d+ attempts? of HUB failed$/ },
  ]);
  await made.kill('HUB');
  const both = map(made, known, ['HUB', 'PARIS']);
  t.match(both.links, [{ kind: 'rpc' }, { kind: 'x400' }], 'a link that was seen stays on the map when nobody names it');
  t.same(map(made, new Map(), ['HUB', 'LEEDS', 'PARIS']).links, [], 'and one that was never seen is not invented');
});

test('an association that was lost', async (t) => {
  const made = lab();
  await send(made, 'HUB', 'LEEDS');
  await made.network('down');
  made.cut();
  await made.advanceBy(1000);
  t.match(words(map(made).links[0]), ['link down']);
});
