/** Diagnostics levels and the APDU logs, on two MTAs that exchange mail. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  categories,
  describePdu,
  mtaInterface,
  ndrSyntax,
  opnumOf,
  type Pdu,
  type RpcArgument,
  type RpcOperation,
} from '@mtalab/mta-core';
import { PduCodec } from '@mtalab/transport';
import { type Lab, spawnPair } from 'mtalab';
import { test } from 'tap';
import { handleOf, loadOctets } from '../support/contents.js';

const logFile = (lab: Lab, mta: string, name: string): string => {
  try {
    return readFileSync(join(lab.dir, mta, 'data', 'logs', name), 'utf8');
  } catch {
    return '';
  }
};
const loggedIds = (lab: Lab, mta: string): number[] =>
  logFile(lab, mta, 'events.jsonl')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { readonly id: number }).id);
const textIds = (lab: Lab, mta: string): number[] =>
  [...logFile(lab, mta, 'ev0.log').matchAll(/^message NMI(\d{4}):/gm)].map(([, id]) => Number(id));

let sent = 0;
async function send(lab: Lab, from: string, to: string, content = 'Subject: x\r\n\r\nx\r\n'): Promise<void> {
  const address = (mta: string) => `someone@${lab.domain(mta)}`;
  await lab.submit(from, { originator: address(from), recipients: [address(to)], content: Buffer.from(content) });
  sent += 1;
  await lab.waitForDelivered(sent);
  await lab.settle();
}

const levelsAt = (lab: Lab, mta: string) => lab.process(mta).client.command('diagnostics');

test('levels', { timeout: 100_000 }, async (t) => {
  await using lab = await spawnPair({ log: { levels: { Interface: 'minimum' } } });
  const streamed: number[] = [];
  await lab.process('MTA-A').client.subscribe('events', ({ id }: { readonly id: number }) => void streamed.push(id), 0);

  await t.test('each category has its own level, first from the configuration, and every place shows the same', async (t) => {
    t.same(await levelsAt(lab, 'MTA-A'), {
      ...Object.fromEntries(categories.map((category) => [category, 'none'])),
      Interface: 'minimum',
    });
    await send(lab, 'MTA-A', 'MTA-B');
    t.same(loggedIds(lab, 'MTA-A'), [9298], 'None hides sent messages');
    const levels = await lab.diagnostics('x.400 service', 'medium', ['MTA-A']);
    t.match(levels, [{ mta: 'MTA-A', levels: { 'X.400 Service': 'medium', Interface: 'minimum' } }]);
    await send(lab, 'MTA-A', 'MTA-B');
    t.same(loggedIds(lab, 'MTA-A'), [9298, 271], 'the raised level shows them');
    t.same(loggedIds(lab, 'MTA-B'), [9298], 'here only');
    await lab.diagnostics('all', 'none');
    await send(lab, 'MTA-A', 'MTA-B');
    t.same(loggedIds(lab, 'MTA-A'), [9298, 271], 'and then hides them again');
    t.same(textIds(lab, 'MTA-A'), loggedIds(lab, 'MTA-A'), 'ev0.log has the same events');
    await levelsAt(lab, 'MTA-A');
    t.same(streamed, loggedIds(lab, 'MTA-A'), "and so has the control channel's stream");
  });

  await t.test('a pair keeps the levels over a restart', async (t) => {
    await lab.diagnostics('X.400 Service', 'maximum', ['MTA-B']);
    await lab.process('MTA-B').restart();
    t.match(await levelsAt(lab, 'MTA-B'), { 'X.400 Service': 'maximum', Interface: 'none' });
    t.match(await levelsAt(lab, 'MTA-A'), { 'X.400 Service': 'none' });
    await send(lab, 'MTA-A', 'MTA-B');
    t.equal(loggedIds(lab, 'MTA-B').at(-1), 272);
    await t.rejects(lab.diagnostics('interfac', 'none'), { message: /did you mean Interface\?/ });
  });
});

type HexEntry = {
  readonly operation: RpcOperation;
  readonly isRequest: boolean;
  readonly isSent: boolean;
  readonly lengthBytes: number;
  readonly conn: number;
  readonly call: number;
  readonly association: string;
  readonly stub: Buffer;
  readonly leftOut: number;
};

/** The entries of `bf0.log`, with their octets. */
function hexEntries(text: string): HexEntry[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const [, operation, kind, way, length] = /^APDU (\w+) (request|response) (sent|received), (\d+) octets$/m.exec(block) ?? [];
      const [, conn, call] = /^\(MTA-A connection (\d+) call (\d+)\) /m.exec(block) ?? [];
      const rows = [...block.matchAll(/^ {2}[0-9a-f]{8} {2}((?:[0-9a-f]{2} ?)+) *\|/gm)].map(([, hex = '']) => hex.trim());
      return {
        operation: operation as RpcOperation,
        isRequest: kind === 'request',
        isSent: way === 'sent',
        lengthBytes: Number(length),
        conn: Number(conn),
        call: Number(call),
        association: /^ {2}Association (.*)$/m.exec(block)?.[1] ?? '',
        stub: Buffer.from(rows.join(' ').replaceAll(' ', ''), 'hex'),
        leftOut: Number(/^ {2}(\d+) more octets are left out$/m.exec(block)?.[1] ?? 0),
      };
    });
}

