/**
 * Import rules between packages: mta-core <- trace <- scenario <- engine <- proof, and mta-core <- transport <- harness <- load-report <- cli.
 * Tests import public entries only. Paths to other packages name `dist`, because the packages' `exports` name it.
 */
const own = '^(packages/[^/]+|test)/';

/** Forbids imports from `from` into this repository, except of its own files and the `allowed` entries. */
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
const scenario = 'scenario/dist/(index|counted)\\.(js|d\\.ts)';
const engine = 'engine/dist/index\\.(js|d\\.ts)';
const proof = 'proof/dist/index\\.(js|d\\.ts)';
const transport = 'transport/dist/index\\.(js|d\\.ts)';
const harness = 'harness/dist/(index|internal|single)\\.(js|d\\.ts)';
const lesson = 'lesson/dist/index\\.(js|d\\.ts)';
const loadReport = 'load-report/dist/index\\.(js|d\\.ts)';
const web = 'web/lib/internal\\.(js|d\\.ts)';
const cli = 'cli/dist/(index|internal)\\.(js|d\\.ts)';

/** Forbids a package every import, node:* included, except of these entries and these pure libraries. */
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
      comment: 'The reliable transfer and the mail import the interface of a link (link.ts) and no particular link.',
      severity: 'error',
      from: { path: '^packages/mta-core/src/(reliable-transfer|mail)/' },
      to: { path: '^packages/mta-core/src/links/', pathNot: '/links/link\\.ts$' },
    },
    {
      name: 'machine-knows-state-of-links',
      comment:
        'The machine imports the state of the links and the local bindings, and none of their functions but through link.ts.',
      severity: 'error',
      from: { path: '^packages/mta-core/src/(machine|catalogues|collections)/' },
      to: {
        path: '^packages/mta-core/src/links/[^/]+/',
        pathNot: ['/links/[^/]+/state\\.ts$', '/links/rpc/local-bindings\\.ts$'],
      },
    },
    {
      name: 'links-apart',
      comment: 'A link imports no other link. Bindings, their texts and the order of dials belong to every link over TCP.',
      severity: 'error',
      from: { path: '^packages/mta-core/src/links/([^/]+)/' },
      to: {
        path: '^packages/mta-core/src/links/',
        pathNot: ['^packages/mta-core/src/links/$1/', '/links/(link|local-bindings|dial-order|string-binding)\\.ts$'],
      },
    },
    {
      name: 'links-carry-apdus',
      comment: 'A link imports only the APDUs of the reliable transfer. link.ts holds the rest of their interface.',
      severity: 'error',
      from: { path: '^packages/mta-core/src/links/' },
      to: { path: '^packages/mta-core/src/reliable-transfer/', pathNot: '/(apdu|describe-apdu)\\.ts$' },
    },
    pure('trace', [core], 'trace needs the core only.'),
    pure('scenario', [core, trace], 'Scenarios import no simulator, because processes run them too.', [
      'pure-rand',
      'fastest-levenshtein',
    ]),
    pure('lesson', [], 'Lessons are read in a browser too, so their parser imports YAML only.', ['yaml']),
    pure('engine', [core, trace, scenario], 'The engine runs in a browser.', ['tinyqueue']),
    pure('proof', [core, trace, engine], 'The proofs run in a browser.', ['pure-rand']),
    onlyFrom('transport-arrows', 'packages/transport', [core], 'transport uses the entry of mta-core only.'),
    {
      name: 'network-knows-no-link',
      comment: 'Sockets carry the frames of any link, so this folder imports no codec; each link supplies its own.',
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
    {
      name: 'load-report-arrows',
      comment: 'Reports take the types of the harness and nothing that runs, so that reading a result loads no MTA.',
      severity: 'error',
      from: { path: '^packages/load-report/' },
      to: { path: `^packages/${harness}`, dependencyTypesNot: ['type-only'] },
    },
    onlyFrom('load-report-other-arrows', 'packages/load-report', [harness], 'load-report uses the types of harness only.'),
    {
      name: 'page-script-alone',
      comment: 'The page holds this script as text, so it imports nothing but types.',
      severity: 'error',
      from: { path: '^packages/load-report/src/page/' },
      to: { dependencyTypesNot: ['type-only'] },
    },
    pure('web', [core, trace, scenario, engine], 'The page runs in a browser.', ['preact', 'uplot']),
    onlyFrom(
      'cli-arrows',
      'packages/cli',
      [core, trace, scenario, engine, proof, transport, harness, lesson, loadReport],
      'cli uses the entries of the other packages only.',
    ),
    onlyFrom(
      'test-arrows',
      'test',
      [core, trace, scenario, engine, proof, transport, harness, lesson, loadReport, web, cli],
      'Tests import only public entries.',
    ),
    {
      name: 'resolvable',
      comment: 'Every import resolves to an installed module.',
      severity: 'error',
      from: { path: own },
      to: { couldNotResolve: true },
    },
    {
      name: 'listed',
      comment:
        'A package lists its imports in its package.json. The page is built into one file, so what it imports is of the build.',
      severity: 'error',
      from: { path: '^packages/', pathNot: '^packages/web/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      comment: 'Modules that import each other cannot be understood or loaded one at a time. Type imports may form a cycle.',
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
