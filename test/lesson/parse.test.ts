/** The parser of lesson files: what it reads, and what it says about a wrong file. */
import { inOrder, type Lesson, LessonError, parseLesson } from '@mtalab/lesson';
import { test } from 'tap';

const front = `---
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
    evidence: [ladder]
    choices:
      - { says: Yes., remark: It is so., right: true, check: { delivered: 1 } }
      - { says: No., remark: It is not so., check: { delivered: 0 } }
      - { says: Perhaps., remark: It is certain. }
---`;
const body = `
Hello.

## Predict: one

What?

## Explained: one

That.

## In short

All.
`;
const whole = `${front}\n${body}`;

/** The small lesson with one part replaced. */
const changed = (part: string, by: string): string => {
  if (!whole.includes(part)) throw new Error(`the small lesson has no "${part}"`);
  return whole.replace(part, by);
};

function messageOf(text: string): string {
  try {
    parseLesson(text, 'small.md');
  } catch (error) {
    if (error instanceof LessonError) return error.message;
    throw error;
  }
  return 'no error';
}

test('a lesson is read', (t) => {
  const { lesson, lineOf } = parseLesson(whole, 'small.md');
  t.match(lesson, {
    id: 'small',
    number: 1,
    article: null,
    words: [{ word: 'Turn', means: 'The right to send.' }],
    intro: 'Hello.',
    close: 'All.',
  });
  t.same(lesson.stories, [
    { answer: null, scenario: {}, steps: [{ step: { submit: { at: 'MTA-A', to: 'MTA-B' } } }, { ask: 'one' }, { show: 'one' }] },
  ]);
  t.match(lesson.questions, [{ id: 'one', evidence: ['ladder'], ask: 'What?', told: 'That.' }]);
  t.same(
    lesson.questions[0]?.choices.map(({ says, right, check }) => [says, right, check]),
    [
      ['Yes.', true, { delivered: 1 }],
      ['No.', false, { delivered: 0 }],
      ['Perhaps.', false, null],
    ],
  );
  t.equal(lineOf(['scenario', 'steps', 1]), 10);
  t.equal(lineOf(['questions', 0, 'choices', 2]), 18);
  t.same(parseLesson(whole.replaceAll('\n', '\r\n'), 'small.md').lesson, lesson, 'lines may end as on Windows');
  t.end();
});

