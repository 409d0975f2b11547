/** The Wireshark script reads every APDU that the codec writes, and takes damaged stubs for what they are. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeCarried, type RpcArgument, type RpcResult } from '@mtalab/mta-core';
import fc from 'fast-check';
import { test } from 'tap';
import { packetsIn } from '../e2e/capture.js';
import { script } from '../support/wireshark.js';
import { Capture } from './capture-file.js';
import { anyCall, boundPair, request, response } from './samples.js';

const hasTshark = spawnSync('tshark', ['--version']).status === 0;
const skip = hasTshark ? false : 'tshark is not installed';
const port = 49_732;
/** Octets of the headers in front of the stub of a request or a response. */
const headBytes = 24;

function begun(): {
  readonly capture: Capture;
  readonly client: ReturnType<typeof boundPair>['client'];
  readonly server: ReturnType<typeof boundPair>['server'];
} {
  const capture = new Capture(port);
  const { client, server } = begin(capture);
  return { capture, client, server };
}

function begin(capture: Capture): ReturnType<typeof boundPair> {
  const pair = boundPair();
  capture.begin();
  capture.send('client', pair.bind);
  capture.send('server', pair.ack);
  return pair;
}

function describeBody(body: RpcArgument | RpcResult): readonly string[] {
  if (body.op !== 'MtaBindBack') return [describeCarried('rtorq' in body ? body.rtorq : body.apdu)];
  return ['recovery' in body ? `recovery=${body.recovery}` : body.accepted ? 'accepted' : 'refused'];
}

test('the script shows any argument and any result in the words of the journal', { skip }, (t) => {
  const { capture, client, server } = begun();
  const wanted: string[] = [];
  for (const [at, { argument, result }] of fc.sample(anyCall, { numRuns: 400, seed: 28 }).entries()) {
    capture.send('client', client.encode(request(at + 2, argument)));
    capture.send('server', server.encode(response(at + 2, result)));
    wanted.push(...describeBody(argument), ...describeBody(result));
  }
  const file = join(t.testdir(), 'any.pcap');
  writeFileSync(file, capture.octets());
  const fields = ['mtalab.text', '_ws.expert.severity'];
  for (const passes of [[], ['-2']]) {
    const packets = packetsIn(file, fields, 'mtalab', [...script, '-E', 'aggregator=|', ...passes]);
    t.same(
      packets.flatMap((packet) => (packet['mtalab.text'] ?? '').split('|')),
      wanted,
      `in ${passes.length + 1} pass`,
    );
  }
  const verbose = execFileSync('tshark', ['-r', file, ...script, '-V'], {
    encoding: 'utf8',
    maxBuffer: 1e8,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.notMatch(verbose, /mtalab\.lua failed|Lua Error|The stub is damaged/);
  t.end();
});

/** The octets of a request with another stub, in one fragment. */
function withStub(octets: Buffer, stub: Buffer): Buffer {
  const changed = Buffer.concat([octets.subarray(0, headBytes), stub]);
  changed.writeUInt16LE(changed.length, 8);
  return changed;
}

test('a damaged stub is shown as damaged, or as something else, and never breaks the script', { skip }, (t) => {
  const capture = new Capture(port);
  let count = 0;
  const small = fc.sample(anyCall, { numRuns: 60, seed: 3 });
  for (const { argument } of small) {
    const { client } = begin(capture);
    const whole = client.encode(request(2, argument));
    if (whole.length > 1000) continue;
    const stub = whole.subarray(headBytes);
    const damages = [stub.subarray(0, stub.length >> 1), stub.subarray(0, 3), Buffer.concat([stub, Buffer.alloc(3)])];
    for (let at = 0; at < stub.length; at += 7) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const flipped = Buffer.from(stub);
        flipped.writeUInt8(flipped.readUInt8(at) ^ mask, at);
        damages.push(flipped);
      }
    }
    for (const [at, damage] of damages.entries()) {
      const octets = withStub(whole, damage);
      octets.writeUInt32LE(at + 2, 12);
      capture.send('client', octets);
      count += 1;
    }
  }
  const file = join(t.testdir(), 'damaged.pcap');
  writeFileSync(file, capture.octets());
  t.ok(count > 500, `${count} stubs`);
  t.same(packetsIn(file, ['frame.number', '_ws.lua.error', 'mtalab.failed'], 'mtalab.failed or _ws.lua.error', script), []);
  const damaged = packetsIn(file, ['frame.number'], 'mtalab.damaged', script);
  t.ok(damaged.length > 100, `${damaged.length} of them are damaged`);
  t.end();
});

test('stubs of other interfaces are left alone', { skip }, (t) => {
  const capture = new Capture(port);
  const { client, bind } = boundPair();
  capture.begin();
  // The interface of the endpoint mapper has an operation 2 too.
  const foreign = Buffer.from(bind);
  const ours = Buffer.from('30e88e9e', 'hex');
  foreign.fill(Buffer.from('08831afe', 'hex'), foreign.indexOf(ours), foreign.indexOf(ours) + ours.length);
  capture.send('client', foreign);
  capture.send('client', client.encode(request(2, { op: 'MtaSend', apdu: { kind: 'turn-give' }, settled: [] })));
  const file = join(t.testdir(), 'foreign.pcap');
  writeFileSync(file, capture.octets());
  t.same(packetsIn(file, ['frame.number'], 'mtalab', script), []);
  t.end();
});

test('the script finds the .proto beside it, and says so if there is none', { skip }, (t) => {
  const folder = t.testdir();
  const copy = join(folder, 'plugins', 'mtalab.lua');
  mkdirSync(join(folder, 'plugins'));
  copyFileSync('packages/transport/wireshark/mtalab.lua', copy);
  const fields = (): string =>
    spawnSync('tshark', ['-X', `lua_script:${copy}`, '-G', 'fields'], { encoding: 'utf8', maxBuffer: 1e9 }).stderr;
  t.match(fields(), /mtalab\.lua cannot read mtalab\.proto; put it beside mtalab\.lua/);
  copyFileSync('packages/transport/proto/mtalab.proto', join(folder, 'plugins', 'mtalab.proto'));
  t.notMatch(fields(), /mtalab/);
  t.end();
});
