/** The table of releases, the spellings of a release, and the effect of a release on a configuration, a command and a pair. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  defaultNt,
  defaultRelease,
  exchangeReleases,
  ntReleases,
  quirkOf,
  type Release,
  resolveNt,
  resolveProfile,
  resolveRelease,
  UnknownReleaseError,
} from '@mtalab/mta-core';
import { loadConfig, spawnPair } from 'mtalab';
import { type PairFlags, planPair } from 'mtalab/internal';
import { type Test, test } from 'tap';
import { eventsOf, home, interrupt, start, until } from '../e2e/shell.js';
import { command } from '../support/command.js';

/** The builds with each article, from the articles' own words, in the order of their numbers. */
const exchangeTable: readonly (readonly [version: string, servicePack: string, build: string, cells: string])[] = [
  ['4.0', 'RTM', '837.9', 'x------'],
  ['4.0', 'SP1', '838.10', 'x------'],
  ['4.0', 'SP2', '993.6', 'x------'],
  ['4.0', 'SP3', '994.54', 'x------'],
  ['4.0', 'SP4', '995.54', 'x------'],
  ['4.0', 'SP5', '996.72', '-------'],
  ['5.0', 'RTM', '1457.8', 'xxx----'],
  ['5.0', 'SP1', '1458.56', 'xxx----'],
  ['5.0', 'SP2', '1460.13', '-xx----'],
  ['5.5', 'RTM', '1960.3', '-xx-x--'],
  ['5.5', 'SP1', '2232.18', '-x--x--'],
  ['5.5', 'SP2', '2448.1', '---xx--'],
  ['5.5', 'SP3', '2650.24', '---x---'],
  ['5.5', 'post-SP3', '2651.75', '-----x-'],
  ['5.5', 'SP4', '2653.23', '-----xx'],
  ['5.5', 'post-SP4', '2654.39', '------x'],
  ['5.5', 'post-SP4', '2654.54', '-------'],
];
const exchangeArticles = ['Q166594', 'Q185934', 'Q187929', 'Q229643', 'Q232602', 'Q280449', 'Q285350'];

/** The Windows NT releases with Q181721. */
const ntTable: readonly (readonly [version: string, servicePack: string, on: boolean])[] = [
  ['4.0', 'SP0', true],
  ['4.0', 'SP1', true],
  ['4.0', 'SP2', true],
  ['4.0', 'SP3', true],
  ['4.0', 'SP4', false],
  ['4.0', 'SP5', false],
  ['4.0', 'SP6', false],
  ['4.0', 'SP6a', false],
  ['4.0 TSE', 'SP3', true],
  ['4.0 TSE', 'SP4', false],
  ['4.0 TSE', 'SP5', false],
  ['4.0 TSE', 'SP6', false],
];

/** The builds and service packs of the corrections, which the reason of a cell must name besides the article. */
const corrections: Readonly<Record<string, RegExp>> = {
  'Q166594 4.0': /corrected in SP5 \(996\.72\)$/,
  'Q166594 5.0': /corrected in SP2 \(1460\.13\)$/,
  'Q166594 5.5': /only in 4\.0 and 5\.0$/,
  'Q185934 5.0': /in 5\.0 with no corrected release$/,
  'Q185934 5.5': /corrected in SP2 \(2448\.1\)$/,
  'Q187929 5.0': /in 5\.0 with no corrected release$/,
  'Q187929 5.5': /corrected in SP1 \(2232\.18\)$/,
  'Q229643 5.5': /(came with SP2 \(2448\.1\)|corrected in 2651\.71, so in 2651\.75)$/,
  'Q232602 5.5': /corrected in 2614\.0, so in SP3 \(2650\.24\)$/,
  'Q280449 5.5': /(came with 2651\.75|corrected in 2654\.39)$/,
  'Q285350 5.5': /(came with SP4 \(2653\.23\)|corrected in 2654\.54)$/,
  'Q181721 4.0': /corrected in SP4$/,
  'Q181721 4.0 TSE': /corrected in SP4$/,
};

function reasonsHold(t: Pick<Test, 'match'>, release: Release): void {
  for (const { article, because } of release.cells) {
    t.match(because, new RegExp(`^${article}: `));
    t.match(because, corrections[`${article} ${release.version}`] ?? /only in 5\.[05]( and 5\.5)?$/);
  }
}

