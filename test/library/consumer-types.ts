/** Programs of a consumer, which the compiler of TypeScript must take without `skipLibCheck`. */

/** As an ES module. Each expected error is one that the literal types must find. */
export const esModule = `
import { type Article, type LabAssociation, type ReleaseName, type ReceivedMail, spawnPair } from 'mtalab';

const article: Article = 'Q166594';
const release: ReleaseName = '5.5sp4';
await using pair = await spawnPair({
  legacy: { 'MTA-A': [article] },
  release: { 'MTA-B': release },
  nt: { 'MTA-B': '4.0sp6a' },
  signal: AbortSignal.timeout(60_000),
});
await pair.submit('MTA-A', { originator: 'ada@a.example', recipients: ['ben@b.example'], content: 'Subject: one\\r\\n\\r\\n' });
const mails: readonly ReceivedMail[] = await pair.mailbox('ben@b.example').waitFor(1, { timeoutMs: 1000 });
const originator: string | undefined = mails[0]?.envelope?.originator;
const content: Buffer | undefined = mails[0]?.content;
const event = await pair.waitForEvent(9316, { mta: 'MTA-A' });
for (const { mta, messages = [] } of await pair.messages()) for (const row of messages) console.log(mta, row.mtsId, row.submittedAt, originator, content, event.time);
for (const { queues, error } of await pair.queues()) for (const row of queues ?? []) console.log(error, row.queue, row.queuedBytes);
for (const status of await pair.status()) console.log(status.error === undefined ? status.now : status.error.message);
const associations: readonly LabAssociation[] = await pair.associations();
for (const { turn, between } of associations) console.log(turn, between);
for (const { id, parameters } of pair.events({ category: 'Interface' })) console.log(id, parameters);
await pair.set('Q166594', 'fixed');
await pair.advanceBy(1000);

// @ts-expect-error There is no such article.
await spawnPair({ legacy: { 'MTA-A': ['Q166595'] } });
// @ts-expect-error There is no such release.
await spawnPair({ release: { 'MTA-A': '5.5sp9' } });
// @ts-expect-error There is no such service pack.
await spawnPair({ nt: { 'MTA-A': '4.0sp9' } });
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
