/** What a terminal shows: figures, columns as wide as their text, and the live status that redraws. */
import { printable } from '@mtalab/mta-core';
import { bytes, type CommandIo, clip, LiveStatus, ProgressMeter, paint, span, table, wrap } from 'mtalab/internal';
import { test } from 'tap';

const plain = paint(false);

test('figures', (t) => {
  const spans: readonly (readonly [number, string])[] = [
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1000, '1.0 s'],
    [9990, '10.0 s'],
    [75_000, '75 s'],
    [120_000, '2 min'],
    [598_000, '9 min 58 s'],
    [11_100_000, '3 h 5 min'],
  ];
  for (const [ms, text] of spans) t.equal(span(ms), text);
  const sizes: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [140_608, '137 KiB'],
    [20_971_520, '20 MiB'],
  ];
  for (const [count, text] of sizes) t.equal(bytes(count), text);
  t.equal(
    printable('a\u001b[31mb\r\n\u009bc'),
    'a\\u001b[31mb\\u000d\\u000a\\u009bc',
    'the output has no terminal control sequences',
  );
  t.end();
});

test('columns are those of the terminal: wide characters take two, combining marks none', (t) => {
  const rows = [
    ['\u4e2d\u6587', '1'],
    ['e\u0301te\u0301', '22'],
    ['\u{1f4e7}', '333'],
    ['\u001b[31mred\u001b[39m', '4'],
  ];
  t.same(table([{ title: 'NAME' }, { title: 'N', align: 'right' }], rows, plain).split('\n'), [
    'NAME    N',
    '\u4e2d\u6587    1',
    'e\u0301te\u0301    22',
    '\u{1f4e7}    333',
    '\u001b[31mred\u001b[39m     4',
  ]);
  t.equal(clip('\u4e2d\u6587\u5b57', 6), '\u4e2d\u6587\u5b57', 'a text that fits stays whole');
  t.equal(clip('\u4e2d\u6587\u5b57', 5), '\u4e2d\u6587…');
  t.equal(clip('\u4e2d\u6587\u5b57', 4), '\u4e2d…', 'no half of a wide character');
  t.equal(clip('e\u0301te\u0301s', 3), 'e\u0301t…', 'a mark stays with its letter');
  t.end();
});

/** A terminal, or a log, that notes what is written to stderr. */
function screen(errTty: boolean) {
  const written: string[] = [];
  const size = { columns: 24, rows: 24 };
  const listeners = new Set<() => void>();
  const io: CommandIo = {
    out: () => undefined,
    err: (line) => written.push(`${line}\n`),
    errRaw: (raw) => written.push(raw),
    outColour: false,
    errColour: false,
    errTty,
    errColumns: () => size.columns,
    errRows: () => size.rows,
    onErrResize: (resized) => {
      listeners.add(resized);
      return () => listeners.delete(resized);
    },
    outColumns: () => size.columns,
    readerGone: new AbortController().signal,
  };
  const resize = (columns: number, rows = 24): void => {
    Object.assign(size, { columns, rows });
    for (const resized of listeners) resized();
  };
  return { io, written, resize, listeners };
}

test('the live status redraws on a terminal and prints a line now and then elsewhere', (t) => {
  let clockMs = 0;
  const terminal = screen(true);
  const onTerminal = new LiveStatus(terminal.io, () => clockMs);
  onTerminal.show(['one', 'two lines of which this is too long']);
  onTerminal.show(['one', 'two lines of which this is too long']);
  onTerminal.show(['three']);
  onTerminal.note('stays');
  t.same(terminal.written, [
    'one\ntwo lines of which this\n  is too long\n',
    '\u001b[3A\u001b[0Jthree\n',
    '\u001b[1A\u001b[0J',
    'stays\n',
  ]);
  const log = screen(false);
  const elsewhere = new LiveStatus(log.io, () => clockMs);
  elsewhere.show(['a', 'b']);
  elsewhere.show(['c']);
  clockMs = 2000;
  elsewhere.show(['d']);
  t.same(log.written, ['b\n', 'd\n']);
  t.end();
});

test('a terminal of a new size gets a new drawing, and the old one is erased as the terminal has wrapped it', (t) => {
  const { io, written, resize, listeners } = screen(true);
  const live = new LiveStatus(io);
  live.show(['twenty columns text.', 'short']);
  resize(30);
  // 20 columns in a terminal of 20 take one row. In one of 10 they would take two; the least width is 20.
  resize(20);
  resize(200, 3);
  live.show(['1', '2', '3', '4']);
  t.same(written, [
    'twenty columns text.\nshort\n',
    '\u001b[2A\u001b[0Jtwenty columns text.\nshort\n',
    '\u001b[2A\u001b[0Jtwenty columns\n  text.\nshort\n',
    '\u001b[2A\u001b[0Jtwenty columns text.\nshort\n',
    '\u001b[2A\u001b[0J3\n4\n',
  ]);
  written.splice(0);
  const wide = screen(true);
  const other = new LiveStatus(wide.io);
  wide.resize(60);
  other.show(['x'.repeat(59)]);
  wide.resize(25);
  t.equal(wide.written.at(-1)?.slice(0, 8), '\u001b[3A\u001b[0J', '59 columns take three rows of 25');
  live.clear();
  t.same(written, ['\u001b[2A\u001b[0J']);
  t.equal(listeners.size, 0, 'without a drawing nobody waits for a new size');
  t.end();
});

test('texts wrap at blanks and commas, else anywhere, within their width', (t) => {
  t.same(wrap('one two three', 7), ['one two', 'three']);
  t.same(wrap('a,b,c,d', 4), ['a,b,', 'c,d']);
  t.same(wrap('abcdefgh', 3), ['abc', 'def', 'gh']);
  t.same(wrap('one two three', 7, '  '), ['one two', '  three']);
  t.same(wrap('\u4e2d\u6587\u5b57', 4), ['\u4e2d\u6587', '\u5b57']);
  t.same(wrap('\u001b[31mone two\u001b[39m', 4), ['\u001b[31mone\u001b[39m', '\u001b[31mtwo\u001b[39m']);
  t.end();
});

test('the rate is that of the last seconds, and the time left follows from it', (t) => {
  const meter = new ProgressMeter();
  const at = (nowMs: number, delivered: number, more: object = {}) =>
    meter.take(nowMs, { delivered, submitted: 1000, wanted: 2000, accepted: 1000, ...more });
  t.same(at(0, 0), { delivered: 0, asked: 2000, toSubmit: 1000, perSecond: null, leftMs: null });
  t.match(at(400, 40), { perSecond: null }, 'too early for a rate');
  t.match(at(1000, 100), { perSecond: 100, leftMs: 19_000 });
  t.match(at(6000, 600), { perSecond: 100, leftMs: 14_000 });
  t.match(at(11_000, 600), { perSecond: null, leftMs: null }, 'nothing has moved in the last seconds');
  t.match(at(12_000, 2000), { perSecond: null, leftMs: null }, 'all is delivered');
  t.match(at(12_000, 5, { submitted: 1010 }), { asked: 2010 }, 'others have submitted ten');
  t.end();
});
