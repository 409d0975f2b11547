/** The time scale of a running pair: from the page and the command line, with timers that wait, and journals that replay. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { picture } from '../support/browser.js';
import { command } from '../support/command.js';
import { card, limit, open, pair, queued, send } from './on-page.js';

type Step = { readonly t: number; readonly n: number };

test('the slider changes how fast lab time runs at all MTAs; a timer that waits fires; the journals replay', limit, async (t) => {
  const { page: address, dir } = await pair(t, '--journal', '--set', 'associationLifetimeS=36000');
  const { page, problems } = await open(t, address);
  const slider = page.getByLabel('Time scale');
  t.equal(await slider.getAttribute('aria-valuetext'), 'lab time runs 1 times as fast as real time');
  await send(page, 'MTA-A', 1);
  await card(page, 'MTA-A').locator('.associations li').waitFor();

  await slider.focus();
  await page.keyboard.press('ArrowRight');
  await page.locator('.notices p', { hasText: 'lab time runs 2 times as fast' }).waitFor();
  await page.locator('.time-scale', { hasText: '×2' }).waitFor();
  await page.locator('.ladder').focus();
  await page.keyboard.press('+');
  await page.locator('.time-scale', { hasText: '×5' }).waitFor();
  await page.keyboard.press('-');
  await page.locator('.time-scale', { hasText: '×2' }).waitFor();
  const shown = await command('time', '--dir', dir, '--json');
  t.match(JSON.parse(shown.stdout), [
    { mta: 'MTA-A', nowAt: /^\d{4}-/, timeScale: 2 },
    { mta: 'MTA-B', timeScale: 2 },
  ]);
  await page.keyboard.press('5');
  await page.locator('.commands code', { hasText: `mtalab time --scale 5 --dir ${dir}` }).waitFor();
  await picture(page, 'page-time-scale');
  await page.keyboard.press('Escape');

  // Ten hours of lab time: the association ends by its lifetime, which nobody would wait for at the old scale.
  const fast = await command('time', '--dir', dir, '--scale', '1000000');
  t.equal(fast.stdout, ['MTA-A', 'MTA-B'].map((mta) => `${mta}: lab time runs 1000000 times as fast as real time\n`).join(''));
  await card(page, 'MTA-A').locator('p', { hasText: 'No association is open' }).waitFor();
  t.equal((await command('time', '--dir', dir, '--scale', '1')).code, 0);
  await page.locator('.time-scale', { hasText: '×1' }).waitFor();
  await send(page, 'MTA-B', 2);
  await page.locator('.row', { hasText: 'confirm' }).last().waitFor();
  await queued(page, 'MTA-B', 0);
  const passed = await command('time', '--dir', dir, '--advance', '60');
  t.match(passed.stdout, /^60 s of lab time have passed; it is \d{4}-/);
  t.match(
    (await command('time', '--dir', dir, '--scale', '0')).stderr,
    /--scale <n>' argument '0' is invalid\. Expected a number above 0/,
  );
  t.match((await command('time', '--dir', dir, '--scale', '2', '--advance', '1')).stderr, /cannot be used with/);
  t.same(problems, []);

  for (const name of ['MTA-A', 'MTA-B']) {
    const file = join(dir, name, 'data', 'journal.jsonl');
    const verified = await command('replay', file, '--verify');
    t.equal(verified.code, 0, verified.stdout + verified.stderr);
    const steps = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Step);
    t.ok(
      steps.every(({ t: at }, index) => index === 0 || at >= (steps[index - 1] as Step).t),
      `lab time of ${name} never goes back`,
    );
  }
});
