/** Checks the options of `mtalab pair` and plans the run, before anything starts. */
import {
  type BindingOption,
  type DeliveryKind,
  FaultSyntaxError,
  ownListener,
  parseFault,
  type SmartHostOption,
} from '@mtalab/harness';
import {
  type Article,
  domainOf,
  type LinkName,
  type NtName,
  type Profile,
  type ReleaseName,
  resolveProfile,
  type Settings,
} from '@mtalab/mta-core';
import { releaseProblem } from '../config/releases.js';
import { isHost } from '../config/schema-fields.js';
import { messageOf, UsageError } from '../errors.js';
import { addressOption, excerpt, settingOption } from '../option-values.js';
import { articlesOf, fixedHints, linkHints } from './articles.js';
import { bindingHints, bindingsOf, type PortsByMta, portsOf, requireNoListeningClash } from './bindings.js';
import { mtaAndText, pairDomains, pairNames, requireMtaOfPair } from './pair-mtas.js';

/** The options, as commander gives them. */
export type PairFlags = {
  readonly mail?: readonly string[];
  readonly count?: number;
  readonly size: number;
  readonly from?: string;
  readonly to?: string;
  readonly bothWays?: boolean;
  readonly once?: boolean;
  readonly patience: number;
  readonly legacy?: readonly string[];
  readonly legacyOn?: readonly string[];
  readonly fixed?: readonly string[];
  readonly release?: readonly string[];
  readonly nt?: readonly string[];
  readonly bindings?: readonly string[];
  readonly cluster?: readonly string[];
  readonly link: LinkName;
  readonly mapper?: readonly string[];
  readonly smtp?: readonly string[];
  readonly metrics?: readonly string[];
  readonly timeScale: number;
  readonly fault?: readonly string[];
  readonly proxy?: boolean;
  /** Serve the page? Undefined: yes, unless a program reads the output. */
  readonly page?: boolean;
  readonly pagePort?: number;
  /** Start a twin. `true`: it differs in all articles that the pair starts with. */
  readonly twin?: true | readonly string[];
  readonly capture?: string;
  readonly threshold?: number;
  readonly set?: readonly string[];
  readonly delivery: DeliveryKind;
  readonly smartHost?: string;
  readonly journal?: boolean;
  readonly dir?: string;
  readonly json?: boolean;
};

/** The MTA that gets a message, and the envelope. */
export type Course = { readonly mta: string; readonly from: string; readonly to: string };

export type PairPlan = {
  /** The wished releases of each MTA. */
  readonly release: Readonly<Record<string, ReleaseName | undefined>>;
  readonly nt: Readonly<Record<string, NtName | undefined>>;
  readonly legacy: Readonly<Record<string, readonly Article[]>>;
  readonly fixed: Readonly<Record<string, readonly Article[]>>;
  /** The release of each MTA, and the articles that it starts with. */
  readonly profiles: Readonly<Record<string, Profile>>;
  readonly bindings: Readonly<Record<string, readonly BindingOption[]>>;
  readonly cluster: readonly string[];
  readonly mapperPorts: PortsByMta;
  readonly smtpPorts: PortsByMta;
  readonly smartHost: SmartHostOption | undefined;
  readonly metricsPorts: PortsByMta;
  /** A line for each option that cannot show or changes nothing. */
  readonly hints: readonly string[];
  readonly settings: Partial<Settings>;
  readonly faults: readonly string[];
  /** One course, or two that alternate. */
  readonly courses: readonly [Course, ...Course[]];
  readonly sends: boolean;
};

function course(flags: PairFlags, back: boolean): Course {
  const near = back ? 1 : 0;
  const from = flags.from !== undefined && !back ? addressOption('--from', flags.from) : `sender@${pairDomains[near]}`;
  // The message goes to the MTA of the originator's domain, or to the first MTA if the domain is foreign.
  const home = domainOf(from) === pairDomains[1] ? 1 : 0;
  const to = flags.to !== undefined && !back ? addressOption('--to', flags.to) : `user@${pairDomains[home === 0 ? 1 : 0]}`;
  return { mta: pairNames[home], from, to };
}

/** Reads `5.5sp4` for both MTAs, or `MTA-A=5.5sp4` for one, which replaces the release for both. */
function releasesOf(option: 'release' | 'nt', words: readonly string[]): (name: string) => string | undefined {
  const releases = new Map<string, string>();
  for (const word of words) {
    const { name, text } = mtaAndText(`--${option}`, word);
    const problem = releaseProblem(option, text);
    if (problem !== undefined) throw new UsageError(`--${option}: ${problem}`);
    if (releases.has(name)) {
      const whom = name === '' ? 'both MTAs; for two releases write MTA-A=...,MTA-B=...' : name;
      throw new UsageError(`--${option}: ${releases.get(name)} and ${text} are both for ${whom}`);
    }
    releases.set(name, text);
  }
  return (name) => releases.get(name) ?? releases.get('');
}

