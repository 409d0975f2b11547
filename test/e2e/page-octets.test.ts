/** The octets of a PDU in the details of the page: marked by the pointer and by the keyboard. */
import { test } from 'tap';
import { picture } from '../support/browser.js';
import { axeFaults, counts, drawn, isLaidOut, limit, open, pair, queued, reads, send } from './on-page.js';

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
