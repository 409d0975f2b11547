/**
 * The stories about RTSE alone, on the memory link: `memory/*.txt` has what each leads to there, frame by frame. What becomes of the
 * mail, the associations and the Turn is the same as on RPC. `README.md` lists the exceptions; `UPDATE=1` rewrites the outcomes.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { comparable, labNumbers, readExceptions, tableRows } from './both-links.js';
import { type Block, outcomesOf, runStory } from './run-story.js';

const home = 'test/interaction';
const [data, memory] = [join(home, 'data'), join(home, 'memory')];
const exceptions = readExceptions(join(home, 'README.md'));
const storiesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .sort();
const stories = storiesIn(data).filter((story) => !exceptions.isLeftOut(story));

const outcomes = (block: Block | undefined): readonly string[] => comparable(block?.lines ?? []);
const isTable = ({ head }: Block): boolean => head.some((line) => line.startsWith('recovery-table'));

for (const story of stories) {
  const text = exceptions.onMemory(story, readFileSync(join(data, story), 'utf8'));

  test(`${story} on the memory link`, (t) => {
    const seen = runStory(text, 'memory');
    t.notMatch(seen, /NEVER REACHED|TWICE|disagree/);
    const path = join(memory, story);
    if (process.env['UPDATE'] === '1') writeFileSync(path, seen);
    else t.equal(seen, readFileSync(path, 'utf8'));
    t.end();
  });

  test(`${story} ends alike on both links`, (t) => {
    const others = exceptions.otherLabs(story);
    const [onRpc, onMemory] = [outcomesOf(text, 'rpc'), outcomesOf(text, 'memory')];
    t.equal(onMemory.length, onRpc.length);
    const labs = labNumbers(onRpc);
    for (const [index, block] of onRpc.entries()) {
      if (others.has(labs[index] ?? 0) || isTable(block)) continue;
      t.same(outcomes(onMemory[index]), outcomes(block), block.head.join('\n'));
    }
    for (const lab of others.keys()) {
      const of = (blocks: readonly Block[]): unknown => blocks.filter((_, index) => labs[index] === lab).map(outcomes);
      t.notSame(of(onMemory), of(onRpc), `lab ${lab} is an exception`);
    }
    const [rows, rpcRows] = [onMemory, onRpc].map((blocks) =>
      tableRows(blocks.filter(isTable).flatMap(({ lines }) => lines ?? [])),
    );
    const otherRows = [...(rows ?? [])].flatMap(([row, ended]) => (ended === rpcRows?.get(row) ? [] : [row]));
    t.same(otherRows, exceptions.otherRows(story));
    t.end();
  });
}

test('every exception is of a story, and every file of a story that runs', (t) => {
  t.same(storiesIn(memory), stories);
  const all = storiesIn(data);
  for (const { story, place } of exceptions.rows) {
    t.ok(all.includes(story), story);
    const [, lab] = /^lab (\d+)$/.exec(place) ?? [];
    const labs = readFileSync(join(data, story), 'utf8').match(/^lab /gm)?.length ?? 0;
    if (lab !== undefined) t.ok(Number(lab) >= 1 && Number(lab) <= labs, `${story}, ${place}`);
  }
  t.end();
});
