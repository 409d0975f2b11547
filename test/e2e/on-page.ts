/** What tests of the page share: a pair with a page, the page in a browser, what a person does on it. */
import axe from 'axe-core';
import type { Locator, Page } from 'playwright-core';
import type { Test } from 'tap';
import { complaintsOf, newBrowser, noBrowser, picture } from '../support/browser.js';
import { interrupt, start } from './shell.js';

export const limit = { skip: noBrowser, timeout: 300_000 };

export type Ready = { readonly page: string; readonly dir: string };

/** A pair with a page. */
export async function pair(t: Test, ...more: readonly string[]): Promise<Ready> {
  const running = start('pair', '--page', '--json', '--proxy', ...more);
  t.teardown(async () => {
    interrupt(running);
    await running.ended;
  });
  return (await running.next()) as unknown as Ready;
}

/** An empty page in a browser of its own. */
async function newPage(t: Test) {
  const { context, close } = await newBrowser();
  t.teardown(close);
  context.setDefaultTimeout(100_000);
  const page = await context.newPage();
  return { page, problems: await complaintsOf(page) };
}

/** The page of a running lab. */
export async function open(t: Test, address: string) {
  const opened = await newPage(t);
  await opened.page.setViewportSize({ width: 1280, height: 720 });
  await opened.page.goto(address);
  await opened.page.waitForSelector('.state:has-text("live")');
  await opened.page.locator('.card').first().waitFor({ state: 'attached' });
  return opened;
}

/** A page that is one file. */
export async function openFile(t: Test, file: string) {
  const opened = await newPage(t);
  await opened.page.goto(`file://${file}`);
  return opened;
}

export async function send(page: Page, from: string, count: number, priority = 'normal'): Promise<void> {
  await page.keyboard.press('s');
  await page.selectOption('dialog select >> nth=0', from);
  await page.selectOption('dialog select >> nth=1', priority);
  await page.fill('dialog input', `${count}`);
  await page.keyboard.press('Enter');
}

/** Reads again until it is as expected: a busy browser draws late. What was read last is what the test asserts. */
async function eventually<T>(read: () => Promise<T>, expected: (value: T) => boolean): Promise<T> {
  let value = await read();
  for (let reads = 0; reads < 2000 && !expected(value); reads += 1) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    value = await read();
  }
  return value;
}

/** Before long there are so many of it. */
export async function counts(t: Test, of: Locator, count: number, why = 'so many of it'): Promise<void> {
  t.equal(
    await eventually(
      () => of.count(),
      (value) => value === count,
    ),
    count,
    why,
  );
}

/** Before long it says so. */
export async function reads(t: Test, of: Locator, text: RegExp, why = 'what it says'): Promise<void> {
  t.match(
    await eventually(
      async () => (await of.textContent()) ?? '',
      (value) => text.test(value),
    ),
    text,
    why,
  );
}

/** The browser has drawn what it has. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
}

/** Closes what the page has said, which lies over a part of it. */
export async function dismissed(page: Page): Promise<void> {
  for (let left = await page.locator('.notices button').count(); left > 0; left -= 1)
    await page
      .locator('.notices button')
      .first()
      .click({ timeout: 1000 })
      .catch(() => undefined);
}

export const card = (page: Page, name: string): Locator => page.locator(`.card[aria-label="${name}"]`);
export const queued = (page: Page, name: string, count: number): Promise<void> =>
  card(page, name)
    .locator('.queue strong', { hasText: new RegExp(`^${count}$`) })
    .waitFor();
export const verdict = (page: Page, text: RegExp): Promise<void> =>
  page.locator('main:not(.twin) .verdict', { hasText: text }).waitFor();

/** Nothing on the page sticks out of it, and no visible control lies over another. */
export async function isLaidOut(t: Test, page: Page, what: string): Promise<void> {
  const problems = await page.evaluate(`(() => {
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth + 1) found.push('the page is wider than the screen');
    const boxes = [...document.querySelectorAll('button, a.button, input[type=search]')]
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ element, box }) => box.width > 0 && element.checkVisibility() && !element.closest('.notices'));
    for (const [at, { element, box }] of boxes.entries()) {
      if (box.right > innerWidth + 1 || box.left < -1) found.push(element.textContent + ' sticks out');
      for (const { element: other, box: next } of boxes.slice(at + 1)) {
        if (element.closest('.card, .drawer') !== other.closest('.card, .drawer')) continue;
        if (box.left < next.right - 1 && next.left < box.right - 1 && box.top < next.bottom - 1 && next.top < box.bottom - 1)
          found.push(element.textContent + ' overlaps ' + other.textContent);
      }
    }
    return found;
  })()`);
  t.same(problems, [], what);
}

/** What axe holds against the page that is serious or critical. */
export async function axeFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  return (await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).slice(0, 3).join(' ')))`,
  )) as string[];
}

/** Light, dark and at 200 %: nothing sticks out, axe finds nothing serious, and a picture is kept of each. */
export async function looksGood(t: Test, page: Page, name: string): Promise<void> {
  for (const [look, width, height, colorScheme] of [
    ['1280x720', 1280, 720, 'light'],
    ['dark', 1280, 720, 'dark'],
    ['zoom-200', 640, 360, 'light'],
  ] as const) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    await isLaidOut(t, page, `${name}, ${look}`);
    await picture(page, `${name}-${look}`);
    if (width === 1280) t.same(await axeFaults(page), [], `axe, ${name}, ${look}`);
  }
  await page.setViewportSize({ width: 1280, height: 720 });
  await page.emulateMedia({ colorScheme: 'light' });
}
