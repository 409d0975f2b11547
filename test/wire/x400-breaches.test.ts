/** Octets that are no frame of the X.400 connector: each is refused, with what is wrong. */
import type { X400Frame } from '@mtalab/mta-core';
import { MalformedFrame } from '@mtalab/transport';
import { test } from 'tap';
import { handleOf } from '../support/contents.js';
import {
  acceptFrame,
  codecs,
  connectFrame,
  type Ends,
  encode,
  from,
  newEnds,
  openedAt,
  openedEnds,
  opening,
  readAll,
  smallHead,
  to,
} from './x400-samples.js';

/** What a codec says to octets: the number of frames and, if they are malformed, why. */
function outcome(codec: Ends['server'], ...chunks: Buffer[]): { frames: number; detail: string | null } {
  let frames = 0;
  try {
    for (const chunk of chunks) {
      codec.decode(chunk, () => {
        frames += 1;
        return true;
      });
    }
    return { frames, detail: null };
  } catch (error) {
    if (!(error instanceof MalformedFrame)) throw error;
    return { frames, detail: error.message };
  }
}

const request = encode(newEnds().client, { type: 'connection-request', source: 1 });

/** The responder's end of an open session. */
function openServer(): Ends['server'] {
  const codec = codecs().open({ conn: 1, acceptedAt: 102, local: '', remote: '' });
  readAll(codec, request);
  encode(codec, { type: 'connection-confirm', source: 2, destination: 1 });
  encode(codec, acceptFrame);
  return codec;
}

const small = handleOf(Buffer.from('some octets'));
const activity = 3 * 2 ** 32 + 17;
const link = { association: 'MTA-A/3/16', openedAtMs: openedAt };

/** Every frame of the initiator's side, and some of the responder's. */
const recorded: readonly X400Frame[] = [
  connectFrame,
  { ...connectFrame, apdu: { ...connectFrame.apdu, recovery: 300, turn: 'responder' } },
  { type: 'activity-start', activity },
  { type: 'data', head: smallHead, content: small, checkpoint: 1, end: false },
  { type: 'data', content: small, checkpoint: 2, end: true },
  { type: 'activity-resume', activity, checkpoint: 2, ...link },
  { type: 'data', content: small, checkpoint: 12, end: false },
  { type: 'activity-interrupt', reason: 'temporaryProblem' },
  { type: 'activity-start', activity: 1 },
  { type: 'activity-discard', reason: 'transferCompleted' },
  { type: 'please-tokens', priority: 2 },
  { type: 'give-tokens-confirm' },
  { type: 'give-tokens-ack' },
  { type: 'minor-sync-ack', checkpoint: 7 },
  { type: 'activity-end-ack', checkpoint: 8 },
  { type: 'exception', reason: 'permanentProblem' },
  { type: 'activity-interrupt-ack' },
  { type: 'activity-discard-ack' },
  { type: 'refuse', from: { mtaName: 'MTA-B', incarnation: 7 }, apdu: { kind: 'rtorj', reason: 'rtsBusy' } },
  { type: 'accept', from: to, apdu: { kind: 'rtoac', checkpointSizeK: 0, windowSize: 1 } },
  { type: 'abort', reason: 'protocolError' },
  { type: 'abort-accept' },
  { type: 'finish' },
  { type: 'disconnect' },
];

