/** The endpoint mapper of real MTAs: queries from stock tools and from another MTA, and a mapper that cannot listen. */
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type MtaProcess, spawnMta } from '@mtalab/harness';
import type { DeliveryNotice } from '@mtalab/transport';
import { test } from 'tap';
import { capture, packetsIn, whyNoCapture } from './capture.js';
import { Host, whyNoHosts } from './hosts.js';
import { keepPorts } from './shell.js';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'mtalab-mapper-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const mta = ['packages/cli/bin/mtalab.js', 'mta'];
const python = '/usr/bin/python3';
const rpcdump = '/usr/share/doc/python3-impacket/examples/rpcdump.py';
const works = (program: string, ...argv: readonly string[]): boolean =>
  spawnSync(program, argv, { stdio: 'ignore' }).status === 0;
const noImpacket = works(python, '-c', 'import impacket.dcerpc.v5.mgmt') ? undefined : `${python} has no impacket`;
const annotation = 'Microsoft Exchange MTA (MTA-B)';
const [mtaUuid, managementUuid, mapperUuid] = [
  '9E8EE830-4459-11CE-979B-00AA005FFEBE',
  'AFA8BD80-7D8A-11C9-BEF4-08002B102989',
  'E1AF8308-5D1F-11C9-91A4-08002B14A0FA',
];

/** Writes a configuration with a separate data folder. */
function configure(name: string, lines: readonly string[]): string {
  const own = mkdtempSync(join(folder, `${name}-`));
  mkdirSync(join(own, 'data'));
  const file = join(own, 'mta.yaml');
  writeFileSync(file, [`name: ${name}`, 'data: data', 'log: {console: false}', ...lines, ''].join('\n'));
  return file;
}

function start(name: string, lines: readonly string[]): Promise<MtaProcess> {
  return spawnMta({ command: [process.execPath, ...mta], configFile: configure(name, lines), name });
}

const portOf = (place: string | undefined): number => Number(/\[(\d+)\]$/.exec(place ?? '')?.[1]);

