/**
 * The documented releases of Exchange, the service packs of Windows NT 4.0, and the articles whose bug each of them has.
 * Each article gives spans of builds; the matrix follows from the spans.
 */
import type { Article } from './behaviour.js';

export type Product = 'Exchange' | 'Windows NT';

/** One cell of the matrix: whether this release has the bug of this article. */
export type ReleaseCell = {
  readonly article: Article;
  readonly on: boolean;
  /** The reason, such as `Q166594: corrected in SP5 (996.72)`. */
  readonly because: string;
};

export type Release = {
  readonly product: Product;
  /** `5.5`; for Windows NT `4.0`, or `4.0 TSE` for the Terminal Server Edition. */
  readonly version: string;
  /** `2653.23`; for Windows NT 4.0 always `1381`. */
  readonly build: string;
  /** `RTM`, `SP4`, `post-SP4`; for Windows NT `SP0` to `SP6a`. */
  readonly servicePack: string;
  /** `5.5 SP4 (2653.23)`, `4.0 TSE SP4`. */
  readonly name: string;
  /** The shortest text that `resolveRelease` or `resolveNt` understands: `5.5sp4`, `2654.39`, `4.0tsesp4`. */
  readonly short: string;
  /** One cell for each article about this product. */
  readonly cells: readonly ReleaseCell[];
  /** Articles whose bug this release has. */
  readonly articles: readonly Article[];
};

/** A text that names no release, or several. */
export class UnknownReleaseError extends Error {
  override readonly name = 'UnknownReleaseError';
  /** Names of the nearest releases; empty if the text has no known form. */
  readonly nearest: readonly string[];

  constructor(message: string, nearest: readonly string[]) {
    super(message);
    this.nearest = nearest;
  }
}

/** Builds of Exchange, oldest first. */
const exchangeBuilds = {
  '4.0': [
    ['837.9', 'RTM'],
    ['838.10', 'SP1'],
    ['993.6', 'SP2'],
    ['994.54', 'SP3'],
    ['995.54', 'SP4'],
    ['996.72', 'SP5'],
  ],
  '5.0': [
    ['1457.8', 'RTM'],
    ['1458.56', 'SP1'],
    ['1460.13', 'SP2'],
  ],
  '5.5': [
    ['1960.3', 'RTM'],
    ['2232.18', 'SP1'],
    ['2448.1', 'SP2'],
    ['2650.24', 'SP3'],
    ['2651.75', 'post-SP3'],
    ['2653.23', 'SP4'],
    ['2654.39', 'post-SP4'],
    ['2654.54', 'post-SP4'],
  ],
} as const satisfies BuildTable;
type BuildTable = Readonly<Record<string, readonly (readonly [build: string, servicePack: string])[]>>;

type NamesOf<Version extends string, Row> = Row extends readonly [infer Build extends string, infer Pack extends string]
  ? Build | (Pack extends `post-${string}` ? never : `${Version}${Lowercase<Pack>}`)
  : never;
type BuildsOf<Version extends keyof typeof exchangeBuilds> = (typeof exchangeBuilds)[Version][number];
/** The names of the documented releases of Exchange: `5.5sp4`, `5.5` and `5.5rtm` (both RTM), and the build `2653.23`. */
export type ReleaseName = { [V in keyof typeof exchangeBuilds]: V | NamesOf<V, BuildsOf<V>> }[keyof typeof exchangeBuilds];

