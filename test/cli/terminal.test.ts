/** What a terminal shows: figures, columns as wide as their text, and the live status that redraws. */
import { printable } from '@mtalab/mta-core';
import { bytes, clip, LiveStatus, paint, span, table } from 'mtalab/internal';
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

test('the live status redraws on a terminal and prints a line now and then elsewhere', (t) => {
  const written: string[] = [];
  let clockMs = 0;
  const io = (errTty: boolean) => ({
    out: () => undefined,
    err: (line: string) => written.push(`${line}\n`),
    errRaw: (raw: string) => written.push(raw),
    outColour: false,
    errColour: false,
    errTty,
    errColumns: () => 24,
    readerGone: new AbortController().signal,
  });
  const onTerminal = new LiveStatus(io(true), () => clockMs);
  onTerminal.show(['one', 'two lines of which this is too long']);
  onTerminal.show(['one', 'two lines of which this is too long']);
  onTerminal.show(['three']);
  onTerminal.note('stays');
  t.same(written.splice(0), ['one\ntwo lines of which thi…\n', '\u001b[2A\u001b[0Jthree\n', '\u001b[1A\u001b[0J', 'stays\n']);
  const elsewhere = new LiveStatus(io(false), () => clockMs);
  elsewhere.show(['a', 'b']);
  elsewhere.show(['c']);
  clockMs = 2000;
  elsewhere.show(['d']);
  t.same(written, ['b\n', 'd\n']);
  t.end();
});