test('impacket lists, maps and manages, on a port of the system’s choice', { skip: noImpacket ?? false }, async (t) => {
  const b = await start('MTA-B', [
    'endpointMapper: {port: 0}',
    'bindings: [{address: 127.0.0.1}, {address: 127.0.0.2, label: second}, {address: 127.0.0.3, enabled: false}]',
  ]);
  t.teardown(() => b.kill('SIGKILL'));
  const { mapper, ports, endpoints } = b.ready;
  t.match(mapper, [/^127\.0\.0\.1\[\d+\]$/, /^127\.0\.0\.2\[\d+\]$/]);
  t.equal(mapper.length, 2, 'a disabled binding has no endpoint mapper');
  t.same((await b.client.command('status')).mapper, mapper);
  const argv = ['test/e2e/mapper_client.py', String(portOf(mapper[0])), String(ports[0])];
  const answers = JSON.parse((await run(python, argv, { timeout: 60_000 })).stdout) as Record<string, unknown>;
  const entries = endpoints.map((endpoint) => ({
    annotation: `${annotation}\0`,
    binding: `ncacn_ip_tcp:${endpoint}`,
    interface: [mtaUuid, 2, 0],
  }));
  t.same(answers['all'], entries);
  t.same(answers['mta'], entries);
  t.match(answers['workstation'], /ept_s_not_registered/);
  t.equal(answers['mapped'], `ncacn_ip_tcp:127.0.0.1[${ports[0]}]`);
  t.same(
    answers['mapped_all'],
    endpoints.map((endpoint) => `ncacn_ip_tcp:${endpoint}`),
  );
  t.match(answers['newer'], /ept_s_not_registered/);
  t.equal(answers['mapper'], `ncacn_ip_tcp:${mapper[0]}`, 'the mapper finds itself');
  t.equal(answers['management'], `ncacn_ip_tcp:${endpoints[0]}`, 'and the management interface');
  t.same(
    answers['walk'],
    [1, 'more', 1, 'more', 0, 'end', 'freed'],
    'a lookup goes on until nothing is left; its empty handle can be freed',
  );
  t.match(answers['pipe'], /ept_s_not_registered/);
  const rest = {
    listening: 0,
    stop: /rpc_s_access_denied/,
    stats: { count: 4, first: 2, callsIn: true, callsOut: 0, fragmentsIn: true, fragmentsOut: true },
    principal: { name: '\0', error: 1747 },
  };
  t.match(answers['at_mta'], {
    interfaces: [
      [mtaUuid, 2],
      [managementUuid, 1],
    ],
    ...rest,
  });
  t.match(answers['at_mapper'], {
    interfaces: [
      [mapperUuid, 3],
      [managementUuid, 1],
    ],
    ...rest,
  });
  const rejected = /provider_rejection; abstract_syntax_not_supported/;
  t.match(answers['mta_at_mapper'], rejected);
  t.match(answers['mapper_at_mta'], rejected);

  const kept = b.ready.mapper;
  await keepPorts(kept.map((place) => ({ host: place.replace(/\[.*/, ''), port: portOf(place) })));
  await b.restart();
  t.same(b.ready.mapper, kept, 'it keeps the mapper ports like its other ports');
  t.equal(await b.stop(), 0);
});

function whyNoTools(): string | undefined {
  if (noImpacket !== undefined || !existsSync(rpcdump)) return noImpacket ?? `there is no ${rpcdump}`;
  return works('rpcclient', '--version') ? undefined : 'rpcclient (Debian package smbclient) is not installed';
}

// On a separate host nothing else listens on port 135.
const noHost = whyNoHosts() ?? whyNoTools();

test('rpcdump and rpcclient find an MTA at port 135 without any setting', { skip: noHost ?? false }, async (t) => {
  const host = new Host('m');
  t.teardown(() => host.remove());
  const config = configure('MTA-B', ['endpointMapper: {}', 'bindings: [{port: 4097}, {address: 127.0.0.2, port: 4098}]']);
  const running = await host.startMta(config);
  t.same(running.mapper, ['127.0.0.1[135]', '127.0.0.2[135]']);
  const dump = await host.run(python, rpcdump, '127.0.0.1');
  t.match(dump.stdout, `UUID    : ${mtaUuid} v2.0 ${annotation}`);
  t.match(dump.stdout, /ncacn_ip_tcp:127\.0\.0\.1\[4097\]\s+ncacn_ip_tcp:127\.0\.0\.2\[4098\]/);
  t.match(dump.stdout, /Received 2 endpoints/);
  // rpcdump requests one entry at a time, until no entry is left.
  const look = await host.run('rpcclient', '-U%', 'ncacn_ip_tcp:127.0.0.1', '-c', 'epmlookup');
  const lines = ['127.0.0.1[4097', '127.0.0.2[4098'].map(
    (place) => `ncacn_ip_tcp:${place},abstract_syntax=${mtaUuid.toLowerCase()}/0x00000002]: ${annotation}`,
  );
  for (const line of lines) t.match(look.stdout, line);
  t.equal(look.stdout.trim().split('\n').length, 2);
  const found = async (service: string) => {
    const { stdout } = await host.run('rpcclient', '-U%', 'ncacn_ip_tcp:127.0.0.1', '-c', `epmmap ${service} ncacn_ip_tcp`);
    return [...stdout.matchAll(/ncacn_ip_tcp:([\d.]+\[\d+)/g)].map(([, place]) => `${place}]`);
  };
  t.same(await found('mgmt'), ['127.0.0.1[4097]', '127.0.0.1[135]', '127.0.0.2[4098]', '127.0.0.2[135]']);
  t.same(await found('epmapper'), ['127.0.0.1[135]', '127.0.0.2[135]']);
  t.equal(await running.stop(), 0);
});

const noSamba = whyNoHosts() ?? (works(python, '-c', 'import samba.tests') ? undefined : `${python} has no samba`);

test('Samba’s raw DCE/RPC tests pass, but for those that are left out by name', { skip: noSamba ?? false }, async (t) => {
  const host = new Host('s');
  t.teardown(() => host.remove());
  const running = await host.startMta(configure('MTA-B', ['endpointMapper: {}', 'bindings: [{port: 4097}]']));
  const { stdout, stderr } = await host.run(python, 'test/e2e/samba_raw.py');
  t.match(stdout, /^{/, stderr);
  const outcomes = Object.entries(JSON.parse(stdout) as Record<string, string | null>);
  const lines = readFileSync('test/e2e/data/samba-left-out.txt', 'utf8').split('\n');
  const leftOut = new Set(lines.filter((line) => line !== '' && !line.startsWith('#')));
  const failed = outcomes.filter(([, error]) => error !== null);
  t.same(
    failed.filter(([name]) => !leftOut.has(name)),
    [],
    'every other case passes',
  );
  const passed = outcomes.flatMap(([name, error]) => (error === null ? [name] : []));
  t.same(
    passed.filter((name) => leftOut.has(name)),
    [],
    'every case that is left out fails',
  );
  t.comment(`${passed.length} of ${outcomes.length} cases pass`);
  t.ok(passed.length > 80, `${passed.length} cases pass`);
  t.equal(await running.stop(), 0);
});

const noCapture = whyNoCapture();

test('an MTA finds another through its endpoint mapper; every octet is DCE/RPC', { timeout: 250_000 }, async (t) => {
  const b = await start('MTA-B', [
    'endpointMapper: {port: 0}',
    'bindings: [{address: 127.0.0.1}, {address: 127.0.0.2}]',
    'local: {domains: [b.example], delivery: ledger}',
    'peers: [{name: MTA-A}]',
  ]);
  t.teardown(() => b.kill('SIGKILL'));
  // At the second address B must use that address's own port, not the port of the first.
  const [mapper, port] = [portOf(b.ready.mapper[1]), b.ready.ports[1] ?? 0];
  const a = await start('MTA-A', [
    'local: {domains: [a.example], delivery: ledger}',
    `peers: [{name: MTA-B, endpoints: ['127.0.0.2[,mapper=${mapper}]']}]`,
    'routes: [{domain: b.example, mta: MTA-B}]',
  ]);
  t.teardown(() => a.kill('SIGKILL'));
  const file = join(folder, 'mapper.pcapng');
  const recording = noCapture === undefined ? await capture(file, [mapper, port, ...a.ready.ports]) : undefined;
  t.teardown(() => recording?.abandon());

  const delivered = new Promise<DeliveryNotice>((resolve) => {
    void b.client.subscribe('deliveries', { entry: resolve });
  });
  const content = Buffer.from('Subject: found\r\n\r\n');
  await a.client.submit({ submissionId: '1', originator: 'ada@a.example', recipients: ['ben@b.example'], content });
  t.match(await delivered, { mailbox: 'ben@b.example' });
  t.match(await a.client.command('associations'), [{ endpoint: `127.0.0.2[${port}]`, dataConnection: 'bound' }]);
  t.equal(await a.stop(), 0);
  t.equal(await b.stop(), 0);
  await recording?.stop();
  if (recording === undefined) {
    t.comment(`not captured: ${noCapture}`);
    return;
  }
  const fields = ['_ws.col.Info', 'frame.protocols', '_ws.malformed', '_ws.expert.severity', 'epm.proto.tcp_port'];
  const ours = `tcp.port == ${mapper} or tcp.port == ${port}`;
  const packets = packetsIn(file, fields, `(${ours}) and tcp.len > 0 and not tcp.analysis.retransmission`);
  const said = packets.map((packet) => packet['_ws.col.Info'] ?? '').join('\n');
  t.match(said, /EPMv4 V3\.0/);
  t.match(said, /^Map request, 32bit NDR$/m);
  t.match(said, /^Map response, 32bit NDR$/m);
  const ports = packets.map((packet) => packet['epm.proto.tcp_port'] ?? '').filter((text) => text !== '');
  t.same(ports, ['0', String(port)], 'the query and the answer');
  t.same(
    packets.filter((packet) => !packet['frame.protocols']?.includes('dcerpc')),
    [],
  );
  const error = 0x0080_0000;
  const isWrong = (packet: Readonly<Record<string, string>>): boolean =>
    packet['_ws.malformed'] !== '' || (packet['_ws.expert.severity'] ?? '').split(',').some((one) => Number(one) >= error);
  t.same(packets.filter(isWrong), [], 'nothing is malformed');
});

test('an endpoint mapper that cannot listen ends the start, and the error names it and the reason', async (t) => {
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const { port } = other.address() as AddressInfo;
  const config = configure('MTA-B', [`endpointMapper: {port: ${port}}`, 'local: {domains: [b.example]}']);
  const { status, stderr } = spawnSync(process.execPath, [...mta, '--config', config], { encoding: 'utf8', timeout: 60_000 });
  t.equal(status, 1);
  t.match(stderr, `the endpoint mapper's 127.0.0.1[${port}] is in use by another program`);
  t.match(stderr, 'endpointMapper.port, EADDRINUSE');
  const log = readFileSync(join(config, '../data/logs/events.jsonl'), 'utf8');
  t.match(log, new RegExp(`"id":9321.*127\\.0\\.0\\.1\\[${port}\\]`));
  t.match(log, /"id":9321.*"ntError":1740/, 'the port is taken: a duplicate endpoint');
  t.match(log, /"id":9266/);
});
