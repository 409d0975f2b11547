/** Stock programs against real MTAs: a packet analyser watches a pair, and an RPC client calls an MTA. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generateMail, type Lab } from '@mtalab/harness';
import { mtaInterface, ndrSyntax, type Pdu } from '@mtalab/mta-core';
import { PduCodec } from '@mtalab/transport';
import { spawnPair } from 'mtalab';
import { test } from 'tap';
import { atEnd } from '../support/at-end.js';
import { capture, packetsIn, whyNoCapture } from './capture.js';

const folder = mkdtempSync(join(tmpdir(), 'mtalab-e2e-'));
atEnd(() => rmSync(folder, { recursive: true, force: true }));

/** A connection on which the test can write any PDU. */
class Stranger {
  readonly #socket: Socket;
  readonly #codec = new PduCodec();
  readonly #arrived: Pdu[] = [];
  #wake: () => void = () => undefined;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#codec.decode(chunk, (pdu) => {
        this.#arrived.push(pdu);
        return true;
      });
      this.#wake();
    });
    this.#socket.on('close', () => this.#wake());
  }

  /** Sends octets and returns the answering PDU. */
  async ask(octets: Uint8Array): Promise<Pdu> {
    this.#socket.write(octets);
    for (;;) {
      const pdu = this.#arrived.shift();
      if (pdu !== undefined) return pdu;
      if (this.#socket.closed) throw new Error('the connection ended without an answer');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  bind(group: number): Promise<Pdu> {
    const contexts = [{ id: 0, abstract: mtaInterface, transfer: [ndrSyntax] }];
    return this.ask(
      this.#codec.encode({
        type: 'bind',
        call: 1,
        maxXmit: 5840,
        maxRecv: 5840,
        group,
        multiplex: false,
        headerSigning: false,
        contexts,
      }),
    );
  }

  end(): Promise<unknown> {
    const closed = this.#socket.closed ? Promise.resolve() : once(this.#socket, 'close');
    this.#socket.end();
    return closed;
  }
}

/** A request without a stub. */
function bareRequest(call: number, opnum: number): Buffer {
  const octets = Buffer.alloc(24);
  octets.set([5, 0, 0, 3, 0x10, 0, 0, 0, 24], 0);
  octets.writeUInt32LE(call, 12);
  octets.writeUInt16LE(opnum, 22);
  return octets;
}

async function moveOnUntil(lab: Lab, count: number): Promise<void> {
  for (let timers = 0; timers < 100 && lab.delivered < count; timers += 1) await lab.advance();
  await lab.waitForDelivered(count);
}

/** Brings about everything that can happen on a link. @returns the delivered copies. */
async function eventfulLife(lab: Lab): Promise<void> {
  const there = { originator: 'ada@a.example', recipients: ['ben@b.example'] };
  const back = { originator: 'ben@b.example', recipients: ['ada@a.example'] };
  await lab.submitAll('MTA-A', generateMail(5, 2000, 1), there);
  await lab.waitForDelivered(5);
  await lab.submitAll('MTA-B', generateMail(5, 2000, 2), back);
  await lab.submitAll('MTA-A', generateMail(1, 200_000, 3), there);
  await moveOnUntil(lab, 11);

  lab.fault('cut after rttr 2');
  await lab.submitAll('MTA-A', generateMail(5, 2000, 4), there);
  await moveOnUntil(lab, 16);

  const [port = 0] = lab.process('MTA-B').ready.ports;
  const lost = new Stranger(port);
  const nak = await lost.bind(0x1234_5678);
  if (nak.type !== 'bind_nak') throw new Error(`an unknown group was answered with ${nak.type}`);
  await lost.end();
  const caller = new Stranger(port);
  await caller.bind(0);
  const fault = await caller.ask(bareRequest(2, 9));
  if (fault.type !== 'fault') throw new Error(`an unknown operation was answered with ${fault.type}`);
  await caller.end();

  // Lets the association close. The MtaBind of the next one then waits two minutes in vain.
  await lab.advanceBy(400_000);
  const hole = lab.fault('black-hole MtaBindBack');
  await lab.submitAll('MTA-A', generateMail(1, 2000, 5), there);
  await lab.settle();
  await lab.advanceBy(121_000);
  if (hole.hits !== 1) throw new Error('no MtaBindBack was swallowed');
  lab.proxy?.heal();
  await moveOnUntil(lab, 17);
}

const noCapture = whyNoCapture();

