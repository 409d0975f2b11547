import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultSettings, domainOf, envelopeProblem, mailAddressProblem, maxRecipients } from '@mtalab/mta-core';
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

test('an error message lists every problem with its place', (t) => {
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

test('unreadable files', (t) => {
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

test('omitted keys have the documented defaults', (t) => {
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
    data: join(folder, 'a/data'),
    control: { port: 0 },
    clock: { timeScale: 1, offsetMs: 0 },
    delivery: { kind: 'maildir', path: join(folder, 'a/data/mailboxes') },
    journal: false,
    log: { console: true, level: 'none', levels: {} },
  });
  t.end();
});

test('a rendered configuration reads back the same', (t) => {
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
      legacy: ['Q185934', 'Q187929', 'Q181721', 'Q280449'],
    },
    nt: '4.0 TSE SP3',
    data: join(folder, 'data'),
    control: { port: 4000 },
    clock: { timeScale: 100, epochMs: 1_700_000_000_000, baseMs: 123.25, offsetMs: 7 },
    delivery: { kind: 'ledger', path: join(folder, 'sub', 'boxes') },
    journal: true,
    log: { console: false, level: 'medium', levels: { 'X.400 Service': 'none', APDU: 'maximum' } },
  });
  t.end();
});

test('an SMTP listener, and a smart host', (t) => {
  mkdirSync(t.testdirName, { recursive: true });
  const file = join(t.testdirName, 'smtp.yaml');
  const loaded = (lines: string) => {
    writeFileSync(file, `name: A\ndata: x\n${lines}`);
    return loadConfig(file);
  };
  const path = join(t.testdirName, 'x', 'mailboxes');
  t.equal(loaded('').smtp, undefined);
  const smtp = { port: 2525, address: '127.0.0.1', sessions: 100, idleTimeoutS: 300 };
  t.same(loaded('smtp: {}\n').smtp, smtp);
  t.same(loaded('smtp: { port: 0, address: "0:0::1", sessions: 5, idleTimeoutS: 60 }\n').smtp, {
    port: 0,
    address: '::1',
    sessions: 5,
    idleTimeoutS: 60,
  });
  t.same(loaded('local: { delivery: smtp, smtp: { port: 1025 } }\n').delivery, {
    kind: 'smtp',
    path,
    smartHost: { host: '127.0.0.1', port: 1025, connections: 10 },
  });
  t.end();
});

