/**
 * Plants faults in the core. The rules must find each one: within 100 seeds here, within 1,000 in `npm run verify`.
 * `UPDATE=1` rewrites the table of `docs/verification/mutants.md`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { rules } from '@mtalab/proof';
import { test } from 'tap';
import { checked, faultsOf, hunt, type Kill, mutants } from './hunt.js';
import { Workshop } from './load.js';
import { type GroundName, grounds, type Mutant } from './mutant.js';

const maxSeeds = 100;
/** The core without a planted fault runs at least so many seeds of each ground. */
const soundSeeds = 30;
const doc = 'docs/verification/mutants.md';
const heading = '| planted fault | what is broken | found by rule | found by the checker |';

const workshop = new Workshop();
const kills = new Map<Mutant, Kill>();
const counterexamples = new Map<Mutant, string>();

test('the rules find every planted fault', async (t) => {
  t.ok(mutants.length >= 25);
  t.equal(new Set(mutants.map(({ name }) => name)).size, mutants.length, 'no name is used twice');
  for (const mutant of mutants) {
    const core = await workshop.core(mutant);
    if (mutant.ground !== null) {
      const kill = hunt(core, mutant.ground, maxSeeds);
      if (kill !== null) kills.set(mutant, kill);
      const seeds = kill?.seed === 1 ? 'the first seed' : `${kill?.seed} seeds`;
      t.ok(
        kill !== null,
        kill === null
          ? `${mutant.name} survives ${maxSeeds} seeds of '${mutant.ground}': ${mutant.broken}`
          : `${mutant.name} breaks ${kill.rule}, seen after ${seeds} of '${mutant.ground}'`,
      );
      // A patch that names what is no longer there dies of that, not of the fault it plants.
      t.notMatch(kill?.detail ?? '', /is not defined|is not a function/, `${mutant.name} is code that runs`);
    }
    if (mutant.checked === undefined) {
      t.ok(mutant.ground !== null, `${mutant.name} is looked for somewhere`);
      continue;
    }
    const found = checked(core, mutant.checked === true ? {} : mutant.checked);
    if (found !== null) counterexamples.set(mutant, `\`${found.rule}\`, ${found.lines} line${found.lines === 1 ? '' : 's'}`);
    t.ok((found?.lines ?? 0) > 0, `${mutant.name}: the checker finds ${found?.rule ?? 'nothing'}, in ${found?.lines ?? 0} lines`);
  }
});

test('the core without a planted fault keeps all rules on the same seeds', async (t) => {
  const core = await workshop.core({ name: 'none', patches: [] });
  for (const ground of Object.keys(grounds) as GroundName[]) {
    const seeds = mutants.filter((mutant) => mutant.ground === ground).map((mutant) => kills.get(mutant)?.seed ?? maxSeeds);
    t.ok(seeds.length > 0, `'${ground}' is used`);
    const most = Math.max(soundSeeds, ...seeds);
    t.same(faultsOf(core, ground, most), [], `'${ground}', ${most} seeds`);
  }
  const bounds = mutants.flatMap(({ checked: options }) => (options === undefined ? [] : [options === true ? {} : options]));
  for (const options of new Map(bounds.map((each) => [JSON.stringify(each), each])).values())
    t.equal(checked(core, options), null, `nor does the checker find anything: ${JSON.stringify(options)}`);
});

test('each rule finds a planted fault', (t) => {
  const found = new Set<string | undefined>([
    ...[...kills.values()].map(({ rule }) => rule),
    ...[...counterexamples.values()].map(ruleOf),
  ]);
  t.same(
    Object.keys(rules).filter((rule) => !found.has(rule)),
    [],
  );
  t.end();
});

test('a patch that does not fit is an error that names its mutant', async (t) => {
  const patch = { file: 'machine/pump.ts', find: 'no such text', replace: '' };
  await t.rejects(workshop.core({ name: 'gone', patches: [patch] }), /mutant 'gone' does not fit: its text occurs 0 times/);
  const twice = { ...patch, find: 'ctx.mta' };
  await t.rejects(workshop.core({ name: 'twice', patches: [twice] }), /'twice' does not fit: its text occurs \d+ times/);
  await t.rejects(workshop.core({ name: 'lost', patches: [{ ...patch, file: 'gone.ts' }] }), /'lost' .* no gone\.ts in the core/);
});

function ruleOf(counterexample: string | undefined): string | undefined {
  return /^`([a-z-]+)`/.exec(counterexample ?? '')?.[1];
}

test('the documentation has every planted fault and what finds it', (t) => {
  const lines = readFileSync(doc, 'utf8').split('\n');
  const at = lines.indexOf(heading);
  t.ok(at > 0, 'the table is there');
  let end = at + 2;
  while (lines[end]?.startsWith('| ') === true) end += 1;
  const starts = mutants.map(({ name, broken }) => `| \`${name}\` | ${broken} | `);
  if (process.env['UPDATE'] === '1') {
    const rows = mutants.map((mutant, index) => {
      const rule = kills.get(mutant)?.rule ?? (mutant.ground === null ? ruleOf(counterexamples.get(mutant)) : undefined);
      return `${starts[index]}${rule === undefined ? 'none' : `\`${rule}\``} | ${counterexamples.get(mutant) ?? ''} |`;
    });
    lines.splice(at + 2, end - at - 2, ...rows);
    writeFileSync(doc, lines.join('\n'));
  } else {
    const rows = lines.slice(at + 2, end);
    // The first of several broken rules may change with the core, but each row must name a rule.
    const known = rows.filter((row) => Object.hasOwn(rules, /^\| [^|]+ \| [^|]+ \| `([a-z-]+)` \|/.exec(row)?.[1] ?? ''));
    t.same(known, rows, 'each row names a rule');
    t.same(
      rows.map((row) => starts.find((start) => row.startsWith(start)) ?? row),
      starts,
      'run this test with UPDATE=1',
    );
  }
  t.end();
});

test('the workshop is cleared', (t) => {
  workshop[Symbol.dispose]();
  t.end();
});
