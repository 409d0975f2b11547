/** A fork on the page: from the instant of the lost Turn the run goes on in the browser, as it did, and as it would have gone. */
import type { Page } from 'playwright-core';
import { test } from 'tap';
import { picture } from '../support/browser.js';
import { command } from '../support/command.js';
import { card, counts, dismissed, drawn, limit, looksGood, open, openFile, pair, queued, send, verdict } from './on-page.js';
import { home, start } from './shell.js';

const banner = (page: Page, text: string | RegExp): Promise<void> => page.locator('.fork-banner', { hasText: text }).waitFor();
/** Back in time until the ladder ends with a PDU, and no side has noticed the loss of it. */
async function backTo(page: Page, shown: RegExp): Promise<void> {
  for (let steps = 0; steps < 400; steps += 1) {
    const last = await page.locator('.row:not(.mark)').last().textContent();
    const losses = await page.locator('.row', { hasText: 'notices the loss' }).count();
    if (losses === 0 && shown.test(last ?? '')) return;
    const before = await page.inputValue('#instant');
    await page.keyboard.press('[');
    // A busy browser draws late: without this, several instants pass before one is read.
    do await drawn(page);
    while ((await page.inputValue('#instant')) === before);
  }
  throw new Error(`no instant ends with ${shown}`);
}

test('from the lost Turn: a fork with the fix recovers, a fork with the bug needs the 50th message', limit, async (t) => {
  const { page, problems } = await open(t, (await pair(t, '--legacy', 'Q166594', '--fault', 'cut before turn-give 1')).page);
  await send(page, 'MTA-A', 1);
  await verdict(page, /MTA-A may send on MTA-A\/1\/\d+: both sides agree/);
  await send(page, 'MTA-B', 1);
  await verdict(page, /Nobody may send on .*: MTA-A and MTA-B each believe/);
  await dismissed(page);
  await backTo(page, /turn-give/);
  await page.click('button:has-text("Fork from here")');
  await banner(
    page,
    /This is a fork in the browser, from \d\d:\d\d:\d\d\.\d+ of the lab\. No process sees it\. \d PDUs? (is|are) on the way/,
  );
  await page.locator('.row.mark', { hasText: 'here the fork begins' }).waitFor();
  await looksGood(t, page, 'fork');

  for (const name of ['MTA-A', 'MTA-B']) await card(page, name).getByLabel(`Q166594 legacy at ${name}`).click();
  await page.getByLabel(/^Lose it: request .* turn-give/).click();
  await page.locator('.row .stop', { hasText: 'lost in the fork' }).waitFor();
  await page.keyboard.press('q');
  await queued(page, 'MTA-B', 0);
  await banner(page, 'Nothing is on its way.');
  await verdict(page, /MTA-B may send on MTA-A\/1\/\d+: both sides agree/);
  await dismissed(page);
  await picture(page, 'fork-fixed');
  await page.keyboard.press('l');
  t.equal(await page.locator('dialog').count(), 0, 'what needs processes does nothing in a fork');
  await page.keyboard.press('y');
  await page.locator('.timeline.past').waitFor();
  await page.keyboard.press('0');
  await verdict(page, /Nobody may send/);
  await queued(page, 'MTA-B', 1);

  // The same with the bug: the recovery does not help, and 49 messages stand.
  await backTo(page, /turn-give/);
  await page.keyboard.press('y');
  await page.getByLabel(/^Lose it: request .* turn-give/).click();
  await page.keyboard.press('q');
  await verdict(page, /Nobody may send/);
  await send(page, 'MTA-B', 48);
  await page.keyboard.press('q');
  await queued(page, 'MTA-B', 49);
  await send(page, 'MTA-B', 1);
  await page.keyboard.press('.');
  await page.keyboard.press('q');
  await queued(page, 'MTA-B', 0);
  await counts(t, card(page, 'MTA-B').locator('.associations li'), 2, 'the second association');
  await page.keyboard.press('a');
  await page.locator('.notices p', { hasText: '600 s of lab time have passed, in the fork' }).waitFor();
  await page.keyboard.press('Escape');
  await page.click('button:has-text("Back to the recording")');
  t.same(problems, [], 'no message, no error, no breach of the policy');
});

test('a fork in a page that is one file', limit, async (t) => {
  const dir = `${home}/forked`;
  const ended = start('pair', '--once', '--no-page', '--journal', '--both-ways', '--count', '4', '--dir', dir);
  t.match(await ended.ended, [0]);
  const out = `${home}/forked.html`;
  const journals = ['MTA-A', 'MTA-B'].map((name) => `${dir}/${name}/data/journal.jsonl`);
  t.match(await command('page', ...journals, '--out', out), { code: 0 });
  const { page, problems } = await openFile(t, out);
  await page.locator('.row', { hasText: 'close-ack' }).first().waitFor();
  await page.keyboard.press('y');
  await page.locator('.notices .bad', { hasText: 'nothing can go on from this instant' }).waitFor();
  await backTo(page, /rttr/);
  await page.keyboard.press('y');
  await banner(page, /of the recording\. No process sees it\./);
  await page.keyboard.press('q');
  await send(page, 'MTA-B', 2);
  await page.locator('.under-way button', { hasText: 'Let it arrive' }).first().click();
  await page.keyboard.press('q');
  await banner(page, 'Nothing is on its way.');
  await queued(page, 'MTA-B', 0);
  t.same(problems, []);
});
