/** Two pairs side by side, on real processes: they get the same, and part where the bug shows. */
import type { Locator, Page } from 'playwright-core';
import { type Test, test } from 'tap';
import { complaintsOf, newBrowser, picture } from '../support/browser.js';
import { command } from '../support/command.js';
import { axeFaults, card, counts, dismissed, limit, looksGood, open, openFile, pair, send, verdict } from './on-page.js';
import { home, start } from './shell.js';

const head = (page: Page, name: string): Locator => page.locator(`.pair-head[aria-label="${name} pair"]`);
const sentence = (page: Page, name: string, text: RegExp): Promise<void> =>
  head(page, name).locator('.verdict', { hasText: text }).waitFor();
const queuedIn = (page: Page, name: string, mta: string, count: number): Promise<void> =>
  head(page, name)
    .locator('.pair-cards li', { hasText: new RegExp(`^${mta} ${count}(/\\d+)? queued`) })
    .waitFor();

/** What answers the recovery. MTA-B sends one and gets the other, on two connections: either may be where its belief shows first. */
const answer = /MtaBindBack accepted|rtoac /;

/** The recovery is answered, and there the bug shows: only with the fix MTA-B takes the Turn that it is given. */
async function parted(t: Test, page: Page): Promise<void> {
  const says =
    /The pairs part at .*After MTA-[AB]'s response \d+ (MtaBindBack accepted|rtoac .*), MTA-B believes that the other side has the Turn in the first pair, and that it has the Turn in the second/;
  const found = page.locator('.parting.found', { hasText: says }).waitFor();
  await found.catch(async () => t.match(await page.locator('.parting').textContent(), says));
}

/** The mark stands on the same line of both ladders. */
async function partsAtOneLine(t: Test, page: Page): Promise<void> {
  await page.click('button:has-text("Show it")');
  await page.locator('.parts').first().waitFor();
  const tops = await page.locator('.parts').evaluateAll((marks) => marks.map((mark) => mark.getBoundingClientRect().top));
  t.equal(tops.length, 2, 'on both ladders');
  t.equal(tops[0], tops[1], 'on one line');
  for (const column of ['first', 'second'])
    await page.locator(`.ladders .rows[aria-label="PDUs of the ${column} pair"] .row.selected`, { hasText: answer }).waitFor();
}

