/**
 * X.400 connectors between separate hosts: network namespaces with a network between them. Port 102 is free there, so a packet
 * analyser with default settings reads it, and the adapter of a host can go down (Q232602).
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { packetsIn, whyNoCapture } from './capture.js';
import { Host, whyNoHosts } from './hosts.js';
import { eventsOf, home, until } from './shell.js';

const noHosts = whyNoHosts();
const [addressOfA, addressOfB] = ['10.67.1.1', '10.67.1.2'];
const letter = 'examples/01-plain.eml';
/** The Open Interval of the connector: three seconds of this machine. */
const openIntervalS = 60;

type Side = { readonly name: 'MTA-A' | 'MTA-B'; readonly address: string; readonly peer: string; readonly more?: string };

function configOf({ name, address, peer, more = '' }: Side): { readonly file: string; readonly data: string } {
  const folder = mkdtempSync(join(home, `${name}-`));
  const [own, other] = name === 'MTA-A' ? ['a', 'b'] : ['b', 'a'];
  const file = join(folder, 'mta.yaml');
  const lines = [
    `name: ${name}`,
    'data: data',
    `bindings: [{ address: ${address} }]`,
    'clock: { timeScale: 20 }',
    'settings: { disconnectS: 100 }',
    'peers:',
    `  - name: MTA-${other.toUpperCase()}`,
    '    link: x400',
    `    endpoints: ["${peer}"]`,
    `    overrides: { openRetryIntervalS: ${openIntervalS} }`,
    `routes: [{ domain: ${other}.example, mta: MTA-${other.toUpperCase()} }]`,
    `local: { domains: [${own}.example] }`,
    'log: { console: false }',
    more,
  ];
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { file, data: join(folder, 'data') };
}

type Status = { readonly queuedCopies: number; readonly counters: { readonly delivered: number } };

async function statusOf(host: Host, data: string): Promise<Status> {
  const { stdout, stderr } = await host.mtalab('status', '--dir', data, '--json');
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as Status[])[0] as Status;
}

/** Two hosts with an MTA each, joined by connectors at the usual port. */
async function connected(t: Test, more: string) {
  const [a, b] = [new Host('a'), new Host('b')];
  t.teardown(() => {
    a.remove();
    b.remove();
  });
  a.join(b, [addressOfA], [addressOfB]);
  const ofA = configOf({ name: 'MTA-A', address: addressOfA, peer: addressOfB, more });
  const ofB = configOf({ name: 'MTA-B', address: addressOfB, peer: addressOfA });
  const mtaB = await b.startMta(ofB.file);
  const mtaA = await a.startMta(ofA.file);
  return {
    a,
    b,
    ofA,
    mtaA,
    submit: async (count: number) => {
      for (let left = count; left > 0; left -= 1) {
        const { code, stderr } = await a.mtalab('submit', letter, '--to', 'ben@b.example', '--dir', ofA.data);
        if (code !== 0) throw new Error(stderr);
      }
    },
    delivered: async () => (await statusOf(b, ofB.data)).counters.delivered,
    logged: (id: number) => eventsOf(ofA.data).filter((event) => event.id === id),
    stop: async () => [await mtaA.stop(), await mtaB.stop()],
    stopB: () => mtaB.stop(),
  };
}

test('port 102: a packet analyser with default settings reads the whole stack', {
  skip: noHosts ?? whyNoCapture() ?? false,
  timeout: 250_000,
}, async (t) => {
  const { b, submit, delivered, stop } = await connected(t, '');
  const file = join(home, 'port102.pcapng');
  const end = await b.capture('w0', 'tcp port 102', file);
  await submit(2);
  await until(async () => (await delivered()) === 2);
  t.same(await stop(), [0, 0]);
  // The kernel hands packets to the capture some time later, in order: DISCONNECT is the last PDU.
  await until(() => disconnected(file));
  await end();
  const fields = ['ses.type', 'frame.protocols', '_ws.malformed', 'p1.authenticated.initiator-name'] as const;
  const packets = packetsIn(file, fields, 'tcp.len > 0 and not tcp.analysis.retransmission');
  t.same(
    packets.filter((packet) => packet['_ws.malformed'] !== ''),
    [],
  );
  t.ok(
    packets.every((packet) => /:tpkt:cotp/.test(packet['frame.protocols'] ?? '')),
    'every packet is TPKT and COTP',
  );
  const types = packets.flatMap((packet) => (packet['ses.type'] ?? '').split(','));
  // CONNECT, ACCEPT, ACTIVITY START, ACTIVITY END and its ACK, FINISH, DISCONNECT.
  for (const type of ['13', '14', '45', '41', '42', '9', '10']) t.ok(types.includes(type), `SPDU ${type}`);
  t.ok(packets.some((packet) => packet['p1.authenticated.initiator-name'] === 'MTA-A'));
});

/** Whether a capture that still runs has a DISCONNECT SPDU. */
function disconnected(file: string): boolean {
  try {
    return packetsIn(file, ['ses.type'], 'ses.type == 10').length > 0;
  } catch {
    return false; // The file ends inside a packet that is being written.
  }
}

/** The adapter of B goes down while A has mail for it. */
async function cutOff(t: Test, more: string) {
  const lab = await connected(t, more);
  await lab.submit(1);
  await until(async () => (await lab.delivered()) === 1);
  lab.b.adapter('w0', 'down');
  await lab.submit(3);
  await until(() => lab.logged(4284).length >= 3);
  return lab;
}

for (const mode of ['legacy', 'fixed'] as const) {
  test(`Q232602, ${mode}: the adapter goes down while messages are queued, and comes up again`, {
    skip: noHosts ?? false,
    timeout: 250_000,
  }, async (t) => {
    const lab = await cutOff(t, mode === 'legacy' ? 'legacy: [Q232602]' : '');
    t.equal(lab.logged(4287).length, lab.logged(4284).length, '4284 and 4287 come together');
    t.match(lab.logged(4284)[0]?.text, /8511/);
    t.match(lab.logged(4287)[0]?.text, /8640/);
    t.equal(lab.logged(2035).length, 1);
    lab.b.adapter('w0', 'up');
    if (mode === 'fixed') {
      await until(async () => (await lab.delivered()) === 4);
      t.equal(lab.logged(1209).length, 0);
      t.same(await lab.stop(), [0, 0]);
      return;
    }
    t.match(lab.logged(1209)[0]?.text, /1-16-64/);
    const before = lab.logged(4284).length;
    await until(() => lab.logged(4284).length >= before + 3);
    // The system may still bring B what A sent before the loss. A knows nothing of that, and sends no more.
    t.equal((await statusOf(lab.a, lab.ofA.data)).queuedCopies, 3, 'the network is back, and nothing moves');
    t.ok((await lab.delivered()) <= 2);
    t.equal(await lab.mtaA.stop(), 0);
    const again = await lab.a.startMta(lab.ofA.file);
    await until(async () => (await lab.delivered()) === 4);
    t.equal(await again.stop(), 0);
    t.equal(await lab.stopB(), 0);
  });
}
