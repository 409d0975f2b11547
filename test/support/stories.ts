/** Stories kept as text: commands, `----`, and what they led to. `UPDATE=1` rewrites the outcomes. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';

/**
 * One test for each story of a folder.
 * @param run gives the story with its outcomes as they are now.
 * @param look looks at those besides.
 * @param of what is tested, where the same stories are run more than once.
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