/** A row of either ladder shows what it is: with the pointer, and with the keyboard. */
async function rowsHaveDetails(t: Test, page: Page): Promise<void> {
  const second = page.locator('.rows[aria-label="PDUs of the second pair"]');
  await second.locator('.row.selected').click();
  const heading = page.locator('main.twin .details h2');
  await heading.filter({ hasText: answer }).waitFor();
  await page.locator('main.twin .details .octets h3').waitFor();
  await counts(t, page.locator('.notices p'), 0, 'what only asks says nothing');
  await picture(page, 'twin-details');
  t.same(await axeFaults(page), [], 'axe, with details');
  await page.locator('.ladders').focus();
  await page.keyboard.press('ArrowLeft');
  await page.locator('.rows[aria-label="PDUs of the first pair"] [aria-selected="true"]').first().waitFor();
  await page.keyboard.press('Home');
  await heading.filter({ hasText: /^bind group=0/ }).waitFor();
  await page.keyboard.press('j');
  await heading.filter({ hasText: /^bind_ack/ }).waitFor();
  await page.keyboard.press('ArrowRight');
  await second.locator('.row.selected', { hasText: 'bind_ack' }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.details .close:focus').waitFor();
  await page.keyboard.press('Escape');
  await heading.waitFor({ state: 'detached' });
}

test('Q166594 and its fix: one cut, the first ladder stands, the second recovers, and both are marked', limit, async (t) => {
  const ready = await pair(t, '--legacy', 'Q166594', '--twin', '--fault', 'cut before turn-give 1');
  const { page, problems } = await open(t, ready.page);
  await page.click('button:has-text("Twin")');
  await page.locator('.pair-head h2', { hasText: 'First pair: Q166594 legacy' }).waitFor();
  await page.locator('.pair-head h2', { hasText: 'Second pair: Q166594 fixed' }).waitFor();
  await send(page, 'MTA-A', 1);
  for (const name of ['First', 'Second']) await sentence(page, name, /MTA-A may send on MTA-A\/1\/\d+: both sides agree/);
  await page.locator('.parting', { hasText: /The pairs have done the same so far: [1-9]\d* PDUs/ }).waitFor();
  await send(page, 'MTA-B', 1);
  await sentence(page, 'First', /Nobody may send on .*: MTA-A and MTA-B each believe that the other has the Turn/);
  await sentence(page, 'Second', /MTA-B may send on .*: both sides agree/);
  await queuedIn(page, 'First', 'MTA-B', 1);
  await queuedIn(page, 'Second', 'MTA-B', 0);
  await parted(t, page);
  await dismissed(page);
  await partsAtOneLine(t, page);
  await rowsHaveDetails(t, page);
  await looksGood(t, page, 'twin');

  // Both pairs get the fault; a hold needs a Turn-Give, which only the second can send.
  await page.keyboard.press('f');
  await page.click('text=Drop what is held');
  await page.locator('.notices .bad', { hasText: 'no PDU is held' }).waitFor();
  await page.keyboard.press('f');
  await page.click('text=Hold the next Turn-Give');
  await page.locator('.notices p', { hasText: /waits for its PDU, in both pairs/ }).waitFor();
  await send(page, 'MTA-A', 1);
  await sentence(page, 'Second', /MTA-B has given the Turn .* away and has no answer yet/);
  await page.keyboard.press('f');
  await page.click('text=Drop what is held');
  await page
    .locator('.notices .bad', {
      hasText: /First pair: not possible: no PDU is held\. Twin: the held PDU is lost, with its connections\./,
    })
    .waitFor();
  await page.keyboard.press('5');
  await page.locator('.commands code', { hasText: "mtalab fault 'hold turn-give'" }).waitFor();
  await page.keyboard.press('Escape');

  // A switch keeps the pairs different.
  await head(page, 'First').locator('button', { hasText: 'Alone' }).click();
  await page.locator('.pair-bar', { hasText: 'The first pair: Q166594 legacy.' }).waitFor();
  for (const name of ['MTA-A', 'MTA-B']) await card(page, name).getByLabel(`Q166594 legacy at ${name}`).click();
  await page.click('button:has-text("Both side by side")');
  await page.locator('.pair-head h2', { hasText: 'First pair: Q166594 fixed' }).waitFor();
  await page.locator('.pair-head h2', { hasText: 'Second pair: Q166594 legacy' }).waitFor();
  await head(page, 'Second').locator('button', { hasText: 'Alone' }).click();
  await page.locator('.pair-bar', { hasText: 'The second pair: Q166594 legacy.' }).waitFor();
  await card(page, 'MTA-A').locator('[aria-label^="Q166594"]:checked').waitFor();
  await page.keyboard.press('t');
  await page.locator('main.twin').waitFor();
  t.same(problems, [], 'no message, no error, no breach of the policy');

  // The recording has both.
  const { context, close } = await newBrowser();
  t.teardown(close);
  const download = page.waitForEvent('download');
  await page.keyboard.press('e');
  await page.click('.export .menu a');
  const file = `${home}/saved-twin.html`;
  await (await download).saveAs(file);
  const saved = await context.newPage();
  const complaints = await complaintsOf(saved);
  await saved.goto(`file://${file}`);
  await parted(t, saved);
  await partsAtOneLine(t, saved);
  t.same(complaints, []);
});

test('the page starts a twin, and both get what is done from then on', limit, async (t) => {
  const { page, problems } = await open(t, (await pair(t)).page);
  await page.locator('.ladder .empty', { hasText: 'Press s to send' }).waitFor();
  await page.keyboard.press('t');
  await page.locator('dialog', { hasText: 'start it before you send anything' }).waitFor();
  await picture(page, 'twin-dialog');
  await page.click('button:has-text("Start the twin")');
  await page.locator('.pair-head h2', { hasText: 'Second pair: Q166594 legacy' }).waitFor();
  await send(page, 'MTA-A', 3);
  for (const name of ['First', 'Second']) await sentence(page, name, /MTA-A may send/);
  await page.keyboard.press('a');
  await page.locator('.notices p', { hasText: '600 s of lab time have passed, in both pairs' }).waitFor();
  for (const name of ['First', 'Second']) await sentence(page, name, /No association is open/);
  await page.locator('.parting', { hasText: /The pairs have done the same so far/ }).waitFor();
  await page.keyboard.press('t');
  await verdict(page, /No association is open/);
  t.same(problems, []);
});

test('two recordings side by side in one file', limit, async (t) => {
  const journals = async (name: string, ...more: readonly string[]): Promise<readonly string[]> => {
    const dir = `${home}/${name}`;
    const fault = ['--fault', 'cut before turn-give 1', '--patience', '1'];
    await start('pair', '--once', '--no-page', '--journal', '--both-ways', '--count', '2', '--dir', dir, ...fault, ...more).ended;
    return ['MTA-A', 'MTA-B'].map((mta) => `${dir}/${mta}/data/journal.jsonl`);
  };
  const [one, other] = [await journals('twin-one', '--legacy', 'Q166594'), await journals('twin-other')];
  const out = `${home}/twin.html`;
  t.match(await command('page', ...one, '--twin', ...other, '--out', out), { code: 0 });
  const { page, problems } = await openFile(t, out);
  await page.locator('.pair-head h2', { hasText: 'First pair: Q166594 legacy' }).waitFor();
  await page.locator('.parting.found', { hasText: /The pairs part at/ }).waitFor();
  await picture(page, 'twin-recorded');
  t.same(problems, []);
});

test('commands in a shell reach the second pair by its folder, and lab time is one', { timeout: 200_000 }, async (t) => {
  const dir = `${home}/two-pairs`;
  const running = start('pair', '--page', '--json', '--proxy', '--legacy', 'Q166594', '--twin', '--dir', dir);
  await running.next();
  const twin = `${dir}/twin`;
  const legacyIn = async (folder: string) =>
    (JSON.parse((await command('status', '--dir', folder, '--json')).stdout) as { legacy: string[] }[]).map(
      (each) => each.legacy,
    );
  t.same(await legacyIn(dir), [['Q166594'], ['Q166594']]);
  t.same(await legacyIn(twin), [[], []]);
  t.match(await command('set', 'legacy', 'Q166594', '--mta', 'MTA-A', '--dir', twin), { code: 0 });
  t.same(await legacyIn(twin), [['Q166594'], []]);
  t.same(await legacyIn(dir), [['Q166594'], ['Q166594']], 'the first pair is as it was');
  t.match(await command('fault', 'hold turn-give', '--dir', twin), { code: 0 });
  t.match(await command('fault', 'list', '--dir', twin), { code: 0, stdout: /hold turn-give/ });
  t.notMatch(await command('fault', 'list', '--dir', dir), { stdout: /hold turn-give/ });
  t.match(await command('time', '--scale', '3', '--dir', twin), { code: 0 });
  for (const folder of [dir, twin])
    t.match(JSON.parse((await command('time', '--dir', folder, '--json')).stdout), [{ timeScale: 3 }, { timeScale: 3 }], folder);
  t.match(await command('stop', '--dir', twin), { code: 0 });
  t.match(await running.ended, [0], 'both pairs have ended');
});
