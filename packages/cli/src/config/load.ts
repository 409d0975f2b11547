/** Reads the configuration file of one MTA. */
import { dirname, join, resolve } from 'node:path';
import { plainAddress } from '@mtalab/harness';
import { type DiagnosticsLevel, type EventCategory, type MtaConfig, resolveProfile } from '@mtalab/mta-core';
import type * as z from 'zod';
import { ConfigError, type Path, type Problem, pathText, shown } from './problems.js';
import { notEmulated } from './releases.js';
import { type ConfigFile, fileSchema, knownArticles } from './schema.js';
import { validateConfig } from './validate.js';
import { type DocumentKind, distinct, problemsOf, readYaml, type Yaml } from './yaml-file.js';

/** A configuration, checked and complete. Paths are absolute. */
export type LoadedConfig = {
  /** The file it was read from. */
  readonly file: string;
  /** What the core needs to know. Domains are in lower case. */
  readonly mta: MtaConfig;
  /** The Windows NT it is said to run on: `4.0 SP6a`. */
  readonly nt: string;
  /** Articles whose bug its release or its Windows NT has, and which cannot be emulated here. */
  readonly withoutQuirk: readonly string[];
  /** Folder of the store, the ports, the token and the logs. It may not exist yet. */
  readonly data: string;
  readonly control: { readonly port: number };
  /** Both of `epochMs` and `baseMs`, or neither: then the clock starts now. */
  readonly clock: { readonly timeScale: number; readonly offsetMs: number; readonly epochMs?: number; readonly baseMs?: number };
  readonly delivery: { readonly kind: 'maildir' | 'ledger'; readonly path: string };
  readonly journal: boolean;
  readonly log: {
    readonly console: boolean;
    readonly level: DiagnosticsLevel;
    /** Of single categories; the others have `level`. */
    readonly levels: { readonly [Category in EventCategory]?: DiagnosticsLevel | undefined };
  };
};

const kind: DocumentKind = {
  file: 'the configuration file of an MTA',
  content: 'a configuration',
  one: 'a file configures one MTA',
};

/** One problem of the schema in words. */
function fromIssue(issue: z.core.$ZodIssue, yaml: Yaml): Problem[] {
  const path = issue.path as Path;
  if ((path[0] !== 'legacy' && path[0] !== 'fixed') || path.length !== 2) return problemsOf(issue, fileSchema, yaml);
  const article = (yaml.root as Readonly<Record<string, readonly unknown[]>>)[path[0]]?.[path[1] as number];
  const what = (typeof article === 'string' ? notEmulated(article) : undefined) ?? `there is no article ${shown(article)}`;
  const message = `${pathText(path)}: ${what}; the articles are: ${knownArticles.join(', ')}`;
  return [{ ...yaml.places.ofValue(path), message }];
}

/** Parses and checks; all problems of a kind that can be told together are told together. */
function parse(file: string): ConfigFile {
  const yaml = readYaml(file, kind);
  const parsed = fileSchema.safeParse(yaml.root);
  const problems = parsed.success ? [] : parsed.error.issues.flatMap((issue) => fromIssue(issue, yaml));
  for (const finding of validateConfig(yaml.root))
    problems.push({ ...yaml.places.ofValue(finding.path), message: `${pathText(finding.path)}: ${finding.message}` });
  if (!parsed.success || problems.length > 0) throw new ConfigError(file, distinct(problems));
  return parsed.data;
}

function toLoaded(config: ConfigFile, file: string): LoadedConfig {
  const folder = dirname(resolve(file));
  const data = resolve(folder, config.data);
  const { timeScale, offsetMs, epochMs, baseMs } = config.clock;
  const { release, nt, legacy, withoutQuirk } = resolveProfile(config);
  return {
    file: resolve(file),
    mta: {
      name: config.name,
      version: release.version,
      build: release.build,
      bindings: config.bindings.map((binding) => ({ ...binding, address: plainAddress(binding.address) })),
      cluster: config.cluster,
      mapperPort: config.endpointMapper?.port ?? null,
      advertise: config.advertise,
      settings: config.settings,
      peers: config.peers,
      routes: config.routes.map((route) => ({ domain: route.domain.toLowerCase(), mta: route.mta })),
      localDomains: config.local.domains.map((domain) => domain.toLowerCase()),
      legacy,
    },
    nt: nt.name,
    withoutQuirk,
    data,
    control: config.control,
    clock: epochMs === undefined || baseMs === undefined ? { timeScale, offsetMs } : { timeScale, offsetMs, epochMs, baseMs },
    delivery: {
      kind: config.local.delivery,
      path: config.local.path === undefined ? join(data, 'mailboxes') : resolve(folder, config.local.path),
    },
    journal: config.journal,
    log: config.log,
  };
}

/**
 * Reads and checks the configuration file of one MTA.
 * @throws ConfigError with every problem, one line each, when the file cannot be read or used.
 */
export function loadConfig(file: string): LoadedConfig {
  return toLoaded(parse(file), file);
}