test('every row of the table', (t) => {
  for (const [version, servicePack, build, cells] of exchangeTable) {
    t.test(`Exchange ${version} ${build}: ${cells}`, (row) => {
      const release = resolveRelease(build);
      row.match(release, { product: 'Exchange', version, build, servicePack, name: `${version} ${servicePack} (${build})` });
      const on = exchangeArticles.filter((_, at) => cells[at] === 'x');
      row.same(release.articles, on);
      row.same(
        release.cells.map((cell) => [cell.article, cell.on]),
        exchangeArticles.map((article, at) => [article, cells[at] === 'x']),
      );
      row.ok(release.articles.every((article) => quirkOf(article) !== undefined));
      reasonsHold(row, release);
      row.end();
    });
  }
  for (const [version, servicePack, on] of ntTable) {
    t.test(`Windows NT ${version} ${servicePack}: ${on}`, (row) => {
      const release = resolveNt(`${version} ${servicePack}`);
      row.match(release, { product: 'Windows NT', version, build: '1381', servicePack, name: `${version} ${servicePack}` });
      row.same(release.articles, on ? ['Q181721'] : []);
      reasonsHold(row, release);
      row.end();
    });
  }
  t.equal(exchangeReleases.length, exchangeTable.length, 'no row is missing above');
  t.equal(ntReleases.length, ntTable.length);
  t.match(defaultRelease, { version: '5.5', build: '2654.54', articles: [] });
  t.match(defaultNt, { name: '4.0 SP6a', articles: [] });
  t.end();
});

const forms: readonly (readonly [texts: readonly string[], name: string])[] = [
  [['5.5sp4', '5.5 SP4', '5.5-sp4', ' 5.5 Service Pack 4 ', 'Exchange Server 5.5 SP4'], '5.5 SP4 (2653.23)'],
  [['2653.23', '5.5 2653.23', '5.5.2653.23', '5.5 SP4 (2653.23)', '5.5sp4 2653.23'], '5.5 SP4 (2653.23)'],
  [['5.5', '5.5rtm', '5.5 RTM', '1960.3', '5.5.1960.3'], '5.5 RTM (1960.3)'],
  [['5.0', '5.0rtm'], '5.0 RTM (1457.8)'],
  [['4.0'], '4.0 RTM (837.9)'],
  [['838.10'], '4.0 SP1 (838.10)'],
  [['5.5 post-SP3', '2651.75'], '5.5 post-SP3 (2651.75)'],
  [['2654.54', '5.5.2654.54'], '5.5 post-SP4 (2654.54)'],
];
const ntForms: typeof forms = [
  [['4.0', '4', 'nt4', 'Windows NT 4.0', '4.0sp6a', '4.0 SP6a', 'sp6a'], '4.0 SP6a'],
  [['4.0sp3', 'sp3', 'SP 3', '4.0-sp3', '4.0 Service Pack 3', 'NT 4.0 SP3'], '4.0 SP3'],
  [['4.0rtm', '4.0sp0'], '4.0 SP0'],
  [['4.0tse sp3', '4.0 TSE SP3', 'tse sp3', '4.0tsesp3', '4.0 Terminal Server Edition SP3'], '4.0 TSE SP3'],
  [['4.0tse', 'tse'], '4.0 TSE SP6'],
];

test('the spellings of a release', (t) => {
  for (const [texts, name] of forms) for (const text of texts) t.equal(resolveRelease(text).name, name, text);
  for (const [texts, name] of ntForms) for (const text of texts) t.equal(resolveNt(text).name, name, text);
  for (const release of exchangeReleases) {
    t.equal(resolveRelease(release.short), release, release.short);
    t.equal(resolveRelease(release.name), release, release.name);
  }
  for (const release of ntReleases) {
    t.equal(resolveNt(release.short), release, release.short);
    t.equal(resolveNt(release.name), release, release.name);
  }
  t.end();
});

function refused(resolve: (text: string) => Release, text: string): UnknownReleaseError {
  try {
    throw new Error(`${text} is ${resolve(text).name}`);
  } catch (error) {
    if (!(error instanceof UnknownReleaseError)) throw error;
    return error;
  }
}

