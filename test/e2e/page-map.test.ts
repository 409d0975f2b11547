/** The map of a lab with four MTAs, on real processes: links by kind, trouble, and the ladder of a link. */
import { resolve } from 'node:path';
import { LabPage, startLab } from '@mtalab/harness';
import { renderConfig } from 'mtalab';
import { test } from 'tap';
import { picture } from '../support/browser.js';
import { axeFaults, counts, isLaidOut, limit, open, reads } from './on-page.js';
import './shell.js';

const command = [process.execPath, resolve('packages/cli/bin/mtalab.js'), 'mta'];
const names = ['HUB', 'LEEDS', 'PARIS', 'YORK'];

test('four MTAs: the map, its trouble, and the ladder behind a link', limit, async (t) => {
  const lab = await startLab({
    command,
    renderConfig,
    names,
    neighbours: [
      { between: ['HUB', 'LEEDS'] },
      { between: ['HUB', 'PARIS'], link: 'x400' },
      { between: ['HUB', 'YORK'] },
      { between: ['LEEDS', 'YORK'] },
    ],
    proxy: true,
    // With one association the queue stays at its threshold until the page has drawn it.
    settings: { threshold: 5, maxAssociationsPerMta: 1 },
  });
  t.teardown(() => lab.close());
  const served = await LabPage.start(lab, { folder: resolve('packages/web/dist'), title: 'four MTAs' });
  t.teardown(() => served.close());
  const { page, problems } = await open(t, served.newAddress());
  const link = (name: string) => page.locator('.map .links button', { hasText: name });
  await link('HUB and LEEDS').waitFor();
  await counts(t, page.locator('.map .links button'), 4, 'LEEDS and PARIS are not adjacent');
  await counts(t, page.locator('.map svg .link.x400'), 1);
  await reads(t, link('HUB and PARIS'), /X\.400 connector, 0 associations open, queued 0 at HUB, 0 at PARIS/);
  await reads(t, link('HUB and LEEDS'), /RPC, /);
  await page.locator('.map .verdict', { hasText: 'No link is in trouble.' }).waitFor();
  await picture(page, 'map-calm');

  // Mail from LEEDS to PARIS goes through HUB: two links open.
  const submit = (from: string, to: string) =>
    lab.submit(from, {
      originator: `user@${lab.domain(from)}`,
      recipients: [`user@${lab.domain(to)}`],
      content: Buffer.from('Subject: map\r\n\r\nHello.\r\n'),
    });
  await submit('LEEDS', 'PARIS');
  await link('HUB and PARIS').filter({ hasText: '1 association open' }).waitFor();
  await link('HUB and LEEDS').filter({ hasText: '1 association open' }).waitFor();

  // A fault that holds, a queue at its threshold, and an MTA that is down: each in words.
  lab.fault('hold rttr 1 from LEEDS');
  await submit('LEEDS', 'YORK');
  await link('LEEDS and YORK').filter({ hasText: 'the link holds "' }).waitFor();
  for (let count = 0; count < 5; count += 1) await submit('LEEDS', 'YORK');
  await link('LEEDS and YORK')
    .filter({ hasText: /\d queued at LEEDS, the threshold is 5/ })
    .waitFor();
  lab.process('PARIS').kill('SIGKILL');
  await link('HUB and PARIS').filter({ hasText: 'PARIS was killed by SIGKILL' }).waitFor();
  await page.locator('.map .verdict', { hasText: '2 of 4 links are in trouble. PARIS is down.' }).waitFor();
  await counts(t, page.locator('.map svg .node.down', { hasText: '✕ down' }), 1);
  await submit('HUB', 'PARIS');
  await link('HUB and PARIS')
    .filter({ hasText: /HUB has lost 1 association and none is open|no association opens: \d+ attempts? of HUB failed/ })
    .waitFor();

  for (const [name, width, height, colorScheme] of [
    ['1280x720', 1280, 720, 'light'],
    ['dark', 1280, 720, 'dark'],
    ['zoom-200', 640, 360, 'light'],
    ['phone', 390, 844, 'light'],
  ] as const) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    await isLaidOut(t, page, name);
    t.same(await axeFaults(page), [], `axe, ${name}`);
    await picture(page, `map-${name}`);
  }
  await page.setViewportSize({ width: 1280, height: 720 });

  // With the keyboard: the link under the focus is marked in the drawing, and Enter opens its ladder.
  await link('LEEDS and YORK').focus();
  await counts(t, page.locator('.map svg .link.near'), 1);
  await page.keyboard.press('Enter');
  await page.locator('.ladder:focus').waitFor();
  await page.locator('.row .stop', { hasText: 'hold rttr' }).waitFor();
  for (const [nth, name] of ['LEEDS', 'YORK'].entries())
    await reads(t, page.locator('main:visible .card h2').nth(nth), RegExp(`^${name}$`));
  await counts(t, page.locator('main:visible .card h2'), 2);
  await picture(page, 'map-ladder');
  await page.keyboard.press('m');
  await link('LEEDS and YORK').waitFor();
  lab.proxy?.release();
  await page.locator('.map .verdict', { hasText: '1 of 4 links is in trouble.' }).waitFor();

  // With the mouse, in the drawing.
  await page.locator('.map svg .link.x400 text').first().click();
  await page.locator('main:visible .card h2', { hasText: 'PARIS' }).waitFor();
  await page.locator('.pair option:checked', { hasText: 'PARIS' }).waitFor({ state: 'attached' });
  t.equal(await page.locator('.pair select').inputValue(), '1');
  t.same(problems, []);
  await page.keyboard.press('s');
  await page.locator('dialog select').first().waitFor();
  t.match(await page.locator('dialog select >> nth=0').locator('option').allInnerTexts(), [
    'HUB to PARIS',
    'PARIS to HUB',
    'HUB to LEEDS',
  ]);
});
