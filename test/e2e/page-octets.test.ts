/** The octets of a PDU in the details of the page: marked by the pointer and by the keyboard. */
import { readFileSync } from 'node:fs';
import { describeFrame, type LinkFrame } from '@mtalab/mta-core';
import type { JournalEntry } from '@mtalab/trace';
import { frameOctets } from '@mtalab/transport';
import { test } from 'tap';
import { picture } from '../support/browser.js';
import { command } from '../support/command.js';
import { axeFaults, counts, drawn, isLaidOut, limit, open, openFile, pair, queued, reads, send } from './on-page.js';
import { home, start } from './shell.js';

test('a line of the ladder shows its octets, and marks the field that one looks at', limit, async (t) => {
  const { page, problems } = await open(t, (await pair(t)).page);
  await send(page, 'MTA-A', 1);
  await page.locator('.row', { hasText: 'confirm' }).waitFor();
  await queued(page, 'MTA-A', 0);
  await page.locator('.row', { hasText: ' rttr ' }).first().click();
  const octets = page.locator('.details .octets');
  await octets.locator('h3', { hasText: /^\d+ octets$/ }).waitFor();
  await reads(t, octets.locator('p'), /the same octets as on the connection\. The content of a message \(··\)/);
  const dump = await octets.locator('.octet').allInnerTexts();
  t.same(dump.slice(0, 8), ['05', '00', '00', '03', '10', '00', '00', '00'], 'the header of a request');
  t.ok(dump.filter((octet) => octet === '··').length > 10, 'the content is in no journal');

  // The pointer: the field of the octet is marked in both places.
  await octets.locator('.octet').nth(12).hover();
  await counts(t, octets.locator('.octet.marked'), 4);
  await reads(t, octets.locator('.fields [aria-selected="true"]'), /^call \d+, octets 12 to 15$/);
  // The keyboard: down to the originator.
  await octets.locator('.fields').focus();
  await page.keyboard.press('Home');
  await reads(t, octets.locator('.fields .marked'), /^RPC version 5\.0, octets 0 to 1$/);
  for (let tries = 0; tries < 40; tries += 1) {
    if (/^rttr\.start\.originator/.test((await octets.locator('.fields .marked').textContent()) ?? '')) break;
    await page.keyboard.press('ArrowDown');
    await drawn(page);
  }
  await reads(t, octets.locator('.fields .marked'), /^rttr\.start\.originator sender@a\.example, octets/);
  const marked = await octets.locator('.octet.marked').allInnerTexts();
  t.match(Buffer.from(marked.join(''), 'hex').toString('latin1'), /sender@a\.example$/, 'the octets are those of the text');
  // A pointer that rests on the list marks nothing when the keyboard moves the list under it.
  await octets.locator('.fields [role="option"]').nth(2).hover();
  const names = await octets.locator('.fields [role="option"]').allTextContents();
  await drawn(page);
  t.equal(await octets.locator('.fields .marked').textContent(), names[2], 'the pointer');
  await octets.locator('.fields').focus();
  for (const [key, text] of [
    ['End', names.at(-1)],
    ['Home', names[0]],
  ] as const) {
    await page.keyboard.press(key);
    // The browser looks again what is under the pointer some frames after the list has moved.
    for (let frames = 0; frames < 20; frames += 1) await drawn(page);
    t.equal(await octets.locator('.fields .marked').textContent(), text, key);
  }
  await picture(page, 'octets');
  await isLaidOut(t, page, 'octets');
  t.same(await axeFaults(page), []);
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, 'octets-dark');
  t.same(await axeFaults(page), [], 'dark');

  await page.locator('.row', { hasText: 'bind_ack' }).first().click();
  await page.locator('.details', { hasText: 'The journal does not say all octets of this PDU' }).waitFor();
  t.same(problems, []);
});

test('a recording has the octets too, and says which it does not have', limit, async (t) => {
  const dir = `${home}/octets-recorded`;
  const made = start('pair', '--once', '--no-page', '--journal', '--both-ways', '--count', '4', '--dir', dir);
  t.match(await made.ended, [0], made.stderr());
  const journals = ['MTA-A', 'MTA-B'].map((name) => `${dir}/${name}/data/journal.jsonl`);
  const out = `${home}/octets.html`;
  t.match(await command('page', ...journals, '--out', out), { code: 0 });
  const { page, problems } = await openFile(t, out);
  await page.locator('.row', { hasText: 'close-ack' }).first().waitFor();

  // The last Turn-Give of the run, as its sender's journal has it.
  const steps = journals.flatMap((file) =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as JournalEntry),
  );
  const sent = steps.flatMap(({ t: tMs, effects }) =>
    effects.flatMap((effect) => (effect.type === 'frame' ? [{ tMs, effect: effect as LinkFrame }] : [])),
  );
  const gives = sent.filter(({ effect }) => / turn-give( |$)/.test(describeFrame(effect)));
  const last = gives.reduce((one, other) => (other.tMs >= one.tMs ? other : one));
  await page
    .locator('.row', { hasText: / turn-give( |$|\.)/ })
    .last()
    .click();
  const octets = page.locator('.details .octets');
  await octets.locator('h3').waitFor();
  const dump = await octets.locator('.octet').allInnerTexts();
  t.equal(dump.join(''), Buffer.from(frameOctets(last.effect)?.octets ?? []).toString('hex'));
  await octets.locator('.octet').nth(12).hover();
  await counts(t, octets.locator('.octet.marked'), 4);
  await page.locator('.row', { hasText: 'bind_ack' }).first().click();
  await page.locator('.details', { hasText: 'The journal does not say all octets of this PDU' }).waitFor();
  t.same(problems, []);
});