/** A stub in one fragment, with the header that the log omits. */
function framed({ isRequest, call, operation, stub }: HexEntry): Buffer {
  const head = Buffer.alloc(24);
  head.set([5, 0, isRequest ? 0 : 2, 3, 0x10]);
  head.writeUInt16LE(24 + stub.length, 8);
  head.writeUInt32LE(call, 12);
  head.writeUInt32LE(stub.length, 16);
  if (isRequest) head.writeUInt16LE(opnumOf[operation], 22);
  return Buffer.concat([head, stub]);
}

/** Both ends of a connection bound to the MTA interface. */
function boundEnds(): { readonly client: PduCodec; readonly server: PduCodec } {
  const contents = { keepContent: handleOf, loadContent: loadOctets };
  const ends = { client: new PduCodec(contents), server: new PduCodec(contents) };
  const sizes = { maxXmit: 5840, maxRecv: 5840, group: 0, multiplex: true, headerSigning: false };
  const contexts = [{ id: 0, abstract: mtaInterface, transfer: [ndrSyntax] }];
  const results = [{ result: 0, reason: 0, transfer: ndrSyntax }];
  ends.server.decode(ends.client.encode({ type: 'bind', call: 1, ...sizes, contexts }), () => true);
  ends.client.decode(ends.server.encode({ type: 'bind_ack', call: 1, ...sizes, group: 7, results }), () => true);
  return ends;
}

function decoded(codec: PduCodec, octets: Buffer): Pdu | undefined {
  let found: Pdu | undefined;
  codec.decode(octets, (pdu) => {
    found = pdu;
    return true;
  });
  return found;
}

