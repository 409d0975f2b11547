/** A stock dissector reads the octets that the codec writes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ndrSyntax, type Pdu, type PduType } from '@mtalab/mta-core';
import { PduCodec } from '@mtalab/transport';
import { test } from 'tap';
import { handleOf } from '../support/contents.js';
import { Capture } from './capture-file.js';
import { bindAckPdu, bindPdu, boundPair, request, response } from './samples.js';

const serverPort = 49_732;

const from = {
  mtaName: 'MTA-A',
  password: 'secret',
  incarnation: 3,
  storeUuid: '8a2f0e6c-1f7e-4f0b-9c4e-5b2f3a1d7e90',
  settledBelow: 7,
};
const rtorq = {
  kind: 'rtorq',
  checkpointSizeK: 30,
  windowSize: 5,
  dialogueMode: 'two-way-alternate',
  turn: 'initiator',
  recovery: 0,
} as const;

/** A conversation with every type of PDU. */
function conversation(): { capture: Capture; sent: [PduType, number][] } {
  const capture = new Capture(serverPort);
  const sent: [PduType, number][] = [];
  const { client, server } = boundPair();
  const codecs = { client: new PduCodec(), server: new PduCodec({ secondaryPort: serverPort }) };
  const say = (
    side: 'client' | 'server',
    pdu: Pdu,
    codec = pdu.type === 'request' ? client : pdu.type === 'response' ? server : codecs[side],
  ): void => {
    capture.send(side, codec.encode(pdu));
    sent.push([pdu.type, pdu.call]);
  };
  capture.begin();
  say('client', bindPdu());
  say('server', bindAckPdu());
  say(
    'client',
    request(2, { op: 'MtaBind', from, endpoints: ['ncacn_ip_tcp:127.0.0.1[49732]'], association: 'MTA-A/3/1', rtorq }),
  );
  say('client', request(3, { op: 'MtaBindBack', from, association: 'MTA-A/3/1', recovery: 0 }));
  say('server', response(3, { op: 'MtaBindBack', accepted: true }));
  say('server', response(2, { op: 'MtaBind', from, apdu: { kind: 'rtoac', checkpointSizeK: 30, windowSize: 5 } }));
  const content = handleOf(Buffer.alloc(20_000, 'x'));
  say(
    'client',
    request(4, { op: 'MtaSend', apdu: { kind: 'rttr', activity: 9, offset: 0, last: true, content }, settled: [4, 5] }),
  );
  say('server', response(4, { op: 'MtaSend', apdu: { kind: 'confirm', activity: 9, upTo: 20_000, stored: true } }));
  say('client', request(5, { op: 'MtaSend', apdu: { kind: 'turn-give' }, settled: [] }));
  say('client', { type: 'co_cancel', call: 5 });
  say('server', { type: 'fault', call: 5, context: 0, cancelCount: 1, status: 0x1c00000d, didNotExecute: false });
  say('client', request(6, { op: 'MtaSend', apdu: { kind: 'turn-give' }, settled: [] }));
  say('client', { type: 'orphaned', call: 6 });
  const contexts = [{ id: 1, abstract: { uuid: 'afa8bd80-7d8a-11c9-bef4-08002b102989', version: 1 }, transfer: [ndrSyntax] }];
  say('client', {
    type: 'alter_context',
    call: 7,
    maxXmit: 5840,
    maxRecv: 5840,
    group: 0x17,
    multiplex: false,
    headerSigning: false,
    contexts,
  });
  const results = [{ result: 2, reason: 1, transfer: ndrSyntax }];
  say('server', {
    type: 'alter_context_resp',
    call: 7,
    maxXmit: 5840,
    maxRecv: 5840,
    group: 0x17,
    multiplex: false,
    headerSigning: false,
    results,
  });
  say('client', request(8, { op: 'MtaUnBind', association: 'MTA-A/3/1', apdu: { kind: 'close' }, settled: [] }));
  say('server', response(8, { op: 'MtaUnBind', apdu: { kind: 'close-ack' } }));
  say('server', { type: 'shutdown', call: 0 });
  capture.begin();
  say('client', { ...bindPdu(), group: 99 } as Pdu);
  say('server', { type: 'bind_nak', call: 1, reason: 0 });
  return { capture, sent };
}

const typeNumbers: Readonly<Record<PduType, number>> = {
  request: 0,
  response: 2,
  fault: 3,
  bind: 11,
  bind_ack: 12,
  bind_nak: 13,
  alter_context: 14,
  alter_context_resp: 15,
  shutdown: 17,
  co_cancel: 18,
  orphaned: 19,
};

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

test('tshark with default settings names every PDU and finds no error', {
  skip: hasTshark ? false : 'tshark is not installed',
}, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mtalab-tshark-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'link.pcap');
  const { capture, sent } = conversation();
  writeFileSync(file, capture.octets());
  const fields = [
    'dcerpc.pkt_type',
    'dcerpc.cn_call_id',
    'dcerpc.opnum',
    'dcerpc.cn_bind_to_uuid',
    'dcerpc.cn_sec_addr',
    '_ws.malformed',
    '_ws.expert.severity',
  ];
  const output = execFileSync('tshark', ['-r', file, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const rows = output.split('\n').map((line) => line.split('\t'));
  const seen: [number, number][] = [];
  for (const [types = '', calls = ''] of rows) {
    const callIds = calls.split(',');
    for (const [index, type] of types.split(',').entries()) if (type !== '') seen.push([Number(type), Number(callIds[index])]);
  }
  // The RTTR takes four fragments, and tshark lists each.
  const wanted = sent.flatMap(([type, call]) =>
    Array.from({ length: type === 'request' && call === 4 ? 4 : 1 }, () => [typeNumbers[type], call]),
  );
  t.same(seen, wanted);
  t.ok(output.includes('9e8ee830-4459-11ce-979b-00aa005ffebe'));
  t.ok(output.includes(`\t${serverPort}\t`), 'secondary address');
  t.same(new Set(Object.keys(typeNumbers)), new Set(sent.map(([type]) => type)), 'the capture has every type of PDU');
  const error = 0x0080_0000;
  const wrong = rows.filter(
    (row) => (row[5] ?? '') !== '' || (row[6] ?? '').split(',').some((severity) => Number(severity) >= error),
  );
  t.same(wrong, []);
  const verbose = execFileSync('tshark', ['-r', file, '-V'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  t.notMatch(verbose, /Malformed|Expert Info \(Error/);
  t.match(verbose, /Reject reason: Reason not specified \(0\)/);
  t.match(verbose, /Status: nca_s_fault_cancel \(0x1c00000d\)/);
  t.match(verbose, /4 DCE\/RPC Fragments \(20\d\d\d bytes\)|4 Reassembled DCE\/RPC/i);
  t.end();
});
