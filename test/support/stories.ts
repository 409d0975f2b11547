/** Runs stories kept as text: commands, `----`, and their outcome. `UPDATE=1` rewrites the outcomes. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';

/**
 * Defines one test for each story of a folder.
 * @param run returns the story with its current outcomes.
 * @param look makes further checks of those outcomes.
 * @param of prefix of the test titles, for stories that run more than once.
 */
export function testStories(
  folder: string,
  run: (text: string) => string,
  look?: (t: Test, seen: string) => void,
  of = '',
): void {
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .sort()) {
    test(of === '' ? name : `${of}: ${name}`, (t) => {
      const path = join(folder, name);
      const text = readFileSync(path, 'utf8');
      t.match(text, /^# /, 'the first comment says what is shown');
      const seen = run(text);
      look?.(t, seen);
      if (process.env.UPDATE === '1') writeFileSync(path, seen);
      else t.equal(seen, text);
      t.end();
    });
  }
}
