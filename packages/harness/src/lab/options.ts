/** The options of a lab, the plan made of them, and the configuration of each MTA. */
import {
  type Article,
  defaultSettings,
  type LinkName,
  linkByName,
  type NtName,
  type Profile,
  type ReleaseName,
  resolveProfile,
  type Settings,
  UnknownReleaseError,
} from '@mtalab/mta-core';
import { counted, type ScenarioNeighbours } from '@mtalab/scenario';
import { nearestName } from '@mtalab/transport';
import { HarnessError } from '../process/errors.js';
import { addressProblem, listeningClash } from './addresses.js';
import { articleArgument, isRecord, isText, isTexts, wrongArgument } from './arguments.js';
import type { Lab } from './lab.js';
import { dataFolderName, mailboxFolderName } from './lab-paths.js';
import { adjacentTo, checkNeighbours, hopsFrom, linksAt, noReach, type Reach } from './neighbours.js';
import { checkSmartHost, type DeliveryKind, isSmartHost, type SmartHostOption } from './smart-host.js';

/** A binding of an MTA in its configuration file. Missing keys have the defaults of the file. */
export type BindingOption = {
  /** IPv4 or IPv6 address of this machine. Default 127.0.0.1. */
  readonly address?: string | undefined;
  /** TCP port to listen on. 0, the default: the system chooses. */
  readonly port?: number | undefined;
  /** A name for commands that choose a binding. Default: the address. */
  readonly label?: string | undefined;
  /** Does the MTA listen on it and dial from it? Default true. */
  readonly enabled?: boolean | undefined;
};

/** Options of a lab. All but the first two have defaults. */
export type LabOptions = {
  /** Program and first arguments that run one MTA. The lab appends `--config FILE`. */
  readonly command: readonly string[];
  /** Returns the text of a configuration file. */
  readonly renderConfig: (config: MtaFile) => string;
  /** Folder of the lab, kept at the end. Default: a temporary folder, which `close` removes. */
  readonly dir?: string | undefined;
  /** Names of the MTAs. Default `MTA-A`, `MTA-B`. */
  readonly names?: readonly string[];
  /** Mail domains of the MTAs, in the same order. Default `a.example`, `b.example`, ... */
  readonly domains?: readonly string[];
  /** Lab time runs this many times faster than real time. Default 1. */
  readonly timeScale?: number;
  /** A lab whose clock this one shares, as it is at the start. Default: a clock of its own. */
  readonly clockOf?: Lab | undefined;
  /** The Exchange release (`5.5sp4`, `2653.23`) of each MTA, by its name. It has the bugs of it. Default: all corrections. */
  readonly release?: Readonly<Record<string, ReleaseName | undefined>>;
  /** The Windows NT release (`4.0sp3`) of each MTA, by its name. Default: all corrections. */
  readonly nt?: Readonly<Record<string, NtName | undefined>>;
  /** Articles whose legacy behaviour is on, besides those of the releases, by name of the MTA. */
  readonly legacy?: Readonly<Record<string, readonly Article[]>>;
  /** Articles whose legacy behaviour is off, although the releases have it, by name of the MTA. */
  readonly fixed?: Readonly<Record<string, readonly Article[]>>;
  /** Bindings of each MTA, by its name. Default: 127.0.0.1, with a port that the system chooses. */
  readonly bindings?: Readonly<Record<string, readonly BindingOption[]>>;
  /** MTAs that are servers of a cluster. */
  readonly cluster?: readonly string[];
  /** What joins the MTAs: RPC as between servers of a site (`lan`), or X.400 connectors (`x400`). Default `lan`. */
  readonly link?: LinkName;
  /** The MTAs that are adjacent, each pair with its link if it is not that of the lab. Default: all are adjacent to each other. */
  readonly neighbours?: readonly ScenarioNeighbours[];
  /** TCP port of the endpoint mapper of each MTA, by its name. 0: the system chooses. Default: no endpoint mapper. */
  readonly mapper?: Readonly<Record<string, number>>;
  /** TCP port of the SMTP listener of each MTA, on 127.0.0.1, by its name. 0: the system chooses. Default: no SMTP listener. */
  readonly smtp?: Readonly<Record<string, number>>;
  /** TCP port on 127.0.0.1 where Prometheus scrapes an MTA, by its name. 0: the system chooses. Default: no metrics. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** MTAs that do not start with the lab. `process(name).start()` starts them. */
  readonly down?: readonly string[];
  /** Settings of all MTAs that differ from the defaults. */
  readonly settings?: Partial<Settings>;
  /** Settings of single MTAs that differ from these, by name of the MTA. */
  readonly settingsOf?: Readonly<Record<string, Partial<Settings>>>;
  /** Mailboxes as Maildirs, a ledger of ids and digests, or over SMTP to `smartHost`. Default `maildir`. */
  readonly delivery?: DeliveryKind;
  /** Where delivery over SMTP goes. `host` is 127.0.0.1 by default. */
  readonly smartHost?: SmartHostOption | undefined;
  /** Keep a journal of every step. Default false. */
  readonly journal?: boolean;
  /** Faults in the fault language. With a fault, the lab has a proxy between the MTAs. */
  readonly faults?: readonly string[];
  /** Put a proxy between the MTAs even without a fault. */
  readonly proxy?: boolean;
  /** Record what goes over the connections between the MTAs in this file, as pcapng. With it, the lab has a proxy. */
  readonly capture?: string | undefined;
  /** Logging of the MTAs. They log to the console only if `console` is true (default false), and always to files. */
  readonly log?: { readonly console?: boolean; readonly level?: string; readonly levels?: Readonly<Record<string, string>> };
  /** Called with the output of the MTAs. */
  readonly onOutput?: (name: string, text: string, stream: 'stdout' | 'stderr') => void;
  /** Variables to add to the environment of the MTAs. */
  readonly env?: Readonly<Record<string, string>>;
  /** Limit in real time for the start of each MTA, ms. Default 30 s. */
  readonly readyTimeoutMs?: number;
  /** Limit in real time for the stop of each MTA, ms. Default 30 s, or more if the lab's clock is slow. */
  readonly stopTimeoutMs?: number;
  /** Limit in real time for the answer of an MTA to a question or a change, ms. Default 5 s. */
  readonly answerTimeoutMs?: number;
  /** Ends the lab when it aborts, also during the start: kills the MTAs and closes the lab. */
  readonly signal?: AbortSignal | undefined;
};

