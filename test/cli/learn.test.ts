/** Lessons on the terminal: the questions and answers, the list, the file of the progress. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lesson, parseLesson } from '@mtalab/lesson';
import { noteDone, paint, progressFile, type Recording, readProgress, teach } from 'mtalab/internal';
import { test } from 'tap';
import { command } from '../support/command.js';

const text = `---
id: small
number: 1
title: A small lesson
minutes: 2
words: { Turn: The right to send. }
scenario:
  steps:
    - submit: { at: MTA-A, to: MTA-B }
    - ask: one
    - show: one
questions:
  - id: one
    choices:
      - { says: It waits., remark: It does., right: true, check: { delivered: 0 } }
      - { says: It goes., remark: It does not., check: { delivered: 1 } }
      - { says: It is lost., remark: Nothing is lost. }
---
A **short** start
of two lines.

## Predict: one

Where is it?

## Explained: one

There.

## In short

- Remember this.
`;
const { lesson } = parseLesson(text, 'small.md');

const recording: Recording = {
  moments: [
    {
      kind: 'look',
      exhibits: [
        {
          kind: 'queues',
          queued: [
            ['MTA-A', 1],
            ['MTA-B', null],
          ],
          delivered: 0,
        },
      ],
    },
    { kind: 'ask', id: 'one' },
    {
      kind: 'show',
      id: 'one',
      outcomes: [
        { says: 'It waits.', ok: true, seen: '0 delivered' },
        { says: 'It goes.', ok: false, seen: '0 delivered' },
        null,
      ],
      exhibits: [
        {
          kind: 'turn',
          associations: [
            {
              name: 'MTA-A/1/3',
              sides: [
                { mta: 'MTA-A', state: 'open', holder: 'MTA-A' },
                { mta: 'MTA-B', state: 'open', holder: 'MTA-A' },
              ],
            },
          ],
        },
        {
          kind: 'events',
          entries: [
            { mta: 'MTA-A', id: 9316, text: 'Nothing went out.' },
            { mta: 'MTA-A', id: 9316, text: 'Nothing went out.' },
          ],
        },
        { kind: 'ladder', lines: [] },
      ],
    },
  ],
  missed: [],
};

/** Takes the lesson with these answers. */
async function taken(...typed: readonly string[]) {
  const said: string[] = [];
  const prompts: string[] = [];
  const rest = [...typed];
  const outcome = await teach({
    lesson: lesson as Lesson,
    story: lesson.stories[0] as Lesson['stories'][0],
    count: 3,
    words: [...lesson.words, { word: 'Turn-Please', means: 'It asks.' }],
    recording: Promise.resolve(recording),
    answers: { next: async () => rest.shift() ?? null, close: () => undefined },
    out: (line) => said.push(line),
    prompt: (line) => prompts.push(line),
    style: paint(false, 80),
  });
  return { outcome, said: said.join('\n'), prompts };
}

test('a right prediction', async (t) => {
  const { outcome, said, prompts } = await taken('a');
  t.same(outcome, { ended: 'done', right: 1, of: 1 });
  t.equal(prompts.length, 1);
  const order = [
    'Lesson 1 of 3: A small lesson',
    'A short start of two lines.',
    'waiting at MTA-A: 1 message\nMTA-B is down',
    'Predict (1 of 1)\nWhere is it?\n\na)  It waits.\nb)  It goes.\nc)  It is lost.',
    'What happened\na)  It waits.\nMeasured on the running MTAs: 0 delivered.',
    'association MTA-A/1/3:\n  MTA-A (open) believes that the Turn is with itself\n  MTA-B (open) believes that the Turn is with MTA-A',
    'MTA-A  9316  Nothing went out. (2 times)',
    'Nothing passed between the MTAs.',
    'You were right.\nIt does.\n\nThere.',
    'In short\n- Remember this.',
  ];
  let from = 0;
  for (const part of order) {
    const at = said.indexOf(part, from);
    t.ok(at >= 0, part);
    from = Math.max(from, at);
  }
});

test('a wrong prediction, and lines that are no answer', async (t) => {
  const { outcome, said, prompts } = await taken(
    'what?',
    '',
    '? turn',
    '? please-tokens',
    '? turn-give',
    '? trun',
    '?',
    'd',
    '2',
  );
  t.same(outcome, { ended: 'done', right: 0, of: 1 });
  t.equal(prompts.length, 9);
  t.match(said, /"what\?" is no answer here; type a letter from a to c, or q\./);
  t.match(said, /^Turn: The right to send\. \(`mtalab explain turn` says more\.\)$/m, 'the words of the lesson come first');
  t.match(said, /^Turn-Please: It asks\./m, 'then those of the lessons before it, under any of their names');
  t.match(said, /term Turn-Give\n +means +The APDU/, 'then the glossary');
  t.match(said, /The glossary has no word "trun"; did you mean Turn\?/);
  t.match(said, /Type a word behind the question mark/);
  t.match(said, /You predicted b\.\nIt does not\.\n\nThere\./);
});

test('a reader may leave, and the input may end', async (t) => {
  t.same((await taken('q')).outcome, { ended: 'left' });
  t.same((await taken('Quit')).outcome, { ended: 'left' });
  t.same((await taken()).outcome, { ended: 'no more input' });
});