test('a recorded conversation with any bit flipped, or cut off anywhere, is frames or malformed', (t) => {
  const { client } = openedEnds();
  const octets = recorded.map((frame) => encode(client, frame));
  const whole = Buffer.concat(octets);
  t.same(outcome(openServer(), whole), { frames: recorded.length, detail: null });
  let malformed = 0;
  for (let bit = 0; bit < whole.length * 8; bit += 1) {
    const wrong = Buffer.from(whole);
    wrong[bit >>> 3] = (wrong[bit >>> 3] as number) ^ (1 << (bit & 7));
    if (outcome(openServer(), wrong).detail !== null) malformed += 1;
  }
  t.ok(malformed > whole.length * 4, `${malformed} of ${whole.length * 8} flipped bits are noticed`);
  for (let cut = 0; cut < whole.length; cut += 1) {
    const { frames, detail } = outcome(openServer(), whole.subarray(0, cut));
    if (detail !== null || frames >= recorded.length) t.fail(`cut off after ${cut} octets: ${frames} frames, ${detail}`);
  }
  // Frames that say they are shorter: each SPDU cut off with the lengths around it set right.
  const cutOff: string[] = [];
  for (const [index, frame] of octets.entries()) {
    const before = Buffer.concat(octets.slice(0, index));
    const first = frame.subarray(0, frame.readUInt16BE(2));
    for (let size = 7; size < first.length; size += 1) {
      const part = Buffer.from(first.subarray(0, size));
      part.writeUInt16BE(size, 2);
      const { frames, detail } = outcome(openServer(), before, part);
      if (detail === null && !(recorded[index]?.type === 'data' && frames === index)) cutOff.push(`${index} after ${size}`);
    }
  }
  t.same(cutOff, [], 'no SPDU may end early');
  t.end();
});

test('the transport connection with any bit flipped is a frame or malformed', (t) => {
  for (const count of [0, 1]) {
    const ends = openedEnds({}, count);
    const [side, frame] = opening[count] as (typeof opening)[number];
    const octets = encode(ends[side], frame);
    for (let bit = 0; bit < octets.length * 8; bit += 1) {
      const wrong = Buffer.from(octets);
      wrong[bit >>> 3] = (wrong[bit >>> 3] as number) ^ (1 << (bit & 7));
      const fresh = openedEnds({}, count);
      outcome(fresh[side === 'client' ? 'server' : 'client'], wrong);
    }
  }
  t.pass();
  t.end();
});

/** A TSDU in one DT. */
function dt(hex: string, mark = '80'): Buffer {
  const tsdu = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const header = Buffer.from(`03000000 02f0${mark}`.replaceAll(' ', ''), 'hex');
  header.writeUInt16BE(tsdu.length + 7, 2);
  return Buffer.concat([header, tsdu]);
}

