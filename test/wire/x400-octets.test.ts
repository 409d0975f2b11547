/**
 * Every truncation and every flipped bit of a recorded conversation, at a whole MTA: it refuses or aborts, or the change means
 * nothing; it never throws, never hangs and never delivers anything else than the message.
 */
import { test } from 'tap';
import { type Delivered, OctetsMta } from './x400-octets-mta.js';

const text = `Subject: recorded\r\n\r\n${'0123456789'.repeat(90)}\r\n`;
const expected: Delivered = { to: 'ben@b.example', originator: 'ada@a.example', text };

/** What A has said to B: an opening, and a message of several checkpoints. */
function recorded(): Buffer[] {
  const [a, b] = [new OctetsMta('A'), new OctetsMta('B')];
  b.accept();
  const said: Buffer[] = [];
  a.submit(text, ['ben@b.example']);
  while (a.out.length + b.out.length > 0) {
    for (const chunk of a.out.splice(0)) {
      said.push(chunk);
      b.octets(chunk);
    }
    for (const chunk of b.out.splice(0)) a.octets(chunk);
  }
  if (b.delivered.length !== 1) throw new Error('the message was not delivered');
  return said;
}

const said = recorded();
const octets = Buffer.concat(said);
/** The octets of CR and CONNECT. */
const openingOctets = Buffer.concat(said.slice(0, 2)).length;

/** B hears these octets, and then the connection ends. */
function heard(said: Buffer): OctetsMta {
  const b = new OctetsMta('B');
  b.accept();
  b.octets(said);
  b.lose();
  return b;
}

/** What is left of the connection: nothing may be. */
function leftOver({ mta }: OctetsMta): number {
  return mta.x400.connections.size + mta.x400.controlBlocks.length;
}

test('the recording, as it is, is one delivery', (t) => {
  const b = heard(octets);
  t.same(b.delivered, [expected]);
  t.equal(leftOver(b), 0);
  t.end();
});

/** The recording with one bit flipped. */
function flipped(bit: number): Buffer {
  const changed = Buffer.from(octets);
  changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
  return changed;
}

test('every truncation: B delivers nothing before the last octet, and keeps nothing of the connection', (t) => {
  const wrong: number[] = [];
  for (let length = 0; length < octets.length; length += 1) {
    const b = heard(octets.subarray(0, length));
    if (b.delivered.length > 0 || leftOver(b) > 0) wrong.push(length);
  }
  t.same(wrong, []);
  t.end();
});

test('every flipped bit: B delivers the message or nothing', (t) => {
  let refused = 0;
  for (let bit = 0; bit < octets.length * 8; bit += 1) {
    const b = heard(flipped(bit));
    const wrong = b.delivered.filter(
      (one) => one.to !== expected.to || one.text !== text || one.originator !== expected.originator,
    );
    if (wrong.length > 0 || b.delivered.length > 1) t.fail(`bit ${bit & 7} of octet ${bit >> 3}: ${JSON.stringify(b.delivered)}`);
    if (leftOver(b) > 0) t.fail(`bit ${bit & 7} of octet ${bit >> 3} leaves a connection behind`);
    if (b.delivered.length === 0) refused += 1;
  }
  t.ok(refused > octets.length * 4, `${refused} of ${octets.length * 8} bits matter`);
  t.end();
});

test('every flipped bit behind the opening: B closes the connection only after an ABORT', (t) => {
  const spduOf = (tpkt: Buffer | undefined) => tpkt?.[7];
  const abort = 25;
  let closed = 0;
  for (let bit = openingOctets * 8; bit < octets.length * 8; bit += 1) {
    const b = new OctetsMta('B');
    b.accept();
    b.octets(flipped(bit));
    if (b.isOpen) continue;
    closed += 1;
    if (spduOf(b.out.at(-1)) !== abort)
      t.fail(`bit ${bit & 7} of octet ${bit >> 3}: closed after ${b.out.at(-1)?.toString('hex')}`);
  }
  t.ok(closed > octets.length - openingOctets, `${closed} bits end the connection`);
  t.end();
});