/** The content of the configuration file of an MTA. */
export type MtaFile = {
  readonly name: string;
  readonly data: string;
  readonly bindings: readonly BindingOption[];
  readonly cluster: boolean;
  readonly endpointMapper?: { readonly port: number };
  readonly smtp?: { readonly port: number };
  readonly x400?: { readonly port: number };
  readonly advertise: readonly string[];
  readonly control: { readonly port: number };
  readonly metrics?: { readonly port: number };
  readonly clock: { readonly timeScale: number; readonly epochMs: number; readonly baseMs: number; readonly offsetMs: number };
  readonly release: string;
  readonly nt: string;
  /** Articles besides those of the releases. */
  readonly legacy: readonly string[];
  readonly fixed: readonly string[];
  readonly settings: Partial<Settings>;
  readonly peers: readonly {
    readonly name: string;
    readonly link?: LinkName;
    readonly endpoints: readonly string[];
    readonly password: string;
  }[];
  readonly routes: readonly { readonly domain: string; readonly mta: string }[];
  readonly local: {
    readonly domains: readonly string[];
    readonly delivery: DeliveryKind;
    readonly path: string;
    readonly smtp?: SmartHostOption;
  };
  readonly journal: boolean;
  readonly log: { readonly console: boolean; readonly level?: string; readonly levels?: Readonly<Record<string, string>> };
};

/** The options with all defaults. */
export type LabPlan = Omit<
  LabOptions,
  'names' | 'domains' | 'release' | 'nt' | 'legacy' | 'fixed' | 'delivery' | 'timeScale' | 'link' | 'faults' | 'proxy'
> & {
  readonly dir: string;
  readonly names: readonly string[];
  /** Mail domain of each MTA, by name. */
  readonly domains: ReadonlyMap<string, string>;
  /** The releases of each MTA, and the articles that it starts with, by name. */
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly delivery: DeliveryKind;
  readonly timeScale: number;
  readonly link: LinkName;
  readonly faults: readonly string[];
  readonly proxied: boolean;
};

/** What a value of an option must be. */
type Shape = { readonly expected: string; readonly fits: (value: unknown) => boolean };

