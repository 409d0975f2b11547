/**
 * Which package may import what: mta-core <- transport <- harness <- cli, mta-core <- sim <- harness, and tests through public
 * entries only. Packages see each other as what they have built (`dist`), because that is what their `exports` name.
 */
const own = '^(packages/[^/]+|test)/';

/** Everything in this repository outside `package` that none of `allowed` exports. */
function onlyFrom(name, from, allowed, comment) {
  const entries = allowed.map((entry) => `^packages/${entry}$`);
  return {
    name,
    comment,
    severity: 'error',
    from: { path: `^${from}/` },
    to: { path: own, pathNot: [`^${from}/`, ...entries] },
  };
}

const core = 'mta-core/dist/index\\.(js|d\\.ts)';
const sim = 'sim/dist/index\\.(js|d\\.ts)';
const transport = 'transport/dist/index\\.(js|d\\.ts)';
const harness = 'harness/dist/index\\.(js|d\\.ts)';
const cli = 'cli/dist/(index|internal)\\.(js|d\\.ts)';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'core-imports-nothing',
      comment: 'The core is pure: no dependency, no node:*, no other package.',
      severity: 'error',
      from: { path: '^packages/mta-core/src/' },
      to: { pathNot: '^packages/mta-core/src/' },
    },
    {
      name: 'sim-imports-the-core',
      comment: 'The simulator is as pure as the core: it runs in a browser.',
      severity: 'error',
      from: { path: '^packages/sim/src/' },
      to: { pathNot: ['^packages/sim/src/', `^packages/${core}$`] },
    },
    onlyFrom('transport-arrows', 'packages/transport', [core], 'transport uses the entry of mta-core only.'),
    onlyFrom(
      'harness-arrows',
      'packages/harness',
      [core, sim, transport],
      'harness uses the entries of mta-core, sim, transport.',
    ),
    onlyFrom('cli-arrows', 'packages/cli', [core, sim, transport, harness], 'cli uses the entries of the other packages only.'),
    onlyFrom('test-arrows', 'test', [core, sim, transport, harness, cli], 'Tests use what a user can import.'),
    {
      name: 'resolvable',
      comment: 'Every import leads to something that is installed.',
      severity: 'error',
      from: { path: own },
      to: { couldNotResolve: true },
    },
    {
      name: 'listed',
      comment: 'What a package imports is listed in its package.json.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      comment: 'Modules that import each other cannot be understood, or loaded, one at a time. Types may.',
      severity: 'error',
      from: { path: own },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    exclude: { path: '^test/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
};
