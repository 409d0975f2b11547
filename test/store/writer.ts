/** A process that stores and forgets messages until a kill or a full disk stops it, and prints what the store has confirmed. */
import { writeSync } from 'node:fs';
import { openSqliteStore } from '@mtalab/transport';
import { octetsOf } from '../support/contents.js';
import { bytes, pattern, whole } from './fixtures.js';

const store = openSqliteStore(process.argv[2] as string, { octetsOf, render: () => bytes('') });
const maxBatches = Number(process.argv[3]);
let token = 0;
for (let batch = 0; batch < maxBatches; batch += 1) {
  const forget: number[] = [];
  for (let count = 0; count < 20; count += 1) {
    token += 1;
    const content = token * 10;
    // Every seventh content has more than one piece.
    store.apply(
      whole(token, content, pattern(token % 7 === 0 ? 70_000 : 900, token), { received: { sender: 'x', activity: token } }),
    );
    if (token > 40 && token % 2 === 0) forget.push((token - 40) * 10 + 1);
  }
  store.apply({ type: 'forget', token: 1_000_000 + batch, copies: forget });
  // It prints requests before the commit and confirmations after it. A kill in between may leave either state.
  writeSync(1, `forgetting ${forget.join(' ')}\n`);
  const outcomes = store.commit();
  const stored = outcomes.filter((outcome) => outcome.type === 'stored').map((outcome) => outcome.token);
  const failed = outcomes.filter((outcome) => outcome.type === 'store-failed').map((outcome) => outcome.token);
  const forgotten = outcomes.some((outcome) => outcome.type === 'forgotten') ? forget : [];
  writeSync(1, `stored ${stored.join(' ')}\nfailed ${failed.join(' ')}\nforgotten ${forgotten.join(' ')}\n`);
  if (failed.length > 0 && batch > 2) break;
}
writeSync(1, 'end\n');
