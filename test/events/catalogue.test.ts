import {
  categories,
  categoryNamed,
  describeEvent,
  describeEventLines,
  diagnosticsLevels,
  type EventEntry,
  type EventId,
  errorMeaning,
  errorsByNumber,
  eventsById,
  exchangeReleases,
  eventIds as ids,
  isShown,
  levelNamed,
  levelsOf,
  ntErrorText,
  sampleEvent,
  sampleParameters as samples,
} from '@mtalab/mta-core';
import { test } from 'tap';

/** id, type, category, trailer: the documented table. */
const table = `
9298 Information | X.400 Service | [BASE IL MAIN BASE 31 490] (14)
9299 Information | X.400 Service | [BASE IL MAIN BASE 33 490] (16)
9316 Warning | Interface | [BASE IL KERNEL 24 512] (12)
9277 Warning | Interface | [MTA-B MtaBind ncacn_ip_tcp:127.0.0.1[4097] BASE IL] (14)
9318 Warning | Interface | [MAIN BASE 1 500] (14)
9321 Warning | Interface | [BASE IL MAIN BASE 1 504] (14)
9322 Warning | Interface | [BASE IL INCOMING RPC 39 507] (14)
9323 Warning | Interface | [BASE IL MAIN BASE 5 519] (14)
9266 Error | Interface | [4 BASE IL MAIN BASE 1 173] (16)
9280 Warning | Resource | (12)
9156 Warning | Resource | [BASE IL MAIN BASE 1 282] (10)
57 Warning | X.400 Service | [MTA MAIN BASE 1 43] (14)
289 Warning | X.400 Service | [MTA XFER-IN 17 26] (12)
290 Warning | X.400 Service | [MTA DISP:RESULT 22 136] (12)
301 Information | X.400 Service | (8)
1290 Warning | X.400 Service | [PLATFORM KERNEL 20 130] (12)
1293 Warning | X.400 Service | [PLATFORM KERNEL 28 128] (12)
1294 Warning | X.400 Service | [198 1 0 1 PLATFORM KERNEL 20 130] (10)
1209 Warning | X.400 Service | [PLATFORM KERNEL 19 62] (14)
1133 Warning | X.400 Service | [PLATFORM RTSE 32 164] (12)
2035 Information | X.400 Service | [BASE POP4 DOWN 6] (6)
4282 Warning | X.400 Service | [POP4 MAIN BASE 1 18] (14)
4283 Warning | X.400 Service | [POP4 POP4 UP 5 228] (14)
4284 Warning | X.400 Service | [POP4 POP4 DOWN 4 179] (14)
4287 Warning | X.400 Service | [POP4 POP4 DOWN 4 18] (14)
51 Warning | Security | [MTA XFER-IN 23 42] (14)
55 Warning | Security | [MTA XFER-IN 22 35] (14)
2219 Warning | Field Engineering | (14)
2206 Warning | Field Engineering | (14)
2207 Warning | Field Engineering | (14)
2152 Error | Field Engineering | [DB Server MAIN BASE 1 0] (16)
2171 Warning | Internal Processing | [DB Server DISP:ROUTER 8 26] (14)
9411 Error | Field Engineering | [BASE IL TIMER 3] (16)
271 Information | X.400 Service | (10)
272 Information | X.400 Service | (10)`;

function described(id: EventId) {
  return describeEvent(sampleEvent(id));
}

test('type, category, severity and trailer of every event are the documented ones', (t) => {
  const rows = table.trim().split('\n');
  t.equal(rows.length, ids.length);
  const expected = new Map(rows.map((row) => [Number(row.split(' ')[0]), row]));
  t.same(Object.keys(eventsById).map(Number).sort(), [...ids].sort());
  for (const id of ids) {
    const { type, category, trailer, severity } = described(id);
    t.equal(`${id} ${type} | ${category} | ${trailer}`, expected.get(id));
    t.ok(trailer.endsWith(`(${severity})`), `${id}: the severity ends the trailer`);
  }
  t.end();
});

test('every parameter has a label and is printed in order; every event has an explanation', (t) => {
  for (const id of ids) {
    const entry = eventsById[id] as EventEntry;
    const labels = Object.entries(entry.labels as Record<string, string>);
    const params = samples[id] as Record<string, string | number>;
    t.same(
      labels.map(([key]) => key),
      Object.keys(params),
      `${id}: labels`,
    );
    const words = labels.map(([key, label]) => `${label}${label.endsWith('=') ? '' : ':'} ${params[key]}`).join(', ');
    const { text, parameters, source } = described(id);
    t.equal(text, words === '' ? `${entry.says}.` : `${entry.says}. ${words}.`);
    t.same(parameters, params);
    t.equal(source, 'MSExchangeMTA');
    t.ok((categories as readonly string[]).includes(entry.category));
    t.ok((Object.values(diagnosticsLevels) as number[]).includes(entry.level));
    t.equal(entry.level, id === 271 || id === 272 ? diagnosticsLevels.medium : diagnosticsLevels.none);
    t.match(entry.says, /^[A-Z][^\n]*[^.]$/);
    t.match(entry.explanation, /^[A-Z][^\n]*\.$/);
    for (const article of entry.articles) t.match(article, /^Q\d{6}$/);
  }
  t.same(categories.slice(0, 5), ['X.400 Service', 'Resource', 'Security', 'Interface', 'Field Engineering']);
  t.equal(categories.length, 12);
  t.end();
});

