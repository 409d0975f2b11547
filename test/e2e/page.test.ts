/** The page of a pair in a browser, against real processes: the Turn is lost as in Q166594, the 50th message helps, and the fix cures. */
import { request } from 'node:http';
import { test } from 'tap';
import { WebSocket } from 'ws';
import { complaintsOf, newBrowser, picture } from '../support/browser.js';
import { command } from '../support/command.js';
import { axeFaults, card, counts, dismissed, isLaidOut, limit, open, pair, queued, reads, send, verdict } from './on-page.js';
import { home, start, until } from './shell.js';

test(
  'Q166594 on the page: the Turn is lost, 49 messages stand, the 50th opens a second association, the fix cures',
  limit,
  async (t) => {
    const ready = await pair(t, '--legacy', 'Q166594');
    const { page, problems } = await open(t, ready.page);
    t.equal(new URL(page.url()).search, '', 'the token has left the address');
    await page.locator('.ladder .empty', { hasText: 'Press s to send' }).waitFor();

    await send(page, 'MTA-A', 1);
    await verdict(page, /MTA-A may send on MTA-A\/1\/\d+: both sides agree/);

    await page.keyboard.press('f');
    await page.click('text=Hold the next Turn-Give');
    await send(page, 'MTA-B', 1);
    await page.locator('.stop', { hasText: 'hold turn-give' }).waitFor();
    await verdict(page, /MTA-A has given the Turn .* away and has no answer yet/);
    await reads(t, card(page, 'MTA-B').locator('.turn'), /MTA-A's, asked/, 'the receiver has not seen an octet of it');
    await picture(page, 'page-held');

    await page.keyboard.press('f');
    await page.click('text=Drop what is held');
    await verdict(page, /Nobody may send on .*: MTA-A and MTA-B each believe that the other has the Turn/);
    await page.locator('.row.mark', { hasText: 'disagree about' }).waitFor();
    for (const [name, other] of [
      ['MTA-A', 'MTA-B'],
      ['MTA-B', 'MTA-A'],
    ] as const)
      await card(page, name)
        .locator('.associations .badge.theirs', { hasText: `□ ${other}'s` })
        .waitFor();

    await send(page, 'MTA-B', 48);
    await queued(page, 'MTA-B', 49);
    await verdict(page, /MTA-B for MTA-A \(49\): each side believes that the other has the Turn .*\(Q166594\)/);
    await dismissed(page);
    await picture(page, 'page-lost-turn');

    await send(page, 'MTA-B', 1);
    await queued(page, 'MTA-B', 0);
    await verdict(page, /MTA-B may send on MTA-B\//);
    await counts(t, card(page, 'MTA-B').locator('.associations li'), 2, 'the second association');

    await page.keyboard.press('1');
    await page.locator('.events tr', { hasText: '1294' }).first().waitFor();
    await page.click('.events tr:has-text("1294") button >> nth=0');
    await page.locator('.events aside h3', { hasText: 'Event 1294' }).waitFor();
    await dismissed(page);
    await picture(page, 'page-event-log');
    await page.keyboard.press('5');
    await page.locator('.commands code').first().waitFor();
    const commands = await page.locator('.commands code').allInnerTexts();
    t.match(
      commands,
      [/^echo .* \| mtalab submit - --mta MTA-A/, /^mtalab fault 'hold turn-give'/],
      'what was done, as commands',
    );
    await page.keyboard.press('Escape');

    // The switch: the next recovery heals the first association.
    for (const name of ['MTA-A', 'MTA-B']) await card(page, name).getByLabel(`Q166594 legacy at ${name}`).click();
    for (const name of ['MTA-A', 'MTA-B']) await card(page, name).locator('[aria-label^="Q166594"]:not(:checked)').waitFor();
    await page.keyboard.press('f');
    await page.click('text=Cut all connections');
    // After the recovery both sides agree.
    await page.locator('.verdict:not(:has-text("Nobody")):has-text("may send")').waitFor();
    t.same(problems, [], 'no message, no error, no breach of the policy');
  },
);

test('back in time: everything is of that instant, and says so', limit, async (t) => {
  const { page } = await open(t, (await pair(t)).page);
  await send(page, 'MTA-A', 5);
  await page.locator('.row', { hasText: 'confirm' }).first().waitFor();
  await queued(page, 'MTA-A', 0);
  const rows = await page.locator('.rows').evaluate((element) => element.getBoundingClientRect().height);
  await page.keyboard.press('[');
  await page.locator('button', { hasText: 'Back to live' }).waitFor();
  for (let back = 0; back < 60; back += 1) await page.keyboard.press('[');
  await page.locator('.verdict', { hasText: 'Then:' }).waitFor();
  const earlier = await page.locator('.rows').evaluate((element) => element.getBoundingClientRect().height);
  t.ok(earlier < rows, `${earlier} px of ladder, ${rows} px now`);
  t.ok(await card(page, 'MTA-A').locator('button', { hasText: 'Kill' }).isDisabled(), 'the past cannot be changed');
  await page.keyboard.press('0');
  await page.locator('.now').waitFor();
});

test('a line of the ladder: keys, its meaning, its fields', limit, async (t) => {
  const { page } = await open(t, (await pair(t)).page);
  await send(page, 'MTA-A', 1);
  await page.locator('.row', { hasText: 'confirm' }).waitFor();
  await page.locator('.ladder').focus();
  await page.keyboard.press('Home');
  await page.locator('.details h2', { hasText: /^bind group=0/ }).waitFor();
  await page.keyboard.press('j');
  await page.locator('.details h2', { hasText: /^bind_ack/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.details .close:focus').waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.details').waitFor({ state: 'detached' });
  await page.locator('.row', { hasText: ' rttr ' }).first().click();
  await page.locator('.details h2', { hasText: / rttr / }).waitFor();
  await reads(t, page.locator('.details'), /RTTR\. .*segment of a transfer/s);
  await reads(t, page.locator('.details dl'), /body\.apdu\.kind\s*rttr/);
  await page.keyboard.press('Escape');
  await page.locator('.details').waitFor({ state: 'detached' });
});

test('a killed process is said to be down and comes back; a stopped link carries nothing until it goes on', limit, async (t) => {
  const { page } = await open(t, (await pair(t)).page);
  await send(page, 'MTA-A', 1);
  await page.locator('.row', { hasText: 'confirm' }).waitFor();
  await page.keyboard.press('Space');
  await page.locator('.state', { hasText: 'link stopped' }).waitFor();
  await send(page, 'MTA-A', 3);
  await queued(page, 'MTA-A', 3);
  const held = page.locator('.row .stop', { hasText: 'held' });
  await held.first().waitFor();
  const before = await page.locator('.row .head').count();
  await page.keyboard.press('.');
  await page.locator('.notices p', { hasText: /^passed: request \d+ MtaSend rttr/ }).waitFor();
  await until(async () => (await page.locator('.row .head').count()) > before);
  await page.click('button:has-text("Go on")');
  await queued(page, 'MTA-A', 0);
  await card(page, 'MTA-B').locator('button', { hasText: 'Kill and restart' }).click();
  await page.locator('.notices p', { hasText: 'MTA-B has started again' }).waitFor();
  await send(page, 'MTA-B', 1);
  await queued(page, 'MTA-B', 0);
});

test('a lesson on the page: it stops at each decisive moment, and real MTAs show what happens', limit, async (t) => {
  const { page, problems } = await open(t, (await pair(t)).page);
  await page.keyboard.press('l');
  await page.click('.lessons button:has-text("Q166594")');
  await page.locator('[role=status]', { hasText: 'Two MTAs of their own play' }).waitFor();
  await page.click('summary:has-text("The words of this lesson")');
  await reads(t, page.locator('.words dl').first(), /Recovery.*goes on with the same association/s);
  for (const answer of ['Nobody. Each believes', 'They wait', 'It makes MTA-A ask']) {
    await counts(t, page.locator('text=predictions were right'), 0, 'nothing is told before the prediction');
    await page.locator('.predict button:not([disabled])', { hasText: answer }).click();
  }
  await page.locator('.lesson', { hasText: '2 of 3 predictions were right' }).waitFor();
  await reads(t, page.locator('.happened').first(), /Measured on the running MTAs: .*You were right/s);
  await page.locator('.exhibit .stop', { hasText: 'cut before turn-give 1' }).waitFor();
  await counts(t, page.locator('.exhibit', { hasText: 'nothing passes for 12 h' }), 1);
  await page.locator('.exhibit summary').nth(1).click();
  await reads(t, page.locator('.exhibit dl').nth(1), /please-noted.*the answer to a turn-please/s);
  await page.locator('.exhibit').nth(1).scrollIntoViewIfNeeded();
  await picture(page, 'lesson');
  t.same(problems, []);
});

test('the page says what is wrong where something cannot be done', limit, async (t) => {
  const { page } = await open(t, (await pair(t)).page);
  await page.keyboard.press('f');
  await page.fill('dialog input', 'hold turn-giv');
  await page.keyboard.press('Enter');
  await page.locator('.notices .bad', { hasText: /turn-give/ }).waitFor();
});

test('who may open it: the token once, then this browser; no other page and no other host', { timeout: 100_000 }, async (t) => {
  const { page: address, dir } = await pair(t);
  const { origin } = new URL(address);
  const visit = (
    url: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; headers: Headers; text: string }> =>
    fetch(url, { headers, redirect: 'manual' }).then(async (answer) => ({
      status: answer.status,
      headers: answer.headers,
      text: await answer.text(),
    }));
  t.match(await visit(`${origin}/`), { status: 403, text: /mtalab page/ }, 'without a token');
  t.match(await visit(`${origin}/?token=wrong`), { status: 403 });
  const entered = await visit(address);
  t.equal(entered.status, 303);
  const cookie = (entered.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  t.match(entered.headers.get('set-cookie'), /HttpOnly; SameSite=Strict/);
  t.match(await visit(address), { status: 403, text: /has been used/ }, 'the token works once');
  const page = await visit(`${origin}/`, { cookie });
  t.equal(page.status, 200);
  const policy = page.headers.get('content-security-policy') ?? '';
  t.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
  t.notMatch(policy, /unsafe|http/, 'no exception');
  t.notMatch(page.text, /<script(?![^>]* src=)|<style|https?:/, 'nothing inline, nothing from elsewhere');
  t.match(await visit(`${origin}/../../package.json`, { cookie }), { status: 404 });
  const strange = await new Promise<number | undefined>((resolve) => {
    const { hostname, port } = new URL(origin);
    request({ hostname, port, path: '/', headers: { host: 'mta.example', cookie } }, ({ statusCode }) =>
      resolve(statusCode),
    ).end();
  });
  t.equal(strange, 421, 'a name that leads here is not enough');

  const feed = (headers: Record<string, string>): Promise<number> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`${origin.replace('http', 'ws')}/feed`, { headers });
      socket.on('open', () => {
        resolve(101);
        socket.close();
      });
      socket.on('unexpected-response', (_request, { statusCode = 0 }) => resolve(statusCode));
      socket.on('error', () => undefined);
    });
  t.equal(await feed({ cookie, origin }), 101);
  t.equal(await feed({ cookie, origin: 'http://evil.example' }), 403, 'a foreign page');
  t.equal(await feed({ cookie }), 403, 'no Origin');
  t.equal(await feed({ origin }), 403, 'no session');

  const again = await command('page', '--dir', dir);
  t.equal(again.code, 0, again.stderr);
  t.equal((await visit(again.stdout.trim())).status, 303, '`mtalab page` prints a new address');
});

test('light and dark, large print and small screens: all of it is there, and axe finds no serious fault', limit, async (t) => {
  const { page } = await open(t, (await pair(t, '--legacy', 'Q166594', '--fault', 'cut before turn-give 1')).page);
  await send(page, 'MTA-A', 3);
  await page.locator('.row', { hasText: 'confirm' }).first().waitFor();
  await queued(page, 'MTA-A', 0);
  await send(page, 'MTA-B', 3);
  await verdict(page, /Nobody may send/);
  const looks = [
    ['1280x720', 1280, 720, 'light'],
    ['dark', 1280, 720, 'dark'],
    ['zoom-200', 640, 360, 'light'],
    ['phone', 844, 390, 'light'],
  ] as const;
  for (const [name, width, height, colorScheme] of looks) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    await isLaidOut(t, page, name);
    await picture(page, `page-${name}`);
    if (name === '1280x720' || name === 'dark') {
      await page.keyboard.press('1');
      t.same(await axeFaults(page), [], `axe, ${name}`);
      await page.keyboard.press('Escape');
    }
  }
});

test('a recording is one file that needs no server', limit, async (t) => {
  const dir = `${home}/recorded`;
  const ended = start('pair', '--once', '--no-page', '--journal', '--both-ways', '--count', '4', '--dir', dir);
  t.match(await ended.ended, [0]);
  const out = `${home}/turn.html`;
  const journals = ['MTA-A', 'MTA-B'].map((name) => `${dir}/${name}/data/journal.jsonl`);
  t.match(await command('page', ...journals, '--out', out), { code: 0 });
  t.match(await command('page', ...journals, '--out', out), {
    code: 1,
    stderr: /is there already; give another name, or --force/,
  });
  t.match(await command('page', ...journals), { code: 2, stderr: /--out FILE\.html/ });
  t.match(await command('page', `${dir}/run.yaml`, '--out', out), { code: 1 });
  const { context, close } = await newBrowser();
  t.teardown(close);
  const page = await context.newPage();
  const problems = await complaintsOf(page);
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(`file://${out}`);
  await page.locator('.state', { hasText: 'recording' }).waitFor();
  await page.locator('.row', { hasText: 'close-ack' }).first().waitFor();
  t.same(problems, []);
  t.equal(requests.length, 1, 'nothing else is loaded');
});
