/** `mtalab capture` and `mtalab pair --capture`, as processes. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MtaStatus } from '@mtalab/harness';
import { test } from 'tap';
import { packetsIn } from '../e2e/capture.js';
import { endsWithTest } from '../support/at-end.js';
import { command } from '../support/command.js';
import { compared, conversationsInJournal, journalOf, readCapture, script } from '../support/wireshark.js';
import { bin, eventually, home, jsonLines, mtalab, startPair } from './pair-process.js';

const hasTshark = spawnSync('tshark', ['--version']).status === 0 && spawnSync('capinfos', ['--version']).status === 0;
const skip = hasTshark ? false : 'tshark and capinfos are not installed';

const dir = join(home, 'captured');
const fileOf = (name: string): string => join(home, name);
const packetsOf = (file: string): number =>
  Number(/Number of packets: +(\d+)/.exec(execFileSync('capinfos', ['-M', file], { encoding: 'utf8' }))?.[1]);

type Recorder = {
  readonly child: ChildProcess;
  readonly stdout: Buffer[];
  readonly end: Promise<{ code: number; stderr: string }>;
};

/** Starts `mtalab capture` and waits until it records. */
async function recorder(...argv: readonly string[]): Promise<Recorder> {
  const child = endsWithTest(spawn(process.execPath, [bin, 'capture', ...argv], { stdio: ['ignore', 'pipe', 'pipe'] }));
  const stdout: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  let stderr = '';
  const end = once(child, 'close').then(([code]) => ({ code: code as number, stderr }));
  await new Promise<void>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (stderr.includes('\n')) resolve();
    });
    void end.then(() => resolve());
  });
  return { child, stdout, end };
}

async function untilDelivered(count: number): Promise<void> {
  await eventually(
    async () => JSON.parse((await command('status', '--dir', dir, '--mta', 'MTA-B', '--json')).stdout) as MtaStatus[],
    ([one]) => (one?.counters.delivered ?? 0) >= count,
  );
}

const pair = startPair(['--dir', dir, '--count', '5', '--proxy', '--journal']);

test('a capture that begins late has the beginning of each connection', { skip }, async (t) => {
  t.match(await pair.next(), { type: 'ready', dir });
  await untilDelivered(5);
  const file = fileOf('late.pcapng');
  const { code, stdout } = await mtalab(['capture', file, '--dir', dir, '--count', '12', '--json']);
  t.match([code, JSON.parse(stdout)], [0, { file, packets: 12, dropped: 0 }]);
  t.equal(packetsOf(file), 12);
  t.equal(statSync(file).mode & 0o777, 0o600, 'a capture has passwords and mail');
  const seen = packetsIn(file, ['dcerpc.pkt_type', 'mtalab.apdu'], 'dcerpc', script);
  t.same(seen.slice(0, 2), [
    { 'dcerpc.pkt_type': '11', 'mtalab.apdu': '' },
    { 'dcerpc.pkt_type': '11', 'mtalab.apdu': '' },
  ]);
  t.same(
    seen
      .map((packet) => packet['mtalab.apdu'])
      .filter((apdu) => apdu !== '')
      .slice(0, 1),
    ['rtorq'],
  );
});

test('a capture ends with Ctrl-C, and a reader may go', { skip }, async (t) => {
  const one = await recorder(fileOf('interrupted.pcapng'), '--dir', dir);
  one.child.kill('SIGINT');
  t.match(await one.end, { code: 0, stderr: /^recording the run in .*; Ctrl-C ends it\n\d+ packets in .*\n$/ });
  t.match(execFileSync('capinfos', [fileOf('interrupted.pcapng')], { encoding: 'utf8' }), /Number of stat entries = 1/);
  const piped = await recorder('-', '--dir', dir, '--count', '3');
  t.match(await piped.end, { code: 0, stderr: /^recording the run in [^;]*\n3 packets in stdout\n$/ });
  writeFileSync(fileOf('piped.pcapng'), Buffer.concat(piped.stdout));
  t.equal(packetsOf(fileOf('piped.pcapng')), 3);
  const gone = await recorder('-', '--dir', dir);
  gone.child.stdout?.destroy();
  // The next octets show the command that its reader has gone.
  await command('submit', 'examples/01-plain.eml', '--dir', dir);
  t.match(await gone.end, { code: 0 });
});

test('a capture ends after its time', { skip }, async (t) => {
  const file = fileOf('short.pcapng');
  t.match(await mtalab(['capture', file, '--dir', dir, '--duration', '0.05']), { code: 0, stdout: '', stderr: /packets in/ });
  t.ok(packetsOf(file) > 0);
});