/** The release and Windows NT of each MTA, and the articles that the options add and remove. */
function planReleases(flags: PairFlags): Pick<PairPlan, 'release' | 'nt' | 'legacy' | 'fixed' | 'profiles'> {
  const added = articlesOf('legacy', flags.legacy ?? [], flags.legacyOn ?? pairNames);
  const removed = articlesOf('fixed', flags.fixed ?? [], pairNames);
  const exchange = releasesOf('release', flags.release ?? []);
  const windows = releasesOf('nt', flags.nt ?? []);
  const each = pairNames.map((name) => {
    const release = exchange(name);
    const nt = windows(name);
    const legacy = added(name);
    const fixed = removed(name);
    const both = legacy.find((article) => fixed.includes(article));
    if (both !== undefined) throw new UsageError(`${both} is in --legacy and in --fixed for ${name}; remove one of them`);
    return {
      name,
      // Both texts name a release, though not always in its shortest form.
      release: release as ReleaseName | undefined,
      nt: nt as NtName | undefined,
      legacy,
      fixed,
      profile: resolveProfile({ release, nt, legacy, fixed }),
    };
  });
  return {
    release: Object.fromEntries(each.map(({ name, release }) => [name, release])),
    nt: Object.fromEntries(each.map(({ name, nt }) => [name, nt])),
    legacy: Object.fromEntries(each.map(({ name, legacy }) => [name, legacy])),
    fixed: Object.fromEntries(each.map(({ name, fixed }) => [name, fixed])),
    profiles: Object.fromEntries(each.map(({ name, profile }) => [name, profile])),
  };
}

/** Reads `PORT` or `HOST[PORT]`. */
function smartHostOf({ smartHost, delivery }: PairFlags, smtpPorts: PortsByMta): SmartHostOption | undefined {
  if (smartHost === undefined) {
    if (delivery === 'smtp') throw new UsageError('--delivery smtp needs a smart host; add --smart-host, such as 1025');
    return undefined;
  }
  if (delivery !== 'smtp') throw new UsageError('--smart-host needs --delivery smtp; add it');
  const [, host = '127.0.0.1', inBrackets, alone] = /^(?:(.+)\[(\d{1,5})\]|(\d{1,5}))$/.exec(smartHost) ?? [];
  const port = Number(inBrackets ?? alone ?? 0);
  if (port < 1 || port > 65_535 || !isHost(host))
    throw new UsageError(`--smart-host takes PORT or HOST[PORT], such as 1025 or 127.0.0.1[1025], not "${excerpt(smartHost)}"`);
  const own = ownListener({ host, port }, smtpPorts);
  if (own !== undefined)
    throw new UsageError(`--smart-host: ${port} is the port of the SMTP listener of ${own}, so mail would go round for ever`);
  return { host, port };
}

/** @throws UsageError naming the option that makes no sense. */
export function planPair(flags: PairFlags): PairPlan {
  const sends = flags.mail !== undefined || (flags.count ?? 0) > 0;
  if (flags.once === true && !sends) throw new UsageError('--once needs mail to wait for; add --mail or --count');
  if (flags.bothWays === true && (flags.from !== undefined || flags.to !== undefined)) {
    throw new UsageError('--both-ways chooses the addresses itself; remove --from and --to');
  }
  if (flags.legacyOn !== undefined && flags.legacy === undefined)
    throw new UsageError('--legacy-on needs articles; add --legacy');
  if (flags.legacyOn !== undefined && flags.legacy?.every((word) => word.includes('=')) === true)
    throw new UsageError('--legacy-on changes nothing if --legacy names the MTAs itself; remove one of them');
  if (flags.capture === '-')
    throw new UsageError('--capture takes a file; start the pair with --proxy, and let `mtalab capture -` write to stdout');
  for (const name of flags.legacyOn ?? []) requireMtaOfPair('--legacy-on', name);
  for (const name of flags.cluster ?? []) requireMtaOfPair('--cluster', name);
  const releases = planReleases(flags);
  for (const fault of flags.fault ?? []) {
    try {
      parseFault(fault, pairNames);
    } catch (error) {
      if (error instanceof FaultSyntaxError) throw new UsageError(`--fault: ${messageOf(error)}`);
      throw error;
    }
  }
  const settings = Object.fromEntries((flags.set ?? []).map(settingOption));
  const bindings = bindingsOf(flags.bindings ?? []);
  const mapperPorts = portsOf('mapper', flags.mapper ?? []);
  const smtpPorts = portsOf('smtp', flags.smtp ?? []);
  const metricsPorts = portsOf('metrics', flags.metrics ?? []);
  requireNoListeningClash(bindings, { mapper: mapperPorts, smtp: smtpPorts, metrics: metricsPorts });
  return {
    ...releases,
    bindings,
    cluster: flags.cluster ?? [],
    mapperPorts,
    smtpPorts,
    smartHost: smartHostOf(flags, smtpPorts),
    metricsPorts,
    hints: [
      ...linkHints(flags.link, releases.legacy),
      ...bindingHints(releases.legacy, bindings),
      ...fixedHints(releases.fixed, releases.profiles),
    ],
    settings: { ...settings, ...(flags.threshold === undefined ? {} : { threshold: flags.threshold }) },
    faults: flags.fault ?? [],
    courses: flags.bothWays === true ? [course(flags, false), course(flags, true)] : [course(flags, false)],
    sends,
  };
}
