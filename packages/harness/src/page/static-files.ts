/** The files of the page, from one folder. They are read once: there are few and they are small. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, posix, relative, sep } from 'node:path';
import { HarnessError } from '../process/errors.js';

export type StaticFile = { readonly body: Buffer; readonly type: string };

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};
const maxFiles = 200;
const maxBytes = 16 * 2 ** 20;

/** @throws HarnessError if the page has not been built. */
export function readStaticFiles(folder: string): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  let bytes = 0;
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (cause) {
    throw new HarnessError(`the page is not built: ${folder} cannot be read; run \`npm run build\``, { cause });
  }
  for (const name of names) {
    const path = join(folder, name);
    const type = types[extname(path)];
    if (type === undefined || !statSync(path).isFile()) continue;
    const body = readFileSync(path);
    bytes += body.length;
    if (files.size >= maxFiles || bytes > maxBytes) throw new HarnessError(`${folder} has more than a page needs`);
    files.set(`/${relative(folder, path).split(sep).join(posix.sep)}`, { body, type });
  }
  if (!files.has('/index.html'))
    throw new HarnessError(`the page is not built: ${folder} has no index.html; run \`npm run build\``);
  return files;
}