test('APDU logs of a real exchange', { timeout: 100_000 }, async (t) => {
  sent = 0;
  await using lab = await spawnPair({});
  await lab.diagnostics('interoperability', 'maximum', ['MTA-A']);
  await lab.diagnostics('APDU', 'maximum', ['MTA-A']);
  await send(lab, 'MTA-A', 'MTA-B');
  await send(lab, 'MTA-A', 'MTA-B', `Subject: long\r\n\r\n${'0123456789abcde\n'.repeat(1000)}`);
  await send(lab, 'MTA-B', 'MTA-A');
  await lab.diagnostics('interoperability', 'medium');
  const [ap, bf] = [logFile(lab, 'MTA-A', 'ap0.log'), logFile(lab, 'MTA-A', 'bf0.log')];

  await t.test('ap0.log has the fields of each APDU', (t) => {
    const entries = ap.split('\n\n').filter((block) => block !== '');
    const entryOf = (start: string, part: RegExp) => entries.find((entry) => entry.startsWith(start) && part.test(entry)) ?? '';
    const bind = entryOf('APDU MtaBind request sent, ', /RTORQ/);
    t.match(bind, /\n\(MTA-A connection 2 call \d+\) \d\d-\d\d-\d\d \d\d:\d\d:\d\d[ap]m\n {2}Time \d{4}-\d\d-\d\dT/);
    t.match(bind, /\n {2}Association MTA-A\/1\/\d+\n {2}Local address 127\.0\.0\.1:\d+\n {2}Remote address 127\.0\.0\.1:\d+\n/);
    t.match(bind, /\n {2}MTA MTA-A\n {2}Password none\n {2}Incarnation 1\n {2}Store [0-9a-f-]{36}\n/);
    t.match(bind, /\n {2}Endpoint 127\.0\.0\.1\[\d+\]\n {2}RTORQ\n {4}Checkpoint size 30 K\n {4}Window size 5\n/);
    const answer = entryOf('APDU MtaBind response received, ', /RTOAC/);
    t.match(answer, /\n {2}Association MTA-A\/1\/\d+\n/, 'the connection belongs to the association');
    t.match(answer, /\n {2}MTA MTA-B\n/);
    const back = entryOf('APDU MtaBindBack request received, ', /Recovery 0/);
    t.match(back, /\n {2}MTA MTA-B\n/);
    t.match(entryOf('APDU MtaBindBack response sent, ', /./), /\n {2}Accepted yes$/);
    const transfer = entryOf('APDU MtaSend request sent, ', /Content 17 octets/);
    t.match(transfer, /\n {2}Association MTA-A\/1\/\d+\n/);
    t.match(transfer, /\n {2}RTTR\n {4}Activity 1-\d+\n {4}Offset 0\n {4}Content 17 octets\n {4}Last yes\n {4}Envelope\n/);
    t.match(transfer, /\n {6}Originator someone@a\.example\n(.*\n)* {6}Recipient someone@b\.example\n/);
    t.match(entryOf('APDU MtaSend response received, ', /Confirm/), /\n {4}Kept up to 17\n {4}Stored yes$/);
    t.not(entryOf('APDU MtaSend request received, ', /Content 17 octets/), '', 'the transfer in the other direction');
    t.notMatch(ap, /0123456789abcde/, 'no content');
    t.end();
  });

  await t.test('bf0.log has their octets, which decode to the same APDUs', (t) => {
    const entries = hexEntries(bf);
    const heads = (text: string) => text.split('\n').filter((line) => line.startsWith('APDU '));
    t.same(heads(ap), heads(bf), 'the same APDUs in both');
    t.ok(entries.length >= 10);
    for (const association of new Set(entries.map((entry) => entry.association))) t.match(association, /^MTA-[AB]\/1\/\d+$/);
    const connections = new Map<number, ReturnType<typeof boundEnds>>();
    const kinds = new Set<string>();
    for (const entry of entries) {
      const ends = connections.get(entry.conn) ?? boundEnds();
      connections.set(entry.conn, ends);
      const what = `${entry.operation} ${entry.isRequest ? 'request' : 'response'} ${entry.call}`;
      t.equal(entry.stub.length + entry.leftOut, entry.lengthBytes, what);
      if (entry.leftOut > 0) {
        t.equal(entry.stub.length, 4096, `${what}: not more than 4 KiB`);
        kinds.add('cut');
        // Its answer is still readable.
        if (entry.isRequest)
          ends.client.encode({
            type: 'request',
            call: entry.call,
            context: 0,
            opnum: opnumOf[entry.operation],
            body: { op: 'unread' },
          });
        continue;
      }
      const pdu = decoded(entry.isRequest ? ends.server : ends.client, framed(entry));
      if (pdu?.type !== 'request' && pdu?.type !== 'response') throw new Error(`${what} is no call`);
      t.equal(pdu.body.op, entry.operation, describePdu(pdu));
      kinds.add('apdu' in pdu.body && typeof pdu.body.apdu === 'object' ? pdu.body.apdu.kind : pdu.body.op);
      if (pdu.type === 'request') {
        const again = ends.client.encode({ ...pdu, body: pdu.body as RpcArgument });
        t.same(again.subarray(24), entry.stub, `${what}: encoded again it is the same`);
      }
    }
    for (const kind of ['MtaBind', 'MtaBindBack', 'rttr', 'confirm', 'rtoac', 'cut']) t.ok(kinds.has(kind), kind);
    t.end();
  });

  await t.test('below Maximum the logs do not grow', async (t) => {
    await send(lab, 'MTA-A', 'MTA-B');
    t.equal(logFile(lab, 'MTA-A', 'ap0.log'), ap, 'Interoperability is at Medium');
    t.ok(logFile(lab, 'MTA-A', 'bf0.log').length > bf.length, 'APDU is at Maximum still');
    await lab.diagnostics('apdu', 'none');
    const before = logFile(lab, 'MTA-A', 'bf0.log');
    await send(lab, 'MTA-A', 'MTA-B');
    t.equal(logFile(lab, 'MTA-A', 'bf0.log'), before);
    t.equal(logFile(lab, 'MTA-B', 'ap0.log') + logFile(lab, 'MTA-B', 'bf0.log'), '', 'and the other MTA never wrote any');
  });
});
