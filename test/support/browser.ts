/** Debian's Chromium, headless, for tests of pages. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';
/** Why there is no browser; false if there is one. */
export const noBrowser = existsSync(executablePath) ? false : 'chromium is not installed';

/** With MTALAB_SHOTS=FOLDER, pictures of the pages stay there to be looked at. */
const shots = process.env['MTALAB_SHOTS'];

/** A browser with nothing in it. `close` removes its profile. */
export async function newBrowser(): Promise<{ readonly context: BrowserContext; readonly close: () => Promise<void> }> {
  const profile = mkdtempSync(join(tmpdir(), 'mtalab-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Collects what a page complains about: messages, errors, breaches of its policy. */
export async function complaintsOf(page: Page): Promise<readonly string[]> {
  const problems: string[] = [];
  page.on('console', (message) => problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.addInitScript(
    "document.addEventListener('securitypolicyviolation', (event) => console.log('policy:', event.violatedDirective, event.blockedURI))",
  );
  return problems;
}

/** Keeps a picture, if pictures are wanted. */
export async function picture(page: Page, name: string, { fullPage = false } = {}): Promise<void> {
  if (shots === undefined) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage });
}
