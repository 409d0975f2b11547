import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultSettings } from '@mtalab/mta-core';
import { ConfigError, configSchema, loadConfig, renderConfig, renderConfigSchema } from 'mtalab';
import { test } from 'tap';

const update = process.env['UPDATE'] === '1';
const casesFile = 'test/config/data/errors.txt';
const schemaFile = 'packages/cli/schema/mta.schema.json';

function messageOf(file: string): string {
  try {
    loadConfig(file);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.replaceAll(file, 'FILE');
  }
}

test('what is wrong is said with its place, all at once', (t) => {
  const file = join(t.testdir({}), 'mta.yaml');
  const [head = '', ...cases] = readFileSync(casesFile, 'utf8').split(/^== /m);
  const rewritten = [head];
  t.ok(cases.length > 15);
  for (const body of cases) {
    const [, title = '', text = '', expected = ''] = /^(.*)\n([\s\S]*?)^----\n([\s\S]*)$/m.exec(body) ?? [];
    writeFileSync(file, text);
    const message = `${messageOf(file)}\n`;
    rewritten.push(`== ${title}\n${text}----\n${message}`);
    if (!update) t.equal(message, expected, title);
  }
  if (update) writeFileSync(casesFile, rewritten.join(''));
  t.end();
});

test('files that cannot be read', (t) => {
  const folder = t.testdir({ big: `# ${'x'.repeat(1_048_576)}`, binary: Buffer.from([0x6e, 0xff, 0xfe]), folder: {} });
  t.equal(messageOf(join(folder, 'none')), 'FILE: there is no such file');
  t.equal(messageOf(join(folder, 'folder')), 'FILE: this is no file; give the configuration file of an MTA');
  t.equal(messageOf(join(folder, 'big')), 'FILE: the file has 1048578 octets; a configuration has at most 1048576');
  t.equal(messageOf(join(folder, 'binary')), 'FILE: the file is not UTF-8 text');
  const many = join(folder, 'many');
  writeFileSync(many, Array.from({ length: 60 }, (_, index) => `k${index}: 1\n`).join(''));
  const lines = messageOf(many).split('\n');
  t.equal(lines.length, 51);
  t.equal(lines.at(-1), 'FILE: and 12 more');
  t.end();
});

test('what is left out has the documented default', (t) => {
  const folder = t.testdir({ 'a.yaml': 'name: MTA-A\ndata: a/data\n' });
  t.same(loadConfig(join(folder, 'a.yaml')), {
    file: join(folder, 'a.yaml'),
    mta: {
      name: 'MTA-A',
      version: '5.5',
      build: '2654.54',
      bindings: [{ address: '127.0.0.1', port: 0, label: '', enabled: true }],
      cluster: false,
      mapperPort: null,
      advertise: [],
      settings: defaultSettings,
      peers: [],
      routes: [],
      localDomains: [],
      legacy: [],
    },
    nt: '4.0 SP6a',
    withoutQuirk: [],
    data: join(folder, 'a/data'),
    control: { port: 0 },
    clock: { timeScale: 1, offsetMs: 0 },
    delivery: { kind: 'maildir', path: join(folder, 'a/data/mailboxes') },
    journal: false,
    log: { console: true, level: 'none', levels: {} },
  });
  t.end();
});

test('a configuration that is rendered is read back the same', (t) => {
  const folder = t.testdir({ sub: {} });
  const file = join(folder, 'sub', 'b.yaml');
  const settings = { ...defaultSettings, openRetryIntervalS: 5, twoWayAlternate: false, thresholdRule: 'exceeded' as const };
  const text = renderConfig({
    name: 'MTA-B',
    release: '5.0sp1',
    nt: '4.0tse sp3',
    data: '../data',
    bindings: [{ address: '::1', port: 4097, label: 'second adapter', enabled: true }],
    advertise: ['ncacn_ip_tcp:::1[4097]', 'mta-b.example[65535]'],
    control: { port: 4000 },
    clock: { timeScale: 100, epochMs: 1_700_000_000_000, baseMs: 123.25, offsetMs: 7 },
    legacy: ['Q280449'],
    fixed: ['Q166594'],
    settings,
    peers: [{ name: 'MTA-A', endpoints: ['127.0.0.1[1]'], password: 'yes: "no"' }],
    routes: [
      { domain: 'A.Example', mta: 'MTA-A' },
      { domain: '*', mta: 'MTA-A' },
    ],
    local: { domains: ['B.example'], delivery: 'ledger', path: 'boxes' },
    journal: true,
    log: { console: false, level: 'medium', levels: { 'X.400 Service': 'none', APDU: 'maximum' } },
  });
  t.match(text.split('\n')[0], /^# yaml-language-server: \$schema=file:.*\/schema\/mta\.schema\.json$/);
  writeFileSync(file, text);
  t.same(loadConfig(file), {
    file,
    mta: {
      name: 'MTA-B',
      version: '5.0',
      build: '1458.56',
      bindings: [{ address: '::1', port: 4097, label: 'second adapter', enabled: true }],
      cluster: false,
      mapperPort: null,
      advertise: ['ncacn_ip_tcp:::1[4097]', 'mta-b.example[65535]'],
      settings,
      peers: [{ name: 'MTA-A', endpoints: ['127.0.0.1[1]'], password: 'yes: "no"' }],
      routes: [
        { domain: 'a.example', mta: 'MTA-A' },
        { domain: '*', mta: 'MTA-A' },
      ],
      localDomains: ['b.example'],
      legacy: ['Q181721', 'Q280449'],
    },
    nt: '4.0 TSE SP3',
    withoutQuirk: [],
    data: join(folder, 'data'),
    control: { port: 4000 },
    clock: { timeScale: 100, epochMs: 1_700_000_000_000, baseMs: 123.25, offsetMs: 7 },
    delivery: { kind: 'ledger', path: join(folder, 'sub', 'boxes') },
    journal: true,
    log: { console: false, level: 'medium', levels: { 'X.400 Service': 'none', APDU: 'maximum' } },
  });
  t.end();
});

type SchemaNode = {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly description?: string;
  readonly default?: unknown;
};

test('the shipped JSON schema is up to date and describes every key', (t) => {
  if (update) {
    mkdirSync('packages/cli/schema', { recursive: true });
    writeFileSync(schemaFile, renderConfigSchema());
  }
  t.equal(readFileSync(schemaFile, 'utf8'), renderConfigSchema(), `run with UPDATE=1 to rewrite ${schemaFile}`);
  const missing: string[] = [];
  const visit = (node: SchemaNode, path: string) => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      if ((child.description ?? '') === '') missing.push(`${path}${key}`);
      visit(child.items ?? child, `${path}${key}.`);
    }
  };
  const schema = configSchema() as SchemaNode;
  visit(schema, '');
  t.same(missing, []);
  const settings = schema.properties?.['settings']?.properties ?? {};
  t.same(
    Object.fromEntries(Object.entries(settings).map(([key, node]) => [key, node.default])),
    defaultSettings,
    'the settings are those of the core, with its defaults',
  );
  t.match(
    settings['openRetryIntervalS']?.description,
    /"Open interval \(sec\)", Open-Retry-Interval\. Unit: seconds\. Default: 600\./,
  );
  t.end();
});
