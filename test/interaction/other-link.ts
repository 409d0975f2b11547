/**
 * Runs the stories about RTSE alone on another link than RPC. A folder has their outcomes there, frame by frame. The fate of the
 * mail, the associations and the Turn is the same as on RPC. `README.md` lists the exceptions; `UPDATE=1` rewrites the outcomes.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LinkKind } from '@mtalab/mta-core';
import { test } from 'tap';
import { comparable, labNumbers, readExceptions, tableRows } from './both-links.js';
import { type Block, outcomesOf, runStory } from './run-story.js';

const home = 'test/interaction';
const data = join(home, 'data');
const storiesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .sort();

const outcomes = (block: Block | undefined): readonly string[] => comparable(block?.lines ?? []);
const isTable = ({ head }: Block): boolean => head.some((line) => line.startsWith('recovery-table'));

/** @param heading of the section of `README.md` with the exceptions of this link. */
export function testOtherLink(link: LinkKind, heading: string): void {
  const folder = join(home, link);
  const place = heading.replace('The ', 'the ');
  const exceptions = readExceptions(join(home, 'README.md'), heading);
  const stories = storiesIn(data).filter((story) => !exceptions.isLeftOut(story));

  for (const story of stories) {
    const text = exceptions.onLink(story, readFileSync(join(data, story), 'utf8'));

    test(`${story} on ${place}`, (t) => {
      const seen = runStory(text, link);
      t.notMatch(seen, /NEVER REACHED|TWICE|disagree/);
      const path = join(folder, story);
      if (process.env['UPDATE'] === '1') writeFileSync(path, seen);
      else t.equal(seen, readFileSync(path, 'utf8'));
      t.end();
    });

    test(`${story} has the same outcome on RPC and on ${place}`, (t) => {
      const others = exceptions.otherLabs(story);
      const [onRpc, onLink] = [outcomesOf(text, 'rpc'), outcomesOf(text, link)];
      t.equal(onLink.length, onRpc.length);
      const labs = labNumbers(onRpc);
      for (const [index, block] of onRpc.entries()) {
        if (others.has(labs[index] ?? 0) || isTable(block)) continue;
        t.same(outcomes(onLink[index]), outcomes(block), block.head.join('\n'));
      }
      for (const lab of others.keys()) {
        const of = (blocks: readonly Block[]): unknown => blocks.filter((_, index) => labs[index] === lab).map(outcomes);
        t.notSame(of(onLink), of(onRpc), `lab ${lab} is an exception`);
      }
      const [rows, rpcRows] = [onLink, onRpc].map((blocks) =>
        tableRows(blocks.filter(isTable).flatMap(({ lines }) => lines ?? [])),
      );
      const otherRows = [...(rows ?? [])].flatMap(([row, ended]) => (ended === rpcRows?.get(row) ? [] : [row]));
      t.same(otherRows, exceptions.otherRows(story));
      t.end();
    });
  }

  test(`${place}: every exception belongs to a story, and every file to a story that runs`, (t) => {
    t.same(storiesIn(folder), stories);
    const all = storiesIn(data);
    for (const { story, place } of exceptions.rows) {
      t.ok(all.includes(story), story);
      const [, lab] = /^lab (\d+)$/.exec(place) ?? [];
      const labs = readFileSync(join(data, story), 'utf8').match(/^lab /gm)?.length ?? 0;
      if (lab !== undefined) t.ok(Number(lab) >= 1 && Number(lab) <= labs, `${story}, ${place}`);
    }
    t.end();
  });
}