const texts: Shape = { expected: 'a list of texts', fits: isTexts };
const yesOrNo: Shape = { expected: 'true or false', fits: (value) => typeof value === 'boolean' };
const milliseconds: Shape = {
  expected: 'a number of milliseconds above 0',
  fits: (value) => typeof value === 'number' && value > 0,
};
const aFunction: Shape = { expected: 'a function', fits: (value) => typeof value === 'function' };

function isTextIfGiven(value: unknown): boolean {
  return value === undefined || isText(value);
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}

function isLink(value: unknown): boolean {
  return typeof value === 'string' && Object.hasOwn(linkByName, value);
}

function isNeighbours(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { between, link, ...others } = value;
  const isPair = isTexts(between) && (between as readonly string[]).length === 2;
  return isPair && (link === undefined || isLink(link)) && Object.keys(others).length === 0;
}

/** A map whose keys are names of MTAs. */
function byMta(what: string, fits: (value: unknown) => boolean): Shape {
  return {
    expected: `an object with ${what} under the name of each MTA`,
    fits: (value) => isRecord(value) && Object.values(value).every(fits),
  };
}

/** All options, with what they must be. A program in JavaScript may give an unknown option, which must be an error. */
const knownOptions: Readonly<Record<keyof LabOptions, Shape>> = {
  command: texts,
  renderConfig: aFunction,
  // An empty name has an error of its own.
  dir: { expected: 'the name of a folder', fits: (value) => typeof value === 'string' },
  names: texts,
  domains: texts,
  timeScale: {
    expected: 'a number above 0 and at most 1,000,000',
    fits: (value) => typeof value === 'number' && value > 0 && value <= 1e6,
  },
  clockOf: { expected: 'a lab', fits: (value) => isRecord(value) && isRecord(value['clock']) },
  release: byMta("a release, such as '5.5sp4',", isTextIfGiven),
  nt: byMta("a release of Windows NT, such as '4.0sp6a',", isTextIfGiven),
  legacy: byMta("a list of articles, such as ['Q166594'],", Array.isArray),
  fixed: byMta("a list of articles, such as ['Q166594'],", Array.isArray),
  bindings: byMta('a list of bindings', (value) => Array.isArray(value) && value.every(isRecord)),
  cluster: texts,
  link: { expected: "'lan' or 'x400'", fits: isLink },
  neighbours: {
    expected: "a list of objects such as { between: ['MTA-A', 'MTA-B'], link: 'x400' }",
    fits: (value) => Array.isArray(value) && value.every(isNeighbours),
  },
  mapper: byMta('a port', isPort),
  smtp: byMta('a port', isPort),
  metrics: byMta('a port', isPort),
  down: texts,
  settings: { expected: 'an object with settings', fits: isRecord },
  settingsOf: byMta('an object with settings', isRecord),
  delivery: {
    expected: "'maildir', 'ledger' or 'smtp'",
    fits: (value) => value === 'maildir' || value === 'ledger' || value === 'smtp',
  },
  smartHost: { expected: "an object such as { host: '127.0.0.1', port: 1025 }", fits: isSmartHost },
  journal: yesOrNo,
  faults: texts,
  proxy: yesOrNo,
  capture: { expected: 'the name of a file', fits: (value) => isText(value) && value !== '' },
  log: { expected: 'an object', fits: isRecord },
  onOutput: aFunction,
  env: {
    expected: 'an object with texts',
    fits: (value) => isRecord(value) && Object.values(value).every((each) => typeof each === 'string'),
  },
  readyTimeoutMs: milliseconds,
  stopTimeoutMs: milliseconds,
  answerTimeoutMs: milliseconds,
  signal: { expected: 'an AbortSignal', fits: (value) => value instanceof AbortSignal },
};