test('the error for an unknown release names the nearest ones', (t) => {
  const unknown: readonly (readonly [resolve: (text: string) => Release, text: string, nearest: readonly string[]])[] = [
    [resolveRelease, '5.5sp7', ['5.5 SP4 (2653.23)']],
    [resolveRelease, '5.5sp4x', ['5.5 SP4 (2653.23)']],
    [resolveRelease, '5.0sp4', ['5.0 SP2 (1460.13)']],
    [resolveRelease, '6.0', ['5.5 RTM (1960.3)']],
    [resolveRelease, '5.5.2614.0', ['5.5 SP2 (2448.1)', '5.5 SP3 (2650.24)']],
    [resolveRelease, '838.1', ['4.0 RTM (837.9)', '4.0 SP1 (838.10)']],
    [resolveRelease, '9999.1', ['5.5 post-SP4 (2654.54)']],
    [resolveRelease, '5.0 2653.23', ['5.5 post-SP3 (2651.75)', '5.5 SP4 (2653.23)']],
    [resolveRelease, 'sp4', ['4.0 SP4 (995.54)', '5.5 SP4 (2653.23)']],
    [resolveRelease, '5.5 post-SP4', ['5.5 post-SP4 (2654.39)', '5.5 post-SP4 (2654.54)']],
    [resolveNt, '4.0sp7', ['4.0 SP6a']],
    [resolveNt, '4.0sp4x', ['4.0 SP4']],
    [resolveNt, '3.51', ['4.0 SP6a']],
    [resolveNt, '4.0tse sp1', ['4.0 TSE SP3']],
    [resolveNt, '4.0tse sp6a', ['4.0 TSE SP6']],
  ];
  for (const [resolve, text, nearest] of unknown) {
    const error = refused(resolve, text);
    t.same(error.nearest, nearest, text);
    for (const name of nearest) t.ok(error.message.includes(name), `${error.message} names ${name}`);
  }
  for (const text of ['', ' ', '5.5spp4', '5.52653.23', 'sp', '-', '()', 'x'.repeat(1000), '5'.repeat(64)]) {
    t.match(refused(resolveRelease, text), { nearest: [], message: /write it like 5\.5sp4, 5\.5 or 2653\.23$/ });
    t.match(refused(resolveNt, text), { nearest: [], message: /write it like 4\.0sp3, sp6a or 4\.0tse sp4$/ });
  }
  t.ok(refused(resolveRelease, 'x'.repeat(100_000)).message.length < 200, 'the error shortens a long text');
  t.end();
});

test('options add articles to those of a release, and remove them', (t) => {
  t.match(resolveProfile({}), { release: defaultRelease, nt: defaultNt, own: [], legacy: [] });
  t.same(resolveProfile({ release: '4.0', nt: 'sp3' }).legacy, ['Q166594', 'Q181721']);
  t.same(resolveProfile({ release: '4.0', nt: 'sp3', legacy: ['Q280449', 'Q181721'] }).legacy, ['Q166594', 'Q181721', 'Q280449']);
  t.same(resolveProfile({ release: '5.5', fixed: ['Q187929', 'Q185934'] }).legacy, ['Q232602']);
  t.same(resolveProfile({ release: '5.5sp4', fixed: ['Q285350', 'Q166594'] }).legacy, ['Q280449']);
  t.end();
});

test('a configuration has the articles of its release', (t) => {
  const cases: readonly (readonly [yaml: string, build: string, nt: string, legacy: readonly string[]])[] = [
    ['', '2654.54', '4.0 SP6a', []],
    ['release: 5.5sp4', '2653.23', '4.0 SP6a', ['Q280449', 'Q285350']],
    ['release: "2653.23"\nnt: sp3', '2653.23', '4.0 SP3', ['Q280449', 'Q285350', 'Q181721']],
    ['release: 5.5.2654.39\nlegacy: [Q166594]', '2654.39', '4.0 SP6a', ['Q285350', 'Q166594']],
    ['release: 5.5sp1\nnt: 4.0tse sp4', '2232.18', '4.0 TSE SP4', ['Q185934', 'Q232602']],
    ['release: 4.0sp3\nfixed: [Q166594]', '994.54', '4.0 SP6a', []],
    ['release: 4.0sp5\nlegacy: [Q166594, Q181721]\nfixed: [Q280449]', '996.72', '4.0 SP6a', ['Q166594', 'Q181721']],
  ];
  const file = join(t.testdir({}), 'mta.yaml');
  for (const [yaml, build, nt, legacy] of cases) {
    writeFileSync(file, `name: A\ndata: d\n${yaml}\n`);
    const loaded = loadConfig(file);
    t.same({ build: loaded.mta.build, nt: loaded.nt, legacy: loaded.mta.legacy }, { build, nt, legacy }, yaml);
    t.equal(loaded.mta.version, resolveRelease(build).version);
  }
  t.end();
});

