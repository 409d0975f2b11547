import {
  categories,
  describeEvent,
  diagnosticsLevels,
  type EventEntry,
  type EventParameters,
  errorMeaning,
  eventsById,
  ntErrorText,
  type ReportedEvent,
} from '@mtalab/mta-core';
import { test } from 'tap';

const message = { object: 'M1', entity: 'MTA-B', priority: 'normal', mtsId: 'c=lab;mta=MTA-A;1-1', length: 10, count: 1 };
const refusal = { entity: 'MTA-B', provider: 'RPC', reason: 'busy', controlBlock: 3, associationType: 'RTS' };
const call = { remoteServer: 'MTA-B', callName: 'MtaBind', stringBinding: '127.0.0.1[9]' };

/** Parameters of every event there is: a missing one does not compile. */
const samples: { readonly [Id in keyof EventParameters]: EventParameters[Id] } = {
  9298: { version: '5.5', build: '2653.23' },
  9299: { version: '5.5', build: '2653.23' },
  9316: { ltabIndex: 1, ntError: 1727 },
  9277: { thread: 1, ltabIndex: 2, timeMs: 120000, cancelResult: 0, ...call },
  9318: { ltabIndex: 1, ntError: 1722, commsError: 0, bindError: 0, remoteServer: 'MTA-B' },
  9321: { ntError: 11004, address: '::1', osError: 'EADDRNOTAVAIL' },
  9322: { ltabIndex: 1, ntError: 1722, commsError: 0, bindError: 0, remoteServer: 'MTA-B', protocolString: 'ncacn_ip_tcp' },
  9323: { ltabIndex: 1, ntError: 1726 },
  9266: {},
  9280: { associations: 240 },
  9156: { networkType: 1, configured: 20 },
  57: { entity: 'MTA-B', limit: 9 },
  289: { entity: 'MTA-B' },
  290: { reason: 'transfer-failure', diagnostic: 'maximum-time-expired', mtsId: 'm', destination: 'b@b.example' },
  301: { entity: 'MTA-B', controlBlock: 2, seconds: 600 },
  1290: refusal,
  1293: refusal,
  1294: { entity: 'MTA-B', reason: 'connection lost' },
  1209: { lpi: '1-16-64' },
  2035: { locality: 2 },
  4284: { errorCode: 8511 },
  4287: { errorCode: 8640 },
  51: { mtaName: 'MTA-X', address: '127.0.0.1', association: 1 },
  55: { entity: 'MTA-B', association: 1 },
  2219: {},
  2206: { queue: 'MTA-B', file: 'store.db' },
  2207: { path: 'mtacheck.log' },
  2152: { path: 'mtacheck.log' },
  9411: { freeMegabytes: 9 },
  271: message,
  272: message,
};

/** id, type, category, trailer: the documented table. */
const table = `
9298 Information | X.400 Service | [BASE IL MAIN BASE 31 490] (14)
9299 Information | X.400 Service | [BASE IL MAIN BASE 33 490] (16)
9316 Warning | Interface | [BASE IL KERNEL 24 512] (12)
9277 Warning | Interface | [MTA-B MtaBind 127.0.0.1[9] BASE IL] (14)
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
1293 Warning | X.400 Service | [PLATFORM KERNEL 20 130] (12)
1294 Warning | X.400 Service | [198 1 0 1 PLATFORM KERNEL 20 130] (10)
1209 Warning | X.400 Service | [PLATFORM KERNEL 19 62] (14)
2035 Information | X.400 Service | [BASE POP4 DOWN 6] (6)
4284 Warning | X.400 Service | [POP4 POP4 DOWN 4 179] (14)
4287 Warning | X.400 Service | [POP4 POP4 DOWN 4 18] (14)
51 Warning | Security | [MTA XFER-IN 23 42] (14)
55 Warning | Security | [MTA XFER-IN 22 35] (14)
2219 Warning | Field Engineering | (14)
2206 Warning | Field Engineering | (14)
2207 Warning | Field Engineering | (14)
2152 Error | Field Engineering | [DB Server MAIN BASE 1 0] (16)
9411 Error | Field Engineering | (16)
271 Information | X.400 Service | (10)
272 Information | X.400 Service | (10)`;

function described(id: keyof EventParameters) {
  return describeEvent({ id, params: samples[id] } as ReportedEvent);
}

const ids = Object.keys(samples).map(Number) as (keyof EventParameters)[];

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

test('labels that readers of the articles look for', (t) => {
  t.match(described(9316).text, /\. LTAB index: 1, Windows NT error: 1727\.$/);
  t.match(described(4284).text, /\. Error code= 8511\.$/);
  t.match(described(1209).text, /LPI: 1-16-64/);
  t.equal(errorMeaning({ id: 9316, params: { ltabIndex: 1, ntError: 1727 } }), ntErrorText(1727));
  t.equal(errorMeaning({ id: 2219, params: {} }), null);
  for (const known of [5, 14, 1722, 1723, 1726, 1727, 1783, 1818, 10054, 10060, 10061, 11004, 8511, 8640, 8464]) {
    t.notMatch(ntErrorText(known), /not known/);
  }
  t.equal(ntErrorText(12345), 'error 12345, not known here');
  t.end();
});

test('what a stranger sends neither forges an entry, nor drives a terminal, nor fills the log', (t) => {
  const evil = describeEvent({
    id: 51,
    params: { mtaName: 'X\r\nmessage NMI9266\u001b[2J\u009b1m\u202e', address: 'y'.repeat(5000), association: 1 },
  });
  t.notMatch(evil.text, /[\p{Cc}\u202e]/u);
  t.match(evil.text, /MTA name: X\\u000d\\u000amessage NMI9266\\u001b\[2J\\u009b1m\\u202e,/);
  t.ok(evil.text.length < 1300);
  t.equal(String(evil.parameters['address']).length, 1024);
  const trailer = describeEvent({ id: 9277, params: { ...samples[9277], remoteServer: 'A\nB' } }).trailer;
  t.equal(trailer, '[A\\u000aB MtaBind 127.0.0.1[9] BASE IL] (14)');
  t.end();
});