const wrong: readonly (readonly [what: string, text: string, message: string | RegExp])[] = [
  [
    'no front matter',
    'Hello.',
    'small.md:1: a lesson begins with front matter; put --- on the first line, and behind its last line',
  ],
  ['an open front matter', '---\nid: x\n', 'small.md:1: the front matter never ends; put a line with --- behind it'],
  ['no YAML', changed('title: A small lesson', 'title: [A'), /^small\.md:5: the front matter is not YAML: /],
  ['a text that is too long', 'x'.repeat(200_001), /^small\.md:1: the file has 200001 characters; a lesson has at most 200000$/],
  [
    'an unknown key',
    changed('minutes: 2', 'minutes: 2\nminute: 2'),
    /^small\.md:6: unknown key "minute"; the keys are id, number, /,
  ],
  [
    'an unknown key of a choice',
    changed('says: No.,', 'says: No., wrong: 1,'),
    /^small\.md:17: unknown key "wrong" in questions\[0\]\.choices\[1\]; the keys are id, says, remark, right, corrected, check$/,
  ],
  ['a missing key', changed('title: A small lesson\n', ''), /^small\.md:2: title is missing; add a text$/],
  [
    'a wrong number',
    changed('number: 1', 'number: one'),
    'small.md:3: number: expected a whole number from 1 to 99; found "one"',
  ],
  [
    'a wrong id',
    changed('id: small', 'id: Small One'),
    /^small\.md:2: id: expected a short name of small letters, digits and hyphens; found "Small One"$/,
  ],
  [
    'two choices',
    changed('      - { says: Perhaps., remark: It is certain. }\n', ''),
    /^small\.md:15: questions\[0\]\.choices has 2 entries; it must have 3 to 4$/,
  ],
  ['no right choice', changed('right: true, ', ''), 'small.md:15: 0 choices of one say right: true; exactly one must'],
  [
    'two right choices',
    changed('says: No.,', 'says: No., right: true,'),
    'small.md:15: 2 choices of one say right: true; exactly one must',
  ],
  [
    'a choice that is not right',
    changed('says: No.,', 'says: No., right: false,'),
    /^small\.md:17: right can only be true; leave it out of a wrong choice$/,
  ],
  [
    'two corrected choices',
    changed('says: No.,', 'says: No., corrected: true,').replace(
      'says: Perhaps.,',
      'says: Perhaps., corrected: true, check: { opened: 1 },',
    ),
    /^small\.md:15: several choices of one say corrected: true; at most one may$/m,
  ],
  [
    'a right choice that is corrected',
    changed('right: true,', 'right: true, corrected: true,'),
    /^small\.md:16: the right choice is what happens with the bug; put corrected: true on another choice$/m,
  ],
  [
    'a correction of nothing',
    changed('says: No.,', 'says: No., corrected: true,'),
    /^small\.md:7: the story has no bug to correct; add legacy/,
  ],
  ['a claim without a check', changed(', check: { delivered: 1 }', ''), 'small.md:16: nothing proves this answer; add a check'],
  [
    'no remark',
    changed('remark: It is not so., ', ''),
    /^small\.md:17: questions\[0\]\.choices\[1\]\.remark is missing; add a text$/,
  ],
  [
    'unknown evidence',
    changed('[ladder]', '[lader]'),
    /^small\.md:14: questions\[0\]\.evidence\[0\]: expected one of ladder, .*; found "lader"$/,
  ],
  [
    'a word without its meaning',
    changed('{ Turn: The right to send. }', '{ Turn: }'),
    /words\.Turn: expected a text; found nothing/,
  ],
  ['words without meanings', changed('{ Turn: The right to send. }', '[Turn]'), /words: expected a mapping; found a list/],
  ['no story', changed('scenario:\n', 'words2:\n'), /scenario is missing; add a mapping/],
  [
    'a question that is not asked',
    changed('    - ask: one\n    - show: one\n', ''),
    'small.md:8: one is never asked; add ask: one and show: one',
  ],
  [
    'a question without an end',
    changed('    - show: one\n', ''),
    'small.md:8: one is never resolved; add show: one behind its ask',
  ],
  ['an end before the question', changed('    - ask: one\n', ''), /^small\.md:10: one is not open here; add ask: one before$/],
  [
    'an unknown question',
    changed('- ask: one', '- ask: two'),
    /^small\.md:10: no question has the id two; the questions are one$/m,
  ],
  [
    'a moment with another key',
    changed('- ask: one', '- { ask: one, say: x }'),
    'small.md:10: a step with ask has no other key; make two steps of it',
  ],
  [
    'a look at the start',
    changed('    - submit: { at: MTA-A, to: MTA-B }', '    - look: [queues]'),
    'small.md:9: nothing has happened before the first step; move this look down',
  ],
  [
    'an answer in a single story',
    changed('scenario:\n', 'scenario:\n  answer: one\n'),
    /small\.md:8: only a story of a list has an answer; use right: true on a choice/,
  ],
  [
    'no introduction',
    changed('Hello.\n', ''),
    'small.md:20: the lesson has no text before its first heading; write an introduction',
  ],
  ['no end', changed('## In short\n\nAll.\n', ''), 'small.md:20: the lesson has no `## In short`; add one at the end'],
  ['an empty section', changed('What?\n', ''), 'small.md:23: nothing stands under "## Predict: one"; write its text'],
  [
    'a missing section',
    changed('## Explained: one', '## Explained: two'),
    /^small\.md:13: the text has no section "## Explained: one"; add it\nsmall\.md:27: no question has the id two/,
  ],
  [
    'an unknown heading',
    changed('## In short', '## Summary'),
    /small\.md:31: unknown heading "## Summary"; a lesson has `## Predict/,
  ],
];

test('a wrong lesson: file, line, what is wrong, what to do', (t) => {
  for (const [what, text, message] of wrong) {
    const found = messageOf(text);
    if (typeof message === 'string') t.equal(found, message, what);
    else t.match(found, message, what);
  }
  t.end();
});

test('several stories have answers', (t) => {
  const story = (answer: string) => `  - ${answer}steps: [{ submit: { at: MTA-A, to: MTA-B } }, { ask: one }, { show: one }]\n`;
  const several = (one: string, other: string): string =>
    whole
      .replace(/scenario:[\s\S]*?(?=questions:)/, `scenarios:\n${story(one)}${story(other)}`)
      .replace('right: true, ', 'id: yes-it-is, ')
      .replace('says: No.,', 'id: no, says: No.,')
      .replace('remark: It is certain.', 'id: perhaps, remark: It is certain., check: { delivered: 2 }');
  const { lesson } = parseLesson(several('answer: yes-it-is\n    ', 'answer: "no"\n    '), 'small.md');
  t.same(
    lesson.stories.map(({ answer }) => answer),
    ['yes-it-is', 'no'],
  );
  t.match(messageOf(several('answer: yes-it-is\n    ', '')), /this story has no answer; add the id of a choice/);
  t.match(
    messageOf(several('answer: other\n    ', 'answer: "no"\n    ')),
    /no choice has the id other; the ids are yes-it-is, no, perhaps/,
  );
  t.match(messageOf(several('answer: "no"\n    ', 'answer: "no"\n    ').replace('id: perhaps, ', '')), /this choice needs an id/);
  t.end();
});

test('the order of lessons', (t) => {
  const lesson = (id: string, number: number): { readonly file: string; readonly lesson: Lesson } => ({
    file: `${id}.md`,
    lesson: { ...parseLesson(whole, 'small.md').lesson, id, number },
  });
  t.same(
    inOrder([lesson('b', 2), lesson('a', 1)]).map(({ id }) => id),
    ['a', 'b'],
  );
  t.throws(() => inOrder([lesson('a', 1), lesson('b', 1)]), { message: /^b\.md:1: number 1 is also in a\.md/ });
  t.throws(() => inOrder([lesson('a', 1), { ...lesson('a', 2), file: 'c.md' }]), {
    message: /^c\.md:1: the id a is also in a\.md/,
  });
  t.throws(() => inOrder([lesson('a', 1), lesson('b', 3)]), { message: /no lesson has number 2/ });
  t.end();
});