test('the options of a pair, for both MTAs or for one', (t) => {
  const base: PairFlags = { size: 1024, patience: 30, timeScale: 1, delivery: 'maildir', link: 'lan' };
  const cases: readonly (readonly [flags: Partial<PairFlags>, a: readonly string[], b: readonly string[]])[] = [
    [{ release: ['5.5sp4'] }, ['Q280449', 'Q285350'], ['Q280449', 'Q285350']],
    [{ release: ['MTA-A=5.5sp4', 'MTA-B=4.0sp3'] }, ['Q280449', 'Q285350'], ['Q166594']],
    [{ release: ['MTA-B=5.0'], nt: ['MTA-A=4.0sp3'] }, ['Q181721'], ['Q166594', 'Q185934', 'Q187929']],
    [{ release: ['4.0', 'MTA-B=5.5sp3'] }, ['Q166594'], ['Q229643']],
    [{ release: ['MTA-B=5.5sp3', '4.0'] }, ['Q166594'], ['Q229643']],
    [{ release: ['4.0'], legacy: ['q280449'], legacyOn: ['MTA-B'], fixed: ['Q166594'] }, [], ['Q280449']],
    [{ legacy: ['MTA-A=q280449', 'MTA-A=Q285350', 'MTA-B=Q181721', 'MTA-B=Q181721'] }, ['Q280449', 'Q285350'], ['Q181721']],
    [{ legacy: ['Q166594', 'MTA-B=Q280449'] }, ['Q166594'], ['Q280449']],
    [{ legacy: ['Q166594', 'MTA-A=Q280449'], legacyOn: ['MTA-B'] }, ['Q280449'], ['Q166594']],
    [{ release: ['5.5sp4'], fixed: ['MTA-A=Q280449', 'MTA-A=Q285350', 'MTA-B=Q285350'] }, [], ['Q280449']],
    [{ release: ['5.5sp4'], fixed: ['MTA-B=Q280449', 'Q285350'] }, ['Q280449'], ['Q285350']],
  ];
  for (const [flags, a, b] of cases) {
    const plan = planPair({ ...base, ...flags });
    t.same([plan.profiles['MTA-A']?.legacy, plan.profiles['MTA-B']?.legacy], [a, b], JSON.stringify(flags));
  }
  t.end();
});

test('a note warns of an article that cannot show, and of removing one that the release lacks', (t) => {
  const base: PairFlags = { size: 1024, patience: 30, timeScale: 1, delivery: 'maildir', link: 'lan' };
  const hints = (flags: Partial<PairFlags>) => planPair({ ...base, ...flags }).hints;
  t.same(hints({ release: ['MTA-A=5.5sp4'], fixed: ['Q280449'] }), [
    'note: --fixed Q280449 changes nothing at MTA-B: Exchange 5.5 post-SP4 (2654.54) does not have it',
  ]);
  t.same(hints({ nt: ['MTA-A=sp3'], fixed: ['MTA-A=Q181721'] }), []);
  t.same(hints({ legacy: ['MTA-A=Q232602'] }), [
    'note: Q232602 cannot show at MTA-A: the LAN joins the pair; --link x400 gives it an X.400 connector',
  ]);
  t.same(hints({ link: 'x400', legacy: ['MTA-A=Q232602', 'MTA-A=Q181721'] }), [
    'note: Q181721 cannot show at MTA-A: an X.400 connector has no RPC',
    'note: Q181721 cannot show at MTA-A, which has one binding; add more with --bindings MTA-A=ADDRESS,ADDRESS',
  ]);
  t.same(hints({ fixed: ['MTA-A=Q181721'], legacy: ['MTA-B=Q280449'] }), [
    'note: Q280449 cannot show at MTA-B, which has one binding; add more with --bindings MTA-B=ADDRESS,ADDRESS',
    'note: --fixed Q181721 changes nothing at MTA-A: Windows NT 4.0 SP6a does not have it',
  ]);
  t.end();
});