test('an X.400 connector: its port, its overrides and its selected times', (t) => {
  const peers = [
    '- { name: B, link: x400, endpoints: ["127.0.0.1"], overrides: { openRetryIntervalS: 5, localInitialTurn: false } }',
    '- { name: C, link: x400, activation: selected-times, times: ["sun 22:00-06:00", "sat-mon 12:30-24:00"] }',
    '- { name: D, link: x400, activation: never }',
    '- { name: E, link: x400, activation: selected-times, times: ["06:00-06:00"] }',
    '- { name: F }',
  ];
  const fileOf = (name: string, more: string): string => {
    const file = join(t.testdirName, name);
    mkdirSync(t.testdirName, { recursive: true });
    writeFileSync(file, `name: A\ndata: x\n${more}peers:\n  ${peers.join('\n  ')}\n`);
    return file;
  };
  const { mta } = loadConfig(fileOf('usual.yaml', ''));
  t.equal(mta.x400Port, 102);
  t.equal(loadConfig(fileOf('own.yaml', 'x400: { port: 0 }\n')).mta.x400Port, 0);
  const day = 1440;
  const [b, c, d, e, f] = mta.peers;
  t.same(b, {
    name: 'B',
    link: 'x400',
    endpoints: ['127.0.0.1'],
    password: '',
    overrides: { openRetryIntervalS: 5, localInitialTurn: false },
  });
  t.same(c?.activation, {
    times: [
      { fromMinute: 6 * day + 1320, toMinute: 7 * day },
      { fromMinute: 0, toMinute: 360 },
      { fromMinute: 5 * day + 750, toMinute: 6 * day },
      { fromMinute: 6 * day + 750, toMinute: 7 * day },
      { fromMinute: 750, toMinute: day },
    ],
  });
  t.equal(d?.activation, 'never');
  const whole = e?.activation;
  t.equal(
    typeof whole === 'object' ? whole.times.reduce((sum, { fromMinute, toMinute }) => sum + toMinute - fromMinute, 0) : 0,
    7 * day,
  );
  t.same(f, { name: 'F', endpoints: [], password: '' });
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

test('what is an address: RFC 5321 4.1.2, with the characters of RFC 6531', (t) => {
  const table: readonly (readonly [string, RegExp | null])[] = [
    ['ben@b.example', null],
    ['Ben.Smith+tag@b.example', null],
    ["o'brien!#$%&*/=?^_`{|}~-@b.example", null],
    ['"ben smith"@b.example', null],
    ['"smith, ben"@b.example', null],
    ['"a@b"@b.example', null],
    ['".ben..x."@b.example', null],
    ['"a\\"b\\\\"@b.example', null],
    ['ben@[192.0.2.1]', null],
    ['ben@[IPv6:2001:db8::1]', null],
    ['j\u00fcrgen@b\u00fccher.example', null],
    [`${'x'.repeat(64)}@b.example`, null],
    ['nobody', /needs a local part, an @ and a domain/],
    ['@b.example', /needs a local part/],
    ['ben@', /needs a local part/],
    ['.ben@b.example', /must not begin or end with a dot/],
    ['ben.@b.example', /must not begin or end with a dot/],
    ['ben..smith@b.example', /two dots in a row/],
    ['ben smith@b.example', /a blank is possible only in a quoted local part/],
    ['ben@b.example,eve@b.example', /^a comma is possible only/],
    ['ben@b.example;eve@b.example', /^@ is possible only|^; is possible only/],
    ['<ben@b.example>', /"b\.example>" is no mail domain/],
    ['Ben <ben@b.example>', /is no mail domain/],
    ['a@b@c', /^@ is possible only/],
    ['"ben@b.example', /quotes must enclose/],
    ['"a"b"@b.example', /quotes must enclose/],
    ['"a\\"@b.example', /quotes must enclose/],
    ['a\r\nb@b.example', /control character/],
    ['"a\nb"@b.example', /quotes must enclose/],
    ['a\u00a0b@b.example', /a blank/],
    ['ben@b..example', /is no mail domain/],
    ['ben@.example', /is no mail domain/],
    ['ben@b.example.', /is no mail domain/],
    ['ben@-b.example', /is no mail domain/],
    ['ben@b_b.example', /is no mail domain/],
    ['ben@[192.0.2.256]', /is no mail domain/],
    [`${'x'.repeat(65)}@b.example`, /longer than 64 octets/],
    [`${'\u00fc'.repeat(33)}@b.example`, /longer than 64 octets/],
    [`x@${'b'.repeat(63)}.${'b'.repeat(63)}.${'b'.repeat(63)}.${'b'.repeat(63)}`, /longer than 254 octets/],
    [`${'a.'.repeat(100_000)}@b.example`, /longer than 254 octets/],
  ];
  for (const [address, problem] of table) {
    const found = mailAddressProblem(address);
    if (problem === null) t.equal(found, null, address);
    else t.match(found, problem, address.slice(0, 80));
    t.equal(domainOf(address) === null, problem !== null);
  }
  const from = (originator: string, recipients: readonly string[]) => envelopeProblem({ originator, recipients });
  t.equal(from('', ['ben@b.example']), null, 'a report has no originator');
  t.match(from('a b@a.example', ['ben@b.example']), /^the originator "a b@a\.example" is no address: a blank/);
  t.match(from('a@a.example', ['ben@b.example', '.x@b']), /^the recipient "\.x@b" is no address: its local part must not begin/);
  t.equal(from('a@a.example', []), 'there is no recipient');
  const many = Array.from({ length: maxRecipients + 1 }, (_, at) => `u${at}@b.example`);
  t.equal(from('a@a.example', many.slice(1)), null);
  t.match(from('a@a.example', many), /^there are 1001 recipients, at most 1000/);
  t.end();
});
