/** The generated parts of the documentation match the code. `npm run docs` rewrites them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorsByNumber, eventIds, eventsById, ntError } from '@mtalab/mta-core';
import { test } from 'tap';

test('diagrams, tables and the event list are up to date', (t) => {
  const { status, stderr } = spawnSync(process.execPath, ['test/docs.mjs', '--check'], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  t.end();
});

const noPages = new Set(['node_modules', 'dist']);

function* pagesIn(folder: string, ends: RegExp = /\.md$/): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith('.') && !noPages.has(entry.name)) yield* pagesIn(path, ends);
    if (entry.isFile() && ends.test(entry.name)) yield path;
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

test('`explain` knows every article, event and error number that a text or a catalogue cites', (t) => {
  const folders = ['packages', 'docs', 'examples'].flatMap((folder) => [...pagesIn(folder, /\.(md|ts|yaml|json)$/)]);
  const texts = [...folders, 'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md'].map((file) => readFileSync(file, 'utf8'));
  const cited = new Set(texts.flatMap((text) => text.match(/\bQ\d{6}\b/g) ?? []));
  t.ok(cited.has('Q229643') && cited.has('Q163324'), 'the articles of the catalogue and of the pages are found');
  const numbers = [...Object.keys(errorsByNumber), ...Object.values(ntError), ...eventIds].map(String);
  const words = [...cited, ...new Set(numbers), '1330', '9260', '9301', '9317', '8453'];
  const { status, stdout, stderr } = spawnSync('node_modules/.bin/mtalab', ['explain', '--json', ...words], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  const found = JSON.parse(stdout) as readonly { readonly kind: string; readonly article?: string; readonly title?: string }[];
  t.equal(found.length, words.length);
  const articles = found.flatMap(({ article }) => article ?? []);
  for (const article of cited) t.ok(articles.includes(article), article);
  for (const { kind, article, title } of found) if (kind === 'article') t.ok((title ?? '').length > 10, `${article} has a title`);
  for (const id of eventIds) for (const article of eventsById[id].articles) t.ok(articles.includes(article), `${id}: ${article}`);
  t.end();
});