test('a lab refuses unknown releases and options before it starts anything', async (t) => {
  // @ts-expect-error There is no such release.
  await t.rejects(spawnPair({ release: { 'MTA-A': '5.5sp9' } }), {
    message: /^release: MTA-A: no documented Exchange release is "5\.5sp9"; the nearest is 5\.5 SP4 \(2653\.23\)$/,
  });
  await t.rejects(spawnPair({ release: { 'MTA-C': '5.5' } }), {
    message: /^release: unknown MTA 'MTA-C'; the MTAs are MTA-A, MTA-B$/,
  });
  await t.rejects(spawnPair({ fixed: { 'MTA-A': ['Q166594'] }, legacy: { 'MTA-A': ['Q166594'] } }), {
    message: /^MTA-A: the article Q166594 is in legacy and in fixed/,
  });
  // A JavaScript caller may pass anything.
  await t.rejects(spawnPair({ releases: {} } as object), {
    name: 'HarnessError',
    message: "unknown option 'releases'; did you mean release?",
  });
  await t.rejects(spawnPair({ release: '5.5sp9' } as object), {
    message: /^release: expected an object with a release, such as '5\.5sp4', under the name of each MTA, got "5\.5sp9"$/,
  });
  await t.rejects(spawnPair({ zzzzzzzz: 1 } as object), { message: /^unknown option 'zzzzzzzz'; the options are command, / });
});

test('mtalab releases', async (t) => {
  const { code, stdout } = await command('releases', '--json');
  t.equal(code, 0);
  const { exchange, nt } = JSON.parse(stdout) as Record<'exchange' | 'nt', readonly Record<string, unknown>[]>;
  const expected = exchangeTable.flatMap(([version, servicePack, build, cells]) =>
    exchangeArticles.map((article, at) => ({ version, build, servicePack, article, on: cells[at] === 'x' })),
  );
  t.equal(exchange.length, expected.length);
  for (const [at, row] of expected.entries()) t.match(exchange[at], { ...row, because: new RegExp(`^${row.article}: \\w`) });
  t.match(
    nt,
    ntTable.map(([version, servicePack, on]) => ({ version, build: '1381', servicePack, article: 'Q181721', on })),
  );
  const text = (await command('releases')).stdout;
  for (const [version, servicePack, build, cells] of exchangeTable) {
    const row = [...cells].map((cell) => (cell === 'x' ? 'on' : '-')).join(' +');
    t.match(text, new RegExp(`^${version} +${servicePack} +${build} +${row}$`, 'm'));
  }
  for (const [version, servicePack, on] of ntTable)
    t.match(text, new RegExp(`^${version} +${servicePack} +1381 +${on ? 'on' : '-'}$`, 'm'));
  t.match(
    text,
    /^Q166594 +on +Exchange +4\.0 RTM \(837\.9\) to 4\.0 SP4 \(995\.54\) +in 4\.0 until corrected in SP5 \(996\.72\)$/m,
  );
});

type Status = {
  readonly name: string;
  readonly version: string;
  readonly build: string;
  readonly nt: string;
  readonly legacy: string[];
};