const maxMtas = 64;
/** A name of an MTA becomes the name of a folder. */
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Checks the options and fills in the defaults. @throws HarnessError naming the wrong option. */
export function planOf(options: LabOptions, dir: string): LabPlan {
  checkShapes(options);
  const names = options.names ?? ['MTA-A', 'MTA-B'];
  const domains = options.domains ?? names.map((_, index) => `${letters(index)}.example`);
  if (names.length === 0 || names.length > maxMtas)
    throw new HarnessError(`names: a lab has 1 to ${maxMtas} MTAs, not ${names.length}`);
  if (domains.length !== names.length) {
    throw new HarnessError(
      `domains: found ${counted(domains.length, 'domain')} for ${counted(names.length, 'MTA')}; each MTA needs one`,
    );
  }
  for (const name of names) {
    if (!nameForm.test(name)) {
      throw new HarnessError(
        `names: '${name}' must start with a letter or digit and have at most 64 letters, digits, '.', '_' and '-'`,
      );
    }
  }
  for (const [what, list] of [
    ['names', names],
    ['domains', domains],
  ] as const) {
    const lower = list.map((text) => text.toLowerCase());
    const twice = lower.find((text, index) => lower.indexOf(text) !== index);
    if (twice !== undefined) throw new HarnessError(`${what}: '${twice}' occurs twice`);
  }
  const { release = {}, nt = {}, legacy = {}, fixed = {}, bindings = {}, mapper = {}, smtp = {}, metrics = {} } = options;
  const named = {
    release: Object.keys(release),
    nt: Object.keys(nt),
    legacy: Object.keys(legacy),
    fixed: Object.keys(fixed),
    bindings: Object.keys(bindings),
    mapper: Object.keys(mapper),
    smtp: Object.keys(smtp),
    metrics: Object.keys(metrics),
    settingsOf: Object.keys(options.settingsOf ?? {}),
  };
  for (const [what, list] of Object.entries({ ...named, cluster: options.cluster ?? [], down: options.down ?? [] })) {
    const unknown = list.find((name) => !names.includes(name));
    if (unknown !== undefined) throw new HarnessError(`${what}: unknown MTA '${unknown}'; the MTAs are ${names.join(', ')}`);
  }
  const { link = 'lan' } = options;
  checkNeighbours({ ...options, names, link });
  checkListening(options, names);
  checkSmartHost(options);
  const timeScale = options.timeScale ?? 1;
  return {
    ...options,
    dir,
    names,
    domains: new Map(names.map((name, index) => [name, domains[index] ?? ''])),
    profiles: new Map(names.map((name) => [name, profileOf(options, name)])),
    delivery: options.delivery ?? 'maildir',
    timeScale,
    link,
    faults: options.faults ?? [],
    proxied: options.proxy === true || options.capture !== undefined || (options.faults ?? []).length > 0,
  };
}

/** @throws HarnessError naming the option that does not exist, or is not what it should be. */
function checkShapes(options: LabOptions): void {
  if (!isRecord(options)) throw wrongArgument('options', 'an object', options);
  for (const [key, value] of Object.entries(options)) {
    const shape = Object.hasOwn(knownOptions, key) ? knownOptions[key as keyof LabOptions] : undefined;
    if (shape === undefined)
      throw new HarnessError(`unknown option '${key.slice(0, 80)}'${nearestHint(key, 'options', Object.keys(knownOptions))}`);
    if (value !== undefined && !shape.fits(value)) throw wrongArgument(key, shape.expected, value);
  }
  for (const what of ['legacy', 'fixed'] as const)
    for (const [name, articles] of Object.entries(options[what] ?? {}))
      for (const article of articles) articleArgument(`${what}: ${name}`, article);
  checkSettings('settings', options.settings);
  for (const [name, own] of Object.entries(options.settingsOf ?? {})) checkSettings(`settingsOf: ${name}`, own);
}

function checkSettings(what: string, wanted: Partial<Settings> = {}): void {
  const settings = Object.keys(defaultSettings);
  const unknown = Object.keys(wanted).find((key) => !settings.includes(key));
  if (unknown !== undefined)
    throw new HarnessError(`${what}: unknown setting '${unknown.slice(0, 80)}'${nearestHint(unknown, 'settings', settings)}`);
}

function nearestHint(name: string, what: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? `; the ${what} are ${known.join(', ')}` : `; did you mean ${nearest}?`;
}

/** Checks that no two MTAs share a port. An MTA in `down` may start after another has stopped, on the same port. */
function checkListening(
  { bindings = {}, mapper = {}, smtp = {}, metrics = {}, down = [] }: LabOptions,
  names: readonly string[],
): void {
  for (const [name, list] of Object.entries(bindings)) {
    const problem = list.map(({ address = '' }) => addressProblem(address)).find((each) => each !== undefined);
    if (problem !== undefined) throw new HarnessError(`bindings: ${name}: ${problem}`);
  }
  const clash = listeningClash(
    names
      .filter((name) => !down.includes(name))
      .map((name) => ({
        name,
        bindings: bindings[name] ?? defaultBindings,
        mapperPort: mapper[name],
        smtpPort: smtp[name],
        metricsPort: metrics[name],
      })),
  );
  if (clash !== undefined) throw new HarnessError(`${clash.option}: ${clash.message}`);
}