test('the file of the progress', (t) => {
  const file = join(t.testdir(), 'state', 'learn.json');
  const done = { at: '2026-01-02T03:04:05.000Z', right: 2, of: 3 };
  t.same([...readProgress(file).progress], []);
  t.equal(noteDone(file, 'turn', done), null);
  t.equal(noteDone(file, 'first-words', done), null);
  t.equal(noteDone(file, 'turn', { ...done, right: 3 }), null);
  t.same(readProgress(file).remark, null);
  t.same(
    [...readProgress(file).progress],
    [
      ['first-words', done],
      ['turn', { ...done, right: 3 }],
    ],
  );
  for (let number = 0; number < 250; number += 1) noteDone(file, `lesson-${number}`, done);
  t.equal(readProgress(file).progress.size, 200, 'the file does not grow without a limit');
  t.notOk(readProgress(file).progress.has('turn'), 'the oldest entries made room');
  t.end();
});

test('a damaged file of the progress is not lost', (t) => {
  const done = { at: '2026-01-02T03:04:05.000Z', right: 1, of: 1 };
  for (const [content, why] of [
    ['{ "version": 1, "les', /JSON/],
    ['{ "version": 2, "lessons": {} }', /it is not a record of lessons/],
    ['[]', /it is not a record of lessons/],
    [' '.repeat(70_000), /it has 70000 octets, and at most 65536 are read/],
  ] as const) {
    const folder = t.testdir({ 'learn.json': content });
    const file = join(folder, 'learn.json');
    const { progress, remark } = readProgress(file);
    t.equal(progress.size, 0);
    t.match(remark, why);
    t.equal(readFileSync(file, 'utf8'), content, 'reading does not touch it');
    t.match(noteDone(file, 'turn', done), /the damaged progress file is now .*learn\.json\.damaged$/);
    t.equal(readFileSync(`${file}.damaged`, 'utf8'), content);
    t.same([...readProgress(file).progress.keys()], ['turn']);
  }
  const names = ['', ...Array.from({ length: 8 }, (_, at) => `-${at + 2}`)];
  const folder = t.testdir({ 'learn.json': 'x', ...Object.fromEntries(names.map((name) => [`learn.json.damaged${name}`, 'y'])) });
  t.throws(() => noteDone(join(folder, 'learn.json'), 'turn', done), { message: /9 older damaged files beside it; remove them/ });
  t.equal(readFileSync(join(folder, 'learn.json'), 'utf8'), 'x');
  t.equal(progressFile({ XDG_STATE_HOME: '/state' }), '/state/mtalab/learn.json');
  t.match(progressFile({ XDG_STATE_HOME: 'state' }), /\/\.local\/state\/mtalab\/learn\.json$/);
  t.end();
});

test('the list of lessons, and wrong words', async (t) => {
  const state = t.testdir({
    mtalab: { 'learn.json': '{ "version": 1, "lessons": { "turn": { "at": "2026-01-02T03:04:05Z", "right": 2, "of": 3 } } }' },
  });
  process.env['XDG_STATE_HOME'] = state;
  const list = await command('learn');
  t.equal(list.code, 0, list.stderr);
  t.match(list.stdout, /^ +2 +turn +The Turn: please and give +6 min +done, 2 of 3 right$/m);
  t.match(list.stdout, /Next: mtalab learn 1\n$/);
  const rows = JSON.parse((await command('learn', '--json')).stdout) as readonly {
    readonly id: string;
    readonly done: unknown;
  }[];
  t.equal(rows.length, 13);
  t.match(rows[1], { number: 2, id: 'turn', article: null, done: { right: 2, of: 3 } });
  t.match(await command('learn', '14'), {
    code: 2,
    stderr: 'mtalab: there is no lesson 14; the lessons have the numbers 1 to 13\n',
  });
  t.match(await command('learn', 'prorities'), { code: 2, stderr: /unknown lesson prorities; did you mean priorities\?/ });
  t.match(await command('learn', '--seed', '3'), { code: 2, stderr: /--seed needs a lesson/ });
  t.match(await command('learn', '1', '--json'), { code: 2, stderr: /--json prints the list of lessons/ });
  t.match(await command('learn', '--lessons', state), { code: 2, stderr: /has no lesson; a lesson is a file that ends in \.md/ });
  t.match(await command('learn', '--lessons', join(state, 'none')), { code: 2, stderr: /cannot read the lessons in .*ENOENT/ });
  const folder = (content: string) => t.testdir({ 'small.md': content });
  t.match(await command('learn', '--lessons', folder(text.replace('{ Turn:', '{ Trun:'))), {
    code: 1,
    stderr: /small\.md:6: the glossary has no word Trun; did you mean Turn\?/,
  });
  t.match(await command('learn', '--check', '--lessons', folder(text.replace('at: MTA-A', 'at: MTA-C'))), {
    code: 1,
    stdout: /small\.md:9: .*unknown MTA MTA-C/,
  });
  t.match(await command('learn', '--check', '--lessons', folder(text.replace('delivered: 1', 'deliverd: 1'))), {
    code: 1,
    stdout: /small\.md:16: unknown key "deliverd".*did you mean delivered\?/,
  });
  t.notOk(existsSync(join(state, 'mtalab', 'learn.json.damaged')));
  t.same(readdirSync(join(state, 'none', '..')).includes('none'), false);
});
