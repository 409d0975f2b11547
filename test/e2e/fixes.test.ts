/** `mtalab repro all` notices a missing fix and a missing bug. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Behaviour, corrected, correctedRpc, quirks, type RpcBehaviour } from '@mtalab/mta-core';
import { test } from 'tap';
import { AlteredCopy } from './altered.js';
import { articles, everything, namesOf } from './reproduced.js';

/** Each decision point, with the decision of an article's bug. */
const decisions = [
  ...(Object.keys(corrected) as (keyof Behaviour)[]).map((key) => ['corrected', key] as const),
  ...(Object.keys(correctedRpc) as (keyof RpcBehaviour)[]).map((key) => ['correctedRpc', key] as const),
].map(([of, key]) => {
  const quirk = quirks.find((each) => Object.hasOwn(each.override, key));
  const legacy = (quirk?.override as Readonly<Record<string, unknown>> | undefined)?.[key];
  return { of, key, article: quirk?.article ?? 'none', code: `\n${of}.${key} = ${String(legacy)};\n` };
});

test('repro all notices a fix disabled in the code, and a missing bug', { timeout: 500_000 }, async (t) => {
  const copy = new AlteredCopy(join(t.testdir(), 'copy'));
  const all = (...how: readonly string[]) => copy.mtalab('repro', 'all', ...how);
  const sound = await all('--on', 'sim');
  t.match(sound, { code: 0, stdout: /8 of 8 articles and 5 of 5 companions are reproduced, in [\d.]+ s\.\n$/ });
  t.same([...namesOf(sound.stdout, 'reproduced')].sort(), everything);

  const file = 'packages/mta-core/dist/catalogues/behaviour.js';
  for (const { of, key, article, code } of decisions) {
    const { code: exit, stdout } = await copy.with(file, code, () => all('--on', 'sim'));
    t.equal(exit, 1, `${of}.${key}`);
    const failed = namesOf(stdout, 'NOT reproduced');
    t.ok(failed.length > 0 && failed.every((name) => name.startsWith(article)), `${of}.${key}: ${failed.join(', ')}`);
    t.match(stdout, /NOT reproduced +(legacy: .*\| )?fixed: MISSING /);
  }
  for (const article of articles) {
    const code = `\nquirkOf('${article}').override = {};\n`;
    const { code: exit, stdout } = await copy.with('packages/mta-core/dist/catalogues/quirks/index.js', code, () =>
      all('--on', 'sim'),
    );
    t.equal(exit, 1, `${article} without its bug`);
    t.ok(namesOf(stdout, 'NOT reproduced').includes(article), stdout);
    t.match(stdout, new RegExp(`^${article} +NOT reproduced +legacy: MISSING `, 'm'));
  }
  // On processes too, for the article without its fix and for another one. The whole list runs there in repro.test.ts.
  const noFix = decisions.find(({ key }) => key === 'afterFailedListen')?.code ?? '';
  const onProcesses = (article: string) => copy.with(file, noFix, () => copy.mtalab('repro', article));
  t.equal((await onProcesses('Q285350')).code, 1);
  t.equal((await onProcesses('Q181721')).code, 0);

  // A scenario that cannot run counts as not reproduced, and the others still run.
  rmSync(copy.path('packages/cli/scenarios/q280449.yaml'));
  const crash = '\n  - kill: MTA-A\n  - submit: { at: MTA-A, to: MTA-B }\n';
  const text = readFileSync(copy.path('packages/cli/scenarios/9277.yaml'), 'utf8');
  const at = text.indexOf('\nverdict:');
  writeFileSync(copy.path('packages/cli/scenarios/9277.yaml'), text.slice(0, at) + crash + text.slice(at));
  const { code, stdout } = await all('--on', 'sim');
  t.equal(code, 1);
  t.match(stdout, /^9277 +NOT reproduced +MTA-A is not running: it takes no message$/m);
  t.match(stdout, /^Q280449 +NOT reproduced +the article has no scenario$/m);
  t.equal(namesOf(stdout, 'reproduced').length, everything.length - 2);
});