/** @throws HarnessError naming an unknown release, or an article that is both added and removed. */
function profileOf(options: LabOptions, name: string): Profile {
  const legacy = options.legacy?.[name] ?? [];
  const fixed = options.fixed?.[name] ?? [];
  const both = legacy.find((article) => fixed.includes(article));
  if (both !== undefined) throw new HarnessError(`${name}: the article ${both} is in legacy and in fixed; remove one of them`);
  const release = knownRelease('release', options.release?.[name], name);
  const nt = knownRelease('nt', options.nt?.[name], name);
  return resolveProfile({ release, nt, legacy, fixed });
}

/** A release, if there is one of this name. @throws HarnessError naming the option. */
function knownRelease(option: 'release' | 'nt', text: string | undefined, mta: string): string | undefined {
  try {
    if (text !== undefined) resolveProfile({ [option]: text });
    return text;
  } catch (error) {
    if (!(error instanceof UnknownReleaseError)) throw error;
    throw new HarnessError(`${option}: ${mta}: ${error.message}`, { cause: error });
  }
}

/** The name with this index in the row a, b, ... z, aa, ab, ... */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

/** The parts of an MTA's configuration that change while the lab runs. */
export type LiveFacts = {
  readonly clock: MtaFile['clock'];
  /** Where the others reach each MTA: its own endpoints, or that of the proxy. Empty while unknown. */
  readonly endpoints: ReadonlyMap<string, Reach>;
  /** Articles that are legacy now. */
  readonly legacy: readonly string[];
  /** Diagnostics levels by category, once a command has changed them. */
  readonly levels?: Readonly<Record<string, string>> | undefined;
  /** The present bindings, in order. */
  readonly bindings: readonly BindingOption[];
};

/** The bindings of an MTA without any in the options. */
export const defaultBindings: readonly BindingOption[] = [{ address: '127.0.0.1', port: 0 }];

/** The configuration of one MTA of the lab. Paths are relative to the file. */
export function mtaFileOf(plan: LabPlan, name: string, live: LiveFacts): MtaFile {
  const profile = plan.profiles.get(name) ?? resolveProfile({});
  const mapperPort = plan.mapper?.[name];
  const smtpPort = plan.smtp?.[name];
  const metricsPort = plan.metrics?.[name];
  return {
    name,
    data: dataFolderName,
    bindings: live.bindings,
    cluster: plan.cluster?.includes(name) ?? false,
    ...(mapperPort === undefined ? {} : { endpointMapper: { port: mapperPort } }),
    ...(smtpPort === undefined ? {} : { smtp: { port: smtpPort } }),
    ...(linksAt(plan, name).includes('x400') ? { x400: { port: 0 } } : {}),
    advertise: plan.proxied ? (live.endpoints.get(name) ?? noReach).lan : [],
    control: { port: 0 },
    ...(metricsPort === undefined ? {} : { metrics: { port: metricsPort } }),
    clock: live.clock,
    release: profile.release.short,
    nt: profile.nt.name,
    legacy: live.legacy.filter((article) => !profile.own.includes(article)),
    fixed: profile.own.filter((article) => !live.legacy.includes(article)),
    settings: { ...plan.settings, ...plan.settingsOf?.[name] },
    peers: adjacentTo(plan, name).map(({ name: other, link }) => ({
      name: other,
      ...(link === 'lan' ? {} : { link }),
      endpoints: (live.endpoints.get(other) ?? noReach)[link],
      password: '',
    })),
    routes: [...hopsFrom(plan, name)].map(([other, hop]) => ({ domain: plan.domains.get(other) ?? '', mta: hop })),
    local: {
      domains: [plan.domains.get(name) ?? ''],
      delivery: plan.delivery,
      path: mailboxFolderName,
      ...(plan.smartHost === undefined ? {} : { smtp: plan.smartHost }),
    },
    journal: plan.journal ?? false,
    log: { console: plan.log?.console ?? false, ...diagnosticsOf(plan, live) },
  };
}

function diagnosticsOf({ log }: LabPlan, live: LiveFacts): Pick<MtaFile['log'], 'level' | 'levels'> {
  const levels = live.levels ?? log?.levels;
  return { ...(log?.level === undefined ? {} : { level: log.level }), ...(levels === undefined ? {} : { levels }) };
}
