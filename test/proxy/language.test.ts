import { chance, describeFault, FaultSyntaxError, faultKinds, parseFault } from '@mtalab/harness';
import { test } from 'tap';

/** Fault texts, and the shortest form of each. */
const readable: readonly (readonly [string, string])[] = [
  ['cut before turn-give', 'cut before turn-give 1'],
  ['cut after TURN_GIVE 3 from MTA-B', 'cut after turn-give 3 from MTA-B'],
  ['  CUT   Before  mtabindback-answer 2 ', 'cut before MtaBindBack-answer 2'],
  ['drop-connection after bind_ack 2', 'drop-connection after bind_ack 2'],
  ['dropconnection before bind-nak', 'drop-connection before bind_nak 1'],
  ['hold rttr 12 from "MTA in the hall"', 'hold rttr 12 from "MTA in the hall"'],
  ['blackhole any from "MTA-A"', 'black-hole any 1 from MTA-A'],
  ['delay confirm 500', 'delay confirm 1 500ms'],
  ['delay confirm 2 500ms from MTA-A', 'delay confirm 2 500ms from MTA-A'],
  ['delay close 0', 'delay close 1 0ms'],
  ['cut randomly 3% seed 7', 'cut randomly 3% seed 7'],
  ['cut randomly 1/20 of rttr seed 0 limit 10 from MTA-A', 'cut randomly 1/20 of rttr seed 0 limit 10 from MTA-A'],
  ['cut every randomly 1/50 seed 4294967295 limit 2', 'cut randomly 1/50 seed 4294967295 limit 2'],
  ['cut every rttr randomly 2/50 seed 1 limit 2', 'cut randomly 2/50 of rttr seed 1 limit 2'],
];

const faultWords = 'a fault (cut, drop-connection, hold, black-hole or delay)';
/** Wrong fault texts, the column of the error, and its message. */
const refused: readonly (readonly [string, number, string])[] = [
  ['', 1, `expected ${faultWords}, but the text ends here`],
  ['chop before rttr', 1, `expected ${faultWords}, found "chop"`],
  ['hodl rttr', 1, `expected ${faultWords}, found "hodl"; did you mean "hold"?`],
  ['cut befor rttr', 5, 'expected when to cut (before, after, randomly or every), found "befor"; did you mean "before"?'],
  [
    'cut before',
    11,
    `expected a kind of PDU, APDU or operation (${faultKinds.slice(0, -1).join(', ')} or ${faultKinds.at(-1)}), but the text ends here`,
  ],
  ['cut before turn-giv 2', 12, 'expected a kind of PDU, APDU or operation, found "turn-giv"; did you mean "turn-give"?'],
  ['cut before rttr 0', 17, 'expected which one of its kind, a whole number from 1 to 1000000000, found "0"'],
  ['cut before rttr 1.5', 17, 'expected which one of its kind, a whole number from 1 to 1000000000, found "1.5"'],
  ['cut before rttr form MTA-A', 17, 'expected a number, from or the end, found "form"; did you mean "from"?'],
  ['cut before rttr 1 2', 19, 'expected from or the end, found "2"'],
  ['hold rttr from', 15, 'expected the name of an MTA, but the text ends here'],
  ['hold rttr from MTA-C', 16, 'expected the name of an MTA (MTA-A, MTA-B), found "MTA-C"; did you mean "MTA-A"?'],
  ['hold rttr from MTA-A now', 22, 'expected nothing more, found "now"'],
  ['hold rttr from "MTA-A', 16, 'a quote without its partner'],
  ['delay rttr', 11, 'expected a delay in milliseconds, but the text ends here'],
  ['delay rttr 2 86400001', 14, 'expected a delay in milliseconds, a whole number from 0 to 86400000, found "86400001"'],
  ['delay rttr 86400001', 12, 'expected a delay of at most 86400000 ms, found "86400001"'],
  ['delay rttr 0 5', 12, 'expected which one of its kind, a whole number from 1 to 1000000000, found "0"'],
  ['cut randomly 0% seed 1', 14, 'expected a ratio above 0 and at most 1, such as 5% or 1/20, found "0%"'],
  ['cut randomly 3/2 seed 1', 14, 'expected a ratio above 0 and at most 1, such as 5% or 1/20, found "3/2"'],
  ['cut randomly 5%', 16, 'expected a kind or the seed (seed), but the text ends here'],
  ['cut randomly 5% seed x', 22, 'expected a seed, a whole number from 0 to 4294967295, found "x"'],
  ['cut randomly 5% seed 1 limit 0', 30, 'expected a limit, a whole number from 1 to 1000000000, found "0"'],
  ['cut every rttr 1/20 seed 1', 16, 'expected how (randomly), found "1/20"'],
  ['release', 1, `expected ${faultWords}, found "release"`],
];

test('the shortest form describes each valid fault, and reads back as the same fault', (t) => {
  for (const [text, shortest] of readable) {
    const fault = parseFault(text);
    t.equal(describeFault(fault), shortest);
    t.same(parseFault(shortest), fault, shortest);
  }
  for (const kind of faultKinds) t.equal(describeFault(parseFault(`hold ${kind}`)), `hold ${kind} 1`);
  t.end();
});

test('the error of a wrong fault text says what is wrong and where, and suggests a correction', (t) => {
  for (const [text, character, problem] of refused) {
    const error = new FaultSyntaxError(text, character, problem);
    t.throws(() => parseFault(text, ['MTA-A', 'MTA-B']), { message: error.message, character }, text);
  }
  t.throws(() => parseFault(`hold ${'x'.repeat(300)}`), { message: /at most 256 characters/ });
  t.end();
});

test('a fault may name a kind that one of the links has', (t) => {
  for (const [kind, link] of [
    ['bind_nak', 'lan'],
    ['please-noted', 'lan'],
    ['MtaSend', 'lan'],
    ['activity-start', 'x400'],
    ['data', 'x400'],
  ] as const) {
    const other = link === 'lan' ? 'x400' : 'lan';
    const [here, there] = other === 'lan' ? ['the LAN', 'the X.400 connector'] : ['the X.400 connector', 'the LAN'];
    const message = `fault "hold ${kind}", character 6: expected a kind of ${here}, found "${kind}", which only ${there} has`;
    t.throws(() => parseFault(`hold ${kind}`, [], [other]), { message });
    for (const links of [[link], [link, other], []] as const)
      t.equal(describeFault(parseFault(`hold ${kind}`, [], links)), `hold ${kind} 1`);
  }
  for (const kind of ['any', 'rtorq', 'turn-give', 'refuse', 'confirm']) {
    for (const link of ['lan', 'x400'] as const) t.equal(parseFault(`hold ${kind}`, [], [link]).kind, kind);
  }
  t.end();
});

test('the same seed gives the same chances, and they are fair', (t) => {
  const draw = (seed: number): readonly number[] => {
    const dice = chance(seed);
    return Array.from({ length: 6000 }, () => dice.below(6));
  };
  t.same(draw(7), draw(7));
  t.not(draw(7).join(), draw(8).join());
  for (let face = 0; face < 6; face += 1) {
    const count = draw(7).filter((one) => one === face).length;
    t.ok(count > 850 && count < 1150, `face ${face} came ${count} times of 6000`);
  }
  t.end();
});
