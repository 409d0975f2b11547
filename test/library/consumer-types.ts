/** Programs of a consumer, which the compiler of TypeScript must take without `skipLibCheck`. */

/** As an ES module. Each expected error is one that the literal types must find. */
export const esModule = `
import { type Article, type ReleaseName, type ReceivedMail, spawnPair } from 'mtalab';

const article: Article = 'Q166594';
const release: ReleaseName = '5.5sp4';
await using pair = await spawnPair({
  legacy: { 'MTA-A': [article] },
  releases: { 'MTA-B': { release, nt: '4.0sp6a' } },
  signal: AbortSignal.timeout(60_000),
});
await pair.submit('MTA-A', { originator: 'ada@a.example', recipients: ['ben@b.example'], content: 'Subject: one\\r\\n\\r\\n' });
const mails: readonly ReceivedMail[] = await pair.mailbox('ben@b.example').waitFor(1, { timeoutMs: 1000 });
const originator: string | undefined = mails[0]?.envelope?.originator;
const content: Buffer | undefined = mails[0]?.content;
const event = await pair.waitForEvent(9316, { mta: 'MTA-A' });
for (const rows of Object.values(await pair.messages())) for (const row of rows) console.log(row.mtsId, originator, content, event.text);
for (const rows of Object.values(await pair.queues())) for (const row of rows) console.log(row.queuedBytes);
for (const { turn, between } of await pair.associations()) console.log(turn, between);
for (const { id, parameters } of pair.events({ category: 'Interface' })) console.log(id, parameters);
await pair.set('Q166594', 'fixed');
await pair.advanceBy(1000);

// @ts-expect-error There is no such article.
await spawnPair({ legacy: { 'MTA-A': ['Q166595'] } });
// @ts-expect-error There is no such release.
await spawnPair({ releases: { 'MTA-A': { release: '5.5sp9' } } });
// @ts-expect-error There is no such service pack.
await spawnPair({ releases: { 'MTA-A': { nt: '4.0sp9' } } });
// @ts-expect-error There is no such option.
await spawnPair({ fault: 'cut before rttr 1' });
// @ts-expect-error There is no such article.
await pair.set('Q1', 'fixed');
// @ts-expect-error There is no such event.
await pair.waitForEvent(1);
// @ts-expect-error A list is wanted.
await pair.submit('MTA-A', { originator: 'ada@a.example', recipients: 'ben@b.example', content: '' });
`;

/** As a CommonJS module. */
export const commonJs = `
import mtalab = require('mtalab');
const start: (options?: mtalab.PairOptions) => Promise<mtalab.Lab> = mtalab.spawnPair;
console.log(start);
`;

export const compilerOptions = {
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable'],
  module: 'nodenext',
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  skipLibCheck: false,
  types: ['node'],
} as const;
