import { associationTable, glossary, turnTable } from '@mtalab/mta-core';
import { faultKinds } from '@mtalab/scenario';
import { explainTerm } from 'mtalab/internal';
import { test } from 'tap';

test('every word of the glossary, every PDU and every state is explained', (t) => {
  const names = glossary.map(({ names: [name] }) => name.toLowerCase());
  t.same(
    names,
    [...names].sort((one, other) => one.localeCompare(other, 'en')),
    'the glossary is in order',
  );
  const words = glossary.flatMap(({ names: all, also = [] }) => [...all, ...also]);
  for (const { names: all } of glossary) t.equal(explainTerm(all[0])?.term, all[0]);
  const states = [...Object.keys(associationTable), ...Object.keys(turnTable)];
  // `any` stands for every PDU.
  const kinds = faultKinds.filter((kind) => kind !== 'any');
  for (const word of [...words, ...kinds, ...states]) {
    const found = explainTerm(word);
    t.ok(found, word);
    t.notMatch(`${found?.text} ${found?.source}`, /\]\(|\b_\w/, `${word}: no Markdown`);
  }
  t.equal(explainTerm('turn give')?.term, 'Turn-Give');
  t.equal(explainTerm('trun'), undefined);
  t.end();
});
