/** `mtalab capture` of MTAs that were started singly: each records its own sockets, without a proxy. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { compared, conversationsInJournal, readCapture } from '../support/wireshark.js';
import { home, interrupt, mtalab, start, until } from './shell.js';

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

/** Starts an MTA with a neighbour. */
async function mta(name: string, peer: string, endpoint: string) {
  const folder = join(home, name);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'mta.yaml');
  const domain = (of: string): string => `${of.slice(-1).toLowerCase()}.example`;
  writeFileSync(
    file,
    `name: ${name}
data: data
journal: true
log: {console: false}
local: {domains: [${domain(name)}]}
peers: [{name: ${peer}, endpoints: ["${endpoint}"]}]
routes: [{domain: ${domain(peer)}, mta: ${peer}}]
`,
  );
  const running = start('mta', '--config', file, '--json');
  const ready = (await running.next()) as { readonly endpoints: readonly string[] } | undefined;
  if (ready === undefined) throw new Error(running.stderr());
  return { running, endpoint: ready.endpoints[0] ?? '', data: join(folder, 'data') };
}

test('two MTAs that were started singly', {
  timeout: 200_000,
  skip: hasTshark ? false : 'tshark is not installed',
}, async (t) => {
  // It calls nobody by itself: the caller says where it is.
  const b = await mta('MTA-B', 'MTA-A', '127.0.0.1[1]');
  const a = await mta('MTA-A', 'MTA-B', b.endpoint);
  const whole = join(home, 'whole.pcapng');
  const recorder = start('capture', whole, '--dir', a.data);
  await until(() => recorder.stderr().includes('recording the run in'));
  const mail = ['examples/01-plain.eml', 'examples/05-binary.eml'];
  t.match(await mtalab('submit', ...mail, '--dir', a.data, '--to', 'ben@b.example'), { code: 0 });
  const delivered = async (): Promise<boolean> => {
    const status = await mtalab('status', '--dir', b.data, '--json');
    return (
      (JSON.parse(status.stdout) as readonly { readonly counters: { readonly delivered: number } }[])[0]?.counters.delivered === 2
    );
  };
  await until(delivered);

  const late = join(home, 'late.pcapng');
  const { code, stdout, stderr } = await mtalab('capture', late, '--dir', b.data, '--count', '9', '--json');
  t.match([code, JSON.parse(stdout)], [0, { file: late, packets: 9, dropped: 0 }], stderr);
  t.same(readCapture(late).faults, [], 'it has the beginning of each connection');

  t.match(await mtalab('stop', '--dir', a.data), { code: 0 });
  t.equal((await recorder.ended)[0], 0, recorder.stderr());
  t.match(recorder.stderr(), /\d+ packets in .*whole\.pcapng/);
  t.equal(statSync(whole).mode & 0o777, 0o600, 'a capture has passwords and mail');
  const reading = readCapture(whole);
  t.same(reading.faults, []);
  const seen = compared(conversationsInJournal(join(a.data, 'journal.jsonl')), reading.at('MTA-A'));
  t.match(seen, { onlyInCapture: [], onlyInJournal: [] }, 'it ends with the MTA, and is complete');
  // MTA-A may send its last answer into a connection that the other side has closed.
  t.equal(seen.exact + seen.shortened, 3, 'the opening, the way back and the data connection');
  interrupt(b.running);
  await b.running.ended;
});
