/** The exports of a page: the same octets as `mtalab ladder` makes of the same journals. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { picture } from '../support/browser.js';
import { command } from '../support/command.js';
import { axeFaults, limit, open, openFile, pair, queued, send } from './on-page.js';
import { home, start } from './shell.js';

const forms = [
  ['Ladder as text', 'text', 'ladder.txt'],
  ['SVG', 'svg', 'ladder.svg'],
  ['Mermaid', 'mermaid', 'ladder.mmd'],
  ['PlantUML', 'plantuml', 'ladder.puml'],
  ['ShiViz', 'shiviz', 'ladder-shiviz.log'],
  ['JSON', 'json', 'ladder.json'],
] as const;

test('an exported page exports what the command draws', limit, async (t) => {
  const dir = `${home}/exported`;
  const made = start(
    'pair',
    '--once',
    '--no-page',
    '--journal',
    '--both-ways',
    '--count',
    '6',
    '--legacy',
    'Q166594',
    '--dir',
    dir,
  );
  t.match(await made.ended, [0]);
  const journals = ['MTA-A', 'MTA-B'].map((name) => `${dir}/${name}/data/journal.jsonl`);
  const out = `${home}/exported.html`;
  t.match(await command('page', ...journals, '--out', out), { code: 0 });
  const { page, problems } = await openFile(t, out);
  await page.locator('.row').first().waitFor();

  const exported = async (title: string): Promise<{ name: string; text: string }> => {
    await page.keyboard.press('e');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('.export .menu').getByRole('button', { name: title, exact: true }).click(),
    ]);
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
  };
  for (const [title, format, file] of forms) {
    const drawn = await command('ladder', ...journals, '--format', format);
    t.match(drawn, { code: 0 });
    t.same(await exported(title), { name: file, text: drawn.stdout }, title);
  }
  await page.keyboard.press('w');
  const all = await command('ladder', ...journals, '--all', '--format', 'mermaid');
  t.same((await exported('Mermaid')).text, all.stdout, 'unfolded, as --all');
  await page.keyboard.press('w');
  await page.keyboard.press('[');
  const earlier = await exported('JSON');
  t.ok(JSON.parse(earlier.text).length > 0);
  await page.keyboard.press('e');
  await page.locator('.export .menu', { hasText: 'up to the instant that is shown' }).waitFor();
  t.equal(await page.locator('.export .menu a').count(), 0, 'the file itself is the HTML export');
  await page.keyboard.press('Escape');
  await page.locator('.export .menu').waitFor({ state: 'hidden' });
  t.same(problems, []);
});

test('a live page exports its ladder and its recording', limit, async (t) => {
  const { page, problems } = await open(t, (await pair(t)).page);
  await send(page, 'MTA-A', 1);
  await page.locator('.row', { hasText: 'confirm' }).waitFor();
  await queued(page, 'MTA-A', 0);
  await page.keyboard.press('e');
  t.same(await axeFaults(page), []);
  await picture(page, 'export-menu');
  const [recording] = await Promise.all([page.waitForEvent('download'), page.click('.export .menu a')]);
  t.equal(recording.suggestedFilename(), 'recording.html');
  await page.keyboard.press('e');
  const [mermaid] = await Promise.all([page.waitForEvent('download'), page.click('.export .menu button:has-text("Mermaid")')]);
  t.match(readFileSync(await mermaid.path(), 'utf8'), /^sequenceDiagram[\s\S]*MtaSend rttr/);
  t.same(problems, []);
});
