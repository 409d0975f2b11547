/**
 * Q280449 and Q285350 on separate hosts with real adapters: network namespaces with two networks, only one of which reaches the
 * other MTA. The lab clock runs fast but never jumps, because the tests wait for real networks.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { Host, whyNoHosts } from './hosts.js';
import { eventsOf, home, until } from './shell.js';

const noHosts = whyNoHosts();
const skip = noHosts ?? false;

/** Private networks: 10.66.1.0/24 connects A to no MTA, and 10.66.2.0/24 connects A and B. */
const [astray, near] = ['10.66.1.1', '10.66.2.1'];
const [far, farToo] = ['10.66.2.2', '10.66.2.3'];

function hosts() {
  const [a, b, elsewhere] = [new Host('a'), new Host('b'), new Host('c')];
  a.join(elsewhere, [astray], ['10.66.1.9']);
  a.join(b, [near], [far, farToo]);
  return { a, b, remove: () => [a, b, elsewhere].forEach((host) => void host.remove()) };
}

type Wanted = { readonly name: string; readonly bindings: readonly string[]; readonly more?: readonly string[] };

/** Writes the configuration of an MTA. @returns the file and the data folder. */
function configOf({ name, bindings, more = [] }: Wanted): { readonly file: string; readonly data: string } {
  const folder = mkdtempSync(join(home, `${name}-`));
  const file = join(folder, 'mta.yaml');
  const domain = name === 'MTA-A' ? 'a.example' : 'b.example';
  const lines = [
    `name: ${name}`,
    'data: data',
    'bindings:',
    ...bindings.map((address) => `  - { address: ${address} }`),
    // On this clock the twenty seconds of a dial and its bind take five: short if no host answers, and enough for a process on a
    // busy machine. The Open Interval is shorter than that.
    'clock: { timeScale: 4 }',
    'settings: { openRetryIntervalS: 8 }',
    `local: { domains: [${domain}] }`,
    'log: { console: false }',
    ...more,
  ];
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { file, data: join(folder, 'data') };
}

const peersOfA = (endpoint: string) => [
  `peers: [{ name: MTA-B, endpoints: ["${endpoint}"] }]`,
  'routes: [{ domain: b.example, mta: MTA-B }]',
];
const peersOfB = ['peers: [{ name: MTA-A }]', 'routes: [{ domain: a.example, mta: MTA-A }]'];

type StatusRow = {
  readonly queuedCopies: number;
  readonly counters: { readonly delivered: number };
  readonly sockets: readonly { readonly local: string }[];
};

async function statusOf(host: Host, data: string): Promise<StatusRow> {
  const { stdout, stderr } = await host.mtalab('status', '--dir', data, '--json');
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as StatusRow[])[0] as StatusRow;
}

const errorsIn = (data: string, id: number): number => eventsOf(data).filter((event) => event.id === id).length;
const letter = 'examples/01-plain.eml';

/** Starts A with both bindings, the astray one first, and B behind the near one. A has a letter for B. */
async function multihomedSender(t: Test, more: readonly string[]) {
  const { a, b, remove } = hosts();
  t.teardown(remove);
  const ofB = configOf({ name: 'MTA-B', bindings: [far], more: peersOfB });
  const mtaB = await b.startMta(ofB.file);
  const all = [...peersOfA(mtaB.endpoints[0] as string), ...more];
  const ofA = configOf({ name: 'MTA-A', bindings: [astray, near], more: all });
  const mtaA = await a.startMta(ofA.file);
  const submitted = await a.mtalab('submit', letter, '--to', 'ben@b.example', '--dir', ofA.data);
  t.equal(submitted.code, 0, submitted.stderr);
  return {
    a,
    data: ofA.data,
    delivered: async () => (await statusOf(b, ofB.data)).counters.delivered,
    /** Checks that every connection leaves from the near address. */
    leavesFromNear: async () => {
      const { sockets } = await statusOf(a, ofA.data);
      return sockets.length > 0 && sockets.every(({ local }) => local.startsWith(`${near}:`));
    },
    stop: async () => [await mtaA.stop(), await mtaB.stop()],
  };
}

