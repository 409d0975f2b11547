/** The generated parts of the documentation match the code. `npm run docs` rewrites them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'tap';

test('diagrams, tables and the event list are up to date', (t) => {
  const { status, stderr } = spawnSync(process.execPath, ['test/docs.mjs', '--check'], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.end();
});

const noPages = new Set(['node_modules', 'dist']);

function* pagesIn(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith('.') && !noPages.has(entry.name)) yield* pagesIn(path);
    if (entry.isFile() && entry.name.endsWith('.md')) yield path;
  }
}

/** The anchor that a page gives to a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[`*_]/g, '')
    .replaceAll(/[^\p{L}\p{N}\- ]/gu, '')
    .replaceAll(' ', '-');
}

const withoutCode = (text: string): string => text.replaceAll(/^```[\s\S]*?^```/gm, '');
const anchorsOf = (page: string): readonly string[] =>
  [...withoutCode(readFileSync(page, 'utf8')).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));

test('every link and every path on a page leads somewhere', (t) => {
  const pages = [...pagesIn('.')];
  t.ok(pages.includes('README.md') && pages.includes('docs/glossary.md'), 'the pages are found');
  for (const page of pages) {
    const text = readFileSync(page, 'utf8');
    for (const [, link = ''] of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      t.ok(existsSync(target), `${page}: ${link}`);
      if (anchor !== undefined && existsSync(target)) t.ok(anchorsOf(target).includes(anchor), `${page}: ${link}`);
    }
    for (const [, path = ''] of text.matchAll(/`((?:packages|test|docs|examples)\/[^`\s]*)`/g))
      if (!path.includes('FOLDER')) t.ok(existsSync(path), `${page}: ${path}`);
  }
  t.end();
});
