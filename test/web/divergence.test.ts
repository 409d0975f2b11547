/** Where two pairs part: the same schedule with the bug and with the fix, and what may differ without parting them. */
import { VirtualLab } from '@mtalab/engine';
import { type ComparedAt, compareLadders, divergenceText, type LadderLine, LiveTrace, ladderLine } from '@mtalab/trace';
import { test } from 'tap';

const names = ['MTA-A', 'MTA-B'] as const;
const ended: ComparedAt = { oneMs: 1e15, otherMs: 1e15, shiftMs: 0, patienceMs: 0 };

/** Mail both ways, and a Turn-Give that is lost. */
async function ladder(legacy: readonly string[], link: 'lan' | 'x400' = 'lan'): Promise<readonly LadderLine[]> {
  const mtas = names.map((name) => ({ name, domain: `${name.at(-1)?.toLowerCase()}.example` }));
  const made = new VirtualLab({ mtas, link, settings: {}, legacy: Object.fromEntries(names.map((name) => [name, legacy])) });
  made.fault('cut before turn-give 1');
  for (const [from, to] of ['ab', 'ba', 'ba'] as const) {
    const originator = `s@${from}.example`;
    await made.submit(`MTA-${from?.toUpperCase()}`, {
      originator,
      recipients: [`u@${to}.example`],
      priority: 'normal',
      content: 'x',
    });
    await made.settle();
  }
  const trace = new LiveTrace();
  for (const entry of made.journal) trace.take({ k: 'step', entry });
  return trace.ladder(undefined, 1e6, true);
}

test('the same run is the same; with the fix it parts where the recovery is answered', async (t) => {
  for (const link of ['lan', 'x400'] as const) {
    const [legacy, again, fixed] = [await ladder(['Q166594'], link), await ladder(['Q166594'], link), await ladder([], link)];
    t.equal(compareLadders(legacy, again, ended).first, null);
    const { first, partners } = compareLadders(legacy, fixed, ended);
    t.match(first, { kind: 'beliefs', one: { believes: { 'MTA-B': 'theirs' } }, other: { believes: { 'MTA-B': 'mine' } } });
    t.match(
      first === null ? '' : divergenceText(first),
      /MTA-B believes that the other side has the Turn in the first pair, and that it has the Turn in the second$/,
    );
    t.equal(partners.get(first?.one as LadderLine), first?.other, 'the same PDU on both');
  }
});

const line = (from: string, text: string, tMs: number, association = 'MTA-A/1/3'): LadderLine =>
  ladderLine({ from, to: from === 'MTA-A' ? 'MTA-B' : 'MTA-A', text, association, tMs });

test('times, numbers and the order of neighbours do not part two pairs', (t) => {
  const one = [
    line('MTA-A', 'request 2 MtaSend rttr activity=1-2 offset=0 length=84 last start', 10),
    line('MTA-B', 'response 2 confirm activity=1-2 upTo=84 stored', 12),
    line('MTA-B', 'response 3 please-noted', 13),
    line('MTA-A', 'request 4 MtaSend turn-give settled=1-2', 14),
  ];
  const other = [
    line('MTA-A', 'request 5 MtaSend rttr activity=1-9 offset=0 length=87 last start', 900, 'MTA-A/1/7'),
    line('MTA-B', 'response 6 please-noted', 910, 'MTA-A/1/7'),
    line('MTA-B', 'response 5 confirm activity=1-9 upTo=87 stored', 950, 'MTA-A/1/7'),
    line('MTA-A', 'request 7 MtaSend turn-give', 990, 'MTA-A/1/7'),
  ];
  const { first, partners } = compareLadders(one, other, ended);
  t.equal(first, null);
  t.equal(partners.size, 8);
  t.end();
});

test('another PDU parts them at once, a missing one when the other pair is past it', (t) => {
  const common = line('MTA-A', 'bind group=0', 10);
  const [rttr, give] = [line('MTA-A', 'request 2 MtaSend rttr last', 20), line('MTA-A', 'request 2 MtaSend turn-give', 21)];
  const parted = compareLadders([common, rttr], [{ ...common }, give], ended).first;
  t.match(parted, { kind: 'fields', one: { text: rttr.text }, other: { text: give.text } });
  t.equal(
    divergenceText(parted as never),
    'In the first pair MTA-A sends request 2 MtaSend rttr last; in the second MTA-A sends request 2 MtaSend turn-give',
  );
  const at = (otherMs: number): ComparedAt => ({ oneMs: 25, otherMs, shiftMs: 0, patienceMs: 100 });
  t.equal(compareLadders([common, rttr], [{ ...common }], at(100)).first, null, 'it may still come');
  const missing = compareLadders([common, rttr], [{ ...common }], at(121)).first;
  t.match(missing, { kind: 'missing', one: { text: rttr.text }, other: null });
  t.equal(divergenceText(missing as never), 'In the first pair MTA-A sends request 2 MtaSend rttr last; the second does not');
  t.match(compareLadders([common], [{ ...common }, give], ended).first, { kind: 'missing', one: null });
  t.end();
});