test('tshark with default settings names every PDU of real processes and finds no error', {
  skip: noCapture ?? false,
  timeout: 250_000,
}, async (t) => {
  const file = join(folder, 'life.pcapng');
  await using lab = await spawnPair({ proxy: true });
  const ports = [...lab.processes.values()].flatMap(({ name, ready }) => [...ready.ports, lab.proxy?.port(name) ?? 0]);
  const recording = await capture(file, ports);
  t.teardown(() => recording.abandon());
  await eventfulLife(lab);
  await recording.stop();

  const fields = [
    '_ws.col.Info',
    'frame.protocols',
    '_ws.malformed',
    '_ws.expert.severity',
    '_ws.expert.message',
    'tcp.reassembled_in',
  ];
  const ours = ports.map((port) => `tcp.port == ${port}`).join(' or ');
  // On a busy machine TCP can send a segment twice, and tshark does not dissect the second.
  const packets = packetsIn(file, fields, `(${ours}) and tcp.len > 0 and not tcp.analysis.retransmission`);
  const said = packets.map((packet) => packet['_ws.col.Info'] ?? '').join('\n');
  for (const name of ['Bind', 'Bind_ack', 'Bind_nak', 'Request', 'Response', 'Fault', 'Co_cancel'])
    t.match(said, new RegExp(`^(.*\\D)?${name}: call_id: \\d+`, 'm'), name);
  t.match(said, /9e8ee830-4459-11ce-979b-00aa005ffebe V2\.0/i);
  t.ok(packets.length > 100, `${packets.length} packets`);
  const undissected = packets.filter(
    (packet) => !packet['frame.protocols']?.includes('dcerpc') && packet['tcp.reassembled_in'] === '',
  );
  t.same(undissected, [], 'every octet is DCE/RPC');
  const everything = packetsIn(file, fields, ours);
  t.same(
    everything.filter((packet) => packet['_ws.malformed'] !== ''),
    [],
    'nothing is malformed',
  );
  const error = 0x0080_0000;
  const wrong = everything.filter((packet) =>
    (packet['_ws.expert.severity'] ?? '').split(',').some((one) => Number(one) >= error),
  );
  t.same(wrong, [], 'no error of the expert');
});

/** An MTA without adjacent MTAs. It ends with this process. */
async function startMta(): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const config = join(folder, 'mta.yaml');
  writeFileSync(config, 'name: MTA-A\ndata: data\nlocal: {domains: [a.example]}\nlog: {console: false}\n');
  const argv = ['packages/cli/bin/mtalab.js', 'mta', '--config', config];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [ready] = (await once(child, 'message')) as [{ readonly ports: readonly number[] }];
  return { child, port: ready.ports[0] ?? 0 };
}

const python = '/usr/bin/python3';
const hasImpacket = spawnSync(python, ['-c', 'import impacket.dcerpc.v5.transport']).status === 0;

test('impacket binds, calls, and gets the answers of a normal RPC server', {
  skip: hasImpacket ? false : `${python} has no impacket`,
}, async (t) => {
  const { child, port } = await startMta();
  t.teardown(() => child.kill('SIGKILL'));
  const { stdout } = await promisify(execFile)(python, ['test/e2e/impacket_client.py', String(port)], { timeout: 60_000 });
  const answers = JSON.parse(stdout) as Record<string, unknown>;
  const rejected = /^Bind context 1 rejected: provider_rejection; abstract_syntax_not_supported/;
  t.match(answers, {
    // A bind_ack, because a bind_nak cannot refuse a single context.
    unknown_interface: rejected,
    unknown_version: rejected,
    unknown_syntax: /^Bind context 1 rejected: provider_rejection; proposed_transfer_syntaxes_not_supported/,
    // The flags first fragment, last fragment and did-not-execute.
    unknown_operation: { name: 'nca_s_op_rng_error', type: 3, status: '1c010002', flags: 0x23 },
    bogus_contexts: { status: '1c010002' },
    group: { joined: true, secondary: String(port) },
    unknown_group: { nak: true, call: 77, reason: 0 },
  });
  // The MTA dispatched the call before it found the stub bad, so the connection stays open.
  for (const garbage of ['send_garbage', 'bind_garbage', 'no_frame'])
    t.match(answers[garbage], { name: 'rpc_x_bad_stub_data', type: 3, status: '000006f7', flags: 3, again: '1c010002' }, garbage);
  // RTORJ with reason 2, validation failure, in an NDR frame that the client can read.
  t.same(answers['stranger'], { error: 0, fits: true, from: true, end: '1a020802' });
  // Access denied is the return value of the operation.
  for (const call of ['bind_back', 'bind_back_long', 'bind_back_in_pieces'])
    t.same(answers[call], { error: 5, octets: '', length: 0 }, call);
  t.match(answers['altered'], { answered: 5, other: rejected });
  child.kill('SIGTERM');
  t.same(await once(child, 'close'), [0, null], 'it stops in order');
});
