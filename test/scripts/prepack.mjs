/**
 * Runs in the folder of a package before `npm pack` and `npm publish`: builds the package, and removes files from its `dist`
 * whose source is gone. tsc leaves them there, and they must not be published.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
const { status } = spawnSync(process.execPath, [resolve(dirname(typescript), 'bin/tsc'), '-b'], { stdio: ['ignore', 2, 2] });
if (status !== 0) {
  console.error('The build failed, so there is nothing to pack.');
  process.exit(1);
}
for (const entry of readdirSync('dist', { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const file = join(entry.parentPath, entry.name);
  const stem = /^dist\/(.+)\.(?:d\.ts|js)(?:\.map)?$/.exec(file.replaceAll('\\', '/'))?.[1];
  if (stem !== undefined && !existsSync(join('src', `${stem}.ts`))) rmSync(file);
}
