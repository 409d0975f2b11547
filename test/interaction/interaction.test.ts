/**
 * The protocol, told as stories in `data/*.txt`: commands, then `----`, then what they led to. `UPDATE=1` rewrites the
 * outcomes; read the difference before you keep it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { runStory } from './story.js';

const folder = join(process.cwd(), 'test/interaction/data');

for (const name of readdirSync(folder)
  .filter((file) => file.endsWith('.txt'))
  .sort()) {
  test(name, (t) => {
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    t.match(text, /^# /, 'the first comment says what is shown');
    const seen = runStory(text);
    t.notMatch(seen, /NEVER REACHED|TWICE|disagree/);
    if (process.env.UPDATE === '1') writeFileSync(path, seen);
    else t.equal(seen, text);
    t.end();
  });
}