test('a capture ends with its run, and is complete', { skip }, async (t) => {
  const file = fileOf('whole.pcapng');
  const one = await recorder(file, '--dir', dir);
  t.match(await command('stop', '--dir', dir), { code: 0 });
  t.match(await one.end, { code: 0, stderr: /packets in/ });
  await pair.exited;
  const reading = readCapture(file);
  t.same(reading.faults, []);
  for (const mta of ['MTA-A', 'MTA-B']) {
    const seen = compared(conversationsInJournal(journalOf(dir, mta)), reading.at(mta));
    t.match(seen, { onlyInCapture: [], onlyInJournal: [] }, mta);
    // A connection on which much has passed before the capture began is there from its kept octets on.
    t.equal(seen.exact + seen.shortened, 3, mta);
  }
  t.ok(packetsIn(file, ['frame.number'], 'tcp.flags.fin == 1').length > 0, 'the ends of the connections');
});

test('a pair records itself, with what a fault does', { skip }, async (t) => {
  const folder = fileOf('own');
  const file = fileOf('own.pcapng');
  const argv = ['pair', '--dir', folder, '--journal', '--count', '20', '--both-ways', '--once', '--capture', file];
  const { code, stderr } = await mtalab([...argv, '--fault', 'cut before turn-give 1', '--fault', 'delay rttr 2 50']);
  t.equal(code, 0, stderr);
  t.match(stderr, /\d+ packets in .*own\.pcapng\n/);
  const reading = readCapture(file);
  t.same(reading.faults, []);
  for (const mta of ['MTA-A', 'MTA-B']) {
    const seen = compared(conversationsInJournal(journalOf(folder, mta)), reading.at(mta));
    t.match(seen, { onlyInCapture: [], onlyInJournal: [] }, mta);
  }
  const gives = packetsIn(file, ['frame.interface_name', 'mtalab.from', 'mtalab.turn'], 'mtalab.apdu == "turn-give"', script);
  t.same(gives[0], { 'frame.interface_name': 'MTA-A', 'mtalab.from': 'MTA-A', 'mtalab.turn': 'MTA-B' });
  const from = (at: string): number =>
    gives.filter((give) => give['frame.interface_name'] === at && give['mtalab.from'] === 'MTA-A').length;
  t.equal(from('MTA-B'), from('MTA-A') - 1, 'the first Turn-Give never reached MTA-B');
});

test('wrong use', async (t) => {
  const bare = startPair(['--dir', fileOf('bare')]);
  t.match(await bare.next(), { type: 'ready' });
  const file = fileOf('wrong.pcapng');
  const cases: readonly { readonly argv: readonly string[]; readonly code: number; readonly stderr: RegExp }[] = [
    { argv: ['capture', file, '--dir', fileOf('nowhere')], code: 1, stderr: /nowhere/ },
    {
      argv: ['capture', file, '--dir', fileOf('bare')],
      code: 1,
      stderr: /nothing sees the octets of this pair, because it has no proxy; start it with --proxy or --capture/,
    },
    { argv: ['capture', '', '--dir', fileOf('bare')], code: 2, stderr: /the name of the file is empty/ },
    { argv: ['capture'], code: 2, stderr: /name the file to write, or - for standard output/ },
    { argv: ['capture', file, '--plugin'], code: 2, stderr: /--plugin records nothing; leave out the file/ },
    { argv: ['capture', file, '--count', '0'], code: 2, stderr: /whole number from 1 to 1000000000/ },
    { argv: ['capture', file, '--duration', '-1'], code: 2, stderr: /above 0/ },
    { argv: ['capture', '-', '--json'], code: 2, stderr: /--json prints to stdout/ },
    {
      argv: ['pair', '--capture', '-', '--count', '1', '--once'],
      code: 2,
      stderr: /--capture takes a file; start the pair with --proxy/,
    },
    { argv: ['pair', '--capture', '', '--count', '1', '--once'], code: 2, stderr: /must not be empty/ },
    {
      argv: ['pair', '--capture', fileOf('no/such/folder'), '--count', '1', '--once'],
      code: 1,
      stderr: /cannot write the capture .*no\/such\/folder: ENOENT/,
    },
  ];
  for (const { argv, code, stderr } of cases) t.match(await command(...argv), { code, stdout: '', stderr }, argv.join(' '));
  t.notOk(existsSync(file), 'a capture that never began leaves no file');
  t.match(await command('stop', '--dir', fileOf('bare')), { code: 0 });
  await bare.exited;
  t.end();
});

test('a file that cannot be written ends the capture, not the pair', {
  skip: existsSync('/dev/full') ? false : 'no /dev/full',
}, async (t) => {
  const { code, stdout, stderr } = await mtalab(['pair', '--count', '3', '--once', '--json', '--capture', '/dev/full']);
  t.equal(code, 1);
  t.match(stderr, /mtalab: cannot write the capture \/dev\/full: ENOSPC/);
  t.match(jsonLines(stdout).at(-1), { type: 'summary', ending: 'delivered', exitCode: 0 });
});