const ntBuild = '1381';
/** The Terminal Server Edition came out at the level of SP3 and has its own service packs up to SP6. */
const ntPacks = {
  '4.0': ['SP0', 'SP1', 'SP2', 'SP3', 'SP4', 'SP5', 'SP6', 'SP6a'],
  '4.0 TSE': ['SP3', 'SP4', 'SP5', 'SP6'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The names of the Windows NT releases: `4.0sp3`, `4.0sp6a`, `4.0tsesp4` (Terminal Server Edition), `4.0` (its last service pack). */
export type NtName =
  | '4.0'
  | `4.0${Lowercase<(typeof ntPacks)['4.0'][number]>}`
  | `4.0tse${Lowercase<(typeof ntPacks)['4.0 TSE'][number]>}`;

/**
 * A version has the bug from `from` (default: its first release) until before `corrected`. Both are builds, or service packs of
 * NT. `corrected` is null if no release of the version has the correction.
 */
type Span = { readonly version: string; readonly from?: string; readonly corrected: string | null };
type ReleaseArticle = {
  readonly article: Article;
  readonly product: Product;
  readonly title: string;
  readonly spans: readonly Span[];
};

/** The articles, and the releases that each one names. */
export const releaseArticles: readonly ReleaseArticle[] = [
  {
    article: 'Q166594',
    product: 'Exchange',
    title: 'Messages not delivered over the first association',
    spans: [
      { version: '4.0', corrected: '996.72' },
      { version: '5.0', corrected: '1460.13' },
    ],
  },
  {
    article: 'Q185934',
    product: 'Exchange',
    title: 'The window of an X.400 connector is never above 3',
    // The correction of 5.0 came after its last service pack.
    spans: [
      { version: '5.0', corrected: null },
      { version: '5.5', corrected: '2448.1' },
    ],
  },
  {
    article: 'Q187929',
    product: 'Exchange',
    title: 'Recovery fails over a changed checkpoint size (X.400 connector)',
    spans: [
      { version: '5.0', corrected: null },
      { version: '5.5', corrected: '2232.18' },
    ],
  },
  {
    article: 'Q229643',
    product: 'Exchange',
    title: 'Event 9156: control blocks leak at a recovery (X.400 connector)',
    // First corrected in 2590.0, but SP3 has it again (Q247419).
    spans: [{ version: '5.5', from: '2448.1', corrected: '2651.71' }],
  },
  {
    article: 'Q232602',
    product: 'Exchange',
    title: 'Associations not recovered after network problems (X.400 connector)',
    // Corrected between SP2 and SP3, so SP3 has the correction.
    spans: [{ version: '5.5', corrected: '2614.0' }],
  },
  {
    article: 'Q280449',
    product: 'Exchange',
    title: 'Event 9318 on multihomed servers',
    spans: [{ version: '5.5', from: '2651.75', corrected: '2654.39' }],
  },
  {
    article: 'Q285350',
    product: 'Exchange',
    title: 'The MTA does not start: Windows NT error 11004',
    spans: [{ version: '5.5', from: '2653.23', corrected: '2654.54' }],
  },
  {
    article: 'Q181721',
    product: 'Windows NT',
    title: 'Messages not delivered over an association: bind_nak',
    spans: [
      { version: '4.0', corrected: 'SP4' },
      { version: '4.0 TSE', corrected: 'SP4' },
    ],
  },
];

/** Orders builds, and service packs of Windows NT, within a version. */
function rank(mark: string): number {
  const pack = /^SP(\d)([a-z]?)$/.exec(mark);
  if (pack !== null) return Number(pack[1]) + (pack[2] === '' ? 0 : 0.4);
  const [major = '', minor = ''] = mark.split('.');
  return Number(major) * 1000 + Number(minor);
}

function buildsOf(version: string): BuildTable[string] {
  return (exchangeBuilds as BuildTable)[version] ?? [];
}

/** Names a build within its version: `SP5 (996.72)`. An unreleased build is named with the next release. */
function place(product: Product, version: string, mark: string): string {
  if (product === 'Windows NT') return mark;
  const next = buildsOf(version).find(([build]) => rank(build) >= rank(mark));
  if (next === undefined) return mark;
  const [build, pack] = next;
  const known = pack.startsWith('SP') || pack === 'RTM' ? `${pack} (${build})` : build;
  return build === mark ? known : `${mark}, so in ${known}`;
}

function cellOf({ article, product, spans }: ReleaseArticle, version: string, mark: string): ReleaseCell {
  const cell = (on: boolean, words: string): ReleaseCell => ({ article, on, because: `${article}: ${words}` });
  const span = spans.find((each) => each.version === version);
  if (span === undefined) return cell(false, `only in ${spans.map((each) => each.version).join(' and ')}`);
  const from = span.from === undefined ? '' : `from ${place(product, version, span.from)} `;
  if (span.from !== undefined && rank(mark) < rank(span.from))
    return cell(false, `came with ${place(product, version, span.from)}`);
  if (span.corrected === null) return cell(true, `in ${version} ${from}with no corrected release`);
  if (rank(mark) >= rank(span.corrected)) return cell(false, `corrected in ${place(product, version, span.corrected)}`);
  return cell(true, `in ${version} ${from}until corrected in ${place(product, version, span.corrected)}`);
}

function releaseOf(row: Pick<Release, 'product' | 'version' | 'build' | 'servicePack' | 'name' | 'short'>): Release {
  const mark = row.product === 'Exchange' ? row.build : row.servicePack;
  const cells = releaseArticles.filter((each) => each.product === row.product).map((each) => cellOf(each, row.version, mark));
  return { ...row, cells, articles: cells.filter((cell) => cell.on).map((cell) => cell.article) };
}

/** Every documented release of Exchange, oldest first. */
export const exchangeReleases: readonly Release[] = Object.entries(exchangeBuilds).flatMap(([version, builds]) =>
  builds.map(([build, servicePack]) =>
    releaseOf({
      product: 'Exchange',
      version,
      build,
      servicePack,
      name: `${version} ${servicePack} (${build})`,
      short: servicePack.startsWith('post-') ? build : `${version}${servicePack.toLowerCase()}`,
    }),
  ),
);

/** Windows NT 4.0 and its Terminal Server Edition with every service pack, oldest first. */
export const ntReleases: readonly Release[] = Object.entries(ntPacks).flatMap(([version, packs]) =>
  packs.map((servicePack) =>
    releaseOf({
      product: 'Windows NT',
      version,
      build: ntBuild,
      servicePack,
      name: `${version} ${servicePack}`,
      short: `${version.replace(' ', '')}${servicePack}`.toLowerCase(),
    }),
  ),
);

/** Longest text read, in characters. */
const maxText = 64;

/** What a text names; null for each part that it leaves out. */
type Asked = { readonly version: string | null; readonly servicePack: string | null; readonly build: string | null };

const exchangeForm = /^(\d\.\d(?!\d))?[\s.,-]*(rtm|(?:post-?)?sp\s?\d[a-z]?)?[\s.,(-]*(\d{3,4}\.\d{1,3})?\)?$/;
const ntForm = /^(\d\.\d{1,2}|\d)?[\s-]*(tse)?[\s,-]*(rtm|sp\s?\d[a-z]?)?$/;

/** The text in lower case, without the product's name and with long words shortened. */
function plain(text: string): string {
  return text
    .slice(0, maxText)
    .trim()
    .toLowerCase()
    .replace(/^(?:microsoft )?(?:exchange(?: server)?|(?:windows )?nt(?: server)?) ?/, '')
    .replace(/service pack/, 'sp')
    .replace(/terminal server(?: edition)?/, 'tse');
}

function packName(text: string): string {
  const [, post = '', digits = '', letter = ''] = /^(post-?)?sp\s?(\d)([a-z]?)$/.exec(text) ?? [];
  return digits === '' ? 'RTM' : `${post === '' ? '' : 'post-'}SP${digits}${letter}`;
}

function askedExchange(text: string): Asked | null {
  const [all = '', version, pack, build] = exchangeForm.exec(plain(text)) ?? [];
  if (all === '') return null;
  if (version === undefined && pack === undefined && build === undefined) return null;
  // A version alone means its RTM.
  const servicePack = pack === undefined ? (build === undefined ? 'RTM' : null) : packName(pack);
  return { version: version ?? null, servicePack, build: build ?? null };
}

function askedNt(text: string): Asked | null {
  const [all = '', version, edition, pack] = ntForm.exec(plain(text)) ?? [];
  if (all === '' || (version === undefined && edition === undefined && pack === undefined)) return null;
  const number = version === undefined || version === '4' ? '4.0' : version;
  const name = edition === undefined ? number : `${number} TSE`;
  // A text without a service pack means the last one.
  const last = (ntPacks as Readonly<Record<string, readonly string[]>>)[name]?.at(-1) ?? 'SP6a';
  const servicePack = pack === undefined ? last : packName(pack).replace('RTM', 'SP0');
  return { version: name, servicePack, build: null };
}

function fits(release: Release, asked: Asked): boolean {
  return (
    (asked.version === null || asked.version === release.version) &&
    (asked.servicePack === null || asked.servicePack === release.servicePack) &&
    (asked.build === null || asked.build === release.build)
  );
}

/** The nearest builds, or the nearest service packs of the nearest version. */
function nearestTo(asked: Asked, releases: readonly Release[]): readonly Release[] {
  const closest = (all: readonly Release[], distance: (release: Release) => number): readonly Release[] => {
    const least = Math.min(...all.map(distance));
    return all.filter((release) => distance(release) === least);
  };
  const { version, servicePack, build } = asked;
  if (build !== null) {
    // The builds just before and after it.
    const sorted = [...releases].sort((a, b) => rank(a.build) - rank(b.build));
    const after = sorted.findIndex((release) => rank(release.build) >= rank(build));
    return after === -1 ? sorted.slice(-1) : sorted.slice(Math.max(0, after - 1), after + 1);
  }
  const number = (text: string): number => Number.parseFloat(text);
  const level = (pack: string): number => (pack === 'RTM' ? 0 : rank(pack.replace('post-', '')));
  const edition = version?.endsWith('TSE') ?? false;
  const sameEdition = releases.filter((release) => release.version.endsWith('TSE') === edition);
  const pool =
    version === null ? releases : closest(sameEdition, (release) => Math.abs(number(release.version) - number(version)));
  const packs = pool.filter((release) => !release.servicePack.startsWith('post-'));
  return closest(packs, (release) => Math.abs(level(release.servicePack) - level(servicePack ?? 'RTM')));
}

function resolve(text: string, asked: Asked | null, releases: readonly Release[], product: Product, example: string): Release {
  const shown = JSON.stringify(text.length > maxText ? `${text.slice(0, maxText)}...` : text);
  if (asked === null || text.length > maxText)
    throw new UnknownReleaseError(`no documented ${product} release is written ${shown}; write it like ${example}`, []);
  const [found, ...others] = releases.filter((release) => fits(release, asked));
  if (found !== undefined && others.length === 0) return found;
  const several = found !== undefined;
  const near = several ? [found, ...others] : nearestTo(asked, releases);
  const names = near.map((release) => release.name);
  const message = several
    ? `${shown} names several releases of ${product}; name one: ${near.map(({ name, short }) => `${short} for ${name}`).join(', ')}`
    : `no documented ${product} release is ${shown}; the nearest ${names.length === 1 ? 'is' : 'are'} ${names.join(' and ')}`;
  throw new UnknownReleaseError(message, names);
}

/**
 * The release of Exchange that a text names: `5.5sp4`, `5.5 SP4`, `5.5-sp4`, `5.5` and `5.5rtm` (both RTM), `2653.23`,
 * `5.5 2653.23`, `5.5.2653.23`, or a name from `exchangeReleases`.
 * @throws UnknownReleaseError
 */
export function resolveRelease(text: string): Release {
  return resolve(text, askedExchange(text), exchangeReleases, 'Exchange', '5.5sp4, 5.5 or 2653.23');
}

/**
 * The Windows NT that a text names: `4.0sp3`, `sp3`, `4.0 SP6a`, `4.0rtm` (SP0), `4.0` (its last service pack), `4.0tse sp4`.
 * @throws UnknownReleaseError
 */
export function resolveNt(text: string): Release {
  return resolve(text, askedNt(text), ntReleases, 'Windows NT', '4.0sp3, sp6a or 4.0tse sp4');
}

/** Exchange with all corrections: 5.5 build 2654.54. */
export const defaultRelease: Release = resolveRelease('5.5.2654.54');
/** Windows NT 4.0 SP6a. */
export const defaultNt: Release = resolveNt('4.0');

/** The release and Windows NT wanted for an MTA, and the articles to switch on or off in addition. */
export type ProfileRequest = {
  readonly release?: string | undefined;
  readonly nt?: string | undefined;
  /** Articles to switch on in addition. */
  readonly legacy?: readonly string[] | undefined;
  /** Articles to switch off, even if the release has them. */
  readonly fixed?: readonly string[] | undefined;
};

/** A release of Exchange on a Windows NT, and the articles that are on for it. */
export type Profile = {
  readonly release: Release;
  readonly nt: Release;
  /** Articles that come with the release and the Windows NT. */
  readonly own: readonly string[];
  /** `own`, plus the articles added, minus those removed. */
  readonly legacy: readonly string[];
};

/** @throws UnknownReleaseError */
export function resolveProfile({ release: releaseText, nt: ntText, legacy = [], fixed = [] }: ProfileRequest): Profile {
  const release = releaseText === undefined ? defaultRelease : resolveRelease(releaseText);
  const nt = ntText === undefined ? defaultNt : resolveNt(ntText);
  const own = [...release.articles, ...nt.articles];
  const on = [...new Set([...own, ...legacy])].filter((article) => !fixed.includes(article));
  return { release, nt, own, legacy: on };
}

/** Consecutive releases that have the same cell for an article. */
export type ReleaseReason = ReleaseCell & { readonly first: Release; readonly last: Release };

/** An article's cells for every release of its product, oldest first; equal neighbours of one version are joined. */
export function releaseReasons(article: string): readonly ReleaseReason[] {
  const reasons: ReleaseReason[] = [];
  for (const release of [...exchangeReleases, ...ntReleases]) {
    const cell = release.cells.find((each) => each.article === article);
    if (cell === undefined) continue;
    const before = reasons.at(-1);
    if (before?.because === cell.because && before.last.version === release.version)
      reasons[reasons.length - 1] = { ...before, last: release };
    else reasons.push({ ...cell, first: release, last: release });
  }
  return reasons;
}