test('labels that the articles quote', (t) => {
  t.match(described(9316).text, /\. LTAB index: 1, Windows NT error: 1727\.$/);
  t.match(described(4284).text, /\. Error code= 8511\.$/);
  t.match(described(1209).text, /LPI: 1-16-64, Control block index: 1\.$/);
  t.match(described(9280).parameters, {});
  t.equal(errorMeaning({ id: 9316, params: { ltabIndex: 1, ntError: 1727 } }), ntErrorText(1727));
  t.equal(errorMeaning({ id: 2219, params: {} }), null);
  const numbers = [0, 5, 14, 1330, 1722, 1723, 1726, 1727, 1783, 1818, 10054, 10060, 10061, 11004];
  for (const known of [...numbers, 8453, 8464, 8511, 8640, 8650, 9260, 9301, 9317]) {
    t.notMatch(ntErrorText(known), /not known/);
  }
  t.equal(ntErrorText(12345), 'error 12345, not known here');
  for (const { text, explanation, articles } of Object.values(errorsByNumber)) {
    t.match(text, /^[^\n]*[^.]$/);
    t.match(explanation, /^[A-Z][^\n]*\.$/);
    for (const article of articles) t.match(article, /^Q\d{6}$/);
  }
  t.end();
});

test('an entry has the form of the release that writes it', (t) => {
  const event = sampleEvent(9318);
  const early = {
    severity: 12,
    text: 'RPC communications error: the bind to the other MTA failed. LTAB index: 1, Windows NT error: 1722.',
    parameters: { ltabIndex: 1, ntError: 1722 },
    trailer: '[BASE IL MAIN BASE 1 500] (12)',
  };
  for (const version of ['4.0', '5.0']) {
    const { severity, text, parameters, trailer } = describeEvent(event, version);
    t.same({ severity, text, parameters, trailer }, early, version);
    t.same(describeEventLines(event, version).slice(1), ['LTAB index 1', 'Windows NT error 1722']);
  }
  for (const version of ['5.5', '6.0']) {
    t.same(describeEvent(event, version), described(9318), version);
    t.equal(describeEvent(event, version).trailer, '[MAIN BASE 1 500] (14)');
    t.same(Object.keys(describeEvent(event, version).parameters).length, 5);
  }
  const formed = ids.filter((id) => ((eventsById[id] as EventEntry).forms ?? []).length > 0);
  t.same(formed, [9318], 'no other event has several forms on record');
  for (const id of ids.filter((each) => each !== 9318)) t.same(describeEvent(sampleEvent(id), '4.0'), described(id), `${id}`);
  t.same([...new Set(exchangeReleases.map(({ version }) => version))], ['4.0', '5.0', '5.5'], 'the versions there are');
  t.end();
});

test('the called side of an opening has an origin of its own', (t) => {
  t.equal(describeEvent({ ...sampleEvent(57), side: 'called' }).trailer, '[MTA XFER-IN 16 34] (14)');
  t.equal(describeEvent({ ...sampleEvent(57), side: 'called' }, '5.0').trailer, '[MTA XFER-IN 16 34] (14)');
  t.equal(
    describeEvent({ ...sampleEvent(9280), side: 'called' }).trailer,
    described(9280).trailer,
    'other events have one origin',
  );
  const also = (id: EventId) => ((eventsById[id] as EventEntry).alsoSeen ?? []).map((origin) => Object.values(origin).join(' '));
  t.same(also(1293), ['PLATFORM KERNEL 26 128']);
  for (const id of ids) t.notOk(also(id).includes(Object.values(eventsById[id].origin ?? {}).join(' ')), `${id} is listed once`);
  t.end();
});

test('hostile text cannot forge an entry, drive a terminal or fill the log', (t) => {
  const evil = describeEvent({
    id: 51,
    params: { mtaName: 'X\r\nmessage NMI9266\u001b[2J\u009b1m\u202e', address: 'y'.repeat(5000), association: 1 },
  });
  t.notMatch(evil.text, /[\p{Cc}\u202e]/u);
  t.match(evil.text, /MTA name: X\\u000d\\u000amessage NMI9266\\u001b\[2J\\u009b1m\\u202e,/);
  t.ok(evil.text.length < 1300);
  t.equal(String(evil.parameters['address']).length, 1024);
  const trailer = describeEvent({ id: 9277, params: { ...samples[9277], remoteServer: 'A\nB' } }).trailer;
  t.equal(trailer, '[A\\u000aB MtaBind ncacn_ip_tcp:127.0.0.1[4097] BASE IL] (14)');
  t.end();
});

test('levels of categories', (t) => {
  const levels = levelsOf('minimum', { 'X.400 Service': 'medium', APDU: 'maximum' });
  t.same(Object.keys(levels), [...categories], "all of them, in Exchange's order");
  t.match(levels, { 'X.400 Service': 'medium', Interface: 'minimum', APDU: 'maximum' });
  for (const id of ids) {
    const raised = id === 271 || id === 272;
    t.equal(isShown(id, levelsOf()), !raised, `${id} at none`);
    t.equal(isShown(id, levelsOf('minimum')), !raised, `${id} at minimum`);
    t.equal(isShown(id, levelsOf('medium')), true, `${id} at medium`);
    t.equal(isShown(id, levelsOf('none', { Interface: 'maximum' })), !raised, `${id}: the level of another category`);
    t.equal(isShown(id, levels), true);
  }
  const names: readonly (readonly [string, string | undefined])[] = [
    ['x.400 service', 'X.400 Service'],
    ['  FIELD   engineering ', 'Field Engineering'],
    ['apdu', 'APDU'],
    ['all', undefined],
    ['', undefined],
  ];
  for (const [text, category] of names) t.equal(categoryNamed(text), category, text);
  for (const [text, level] of [
    ['None', 'none'],
    ['1', 'minimum'],
    ['3', 'medium'],
    [' MAXIMUM', 'maximum'],
    ['2', undefined],
    ['max', undefined],
  ] as const)
    t.equal(levelNamed(text), level, text);
  t.end();
});