test('Q280449: the needed binding is not the first; legacy uses the first only, and reordering cures it live', {
  skip,
  timeout: 250_000,
}, async (t) => {
  const { a, data, delivered, leavesFromNear, stop } = await multihomedSender(t, ['legacy: [Q280449]']);
  await until(() => errorsIn(data, 9318) >= 2);
  const failed = eventsOf(data).find((event) => event.id === 9318);
  t.match(failed?.text, /1722/, 'event 9318 with error 1722');
  t.equal(await delivered(), 0, 'no mail gets to B');

  const reordered = await a.mtalab('bindings', 'order', near, '--dir', data, '--json');
  t.equal(reordered.code, 0, reordered.stderr);
  await until(async () => (await delivered()) === 1);
  t.ok(await leavesFromNear(), 'every connection leaves from the binding put first');
  t.same(await stop(), [0, 0]);
});

test('Q280449: fixed tries the next binding, and the data connection leaves from it as well', {
  skip,
  timeout: 250_000,
}, async (t) => {
  const { data, delivered, leavesFromNear, stop } = await multihomedSender(t, []);
  await until(async () => (await delivered()) === 1);
  t.equal(errorsIn(data, 9318), 0, 'no event 9318');
  t.ok(await leavesFromNear(), 'from the second binding');
  t.same(await stop(), [0, 0]);
});

test('Q285350: an adapter without its address; legacy does not start, fixed starts on the other', {
  skip,
  timeout: 250_000,
}, async (t) => {
  const { a, b, remove } = hosts();
  t.teardown(remove);
  b.loseAddress(farToo, 'w0');
  const wanted = { name: 'MTA-B', bindings: [far, farToo] };
  const legacy = configOf({ ...wanted, more: [...peersOfB, 'legacy: [Q285350]'] });
  const failed = await b.mtalab('mta', '--config', legacy.file);
  t.not(failed.code, 0, 'the exit code is not 0');
  t.match(failed.stderr, /10\.66\.2\.3.*EADDRNOTAVAIL/, 'it says which adapter and why');
  t.same(
    eventsOf(legacy.data).map((event) => event.id),
    [9321, 9266],
    '9321, then 9266',
  );
  await b.mtalab('mta', '--config', legacy.file);
  const second = eventsOf(legacy.data)
    .slice(2)
    .map((event) => event.id);
  t.equal(second[0], 2219, 'the next start finds an unclean shutdown');
  t.ok(second.filter((id) => id === 2206).length > 0 && second.indexOf(2207) > second.lastIndexOf(2206), 'checks each queue');
  t.same(second.slice(-2), [9321, 9266], 'and fails as the first did');

  const fixed = configOf({ ...wanted, more: peersOfB });
  const mtaB = await b.startMta(fixed.file);
  t.same(
    mtaB.endpoints.map((endpoint) => endpoint.replace(/\[\d+\]$/, '')),
    [far],
    'it listens on the other adapter',
  );
  await until(() => errorsIn(fixed.data, 9298) === 1);
  t.same(
    eventsOf(fixed.data).map((event) => event.id),
    [9321, 9298],
    '9321 for the adapter, then the start is complete',
  );
  const ofA = configOf({ name: 'MTA-A', bindings: [near], more: peersOfA(mtaB.endpoints[0] as string) });
  const mtaA = await a.startMta(ofA.file);
  await a.mtalab('submit', letter, '--to', 'ben@b.example', '--dir', ofA.data);
  await until(async () => (await statusOf(b, fixed.data)).counters.delivered === 1);
  t.equal(await mtaA.stop(), 0);
  t.equal(await mtaB.stop(), 0);
});