test('each breach is refused in clear words', (t) => {
  const start = dt('0100 2d08 2906000300000011');
  const breaches: readonly (readonly [string, RegExp, ...Buffer[]])[] = [
    ['HTTP', /no TPKT begins with 71, 69/, Buffer.from('GET / HTTP/1.1')],
    ['a short TPKT', /TPKT of 6 octets is too short/, Buffer.from('030000060170', 'hex')],
    ['TPDU error', /TPDU 112 is not known/, Buffer.from('03000009047000000100', 'hex').subarray(0, 9)],
    ['a second CR', /second CR/, Buffer.from('0300000b06e0000000010000', 'hex').subarray(0, 11)],
    ['a second CC', /CC does not answer a CR/, Buffer.from('0300000b06d0000100020000', 'hex').subarray(0, 11)],
    ['DT with a number', /not of class 0/, dt('1500', '81')],
    ['an empty part', /within a TSDU has no data/, dt('', '00')],
    ['an empty TSDU', /no SPDU/, dt('')],
    ['an unknown SPDU', /SPDU 99 is not known/, dt('6300')],
    ['EXCEPTION REPORT', /SPDU 0 behind GIVE TOKENS is not known/, dt('0100 0000')],
    ['TYPED DATA', /SPDU 33 is not known/, dt('2100')],
    ['an SPDU that is longer', /says it has 1 octets, but it has 0/, dt('1501')],
    ['two SPDUs', /says it has 0 octets, but it has 2/, dt('1500 1600')],
    ['parameters where none belong', /GIVE TOKENS CONFIRM has parameters/, dt('1503 100115')],
    ['an unknown parameter', /parameter 99 where it does not belong/, dt('0905 110101 6300')],
    ['a parameter cut off', /parameter 17 of FINISH is cut off/, dt('0903 110901')],
    ['a long length', /parameter 17 of FINISH is cut off/, dt('0903 11ff01')],
    ['the transport connection kept', /parameter 17 of FINISH is not 1/, dt('0903 110100')],
    ['an unknown reason', /reason of EXCEPTION DATA has the unknown value 128/, dt('0100 3003 320180')],
    ['data outside an activity', /outside an activity/, dt('0100 0100 400178')],
    ['an activity in another', /begins within another/, start, start],
    ['a sync point without data', /does not follow DATA TRANSFER/, start, dt('0100 3103 2a0131')],
    ['part of an SSDU', /part of an SSDU/, start, dt('0100 0103 190101 400178')],
    ['no head', /MTS-APDU is missing/, start, dt('0100 0100 400178')],
    ['raw data', /user data of DATA TRANSFER is missing/, start, dt('0100 0100 78')],
    ['an indefinite length', /indefinite length/, start, dt('0100 0100 40807800')],
    ['a length of many octets', /a length of 7 octets/, start, dt('0100 0100 408700000000000001')],
    ['trailing octets', /has 2 octets, not 1/, start, dt('0100 0100 40017878')],
    ['a serial number in letters', /not decimal/, dt('0100 3203 2a0161')],
    ['a serial number with a zero in front', /serial number of 2 digits/, dt('0100 3204 2a023031')],
    ['a long serial number', /serial number of 7 digits/, dt('0100 3209 2a0731313131313131')],
    ['a large activity', /activity identifier has 7 octets/, dt('0100 2d09 290700000300000011')],
    ['a long INTEGER', /more octets than it needs/, dt('0209 100115 c10402020001')],
    ['a negative priority', /priority is not a number from 0/, dt('0208 100115 c1030201ff')],
    ['an unknown AbortReason', /AbortReason has the unknown value 8/, dt('190a 110103 c105 3103800108')],
    ['a long tag', /AbortReason is missing/, dt('190a 110103 c105 1f03800101')],
    ['a refusal by the provider', /REFUSE has the reason code 1/, dt('0c06 110101 320101')],
  ];
  for (const [what, detail, ...octets] of breaches) {
    const { server } = openedEnds();
    t.match(outcome(server, ...octets).detail, detail, what);
  }
  t.match(outcome(newEnds().server, dt('1500')).detail, /before the transport connection/);
  const classTwo = Buffer.from('0300000b06e0000000010020', 'hex');
  classTwo.copy(classTwo, 10, 11);
  t.match(outcome(newEnds().server, classTwo.subarray(0, 11)).detail, /asks for class 2/);
  t.end();
});

test('a CONNECT whose parts disagree is refused', (t) => {
  const { client } = openedEnds({}, 2);
  const recovery = { ...connectFrame, apdu: { ...connectFrame.apdu, recovery: 1 } };
  const changed = (frame: X400Frame, find: string, put: string): Buffer => {
    const octets = encode(client, frame);
    const at = octets.lastIndexOf(find, undefined, 'latin1');
    octets.write(put, at, 'latin1');
    return octets;
  };
  for (const [octets, detail] of [
    [changed(connectFrame, 'MTA-A', 'MTA-C'), /not of the same MTA/],
    [changed(recovery, 'MTA-A', 'MTA-C'), /not of the same MTA/],
    [changed(recovery, '250101', '250102'), /different common references/],
    [changed(recovery, '250101', '251301'), /no time from 1970/],
    [changed(recovery, '\x0c\x01\x01', '\x0c\x01\x00'), /no number of one to four octets/],
  ] as const)
    t.match(outcome(openedEnds({}, 2).server, octets).detail, detail);
  t.same(readAll(openedEnds({}, 2).server, encode(client, recovery)), [{ ...recovery, from: { ...from } }]);
  t.end();
});
