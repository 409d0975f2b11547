/**
 * Which package may import what: mta-core <- trace <- scenario <- engine <- proof, mta-core <- transport <- harness <- cli, and tests through public
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
const trace = 'trace/dist/index\\.(js|d\\.ts)';
const scenario = 'scenario/dist/index\\.(js|d\\.ts)';
const engine = 'engine/dist/index\\.(js|d\\.ts)';
const proof = 'proof/dist/index\\.(js|d\\.ts)';
const transport = 'transport/dist/index\\.(js|d\\.ts)';
const harness = 'harness/dist/index\\.(js|d\\.ts)';
const cli = 'cli/dist/(index|internal)\\.(js|d\\.ts)';

/** A package that imports these entries and these pure libraries, and nothing else: no node:*. */
function pure(name, allowed, comment, libraries = []) {
  const entries = [...allowed.map((entry) => `^packages/${entry}$`), ...libraries.map((library) => `^node_modules/${library}/`)];
  return {
    name: `${name}-arrows`,
    comment,
    severity: 'error',
    from: { path: `^packages/${name}/src/` },
    to: { pathNot: [`^packages/${name}/src/`, ...entries] },
  };
}

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
      name: 'reliable-transfer-knows-no-link',
      comment: 'The reliable transfer and the mail know what a link does (link.ts), and no link.',
      severity: 'error',
      from: { path: '^packages/mta-core/src/(reliable-transfer|mail)/' },
      to: { path: '^packages/mta-core/src/links/', pathNot: '/links/link\\.ts$' },
    },
    {
      name: 'links-apart',
      comment: 'A link knows no other link.',
      severity: 'error',
      from: { path: '^packages/mta-core/src/links/([^/]+)/' },
      to: { path: '^packages/mta-core/src/links/', pathNot: ['^packages/mta-core/src/links/$1/', '/links/link\\.ts$'] },
    },
    {
      name: 'links-carry-apdus',
      comment: 'A link sees the APDUs of the reliable transfer. What a link asks of it stands in link.ts.',
      severity: 'error',
      from: { path: '^packages/mta-core/src/links/' },
      to: { path: '^packages/mta-core/src/reliable-transfer/', pathNot: '/(apdu|describe-apdu)\\.ts$' },
    },
    pure('trace', [core], 'trace needs the core only.'),
    pure('scenario', [core, trace], 'Scenarios know no simulator: processes run them too.', ['pure-rand', 'fastest-levenshtein']),
    pure('engine', [core, trace, scenario], 'The engine runs in a browser.', ['tinyqueue']),
    pure('proof', [core, trace, engine], 'The proofs run in a browser.', ['pure-rand']),
    onlyFrom('transport-arrows', 'packages/transport', [core], 'transport uses the entry of mta-core only.'),
    {
      name: 'network-knows-no-link',
      comment: 'Sockets carry the frames of any link: each kind brings its codecs.',
      severity: 'error',
      from: { path: '^packages/transport/src/net/' },
      to: { path: '^packages/transport/src/', pathNot: '^packages/transport/src/net/' },
    },
    onlyFrom(
      'harness-arrows',
      'packages/harness',
      [core, trace, scenario, transport],
      'harness uses the entries of mta-core, trace, scenario, transport: no simulator.',
    ),
    onlyFrom(
      'cli-arrows',
      'packages/cli',
      [core, trace, scenario, engine, proof, transport, harness],
      'cli uses the entries of the other packages only.',
    ),
    onlyFrom(
      'test-arrows',
      'test',
      [core, trace, scenario, engine, proof, transport, harness, cli],
      'Tests use what a user can import.',
    ),
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
