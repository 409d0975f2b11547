/** Reads the configuration file of one MTA. */
import { dirname, join, resolve } from 'node:path';
import { plainAddress } from '@mtalab/harness/single';
import {
  type ConnectorSettings,
  type DiagnosticsLevel,
  type EventCategory,
  isoPort,
  linkByName,
  type MtaConfig,
  type PeerConfig,
  resolveProfile,
} from '@mtalab/mta-core';
import type { SmtpSettings, StartOptions } from '@mtalab/transport';
import { ConfigError, pathText } from './problems.js';
import { type ConfigFile, fileSchema } from './schema.js';
import { selectedTimes } from './selected-times.js';
import { validateConfig } from './validate.js';
import { type DocumentKind, distinct, problemsOf, readYaml } from './yaml-file.js';

/** A configuration, checked and complete. Paths are absolute. */
export type LoadedConfig = {
  /** The file of this configuration. */
  readonly file: string;
  /** The configuration of the core. Domains are in lower case. */
  readonly mta: MtaConfig;
  /** The Windows NT of the MTA: `4.0 SP6a`. */
  readonly nt: string;
  /** Folder of the store, the ports, the token and the logs. It may not exist. */
  readonly data: string;
  /** TCP port of the control channel on loopback. 0: the system chooses. */
  readonly control: { readonly port: number };
  /** Where the metrics are scraped. Absent: nowhere. */
  readonly metrics?: { readonly port: number; readonly address: string };
  /** `epochMs` and `baseMs` are both there or both absent. Without them the clock starts now. */
  readonly clock: { readonly timeScale: number; readonly offsetMs: number; readonly epochMs?: number; readonly baseMs?: number };
  /** How mail is delivered. `path`: the folder of the mailboxes. */
  readonly delivery: StartOptions['delivery'] & { readonly path: string };
  /** The SMTP listener, if there is one. */
  readonly smtp?: SmtpSettings;
  /** Keep a journal of every step? */
  readonly journal: boolean;
  /** Where the logs go, and the diagnostics levels. */
  readonly log: {
    readonly console: boolean;
    readonly level: DiagnosticsLevel;
    /** Levels of single categories. The others have `level`. */
    readonly levels: { readonly [Category in EventCategory]?: DiagnosticsLevel | undefined };
  };
};

const kind: DocumentKind = {
  file: 'the configuration file of an MTA',
  content: 'a configuration',
  one: 'a file configures one MTA',
};

/** Parses and checks a file. Reports as many problems as possible together. */
function parse(file: string): ConfigFile {
  const yaml = readYaml(file, kind);
  const parsed = fileSchema.safeParse(yaml.root);
  const problems = parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOf(issue, fileSchema, yaml));
  for (const finding of validateConfig(yaml.root))
    problems.push({ ...yaml.places.ofValue(finding.path), message: `${pathText(finding.path)}: ${finding.message}` });
  if (!parsed.success || problems.length > 0) throw new ConfigError(file, distinct(problems));
  return parsed.data;
}

function peerOf({ name, link, endpoints, password, overrides, activation, times }: ConfigFile['peers'][number]): PeerConfig {
  if (link === 'lan') return { name, endpoints, password };
  return {
    name,
    endpoints,
    password,
    link: linkByName[link],
    ...(overrides === undefined ? {} : { overrides: overrides as Partial<ConnectorSettings> }),
    ...(activation === 'always'
      ? {}
      : { activation: activation === 'selected-times' ? { times: (times ?? []).flatMap(selectedTimes) } : activation }),
  };
}

function deliveryOf({ delivery: kind, smtp: smartHost }: ConfigFile['local'], path: string): LoadedConfig['delivery'] {
  if (kind !== 'smtp') return { kind, path };
  if (smartHost === undefined) throw new Error('a smart host is missing, though the file was checked');
  return { kind, path, smartHost };
}

function toLoaded(config: ConfigFile, file: string): LoadedConfig {
  const folder = dirname(resolve(file));
  const data = resolve(folder, config.data);
  const { timeScale, offsetMs, epochMs, baseMs } = config.clock;
  const { release, nt, legacy } = resolveProfile(config);
  const x400Port = config.x400?.port ?? (config.peers.some(({ link }) => link === 'x400') ? isoPort : undefined);
  return {
    file: resolve(file),
    mta: {
      name: config.name,
      version: release.version,
      build: release.build,
      bindings: config.bindings.map((binding) => ({ ...binding, address: plainAddress(binding.address) })),
      cluster: config.cluster,
      mapperPort: config.endpointMapper?.port ?? null,
      ...(x400Port === undefined ? {} : { x400Port }),
      advertise: config.advertise,
      settings: config.settings,
      peers: config.peers.map(peerOf),
      routes: config.routes.map((route) => ({ domain: route.domain.toLowerCase(), mta: route.mta })),
      localDomains: config.local.domains.map((domain) => domain.toLowerCase()),
      legacy,
    },
    nt: nt.name,
    data,
    control: config.control,
    ...(config.metrics === undefined ? {} : { metrics: { ...config.metrics, address: plainAddress(config.metrics.address) } }),
    clock: epochMs === undefined || baseMs === undefined ? { timeScale, offsetMs } : { timeScale, offsetMs, epochMs, baseMs },
    delivery: deliveryOf(
      config.local,
      config.local.path === undefined ? join(data, 'mailboxes') : resolve(folder, config.local.path),
    ),
    ...(config.smtp === undefined ? {} : { smtp: { ...config.smtp, address: plainAddress(config.smtp.address) } }),
    journal: config.journal,
    log: config.log,
  };
}

/**
 * Reads and checks the configuration file of one MTA.
 * @throws ConfigError with every problem, one line each, if the file is unreadable or wrong.
 */
export function loadConfig(file: string): LoadedConfig {
  return toLoaded(parse(file), file);
}