test('a pair of two releases on real processes', { timeout: 250_000 }, async (t) => {
  const dir = join(home, 'releases');
  mkdirSync(dir);
  const words = ['--release', 'MTA-A=5.5sp2,MTA-B=4.0sp3', '--nt', 'MTA-B=sp3', '--count', '4', '--both-ways'];
  const pair = start('pair', '--json', '--dir', dir, ...words);
  const ready = await pair.next();
  t.match(ready?.['mtas'], [
    { mta: 'MTA-A', version: '5.5', build: '2448.1', nt: '4.0 SP6a', legacy: ['Q229643', 'Q232602'] },
    { mta: 'MTA-B', version: '4.0', build: '994.54', nt: '4.0 SP3', legacy: ['Q166594', 'Q181721'] },
  ]);
  const statuses = async (): Promise<Status[]> =>
    JSON.parse((await command('status', '--json', '--dir', dir)).stdout) as Status[];
  t.match(await statuses(), [
    { mta: 'MTA-A', version: '5.5', build: '2448.1', nt: '4.0 SP6a', legacy: ['Q229643', 'Q232602'] },
    { mta: 'MTA-B', version: '4.0', build: '994.54', nt: '4.0 SP3', legacy: ['Q166594', 'Q181721'] },
  ]);
  t.match(
    (await command('status', '--dir', dir)).stdout,
    /^MTA-B +running +\d+ +4\.0 \(994\.54\) +4\.0 SP3 +\S+ +Q166594, Q181721/m,
  );
  t.match(await command('set', 'fixed', 'Q166594', '--mta', 'MTA-B', '--dir', dir), { code: 0 });
  t.match(await command('set', 'legacy', 'Q166594', '--mta', 'MTA-A', '--dir', dir), { code: 0 });
  t.match(await statuses(), [{ legacy: ['Q166594', 'Q229643', 'Q232602'] }, { legacy: ['Q181721'] }]);
  // A live switch survives a restart, although the release says otherwise.
  t.same(loadConfig(join(dir, 'MTA-A', 'mta.yaml')).mta.legacy, ['Q229643', 'Q232602', 'Q166594']);
  t.match(loadConfig(join(dir, 'MTA-B', 'mta.yaml')), { nt: '4.0 SP3', mta: { build: '994.54', legacy: ['Q181721'] } });
  interrupt(pair);
  t.match(await pair.next(), { type: 'summary' });
  t.same(await pair.ended, [0, null]);
  for (const [name, version, build] of [
    ['MTA-A', '5.5', '2448.1'],
    ['MTA-B', '4.0', '994.54'],
  ] as const) {
    const events = eventsOf(join(dir, name, 'data')).filter(({ id }) => id === 9298 || id === 9299);
    t.same(
      events.map(({ id }) => id),
      [9298, 9299],
    );
    for (const { text } of events) t.match(text, new RegExp(`Version: ${version}.*Build: ${build.replace('.', '\\.')}\\b`), name);
  }
});

test('an MTA writes event 9318 in the form of its own release', { timeout: 250_000 }, async (t) => {
  const early = { severity: 12, parameters: { ltabIndex: 1, ntError: 1722 }, trailer: '[BASE IL MAIN BASE 1 500] (12)' };
  const late = { severity: 14, parameters: { bindError: 1722, remoteServer: 'MTA-A' }, trailer: '[MAIN BASE 1 500] (14)' };
  for (const [release, form] of [
    ['4.0sp3', early],
    ['5.0sp2', early],
    ['5.5sp4', late],
  ] as const) {
    await using lab = await spawnPair({ release: { 'MTA-B': release } });
    const { client } = lab.process('MTA-B');
    const streamed: { readonly id: number }[] = [];
    await client.subscribe('events', (event: { readonly id: number }) => void streamed.push(event));
    await client.command('endpoints', { mta: 'MTA-A', endpoints: ['127.0.0.1[9]'] });
    await lab.submit('MTA-B', { originator: 'b@b.example', recipients: ['a@a.example'], content: Buffer.from('x') });
    await until(() => streamed.some(({ id }) => id === 9318));
    t.match(
      streamed.find(({ id }) => id === 9318),
      form,
      `${release}: the stream`,
    );
    const data = join(lab.dir, 'MTA-B', 'data');
    await until(() => eventsOf(data).some(({ id }) => id === 9318));
    const entry = eventsOf(data).find(({ id }) => id === 9318);
    t.match(entry, form, `${release}: events.jsonl`);
    t.equal(Object.keys((entry as unknown as typeof early).parameters).length, form === early ? 2 : 5);
    await until(() => readFileSync(join(data, 'logs', 'ev0.log'), 'utf8').includes('NMI9318'));
    const place = form === early ? 'BASE IL MAIN BASE(1)' : 'MAIN BASE(1)';
    const text = readFileSync(join(data, 'logs', 'ev0.log'), 'utf8');
    t.ok(
      text.includes(`message NMI9318: Interface Event, severity ${form.severity}\n(${place} Proc 500) `),
      `${release}: ev0.log`,
    );
    t.equal(text.includes('Remote server name'), form === late);
  }
});
