/** Keys for the processes and their articles, and a page of journals that names the fault which lost a PDU. */
import { cpSync, readFileSync } from 'node:fs';
import { test } from 'tap';
import { complaintsOf, newBrowser } from '../support/browser.js';
import { command } from '../support/command.js';
import { card, counts, drawn, limit, open, pair } from './on-page.js';
import { home, start } from './shell.js';

test('keys restart, kill and switch articles at the left and the right MTA', limit, async (t) => {
  const { page, problems } = await open(t, (await pair(t)).page);
  await card(page, 'MTA-B').locator('.restart:not([disabled])').waitFor();
  const notice = (text: string): Promise<void> => page.locator('.notices p', { hasText: text }).first().waitFor();
  await page.keyboard.press('R');
  await notice('MTA-B has started again');
  await page.keyboard.press('x');
  await notice('MTA-A has started again');
  await page.keyboard.press('5');
  await page.locator('.commands code', { hasText: 'mtalab restart --mta MTA-B --dir' }).waitFor();
  await page.locator('.commands code', { hasText: 'mtalab restart --mta MTA-A --kill --dir' }).waitFor();
  await page.keyboard.press('Escape');

  // The feed looks at the processes twice a second.
  for (const name of ['MTA-A', 'MTA-B']) await card(page, name).locator('.switches input:not([disabled])').first().waitFor();
  await page.keyboard.press('Q');
  await page.keyboard.press('Space');
  await notice('is legacy at MTA-B');
  await counts(t, card(page, 'MTA-B').locator('.switches input:checked'), 1);
  await counts(t, card(page, 'MTA-A').locator('.switches input:checked'), 0);
  await page.keyboard.press('q');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await notice('is legacy at MTA-A');
  t.same(problems, []);
  await page.keyboard.press('?');
  for (const does of ['restart the left or the right MTA', 'kill it, and start it again', 'to the article switches'])
    await page.locator('dialog dd', { hasText: does }).waitFor();
});

test('a page of journals names the fault, if the record of the proxy is at hand', limit, async (t) => {
  const dir = `${home}/faulted`;
  const fault = 'cut before turn-give 1';
  const made = start('pair', '--once', '--no-page', '--journal', '--both-ways', '--count', '4', '--fault', fault, '--dir', dir);
  t.match(await made.ended, [0], made.stderr());
  const record = readFileSync(`${dir}/faults.jsonl`, 'utf8').trimEnd().split('\n');
  t.match(JSON.parse(record[0] ?? ''), { k: 'pdu', pdu: { fate: 'cut', fault: /^cut before turn-give/ } });
  const journalsIn = (folder: string) => ['MTA-A', 'MTA-B'].map((name) => `${folder}/${name}/data/journal.jsonl`);
  t.match(await command('page', ...journalsIn(dir), '--out', `${home}/faulted.html`), { code: 0 });
  const bare = `${home}/without-record`;
  for (const name of ['MTA-A', 'MTA-B'])
    cpSync(`${dir}/${name}/data/journal.jsonl`, `${bare}/${name}/data/journal.jsonl`, { recursive: true });
  t.match(await command('page', ...journalsIn(bare), '--out', `${home}/bare.html`), { code: 0 });
  t.match(await command('page', ...journalsIn(bare), `${dir}/faults.jsonl`, '--out', `${home}/named.html`), { code: 0 });

  const { context, close } = await newBrowser();
  t.teardown(close);
  const page = await context.newPage();
  const problems = await complaintsOf(page);
  for (const file of ['faulted', 'named']) {
    await page.goto(`file://${home}/${file}.html`);
    await page.locator('.ladder').focus();
    await page.keyboard.press('Home');
    for (
      let down = 0;
      down < 40 && (await page.locator('.row .stop', { hasText: 'cut before turn-give' }).count()) === 0;
      down += 1
    ) {
      await page.keyboard.press('j');
      await drawn(page);
    }
    t.ok((await page.locator('.row .stop', { hasText: 'cut before turn-give' }).count()) > 0, file);
  }
  await page.goto(`file://${home}/bare.html`);
  await page.locator('.row').first().waitFor();
  t.equal(await page.locator('.row .stop', { hasText: 'cut before' }).count(), 0, 'without the record nobody knows');
  t.same(problems, []);
});
