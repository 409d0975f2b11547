/** The packages as others get them: packed, installed by npm in an empty folder outside the workspace, and used there. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'tap';
import { Consumer, manifestOf, node, type Packed } from './consumer.js';
import { commonJs, compilerOptions, esModule } from './consumer-types.js';

const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
const folders = readdirSync('packages');
const licence = readFileSync('LICENSE', 'utf8');

/** What the package of each folder must hold besides what all hold. */
const parts: Readonly<Record<string, readonly string[]>> = {
  cli: [
    'bin/mtalab.js',
    'dist/main.js',
    'schema/mta.schema.json',
    ...readdirSync('packages/cli/scenarios').map((file) => `scenarios/${file}`),
  ],
  transport: ['proto/mtalab.proto', 'wireshark/mtalab.lua'],
};

/** Packages that are files for a browser, and no modules: their build makes one script of all sources. */
const pages: readonly string[] = ['web'];
const partsOfPage = ['LICENSE', 'README.md', 'package.json', 'dist/index.html', 'dist/page.js', 'dist/index.css', 'src/main.tsx'];

test('each package says what it is, and what is not for others stays private', (t) => {
  const repositories = new Set<unknown>();
  for (const folder of folders) {
    const manifest = manifestOf(join('packages', folder));
    t.match(
      manifest,
      { name: folder === 'cli' ? 'mtalab' : `@mtalab/${folder}`, license: 'MIT', engines: { node: String } },
      folder,
    );
    t.match(manifest, {
      description: /^\S.{20,}[^.]$/,
      keywords: [String],
      repository: { type: 'git', directory: `packages/${folder}` },
    });
    const prepack = pages.includes(folder) ? 'npm run build' : 'node ../../test/scripts/prepack.mjs';
    t.match(manifest, { scripts: { prepack } });
    t.equal(manifest.private, undefined);
    t.equal(readFileSync(join('packages', folder, 'LICENSE'), 'utf8'), licence);
    repositories.add((manifest['repository'] as { url: string }).url);
  }
  t.equal(repositories.size, 1, 'one repository');
  t.equal(manifestOf('.').private, true);
  t.equal(manifestOf('test').private, true);
  t.end();
});

test('packed, installed without the workspace and without a registry, and used', { timeout: 280_000 }, async (t) => {
  // Not in the folder of this test, from where Node would find the packages of the workspace.
  const home = mkdtempSync(join(tmpdir(), 'consumer-'));
  t.teardown(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  const packs = join(home, 'packs');
  for (const folder of ['packs', 'consumer']) mkdirSync(join(home, folder));
  const consumer = new Consumer(join(home, 'consumer'));
  // Every package has this script as prepack. It runs once here, because it builds everything each time.
  t.match(await node('packages/cli', [resolve('test/scripts/prepack.mjs')]), { code: 0 });
  const workspaces = folders.flatMap((folder) => ['--workspace', `packages/${folder}`]);
  const pack = await consumer.npm('.', 'pack', '--ignore-scripts', '--json', '--pack-destination', packs, ...workspaces);
  t.equal(pack.code, 0, pack.stderr);
  const packed = JSON.parse(pack.stdout) as readonly Packed[];
  t.equal(packed.length, folders.length);
  for (const [index, { name, files }] of packed.entries()) {
    const folder = name === 'mtalab' ? 'cli' : name.replace('@mtalab/', '');
    const paths = files.map(({ path }) => path);
    const isPage = pages.includes(folder);
    const module = ['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts'];
    const all = isPage ? partsOfPage : [...module, ...(parts[folder] ?? [])];
    t.same(
      all.filter((path) => !paths.includes(path)),
      [],
      `${name} (${index}) lacks nothing`,
    );
    const built = paths.flatMap((path) => /^dist\/(.+)\.js$/.exec(path)?.[1] ?? []);
    t.same(isPage ? [] : built.filter((stem) => !paths.includes(`src/${stem}.ts`)), [], 'everything in it has its source');
    t.same(
      paths.filter((path) => /tsbuildinfo|\.test\.|node_modules|control\.token/.test(path)),
      [],
    );
  }

  const install = await consumer.install(packed, packs);
  t.equal(install.code, 0, install.stderr);
  const { folder } = consumer;
  writeFileSync(join(folder, 'use.mts'), esModule);
  writeFileSync(join(folder, 'use.cts'), commonJs);
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['use.mts', 'use.cts'] }));
  writeFileSync(join(folder, 'import.mjs'), "import { spawnPair } from 'mtalab'; console.log(typeof spawnPair);");
  writeFileSync(
    join(folder, 'require.cjs'),
    "console.log(typeof require('mtalab').spawnPair, require('mtalab/package.json').name);",
  );
  const own = folders.filter((each) => each !== 'cli' && !pages.includes(each)).map((each) => `'@mtalab/${each}'`);
  writeFileSync(join(folder, 'all.mjs'), `for (const name of [${own}]) console.log(Object.keys(await import(name)).length > 3);`);
  t.match(await node(folder, ['import.mjs']), { code: 0, stdout: 'function\n' });
  t.match(await node(folder, ['require.cjs']), { code: 0, stdout: 'function mtalab\n' });
  t.match(await node(folder, ['all.mjs']), { code: 0, stdout: 'true\n'.repeat(own.length) });
  const compiled = await node(folder, [join(dirname(typescript), 'bin/tsc'), '-p', '.']);
  t.equal(compiled.code, 0, compiled.stdout);

  const npx = (...args: readonly string[]) => consumer.npm(folder, 'exec', '--offline', '--', 'mtalab', ...args);
  t.match(await npx('pair', '--once', '--count', '3', '--json'), { code: 0, stdout: /"delivered":3/ });
  t.match(await npx('repro', 'all', '--on', 'sim'), { code: 0, stdout: /8 of 8 articles and 5 of 5 companions are reproduced/ });

  const plugin = JSON.parse((await npx('capture', '--plugin', '--json')).stdout) as { plugin: string; proto: string };
  for (const [path, source] of [
    [plugin.plugin, 'packages/transport/wireshark/mtalab.lua'],
    [plugin.proto, 'packages/transport/proto/mtalab.proto'],
  ] as const) {
    t.ok(path.startsWith(realpathSync(folder)), path);
    t.equal(readFileSync(path, 'utf8'), readFileSync(source, 'utf8'), 'the installed package has it');
  }
  t.match(await npx('capture', '--plugin'), { code: 0, stdout: `${plugin.plugin}\n` });
  const tshark = spawnSync('tshark', ['-G', 'fields', '-X', `lua_script:${plugin.plugin}`], {
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  // Without tshark there is nothing that could load it.
  if (tshark.error === undefined) t.match(tshark.stdout, /\tmtalab\.rttr\.activity\t/, 'it loads, and finds the messages');

  const manual = await npx('man');
  t.match(manual.stdout, /^\.TH MTALAB 1/m);
  const installed = join(folder, 'node_modules/mtalab');
  const { man } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { man: string };
  t.equal(readFileSync(join(installed, man), 'utf8').trimEnd(), manual.stdout.trimEnd(), 'the manual page is in the package');

  const suite = join(folder, 'test-suite');
  mkdirSync(suite);
  cpSync('examples/test-suite', suite, { recursive: true });
  const example = await node(suite, ['--test']);
  t.equal(example.code, 0, example.stdout);
  t.match(example.stdout, /^# pass 3$/m);
});
